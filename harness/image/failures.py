"""Why a build failed, and whose fault that is. The engine's error says that it failed; logs only suggest what to check ourselves."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

from grader.schema.causes import Trouble
from harness.image.watch import DISK_FLOOR, BuildLog
from harness.text import clean, one_line

# The engine's own error messages, first match wins: pattern -> cause.
ENGINE_ERRORS: tuple[tuple[str, str], ...] = (
    (r"COPY failed|ADD failed|failed to compute cache key|no source files were specified", "copy_source_missing"),
    (r"dial unix|connection refused|daemon is shutting down|containerd|shim", "engine_lost"),
    (r"network \S+ not found|network sandbox", "network_lost"),
    (r"dockerfile parse error|unknown instruction|failed to create LLB|Dockerfile cannot be empty|no build stage", "build_failed"),
    (r"pull access denied|manifest (?:for \S+ )?(?:unknown|not found)|repository does not exist", "build_failed"),
    (r"lookup |dial tcp|i/o timeout|TLS handshake|registry|x509|no basic auth", "image_unavailable"),
)
_EXIT = re.compile(r"returned a non-zero code: (\d+)|exit code: (\d+)")
_NETWORK = re.compile(
    r"Temporary failure in name resolution|Could not resolve|Name or service not known|Failed to establish a new connection|"
    r"ConnectTimeout|Connection (?:refused|reset|timed out)|NewConnectionError|Network is unreachable|Could not find a version|"
    r"No matching distribution|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|Unable to fetch|Failed to fetch|Could not connect|Could not fetch URL|"
    r"SSLError|CERTIFICATE_VERIFY_FAILED|ReadTimeoutError|502 Bad Gateway|503 Service|Connection failed",
    re.I,
)
_SIGNALS = {137: "killed, most likely for want of memory", 139: "crashed (segmentation fault)", 143: "terminated"}


def explain(error: str, log: BuildLog, memory_mib: int, engine_root: str, index_check: Callable[[str], str | None]) -> Trouble:
    """The trouble behind a failed build. `index_check(log)` proves or refutes that a package index is out of reach from inside."""
    exited = _EXIT.search(error)
    if exited is None:
        cause = next((cause for pattern, cause in ENGINE_ERRORS if re.search(pattern, error, re.I)), "build_failed")
        if "no space left on device" in error.lower():
            cause = "disk_full"
        return Trouble(cause, detail(log, one_line(error, 300)))
    if _disk_is_full(engine_root):
        return Trouble("disk_full", f"{log.step}: {one_line(error, 200)}")
    if _NETWORK.search(log.tail) and (unreachable := index_check(log.tail)) is not None:
        return Trouble("package_index_unreachable", f"{log.step}: {unreachable}")
    code = int(exited[1] or exited[2])
    why = f" ({_SIGNALS[code]}; a build has {memory_mib} MiB)" if code == 137 else f" ({_SIGNALS[code]})" if code in _SIGNALS else ""
    return Trouble("build_failed", detail(log, f"exit code {code}{why}"))


def detail(log: BuildLog, what: str) -> str:
    """The failing step, what happened, and the log's last lines."""
    return clean(f"{log.step or 'before the first step'}: {what}\n{log.last_lines()}".strip(), 3000)


def _disk_is_full(root: str) -> bool:
    try:
        return shutil.disk_usage(root).free < DISK_FLOOR
    except OSError:
        return False
