"""Golden bundles: recorded evidence whose verdict is written down, so that no change of a check or of the rubric moves a score unseen."""
