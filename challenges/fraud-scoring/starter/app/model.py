"""The fraud model as it came from the data scientists: a logistic regression kept as JSON."""

import json
import math
import os

MODEL_PATH = os.environ.get("MODEL_PATH", "model/model.json")


def load_model(path=MODEL_PATH):
    with open(path) as file:
        return json.load(file)


def encode(transaction, features, model):
    """The model's input vector for one transaction, in the order of model["columns"]."""
    vector = []
    for name in model["numeric"]:
        value = transaction.get(name)
        if value is None:
            value = model["medians"][name]
        vector.append((math.log1p(value) - model["means"][name]) / model["stds"][name])
    for name in model["history"]:
        vector.append((math.log1p(features[name]) - model["means"][name]) / model["stds"][name])
    for name, values in model["categories"].items():
        for value in values:
            vector.append(1.0 if transaction[name] == value else 0.0)
    return vector


def predict(transaction, features, model):
    """Probability of fraud."""
    total = model["intercept"]
    for weight, value in zip(model["weights"], encode(transaction, features, model)):
        total += weight * value
    return 1.0 / (1.0 + math.exp(-total))
