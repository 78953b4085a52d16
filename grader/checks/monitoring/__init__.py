"""Monitoring and drift: does the submission see what happens to it, and does it tell the truth."""
