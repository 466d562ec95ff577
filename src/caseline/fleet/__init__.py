"""Customers, environments, tenancies and what ran where, as of any moment."""
