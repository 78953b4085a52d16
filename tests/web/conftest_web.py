"""What fixtures and tests both name."""

PASSWORD = "correct horse battery"
PUBLIC = "93.184.216.34"
"""Where every unknown host of the tests stands: a public address that nobody connects to."""
