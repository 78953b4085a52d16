"""Failure handling: what the service does when something it stands on breaks."""
