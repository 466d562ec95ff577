"""The store on a cluster: the same questions, put to an engine that several machines run."""
