"""Data validation -> training -> evaluation. Run with `make pipeline` or `dvc repro`."""
