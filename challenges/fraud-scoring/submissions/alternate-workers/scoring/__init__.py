"""Real-time card-payment scoring: a Starlette application that runs in several workers and answers as one service."""
