import json

import pytest

from pipeline.data import MANIFEST, ROOT, parameters, problems, read, sha256
from pipeline.evaluate import failures, measure
from scoring import features, model
from scoring.settings import PACKAGED_MODEL


def test_the_shipped_model_reproduces_its_metrics_through_the_serving_path(shipped):
    assert measure(shipped) == shipped.document["metrics"]
    assert failures(shipped.document["metrics"], parameters()["gates"]) == []


def test_the_shipped_model_names_the_data_that_the_manifest_pins(shipped):
    manifest = json.loads(MANIFEST.read_text())
    assert shipped.document["lineage"]["data"]["sha256"] == manifest["sha256"] == sha256(ROOT / manifest["path"])


def test_encoding_does_not_depend_on_the_order_of_keys(shipped, transaction, history):
    encoder = shipped.full.encoder
    turned = {name: dict(reversed(part.items())) for name, part in reversed(encoder.items())}
    assert features.encode(transaction, history, encoder) == features.encode(transaction, history, turned)
    assert features.names(encoder) == features.names(turned)


def test_unseen_categories_and_nulls_are_scored(shipped, transaction, history):
    odd = transaction | {"channel": "telepathy", "country": "XX", "distance_km": None, "device_age_days": None}
    assert 0 <= shipped.full.probability(shipped.full.encode(odd, history)) <= 1
    assert 0 <= shipped.fallback.probability(shipped.fallback.encode(odd, None)) <= 1


@pytest.mark.parametrize("damage", ["missing", "truncated", "edited", "wrong schema", "no weights", "empty"])
def test_a_damaged_artifact_is_refused(tmp_path, damage):
    document = json.loads(PACKAGED_MODEL.read_text())
    path = tmp_path / "model.json"
    text = json.dumps(document)
    if damage == "truncated":
        path.write_text(text[: len(text) // 2])
    elif damage == "edited":
        path.write_text(text.replace('"bias": -', '"bias": '))
    elif damage == "wrong schema":
        model.save(document | {"schema": "other/9"}, path)
    elif damage == "no weights":
        model.save(document | {"full": {**document["full"], "weights": document["full"]["weights"][1:]}}, path)
    elif damage == "empty":
        path.touch()
    with pytest.raises(model.BadArtifact):
        model.load(path)


def test_training_data_with_flaws_are_refused():
    examples = read(ROOT / parameters()["data"]["path"])
    assert problems(examples) == []
    tx, history, label = examples[0]
    assert problems(examples[:100])
    assert problems([*examples, examples[0]])
    assert problems([*examples[1:], (tx | {"amount": -5.0}, history, label)])
    assert problems([(t | {"distance_km": None}, h, y) for t, h, y in examples])
