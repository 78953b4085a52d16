"""What a deployment may set, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGED_MODEL = Path(__file__).parent.parent / "models" / "model.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes."""

    port: int = 8090
    model_path: Path = PACKAGED_MODEL
    feature_store_url: str = ""
    feature_store_token_file: Path | None = None
    data_dir: Path = Path("/data")
    drift_window: int = 500
    git_commit: str = ""
    store_deadline: float = 0.07  # the SLO of 100 ms minus what the rest of a request takes
    store_connections: int = 48  # 300 requests/s * 70 ms = 21, doubled
    max_in_flight: int = 64  # what waits behind more than this could not meet the SLO
    max_body: int = 64 * 1024
    body_deadline: float = 2.0
    drain: float = 1.0  # still accepting after SIGTERM, until load balancers have seen /readyz
    monitor_patience: float = 10.0  # a monitor that has not reported for that long is replaced
    log_share: float = 0.1  # share of successful predictions that are logged; the audit trail has all of them

    @classmethod
    def from_env(cls) -> Settings:
        """Raises ValueError for a number that is none: better no service than one with a window of nothing."""
        env = os.environ
        return cls(
            port=int(env.get("PORT", "8090")),
            model_path=Path(env.get("MODEL_PATH") or PACKAGED_MODEL),
            feature_store_url=env.get("FEATURE_STORE_URL", "").rstrip("/"),
            feature_store_token_file=Path(path) if (path := env.get("FEATURE_STORE_TOKEN_FILE")) else None,
            data_dir=Path(env.get("DATA_DIR", "/data")),
            drift_window=int(env.get("DRIFT_WINDOW", "500")),
            git_commit=env.get("GIT_COMMIT", ""),
            store_deadline=float(env.get("STORE_DEADLINE_S", "0.07")),
            monitor_patience=float(env.get("MONITOR_PATIENCE_S", "10")),
            log_share=float(env.get("LOG_SHARE", "0.1")),
        )
