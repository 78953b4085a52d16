"""One grading: collect, score, render. `score` and `render` need no Docker, network or clock, and import nothing that does."""
