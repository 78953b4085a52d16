import random

from fraud import drift
from pipeline.data import ROOT, parameters, read


def observations(shipped, count, seed):
    rng = random.Random(seed)
    return [
        drift.Observation(tx, past, shipped.full.probability(shipped.full.encode(tx, past)))
        for tx, past, _ in rng.choices(read(ROOT / parameters()["data"]["path"]), k=count)
    ]


def run(monitor, rows):
    return [change for row in rows if monitor.observe(row) for change in monitor.evaluate()]


def changed(rows, **change):
    return [drift.Observation({**row.tx, **{name: f(row.tx[name]) for name, f in change.items()}}, row.history, row.score) for row in rows]


def test_sound_traffic_raises_nothing(shipped):
    assert run(drift.DriftMonitor(shipped.document["reference"], 500), observations(shipped, 10_000, 1)) == []


def test_a_drift_fires_once_for_its_feature_and_resolves(shipped):
    for name, change in {
        "amount": lambda v: v * 1.6,
        "distance_km": lambda v: None if v is None or v > 15 else v,
        "merchant_category": lambda v: "crypto" if v == "fuel" else v,
    }.items():
        monitor = drift.DriftMonitor(shipped.document["reference"], 500)
        sound = observations(shipped, 1_500, 2)
        fired = run(monitor, changed(sound, **{name: change}))
        assert [(c.feature, c.firing) for c in fired] == [(name, True)]
        assert [(c.feature, c.firing) for c in run(monitor, sound)] == [(name, False)]


def test_degraded_answers_do_not_count_as_drift_of_scores_or_history(shipped):
    rows = [drift.Observation(row.tx, None, None) for row in observations(shipped, 2_000, 3)]
    assert run(drift.DriftMonitor(shipped.document["reference"], 500), rows) == []
