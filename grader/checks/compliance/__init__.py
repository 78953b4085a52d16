"""Compliance and traceability: how it would pass an audit."""
