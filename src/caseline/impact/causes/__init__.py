"""Which signatures explain a ticket: what speaks for each, how sure, learned from links."""
