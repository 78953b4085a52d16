import json
from pathlib import Path

import pytest

from fraud import model
from fraud.settings import PACKAGED_MODEL

HISTORY = {"avg_amount_30d": 25.58, "tx_count_24h": 1, "chargebacks_90d": 0, "account_age_days": 448}


@pytest.fixture
def transaction():
    return json.loads((Path(__file__).parent / "transaction.json").read_text())


@pytest.fixture
def history():
    return dict(HISTORY)


@pytest.fixture(scope="session")
def shipped():
    return model.load(PACKAGED_MODEL)
