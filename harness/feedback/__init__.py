"""Late labels and retraining: streams predictions, posts their labels later, and records which model answers how well."""
