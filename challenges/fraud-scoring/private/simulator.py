"""Card payments with known fraud probability: seeded, vectorised, i.i.d. rows.

The truth is a logistic model with a few bends that a plain logistic regression cannot follow, and about a third of its
spread comes from the customer's history, which only the feature store knows. Measured figures: tests/challenges/test_simulator.py.

Drift kinds (severity s in (0, 1]):

| kind         | what changes                                                       | truth                                |
|--------------|--------------------------------------------------------------------|--------------------------------------|
| covariate    | the numeric feature moves by 1.2 s standard deviations of its log  | same relation, new values            |
| unit         | a share s of rows reports the feature times 100                    | follows the real value               |
| missing      | a further share s of rows reports null                             | follows the real value               |
| new_category | a share s of rows has a value never seen before                    | the new value has a risk of its own  |
| prior        | P(fraud) goes to base + s (40 % - base), P(row given label) stays  | Bayes with the new prior             |
| concept      | the relation turns towards another one; requests do not change     | the turned relation                  |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from challenges.simulator import Drift, Row
from challenges.synthetic import Floats, generator, identifiers, names, shares, sigmoid, timestamps

Ints = NDArray[np.int64]

ROWS_PER_CUSTOMER = 2
"""Few and far apart: rows of one customer share a history, and a monitor's test that takes rows as independent would cry wolf."""
COVARIATE_SHIFT = 1.2
UNIT_FACTOR = 100.0
PRIOR_AT_FULL = 0.40
PRIOR_POOL = 9
"""Rows drawn per row kept under prior drift: enough frauds for 40 % at the base rate of 6 %."""
INTERCEPT = -4.28
MEAN_GAP_S = 0.4

# value -> (share of traffic, risk in log odds, median amount, spread of log amount)
CATEGORIES: dict[str, tuple[float, float, float, float]] = {
    "grocery": (0.26, -0.50, 32.0, 0.70),
    "restaurant": (0.15, -0.35, 27.0, 0.60),
    "fuel": (0.10, -0.15, 48.0, 0.45),
    "fashion": (0.12, 0.05, 58.0, 0.80),
    "pharmacy": (0.08, -0.40, 19.0, 0.65),
    "digital_goods": (0.10, 0.60, 14.0, 0.90),
    "electronics": (0.08, 0.55, 140.0, 0.95),
    "travel": (0.06, 0.30, 220.0, 0.90),
    "gambling": (0.03, 0.85, 45.0, 1.00),
    "jewellery": (0.02, 0.80, 260.0, 0.85),
}
# value -> (share, risk)
CHANNELS: dict[str, tuple[float, float]] = {
    "contactless": (0.36, -0.45), "chip": (0.24, -0.35), "online": (0.25, 0.45), "in_app": (0.12, 0.15), "magstripe": (0.03, 0.80),
}
COUNTRIES: dict[str, tuple[float, float]] = {
    "DE": (0.30, -0.10), "FR": (0.17, -0.05), "NL": (0.11, -0.15), "ES": (0.10, 0.05), "IT": (0.10, 0.05), "PL": (0.07, 0.10),
    "GB": (0.07, 0.15), "CH": (0.04, -0.05), "US": (0.03, 0.45), "TR": (0.01, 0.60),
}
CURRENCY = {"GB": "GBP", "CH": "CHF", "US": "USD", "TR": "TRY", "PL": "PLN", "BR": "BRL"}
# categorical field -> (value of its new_category drift, risk of that value)
NEW_VALUES: dict[str, tuple[str, float]] = {"merchant_category": ("crypto_exchange", 1.2), "channel": ("wearable", 0.7), "country": ("BR", 0.7)}


@dataclass(frozen=True)
class Skew:
    """A lognormal column: median, spread of the log, largest value the contract allows, natural share of nulls, decimals."""

    median: float
    sigma: float
    largest: float
    nulls: float
    decimals: int


NUMERIC: dict[str, Skew] = {
    "amount": Skew(0.0, 1.0, 50_000.0, 0.0, 2),  # median and spread come from the merchant category
    "distance_km": Skew(7.0, 1.5, 20_000.0, 0.02, 2),
    "device_age_days": Skew(190.0, 1.2, 4_000.0, 0.04, 1),
    "minutes_since_last": Skew(560.0, 1.6, 500_000.0, 0.03, 1),
}
CONTRACT_MAX = {"amount": 10_000_000.0, "distance_km": 50_000.0, "device_age_days": 20_000.0, "minutes_since_last": 10_000_000.0}


@dataclass(frozen=True)
class Customers:
    """History of each customer, as the feature store tells it; every array has one entry per customer."""

    ids: list[str]
    names: list[str]
    spending: Floats  # log of the customer's usual amount against everybody's
    average: Floats
    count_24h: Ints
    chargebacks: Ints
    account_age: Floats

    def answers(self) -> list[dict[str, object]]:
        """The feature store's answers, one dict per customer."""
        age = self.account_age.astype(np.int64)
        columns = zip(self.ids, self.average.tolist(), self.count_24h.tolist(), self.chargebacks.tolist(), age.tolist(), strict=True)
        keys = ("customer_id", "avg_amount_30d", "tx_count_24h", "chargebacks_90d", "account_age_days")
        return [dict(zip(keys, values, strict=True)) for values in columns]


@dataclass(frozen=True)
class Inputs:
    """The real transactions, before anything is misreported; every array has one entry per row."""

    customer: Ints
    category: Ints
    channel: Ints
    country: Ints
    numeric: dict[str, Floats]

    def take(self, rows: Ints) -> Inputs:
        """The given rows, in the given order."""
        numeric = {name: values[rows] for name, values in self.numeric.items()}
        return Inputs(self.customer[rows], self.category[rows], self.channel[rows], self.country[rows], numeric)


class Simulator:
    """The stream of card payments. Stateless: everything follows from the arguments of `stream`."""

    kinds = ("covariate", "unit", "missing", "new_category", "prior", "concept")

    def stream(self, n: int, seed: int, drift: Drift | None = None) -> list[Row]:
        """`n` rows in order of time; see `challenges.simulator.Simulator`."""
        if drift is not None:
            _refuse_impossible(drift)
        kind = drift.kind if drift else ""
        customers = _draw_customers(max(1, -(-n // ROWS_PER_CUSTOMER)), seed)
        inputs = _draw_inputs(n * PRIOR_POOL if kind == "prior" else n, customers, seed)
        if drift and kind == "covariate":
            inputs = _shift(inputs, drift)
        if drift and kind == "new_category":
            inputs = _put_new_category(inputs, drift, seed)
        probability = sigmoid(_log_odds(inputs, customers, drift.severity if drift and kind == "concept" else 0.0))
        label = (generator(seed, "labels").random(len(probability)) < probability).astype(np.int64)
        if drift and kind == "prior":
            inputs, probability, label = _resample(inputs, probability, label, n, drift, seed)
        return _rows(inputs, customers, _report(inputs, drift, seed), probability, label, seed)


def _refuse_impossible(drift: Drift) -> None:
    """Raises ValueError unless this simulator can make the drift."""
    nullable = {name for name, skew in NUMERIC.items() if skew.nulls}
    possible = {"covariate": set(NUMERIC), "unit": set(NUMERIC), "missing": nullable, "new_category": set(NEW_VALUES)}
    if drift.kind not in Simulator.kinds:
        raise ValueError(f"no drift kind {drift.kind!r}; there are {', '.join(Simulator.kinds)}")
    if not 0 < drift.severity <= 1:
        raise ValueError(f"severity {drift.severity} is not in (0, 1]")
    allowed = possible.get(drift.kind)
    if allowed is not None and drift.feature not in allowed:
        raise ValueError(f"{drift.kind} drift cannot be put on {drift.feature!r}; it can on {', '.join(sorted(allowed))}")


def _draw_customers(count: int, seed: int) -> Customers:
    rng = generator(seed, "customers")
    spending = rng.normal(0.0, 0.5, count)
    return Customers(
        ids=identifiers("c", count, rng),
        names=names(count, rng),
        spending=spending,
        average=np.round(np.exp(np.log(42.0) + spending + rng.normal(0.0, 0.25, count)), 2),
        count_24h=rng.poisson(rng.gamma(1.2, 1.9, count)).astype(np.int64),
        chargebacks=rng.poisson(rng.gamma(0.35, 0.55, count)).astype(np.int64),
        account_age=np.clip(np.floor(np.exp(rng.normal(np.log(800.0), 1.0, count))), 1, 12_000),
    )


def _draw_inputs(n: int, customers: Customers, seed: int) -> Inputs:
    rng = generator(seed, "inputs")
    laps = -(-n // len(customers.ids))  # everybody pays once before anybody pays again
    customer = np.concatenate([rng.permutation(len(customers.ids)) for _ in range(laps)])[:n]
    category = rng.choice(len(CATEGORIES), size=n, p=shares([v[0] for v in CATEGORIES.values()]))
    channel = rng.choice(len(CHANNELS), size=n, p=shares([v[0] for v in CHANNELS.values()]))
    country = rng.choice(len(COUNTRIES), size=n, p=shares([v[0] for v in COUNTRIES.values()]))
    median, spread = np.array([v[2] for v in CATEGORIES.values()]), np.array([v[3] for v in CATEGORIES.values()])
    log_amount = np.log(median[category]) + 0.6 * customers.spending[customer] + spread[category] * rng.normal(size=n)
    numeric = {"amount": _settle("amount", np.exp(log_amount))}
    for name in ("distance_km", "device_age_days", "minutes_since_last"):
        skew = NUMERIC[name]
        numeric[name] = _settle(name, np.exp(np.log(skew.median) + skew.sigma * rng.normal(size=n)))
    return Inputs(customer, category, channel, country, numeric)


def _settle(name: str, values: Floats) -> Floats:
    """Cut off what cannot be and round as a payment system would."""
    possible: Floats = np.clip(values, 0.01, NUMERIC[name].largest)
    return possible.round(NUMERIC[name].decimals)


def _shift(inputs: Inputs, drift: Drift) -> Inputs:
    factor = np.exp(COVARIATE_SHIFT * drift.severity * NUMERIC[drift.feature].sigma)
    moved = _settle(drift.feature, inputs.numeric[drift.feature] * factor)
    return replace(inputs, numeric={**inputs.numeric, drift.feature: moved})


def _put_new_category(inputs: Inputs, drift: Drift, seed: int) -> Inputs:
    """The new value is the one past the end of the field's table."""
    hit = generator(seed, "drift").random(len(inputs.category)) < drift.severity
    if drift.feature == "merchant_category":
        return replace(inputs, category=np.where(hit, len(CATEGORIES), inputs.category))
    if drift.feature == "channel":
        return replace(inputs, channel=np.where(hit, len(CHANNELS), inputs.channel))
    return replace(inputs, country=np.where(hit, len(COUNTRIES), inputs.country))


def _z(inputs: Inputs, name: str) -> Floats:
    """Standardised log of a numeric column, 0 at its median."""
    skew = NUMERIC[name]
    z: Floats = (np.log(np.maximum(inputs.numeric[name], 0.01)) - np.log(skew.median)) / skew.sigma
    return z


def _log_odds(inputs: Inputs, customers: Customers, turn: float) -> Floats:
    """True log odds of fraud per row; `turn` in [0, 1] is how far the relation has turned (concept drift)."""
    who = inputs.customer
    category = np.array([v[1] for v in CATEGORIES.values()] + [NEW_VALUES["merchant_category"][1]])[inputs.category]
    channel = np.array([v[1] for v in CHANNELS.values()] + [NEW_VALUES["channel"][1]])[inputs.channel]
    country = np.array([v[1] for v in COUNTRIES.values()] + [NEW_VALUES["country"][1]])[inputs.country]
    far, device, pause = _z(inputs, "distance_km"), _z(inputs, "device_age_days"), _z(inputs, "minutes_since_last")
    remote = np.isin(inputs.channel, (2, 3))
    ratio = np.log(inputs.numeric["amount"] / customers.average[who])
    transaction = 0.6 * (category + channel + country) + 0.28 * far - 0.24 * device - 0.16 * pause
    history = (
        0.38 * np.clip(ratio, -2, 4)
        + 1.10 * np.minimum(customers.chargebacks[who], 4)
        + 0.20 * np.minimum(customers.count_24h[who], 12)
        - 0.50 * (np.log(customers.account_age[who]) - np.log(800.0))
    )
    bends = 1.3 * (remote & (device < -0.7)) + 1.6 * ((pause < -0.7) & (ratio > 0.7)) - 1.2 * ((pause > 0.7) & (ratio < 0))
    usual: Floats = INTERCEPT + transaction + history + bends
    if not turn:
        return usual
    turned: Floats = INTERCEPT + 0.15 - 0.8 * (category + channel) + country - 0.45 * far + 0.55 * device - 0.30 * pause + history
    return (1 - turn) * usual + turn * turned


def _resample(inputs: Inputs, probability: Floats, label: Ints, n: int, drift: Drift, seed: int) -> tuple[Inputs, Floats, Ints]:
    """Label shift: other shares of frauds and of honest rows, each drawn as before; the truth moves by the prior odds."""
    rng = generator(seed, "drift")
    before = float(probability.mean())
    after = before + drift.severity * (PRIOR_AT_FULL - before)
    wanted = rng.random(n) < after
    fraud, honest = rng.permutation(np.flatnonzero(label == 1)), rng.permutation(np.flatnonzero(label == 0))
    frauds = int(wanted.sum())
    rows = np.empty(n, dtype=np.int64)
    rows[wanted] = np.resize(fraud, frauds)  # repeats only if a tiny pool has too few frauds
    rows[~wanted] = honest[: n - frauds]
    odds = probability[rows] / (1 - probability[rows]) * (after / (1 - after)) / (before / (1 - before))
    return inputs.take(rows), odds / (1 + odds), label[rows]


def _report(inputs: Inputs, drift: Drift | None, seed: int) -> dict[str, list[float | None]]:
    """The numeric columns as the request states them: with natural nulls, and with unit and missing drift."""
    n, rng = len(inputs.customer), generator(seed, "nulls")
    reported: dict[str, list[float | None]] = {}
    for name, skew in NUMERIC.items():
        values, absent = inputs.numeric[name], rng.random(n) < skew.nulls
        if drift and drift.feature == name and drift.kind in ("unit", "missing"):
            hit = generator(seed, "drift").random(n) < drift.severity
            if drift.kind == "unit":
                values = np.where(hit, np.round(np.minimum(values * UNIT_FACTOR, CONTRACT_MAX[name]), skew.decimals), values)
            else:
                absent = absent | hit
        column: list[float | None] = values.tolist()
        for row in np.flatnonzero(absent).tolist():
            column[row] = None
        reported[name] = column
    return reported


def _rows(inputs: Inputs, customers: Customers, numeric: dict[str, list[float | None]], probability: Floats, label: Ints, seed: int) -> list[Row]:
    n, rng = len(inputs.customer), generator(seed, "ids")
    categories, channels = [*CATEGORIES, NEW_VALUES["merchant_category"][0]], [*CHANNELS, NEW_VALUES["channel"][0]]
    countries = [*COUNTRIES, NEW_VALUES["country"][0]]
    answers, transactions, times = customers.answers(), identifiers("t", n, rng), timestamps(n, MEAN_GAP_S, rng)
    shop = rng.integers(120, size=n).tolist()
    category, channel, country, who = inputs.category.tolist(), inputs.channel.tolist(), inputs.country.tolist(), inputs.customer.tolist()
    true, truth = probability.tolist(), label.tolist()
    rows = []
    for i in range(n):
        land = countries[country[i]]
        request: dict[str, object] = {
            "transaction_id": transactions[i],
            "customer_id": customers.ids[who[i]],
            "merchant_id": f"m-{category[i]:02d}{shop[i]:03d}",
            "timestamp": times[i],
            "amount": numeric["amount"][i],
            "currency": CURRENCY.get(land, "EUR"),
            "merchant_category": categories[category[i]],
            "channel": channels[channel[i]],
            "country": land,
            "distance_km": numeric["distance_km"][i],
            "device_age_days": numeric["device_age_days"][i],
            "minutes_since_last": numeric["minutes_since_last"][i],
            "cardholder_name": customers.names[who[i]],
        }
        rows.append(Row(request, answers[who[i]], truth[i], true[i]))
    return rows
