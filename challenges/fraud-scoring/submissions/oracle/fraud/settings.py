"""Everything that a deployment may set, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGED_MODEL = Path(__file__).parent.parent / "models" / "model.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes. An unparsable value stops the process at start, before it can serve wrongly."""

    port: int = 8090
    model_path: Path = PACKAGED_MODEL
    feature_store_url: str = ""
    feature_store_token_file: Path | None = None
    alert_webhook_url: str = ""
    data_dir: Path = Path("/data")
    drift_window: int = 500
    git_commit: str = ""
    store_deadline_s: float = 0.07  # SLO 100 ms minus what the rest of a request needs
    store_connections: int = 48  # bulkhead: 300 requests/s * 70 ms = 21, doubled
    max_in_flight: int = 64  # 300 requests/s held for 70 ms each is 21, tripled; far more could not meet the SLO
    max_body: int = 64 * 1024
    body_deadline_s: float = 2.0
    drain_s: float = 1.0  # still accepting after SIGTERM, until load balancers have noticed
    shutdown_s: float = 2.5  # then for the requests in flight
    log_share: float = 0.1  # share of successful predictions that are logged; the audit trail has all of them

    @classmethod
    def from_env(cls) -> Settings:
        env = os.environ
        return cls(
            port=int(env.get("PORT", "8090")),
            model_path=Path(env.get("MODEL_PATH") or PACKAGED_MODEL),
            feature_store_url=env.get("FEATURE_STORE_URL", "").rstrip("/"),
            feature_store_token_file=Path(path) if (path := env.get("FEATURE_STORE_TOKEN_FILE")) else None,
            alert_webhook_url=env.get("ALERT_WEBHOOK_URL", ""),
            data_dir=Path(env.get("DATA_DIR", "/data")),
            drift_window=int(env.get("DRIFT_WINDOW", "500")),
            git_commit=env.get("GIT_COMMIT", ""),
            store_deadline_s=float(env.get("STORE_DEADLINE_S", "0.07")),
            log_share=float(env.get("LOG_SHARE", "0.1")),
        )
