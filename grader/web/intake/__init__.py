"""How submissions come in: one URL, a table of them, or an archive. Everything is checked before anything is kept."""
