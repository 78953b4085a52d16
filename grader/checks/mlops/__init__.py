"""MLOps and versioning: what is known about the model that serves."""
