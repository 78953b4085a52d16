"""Raw data to artifact: `python -m pipeline.train`."""
