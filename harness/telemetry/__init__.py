"""What the candidate says about itself (metrics, logs, audit trail), recorded beside what our own client measured."""
