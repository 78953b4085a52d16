"""The parts of the benchmark, one module each: `run(bench)` gives findings."""
