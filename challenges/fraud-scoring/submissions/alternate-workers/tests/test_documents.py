import yaml

from pipeline.data import ROOT


def test_the_model_card_quotes_the_metrics_of_the_shipped_model(shipped):
    card = (ROOT / "MODEL_CARD.md").read_text()
    for part, label in (("full", "full"), ("fallback", "fallback (feature store down)")):
        metrics = shipped.document["metrics"][part]
        assert f"| {label} | {metrics['auc']:.3f} | {metrics['brier']:.4f} | {metrics['base_brier']:.4f} |" in card


def test_alerts_on_drift_name_the_feature():
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.rules.yml").read_text())["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    assert "by (feature)" in rules["FeatureDrift"]["expr"]
