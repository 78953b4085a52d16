"""The JSON API: the same rules as the pages, for programs with a token."""
