from __future__ import annotations

import pytest

from checks.builders import boot, contract, exchange, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("answers", {"boot": boot(), "contract": contract()}),
        ("answers", {"boot": boot(), "contract": contract(exchange("ready", "GET", "/readyz"))}),
        ("wavers", {"boot": boot(), "contract": contract(exchange("ready", "GET", "/readyz", 503))}),
        ("answers", {"boot": boot(), "contract": contract(exchange("ready", "GET", "/readyz", None))}),
        ("wavers", {"boot": boot(ready_status=503), "contract": contract()}),
        ("missing", {"boot": boot(first_ready_s=None, ready_status=404), "contract": contract()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("readiness_route", **evidence) == expected
