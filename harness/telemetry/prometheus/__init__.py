"""A real Prometheus and Alertmanager beside the candidate: its own rules evaluated, its own dashboards queried, on what it exposes.

    Material (rules, dashboards: copied from the repository)  ->  Watcher (two child processes)  ->  facts.collect -> PrometheusEvidence
"""
