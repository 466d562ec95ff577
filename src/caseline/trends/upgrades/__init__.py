"""What upgrades, plug-ins, settings and flags do to errors: each customer its own control."""
