from __future__ import annotations

import pytest

from checks.builders import exposition, level, metrics, scrape, sound_metrics


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("readable", {"metrics": sound_metrics()}),
        ("flawed", {"metrics": sound_metrics(scrape("idle_0", exposition(10) + exposition(10)))}),
        ("split", {"metrics": sound_metrics(scrape("idle_0", exposition(900)), scrape("idle_1", exposition(700)))}),
        ("missing", {"metrics": metrics(None, None)}),
        ("missing", {"metrics": metrics("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 3\n", None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("metrics_route", **evidence) == expected
