"""Which tickets are of an issue: those that its signatures explain best."""
