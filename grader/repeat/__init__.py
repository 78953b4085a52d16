"""One grading again and again: do its verdicts agree, also beside a busy neighbour? What disagrees belongs into the quarantine."""
