"""A zoo of drift monitors, sound and unsound: the proof that our judgement tells them apart. `python -m tests.monitors` prints the table.

`sound`, `unsound`, `scripts` and what they import need the standard library alone, since the very same code runs in a container.
"""
