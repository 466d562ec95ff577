"""How an issue spreads: what carries it, who is next, whose fault it is."""
