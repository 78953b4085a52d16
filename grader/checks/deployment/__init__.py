"""Deployment: how the model is shipped, started, stopped, updated and rolled back."""
