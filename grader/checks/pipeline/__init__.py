"""End-to-end pipeline: from raw data to a served model."""
