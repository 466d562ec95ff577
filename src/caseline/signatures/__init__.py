"""Signatures: shapes, templates, stack traces, lineage."""
