"""Verbs of the service. The command line finds them by name and never imports them unasked."""
