"""What keeps personal data and secrets out of everything that is stored."""
