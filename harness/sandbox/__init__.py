"""The one place that talks to the container engine: networks, containers, limits, clean-up."""
