"""The configuration of both programs. JSON is YAML: nothing that a candidate wrote can break out of a value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

SCRAPE_S = 1.0
SAMPLE_LIMIT, LABEL_LIMIT, LABEL_VALUE_LIMIT = 20_000, 40, 512
BODY_LIMIT = "8MB"
QUERY_TIMEOUT_S = 5
MAX_SAMPLES = 3_000_000
"""One query's, in memory: about 50 MiB."""
RESERVED = "ALERTS|ALERTS_FOR_STATE|up|scrape_.*"
"""Series that Prometheus writes itself and that we read as its word: a page that exposes such a name is not believed."""


def prometheus(target: str, path: str, job: str, labels: Mapping[str, str], rule_files: Sequence[str], alertmanager: str) -> str:
    """Scrape `target` (address:port) once a second, evaluate the named rules files as often, send alerts to `alertmanager`."""
    scrape = {
        "job_name": job, "metrics_path": path, "scheme": "http", "honor_labels": True, "honor_timestamps": False,
        "follow_redirects": False,  # a redirect could point at this host
        "sample_limit": SAMPLE_LIMIT, "label_limit": LABEL_LIMIT, "label_value_length_limit": LABEL_VALUE_LIMIT,
        "label_name_length_limit": 200, "body_size_limit": BODY_LIMIT,
        "static_configs": [{"targets": [target], "labels": dict(labels)}],
        "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": RESERVED, "action": "drop"}],
    }  # fmt: skip
    return json.dumps({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": list(rule_files),
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [scrape],
    })  # fmt: skip


def alertmanager(url: str) -> str:
    """Every alert on its own, at once, to one webhook."""
    return json.dumps({
        "route": {"receiver": "grader", "group_by": ["..."], "group_wait": "0s", "group_interval": "500ms", "repeat_interval": "1h"},
        "receivers": [{"name": "grader", "webhook_configs": [{"url": url, "send_resolved": True, "http_config": {"follow_redirects": False}}]}],
    })  # fmt: skip


def prometheus_flags(config: str, data: str, port: int) -> list[str]:
    return [
        f"--config.file={config}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=2h", "--storage.tsdb.retention.size=256MB",
        f"--web.listen-address=127.0.0.1:{port}", f"--query.timeout={QUERY_TIMEOUT_S}s", f"--query.max-samples={MAX_SAMPLES}",
        "--query.max-concurrency=2", "--rules.alert.resend-delay=1s", "--log.level=warn",
    ]  # fmt: skip


def alertmanager_flags(config: str, data: str, port: int) -> list[str]:
    return [
        f"--config.file={config}", f"--storage.path={data}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        "--log.level=warn",
    ]  # fmt: skip
