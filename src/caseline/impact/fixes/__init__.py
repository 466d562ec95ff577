"""Fix state: which environments still run what has the error, and which have its fix."""
