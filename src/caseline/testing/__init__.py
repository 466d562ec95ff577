"""For those who test Caseline or build on it: simulated fleets with a known truth."""
