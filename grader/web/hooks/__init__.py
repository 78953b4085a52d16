"""Outgoing webhooks: signed, retried, and never sent to where only the inside of a network can reach."""
