"""Reports to send on: what is known of an issue, in words and figures, for whom it may be."""
