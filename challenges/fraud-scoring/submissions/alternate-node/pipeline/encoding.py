"""Preprocessing as data: a list of terms, fitted here, stored in the artifact and interpreted by training and serving alike.

The service is JavaScript, so code cannot be shared. What is shared instead is the *recipe*: every fill value, mean, scale, level and
product stands in the artifact as a term, and each side only knows the five kinds of term. `src/encoding.js` is the other interpreter;
the artifact carries probes (inputs with the scores that training computed) which the service must reproduce before it is ready.

| kind | value of the term |
|---|---|
| log | (ln(max(v, floor)) - mean) / scale, within +-6; 0 for null |
| log1p | the same with ln(1 + v) |
| ratio | ln of `field` over ln of `per`: the difference of their logs, standardised; 0 for null |
| null | 1 when the field is null |
| level | 1 when the field equals `level`; an unseen category is 0 in all levels |
| product | the product of two earlier terms, by position |
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.data import NULLABLE, Table

FLOOR = 0.01
BOUND = 6.0
RARE = 0.005
REMOTE = ("online", "in_app")

Term = dict[str, Any]


def logs(values: np.ndarray) -> np.ndarray:
    """ln(max(v, FLOOR)); NaN stays NaN."""
    return np.log(np.where(np.isnan(values), np.nan, np.maximum(values, FLOOR)))


def _raw(term: Term, table: Table) -> np.ndarray:
    values = table.numbers[term["field"]]
    if term["kind"] == "log1p":
        return np.log1p(values)
    if term["kind"] == "ratio":
        return logs(values) - logs(table.numbers[term["per"]])
    return logs(values)


def _scaled(term: Term, table: Table) -> np.ndarray:
    z = (_raw(term, table) - term["mean"]) / term["scale"]
    return np.clip(np.where(np.isnan(z), 0.0, z), -BOUND, BOUND)


def encode(table: Table, terms: list[Term]) -> np.ndarray:
    """Model input, one row per payment and one column per term."""
    columns: list[np.ndarray] = []
    for term in terms:
        kind = term["kind"]
        if kind == "null":
            columns.append(np.isnan(table.numbers[term["field"]]).astype(float))
        elif kind == "level":
            columns.append((table.categories[term["field"]] == term["level"]).astype(float))
        elif kind == "product":
            left, right = term["of"]
            columns.append(columns[left] * columns[right])
        else:
            columns.append(_scaled(term, table))
    return np.column_stack(columns)


def fit(table: Table, *, history: bool) -> list[Term]:
    """Learn the terms from data: with the customer's history, or without it (for the fallback model)."""
    numeric: list[Term] = [{"kind": "log", "field": name} for name in ("amount", *NULLABLE)]
    if history:
        numeric += [
            {"kind": "ratio", "field": "amount", "per": "avg_amount_30d"},
            {"kind": "log", "field": "account_age_days"},
            {"kind": "log1p", "field": "tx_count_24h"},
            {"kind": "log1p", "field": "chargebacks_90d"},
        ]
    for term in numeric:
        values = _raw(term, table)
        term["mean"], term["scale"] = round(float(np.nanmean(values)), 6), round(float(np.nanstd(values)), 6)
    terms = numeric + [{"kind": "null", "field": name} for name in NULLABLE]
    for name in ("merchant_category", "channel", "country"):
        levels, counts = np.unique(table.categories[name], return_counts=True)
        terms += [{"kind": "level", "field": name, "level": str(level)} for level, count in zip(levels, counts, strict=True) if count >= RARE * len(table)]
    spend = 4 if history else 0
    terms.append({"kind": "product", "of": [3, spend]})  # much money soon after the last payment
    for channel in REMOTE:
        position = next(i for i, term in enumerate(terms) if term.get("level") == channel)
        terms.append({"kind": "product", "of": [position, 2]})  # a new device where no card is present
    return terms
