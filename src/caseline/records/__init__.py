"""The shared nouns: frozen, standard library only."""
