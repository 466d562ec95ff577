"""What the last days will have been once all is received, and how sure that is."""
