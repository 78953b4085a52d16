"""How truthful the load is, measured in one run against peers and the limits of the design: `python -m benchmarks`."""
