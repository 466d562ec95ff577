"""Dated data files: what a token is, how votes are counted, what a stack frame is."""
