"""Images: the base that submissions build on, the grader's own, and the build of a submission."""
