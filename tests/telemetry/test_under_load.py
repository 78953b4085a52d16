from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_service import TinyService

from harness.telemetry.under_load import MOST, ScrapesUnderLoad


def sent(*moments: float) -> SimpleNamespace:
    return SimpleNamespace(sent=np.array(moments), was_sent=np.ones(len(moments), dtype=bool))


def test_scrapes_are_taken_beside_the_load_and_know_its_rate() -> None:
    begin = time.monotonic()
    with TinyService(lambda _: 0.1) as service, ScrapesUnderLoad(service.client, "/metrics", begin, every_s=0.01) as scrapes:
        time.sleep(0.3)  # the stretch of load
    busy = scrapes.costs(sent(*np.arange(begin - 2, begin + 3, 0.01)))  # type: ignore[arg-type]  # the two fields that are read
    assert 1 < len(busy) <= MOST
    assert all(cost.status == 200 and cost.bytes > 0 and cost.rps == pytest.approx(100, rel=0.05) for cost in busy)


def test_scrapes_while_nothing_was_sent_have_no_rate() -> None:
    begin = time.monotonic()
    with TinyService(lambda _: 0.1) as service, ScrapesUnderLoad(service.client, "/metrics", begin, every_s=0.01) as scrapes:
        time.sleep(0.05)
    assert {cost.rps for cost in scrapes.costs(sent(begin - 60))} == {0.0}  # type: ignore[arg-type]
