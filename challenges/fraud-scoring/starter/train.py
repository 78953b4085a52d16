"""Trains the model: reads data/train.csv, writes model/model.json. Run: python train.py"""

import argparse
import csv
import json

import numpy as np

NUMERIC = ["amount", "distance_km", "device_age_days", "minutes_since_last"]
HISTORY = ["avg_amount_30d", "tx_count_24h", "chargebacks_90d", "account_age_days"]
CATEGORICAL = ["merchant_category", "channel", "country"]
LABEL = "is_fraud"


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows, name):
    return np.array([float(row[name]) if row[name] else np.nan for row in rows])


def prepare(rows):
    """The input matrix, and what serving needs to build the same vectors."""
    columns, medians, means, stds = [], {}, {}, {}
    for name in NUMERIC + HISTORY:
        values = numbers(rows, name)
        medians[name] = float(np.nanmedian(values))
        logs = np.log1p(np.where(np.isnan(values), medians[name], values))
        means[name], stds[name] = float(logs.mean()), float(logs.std())
        columns.append((logs - means[name]) / stds[name])
    categories = {name: sorted({row[name] for row in rows}) for name in CATEGORICAL}
    for name, values in categories.items():
        for value in values:
            columns.append(np.array([1.0 if row[name] == value else 0.0 for row in rows]))
    return np.column_stack(columns), {"numeric": NUMERIC, "history": HISTORY, "categories": categories, "medians": medians, "means": means, "stds": stds}


def fit(x, y, ridge=1.0, steps=25):
    """Logistic regression by Newton's method; the intercept is not penalised."""
    x = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (y - p) - penalty * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        weights += np.linalg.solve(hessian, gradient)
    return weights


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="data/train.csv")
    parser.add_argument("--out", default="model/model.json")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    rows = read(args.data)
    y = numbers(rows, LABEL)
    x, encoding = prepare(rows)
    weights = fit(x, y)
    model = {"version": args.version, **encoding, "intercept": round(float(weights[0]), 6), "weights": [round(float(w), 6) for w in weights[1:]]}
    with open(args.out, "w") as file:
        json.dump(model, file, indent=1)
        file.write("\n")
    p = 1 / (1 + np.exp(-(weights[0] + x @ weights[1:])))
    print(f"{len(rows)} rows, fraud {y.mean():.3f}, Brier on the training rows {np.mean((p - y) ** 2):.4f}")


if __name__ == "__main__":
    main()
