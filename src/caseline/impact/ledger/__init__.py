"""Hit, clear or unknown: what the evidence says of every customer, and how sure."""
