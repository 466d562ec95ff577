"""What to fix first: avoidable hours, customers and reasons."""
