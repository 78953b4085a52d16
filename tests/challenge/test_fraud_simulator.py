"""The stream of card payments: repeatable, valid, learnable as stated, and drifting as stated."""

from __future__ import annotations

import time

import numpy as np
import pytest
from fraud_statistics import CATEGORICAL, HISTORY, NUMERIC, Logistic, auc, brier, column, ks_bonferroni, ks_p, labels, more_nulls, psi, truth, windows
from jsonschema import Draft202012Validator

from challenges.loader import TRAINING_ROWS, TRAINING_SEED, LoadedChallenge
from challenges.simulator import Drift, Row, Simulator

ALL_KINDS = [
    Drift("covariate", 0.5, "distance_km"),
    Drift("covariate", 1.0, "amount"),
    Drift("unit", 0.5, "amount"),
    Drift("unit", 1.0, "minutes_since_last"),
    Drift("missing", 0.5, "device_age_days"),
    Drift("new_category", 0.5, "merchant_category"),
    Drift("new_category", 0.5, "country"),
    Drift("prior", 1.0, "amount"),
    Drift("concept", 1.0, "amount"),
]


def ids(drift: Drift) -> str:
    return f"{drift.kind}-{drift.feature}"


def caught(simulator: Simulator, reference: list[Row], drift: Drift | None, count: int = 60) -> tuple[int, int]:
    """Of `count` windows of 500: in how many KS-Bonferroni blames the drifted feature, in how many it blames anything."""
    blamed = [ks_bonferroni(reference, window) for window in windows(simulator.stream(500 * count, 77, drift), 500)]
    return sum(drift is not None and drift.feature in names for names in blamed), sum(map(bool, blamed))


@pytest.mark.parametrize("drift", [None, *ALL_KINDS], ids=lambda d: ids(d) if d else "clean")
def test_the_same_arguments_give_the_same_rows(simulator: Simulator, drift: Drift | None) -> None:
    assert simulator.stream(400, 5, drift) == simulator.stream(400, 5, drift)


def test_streams_of_two_seeds_share_no_id_no_customer_and_no_name(simulator: Simulator) -> None:
    for field in ("transaction_id", "customer_id", "cardholder_name"):
        first, second = ({row.request[field] for row in simulator.stream(3000, seed)} for seed in (8, 9))
        assert not first & second, field


@pytest.mark.parametrize("drift", [None, *ALL_KINDS], ids=lambda d: ids(d) if d else "clean")
def test_every_row_keeps_the_contract_even_when_it_drifts(fraud: LoadedChallenge, simulator: Simulator, drift: Drift | None) -> None:
    validator = Draft202012Validator(fraud.request_schema)
    rows = simulator.stream(1500, 21, drift)
    assert [error.message for row in rows for error in validator.iter_errors(row.request)] == []
    assert len({row.request["transaction_id"] for row in rows}) == len(rows)
    assert set(rows[0].request) == set(fraud.request_schema["properties"])


def test_a_customer_has_a_few_rows_and_one_history(simulator: Simulator) -> None:
    rows = simulator.stream(6000, 31)
    histories: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        assert row.features["customer_id"] == row.request["customer_id"]
        histories.setdefault(row.request["customer_id"], []).append(row.features)
    assert 2 <= len(rows) / len(histories) <= 4
    assert all(answer == answers[0] for answers in histories.values() for answer in answers)


def test_time_advances_and_names_are_unique_to_their_customer(simulator: Simulator) -> None:
    rows = simulator.stream(6000, 32)
    times = [str(row.request["timestamp"]) for row in rows]
    assert times == sorted(times) and len(set(times)) == len(times)
    owners = {(row.request["cardholder_name"], row.request["customer_id"]) for row in rows}
    assert len(owners) == len({name for name, _ in owners}) == len({customer for _, customer in owners})
    assert all(len(str(name).split()[1]) >= 12 for name, _ in owners), "a surname is long enough never to be hit by chance"


def test_nulls_stand_only_where_the_contract_allows_and_are_few(fraud: LoadedChallenge, simulator: Simulator) -> None:
    rows = simulator.stream(20_000, 33)
    for name in NUMERIC:
        share = np.isnan(column(rows, name)).mean()
        low, high = (0.015, 0.055) if name in fraud.spec.contract.nullable_fields else (0.0, 0.0)
        assert low <= share <= high, (name, share)


def test_numeric_columns_are_skewed_to_the_right(simulator: Simulator) -> None:
    rows = simulator.stream(20_000, 34)
    for name in NUMERIC:
        values = column(rows, name)
        assert np.nanmean(values) > 1.3 * np.nanmedian(values), name


def test_twenty_thousand_rows_take_less_than_half_a_second(simulator: Simulator) -> None:
    best = min(_seconds(simulator) for _ in range(3))
    assert best < 0.5


def _seconds(simulator: Simulator) -> float:
    start = time.process_time()
    simulator.stream(20_000, 35)
    return time.process_time() - start


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_base_rate_and_auc_are_as_stated(simulator: Simulator, seed: int) -> None:
    train, rows = simulator.stream(6000, seed), simulator.stream(40_000, seed + 1000)
    y, p = labels(rows), truth(rows)
    full, alone = Logistic(train, history=True).predict(rows), Logistic(train, history=False).predict(rows)
    base = brier(y, np.full(len(y), y.mean()))
    assert 0.055 <= y.mean() <= 0.07
    assert abs(y.mean() - p.mean()) < 0.004, "labels are drawn with the stated probability"
    assert 0.85 <= auc(y, p) <= 0.88
    assert 0.80 <= auc(y, full) <= 0.845
    assert 0.70 <= auc(y, alone) <= 0.765
    assert brier(y, alone) < 0.95 * base, "a fallback that sees only the transaction clearly beats the base rate"
    assert brier(y, full) < 0.88 * base


@pytest.mark.parametrize(
    ("drift", "at_least", "at_most"),
    [
        (Drift("covariate", 0.5, "distance_km"), 60, 60),
        (Drift("covariate", 0.5, "amount"), 60, 60),
        (Drift("covariate", 0.5, "minutes_since_last"), 60, 60),
        (Drift("covariate", 0.25, "distance_km"), 48, 60),
        (Drift("covariate", 0.25, "device_age_days"), 48, 60),
        (Drift("unit", 0.5, "amount"), 60, 60),
        (Drift("unit", 0.25, "amount"), 60, 60),
        (Drift("missing", 0.5, "device_age_days"), 0, 3),
    ],
    ids=lambda value: f"{value.kind}-{value.severity}-{value.feature}" if isinstance(value, Drift) else str(value),
)
def test_ks_with_correction_finds_what_it_should(
    simulator: Simulator, reference: list[Row], drift: Drift, at_least: int, at_most: int, record_property: pytest.RecordProperty
) -> None:
    hits, _ = caught(simulator, reference, drift)
    record_property("detected_of_60", hits)
    assert at_least <= hits <= at_most


def test_clean_windows_seldom_alarm(simulator: Simulator, reference: list[Row], record_property: pytest.RecordProperty) -> None:
    _, alarms = caught(simulator, reference, None, count=200)
    record_property("alarms_of_200", alarms)
    assert alarms <= 16, "0.05 per window is the nominal rate; six control windows then hold 0.3 alarms"


def test_psi_at_the_usual_bar_finds_half_a_deviation_but_not_a_quarter(simulator: Simulator, reference: list[Row]) -> None:
    before = column(reference, "distance_km")

    def hits(severity: float) -> int:
        rows = simulator.stream(500 * 60, 78, Drift("covariate", severity, "distance_km"))
        return sum(psi(before, column(window, "distance_km")) > 0.2 for window in windows(rows, 500))

    assert hits(0.25) <= 6
    assert hits(0.5) >= 57


def test_missingness_is_found_by_a_null_rate_check(simulator: Simulator, reference: list[Row]) -> None:
    for severity in (0.25, 0.5):
        rows = simulator.stream(500 * 60, 79, Drift("missing", severity, "device_age_days"))
        assert all(more_nulls(reference, window) >= {"device_age_days"} for window in windows(rows, 500))
    clean = simulator.stream(500 * 60, 80)
    assert sum(bool(more_nulls(reference, window)) for window in windows(clean, 500)) <= 3


@pytest.mark.parametrize("feature", CATEGORICAL)
def test_a_new_category_is_new_and_takes_its_share(simulator: Simulator, reference: list[Row], feature: str) -> None:
    seen = {row.request[feature] for row in reference}
    rows = simulator.stream(10_000, 81, Drift("new_category", 0.5, feature))
    share = np.mean([row.request[feature] not in seen for row in rows])
    assert 0.48 <= share <= 0.52
    assert all(row.request[other] in {r.request[other] for r in reference} for row in rows[:200] for other in CATEGORICAL if other != feature)


def test_prior_shift_brings_frauds_and_shows_in_the_predictions(simulator: Simulator, reference: list[Row]) -> None:
    drift = Drift("prior", 1.0, "amount")
    rows = simulator.stream(500 * 40, 82, drift)
    assert 0.37 <= labels(rows).mean() <= 0.43
    assert abs(truth(rows).mean() - labels(rows).mean()) < 0.02
    model = Logistic(reference, history=True)
    usual = model.predict(reference)
    assert all(ks_p(usual, model.predict(window)) < 0.001 for window in windows(rows, 500))


def test_concept_drift_changes_no_request_but_makes_an_old_model_wrong(simulator: Simulator, reference: list[Row]) -> None:
    clean, turned = simulator.stream(20_000, 83), simulator.stream(20_000, 83, Drift("concept", 1.0, "amount"))
    assert [row.request for row in clean] == [row.request for row in turned]
    assert [row.features for row in clean] == [row.features for row in turned]
    model = Logistic(reference, history=True)
    score, y = model.predict(turned), labels(turned)
    assert auc(labels(clean), model.predict(clean)) - auc(y, score) > 0.12
    assert auc(y, truth(turned)) > 0.78, "a retrained model can learn the new relation"
    assert abs(y.mean() - labels(clean).mean()) < 0.015


def test_truth_follows_the_real_amount_under_unit_drift(simulator: Simulator) -> None:
    clean, wrong = simulator.stream(5000, 84), simulator.stream(5000, 84, Drift("unit", 0.5, "amount"))
    assert [(row.label, row.probability) for row in clean] == [(row.label, row.probability) for row in wrong]
    factor = column(wrong, "amount") / column(clean, "amount")
    assert set(np.round(factor, 6)) == {1.0, 100.0}
    assert 0.47 <= np.mean(factor > 50) <= 0.53


def test_truth_stays_under_missing_drift(simulator: Simulator) -> None:
    clean, holes = simulator.stream(5000, 85), simulator.stream(5000, 85, Drift("missing", 0.5, "distance_km"))
    assert [(row.label, row.probability) for row in clean] == [(row.label, row.probability) for row in holes]


@pytest.mark.parametrize("drift", ALL_KINDS, ids=ids)
def test_labels_agree_with_the_stated_probability_under_every_drift(simulator: Simulator, drift: Drift) -> None:
    rows = simulator.stream(30_000, 86, drift)
    p, y = truth(rows), labels(rows)
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 1.0)):
        part = (p >= low) & (p < high)
        error = 4 * np.sqrt(np.mean(p[part] * (1 - p[part])) / part.sum()) + (0.01 if drift.kind == "prior" else 0.0)
        assert abs(p[part].mean() - y[part].mean()) < error, (low, high)


@pytest.mark.parametrize("name", HISTORY)
def test_request_drift_leaves_the_feature_store_alone(simulator: Simulator, name: str) -> None:
    clean, moved = simulator.stream(2000, 87), simulator.stream(2000, 87, Drift("covariate", 1.0, "amount"))
    assert np.array_equal(column(clean, name), column(moved, name))


@pytest.mark.parametrize(
    ("drift", "says"),
    [
        (Drift("covarate", 0.5, "amount"), "no drift kind 'covarate'"),
        (Drift("missing", 0.5, "amount"), "cannot be put on 'amount'"),
        (Drift("unit", 0.0, "amount"), "not in"),
        (Drift("covariate", 0.5, "country"), "it can on amount"),
    ],
)
def test_a_drift_that_cannot_be_made_is_refused_with_the_reason(simulator: Simulator, drift: Drift, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        simulator.stream(10, 1, drift)


@pytest.mark.parametrize("drift", ALL_KINDS, ids=ids)
def test_clean_and_drifted_streams_of_one_seed_can_be_spliced(simulator: Simulator, drift: Drift) -> None:
    """The drift experiment switches between them by position: ids, times and customers must run on across the seam."""
    clean, drifted = simulator.stream(1000, 88), simulator.stream(1000, 88, drift)
    for field in ("transaction_id", "timestamp"):
        assert [row.request[field] for row in clean] == [row.request[field] for row in drifted]
    histories = {row.features["customer_id"]: row.features for row in clean}
    assert all(histories.get(row.features["customer_id"], row.features) == row.features for row in drifted)


def test_the_public_training_rows_are_a_typical_reference(simulator: Simulator) -> None:
    """Everybody's monitor compares with them: an unlucky draw would make every sound monitor cry wolf."""
    training, population = simulator.stream(TRAINING_ROWS, TRAINING_SEED), simulator.stream(40_000, 89)
    assert all(ks_p(column(training, name), column(population, name)) > 0.05 for name in NUMERIC + HISTORY)
    assert abs(labels(training).mean() - labels(population).mean()) < 0.005
