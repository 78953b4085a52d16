"""Pure judgement (schema, checks, scoring) and the run that ties one grading together."""

__version__ = "0.1.0"
