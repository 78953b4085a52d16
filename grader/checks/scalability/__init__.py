"""Scalability and performance: what happens under load."""
