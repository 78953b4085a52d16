"""Servers on loopback to measure against, each its own process. They print their port and end when their stdin does."""
