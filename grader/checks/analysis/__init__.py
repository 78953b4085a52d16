"""Pure analysis that several checks, and the charts, share."""
