"""Open-loop load: seeded schedules, a Locust-based engine in its own process, and honest windows."""
