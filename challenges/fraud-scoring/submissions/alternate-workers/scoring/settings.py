"""What a deployment may set, read once from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

PACKAGED_MODEL = Path(__file__).parent.parent / "models" / "model.json"


class Settings(msgspec.Struct, frozen=True):
    """Times in seconds, sizes in bytes. Limits per worker are marked; there are two workers."""

    model_path: Path = PACKAGED_MODEL
    feature_store_url: str = ""
    feature_store_token_file: Path | None = None
    alert_webhook_url: str = ""
    data_dir: Path = Path("/data")
    drift_window: int = 500
    git_commit: str = ""
    store_deadline: float = 0.07  # the SLO of 100 ms minus what the rest of a request takes
    store_connections: int = 24  # per worker; 300 requests/s * 70 ms over two workers = 11, doubled
    max_in_flight: int = 40  # per worker; what waits behind more than this could not meet the SLO
    max_body: int = 64 * 1024
    body_deadline: float = 2.0
    log_share: float = 0.1  # share of successful predictions that are logged; the audit trail has all of them

    @classmethod
    def from_env(cls) -> Settings:
        """Raises ValueError for a number that is none: better no service than one with a window of nothing."""
        env = os.environ
        return cls(
            model_path=Path(env.get("MODEL_PATH") or PACKAGED_MODEL),
            feature_store_url=env.get("FEATURE_STORE_URL", "").rstrip("/"),
            feature_store_token_file=Path(path) if (path := env.get("FEATURE_STORE_TOKEN_FILE")) else None,
            alert_webhook_url=env.get("ALERT_WEBHOOK_URL", ""),
            data_dir=Path(env.get("DATA_DIR", "/data")),
            drift_window=int(env.get("DRIFT_WINDOW", "500")),
            git_commit=env.get("GIT_COMMIT", ""),
            store_deadline=float(env.get("STORE_DEADLINE_S", "0.07")),
            log_share=float(env.get("LOG_SHARE", "0.1")),
        )
