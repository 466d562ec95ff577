"""For those who write an engine: one small fleet, every question on it, equal answers or not."""
