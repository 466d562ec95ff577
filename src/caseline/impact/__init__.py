"""Whom an error hits, what is newly wrong, and what explains a ticket."""
