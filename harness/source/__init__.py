"""Gets a submission onto this machine without running any of it, and says what is in it."""
