import random

from monitor import drift
from pipeline.data import ROOT, parameters, read


def observations(shipped, count, seed):
    rng = random.Random(seed)
    return [
        drift.Row(tx["customer_id"], tx, past, shipped.full.probability(shipped.full.encode(tx, past)))
        for tx, past, _ in rng.choices(read(ROOT / parameters()["data"]["path"]), k=count)
    ]


def run(shipped, rows, firing, window=500):
    """All changes over a stream, evaluated every half window. `firing` is kept up to date."""
    reference, suspect, changes = drift.Reference(shipped.document["reference"]), False, []
    for end in range(window, len(rows) + 1, window // 2):
        new, suspect = drift.conclude(reference.ratios(rows[end - window : end]), firing, suspect)
        for change in new:
            (firing.add if change.firing else firing.discard)(change.feature)
        changes += new
    return changes


def changed(rows, name, change):
    return [drift.Row(row.customer_id, {**row.inputs, name: change(row.inputs[name])}, row.history, row.score) for row in rows]


def test_sound_traffic_raises_nothing(shipped):
    assert run(shipped, observations(shipped, 10_000, 1), set()) == []


def test_a_drift_fires_once_for_its_feature_and_resolves(shipped):
    sound = observations(shipped, 1_500, 2)
    for name, change in {
        "amount": lambda v: v * 1.6,
        "distance_km": lambda v: None if v is None or v > 15 else v,
        "merchant_category": lambda v: "crypto" if v == "fuel" else v,
    }.items():
        firing = set()
        assert [(c.feature, c.firing) for c in run(shipped, changed(sound, name, change), firing)] == [(name, True)]
        assert [(c.feature, c.firing) for c in run(shipped, sound, firing)] == [(name, False)]


def test_degraded_answers_do_not_count_as_drift_of_scores_or_history(shipped):
    rows = [drift.Row(row.customer_id, row.inputs, None, None) for row in observations(shipped, 2_000, 3)]
    assert run(shipped, rows, set()) == []
