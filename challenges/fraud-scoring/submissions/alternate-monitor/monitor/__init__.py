"""The monitor: a process of its own that watches what the serving process answers, and trains successors on late labels."""
