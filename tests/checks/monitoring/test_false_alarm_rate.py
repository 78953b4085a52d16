from __future__ import annotations

import pytest

from checks.builders import ANSWERED as THREE
from checks.builders import alert, drift, false_alarms, judge, level

KINDS = ["covariate", "unit", "missing"]
ANSWERED = alert("distance_km", 4100, 6600)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("quiet", drift(ANSWERED)),
        ("quiet", drift(false_alarms(1) + ANSWERED)),
        ("restless", drift(false_alarms(3) + THREE, kinds=KINDS)),
        ("restless", drift(alert("country", 5000, 5100) + alert("channel", 5000, 5100) + alert("country", 9000, 9100) + THREE, kinds=KINDS)),
        ("cries_wolf", drift(false_alarms(4) + THREE, kinds=KINDS)),
        ("cries_wolf", drift(false_alarms(2) + ANSWERED)),
        ("cries_wolf", drift(alert("country", 5000, 5100) + alert("channel", 5000, 5100) + ANSWERED)),
        ("no_monitor", drift(ANSWERED, kinds=KINDS)),  # one of three
        ("no_monitor", drift()),
        ("unknown", drift(ANSWERED, controls=2)),
    ],
)
def test_silence_earns_only_for_a_monitor_that_hears(expected, evidence):
    assert level("false_alarm_rate", drift=evidence) == expected


def test_the_count_is_told_with_what_it_rules_out():
    finding = judge("false_alarm_rate", drift=drift(ANSWERED))
    assert finding.observed == "0 of 6 clean windows had an alert (a true rate of at most 39%)"


def test_an_alert_that_a_drift_left_up_is_no_false_alarm_of_later_windows():
    assert level("false_alarm_rate", drift=drift(alert("distance_km", 4100))) == "quiet"
