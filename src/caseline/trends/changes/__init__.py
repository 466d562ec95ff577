"""What changes: emerging, escalating, pulses, resolving, gone, told from quiet days."""
