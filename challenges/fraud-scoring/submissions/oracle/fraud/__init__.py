"""Real-time card-payment scoring: the service, and the parts that training shares with it."""
