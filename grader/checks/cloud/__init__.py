"""Cloud, infrastructure and cost: what it needs and what it costs."""
