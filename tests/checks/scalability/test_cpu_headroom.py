from __future__ import annotations

import pytest

from checks.builders import capacity, level, stress


@pytest.mark.parametrize(
    ("expected", "cost_ms"), [("spike", 0.4), ("spike", 3.3), ("most", 4.0), ("steady", 8.0), ("none", 20.0), ("unknown", None), ("unknown", 0.0)]
)
def test_the_ceiling_follows_from_cpu_time_at_full_load(expected, cost_ms):
    assert level("cpu_headroom", stress=stress(capacity(cpu_ms_per_request=cost_ms))) == expected
