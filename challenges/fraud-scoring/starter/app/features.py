"""Asks the feature store for a customer's history."""

import os

import requests

FEATURE_STORE_URL = os.environ.get("FEATURE_STORE_URL", "http://localhost:8080")


def get_features(customer_id):
    response = requests.get(f"{FEATURE_STORE_URL}/v1/customers/{customer_id}/features")
    return response.json()
