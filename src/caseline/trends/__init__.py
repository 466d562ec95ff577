"""Rates over time, over versions, over customers: with their exposure."""
