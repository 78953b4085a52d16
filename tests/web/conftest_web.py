"""What fixtures and tests both name."""

PASSWORD = "correct horse battery"
PUBLIC = "93.184.216.34"
"""Where every unknown host of the tests stands: a public address that nobody connects to."""
DATABASE = "GRADER_WEB_TESTS_DATABASE_URL"
"""Names a database for these tests instead of a SQLite file."""
