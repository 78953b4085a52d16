"""The grader graded: runs a challenge's oracle, alternates, nulls and mutants through the real pipeline, and says what was noticed."""
