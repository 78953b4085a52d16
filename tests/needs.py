"""What to do where a test cannot have what it needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED = os.environ.get("GRADER_REQUIRE_ENGINE", "0") not in ("", "0")


def missing(what: str) -> NoReturn:
    """Skip, or fail where CI demands that nothing is skipped."""
    if REQUIRED:
        pytest.fail(f"GRADER_REQUIRE_ENGINE is set, but {what}", pytrace=False)
    pytest.skip(what)
