"""Bytes → columns: format, header, timestamp, severity, multi-line records."""
