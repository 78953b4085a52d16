"""Ways back that are documented: one that leads to another workload, or nowhere, and sound ones of other kinds, through scan and check."""

from __future__ import annotations

import pytest

from checks.scanned import levels

DEPLOYMENT, KUSTOMIZATION = (f"deploy/k8s/{name}.yaml" for name in ("deployment", "kustomization"))


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("RUNBOOK.md", "undo deployment/fraud-scoring", "undo -n payments deploy fraud-scoring"),
        ("RUNBOOK.md", "undo deployment/fraud-scoring", "undo deployment/fraud-$ENV"),
        ("RUNBOOK.md", "undo deployment/fraud-scoring", "undo deployment/<name>"),
        ("RUNBOOK.md", "kubectl rollout undo deployment/fraud-scoring", "helm rollback fraud"),
        ("RUNBOOK.md", "## Drift", "A rollout undo restores the code, and a rollout undo deployment wide needs an owner.\n\n## Drift"),
        ("RUNBOOK.md", "kubectl rollout undo deployment/fraud-scoring", "kubectl argo rollouts undo fraud-scoring"),
        ("RUNBOOK.md", "`kubectl rollout undo deployment/fraud-scoring`", "`kubectl rollout undo deployment/fraud-api` or `git revert HEAD`"),
        ("Makefile", "test:\n", "rollback:\n\tkubectl rollout undo deployment/fraud-scoring --to-revision=3\n\ntest:\n"),
        (DEPLOYMENT, "  revisionHistoryLimit: 5\n", ""),
        (DEPLOYMENT, "revisionHistoryLimit: 5", "revisionHistoryLimit: {{ .Values.revisions }}"),
    ],
)
def test_a_way_back_that_may_lead_somewhere_is_not_blamed(oracle, file, before, after):
    text = (oracle / file).read_text()
    assert before in text
    (oracle / file).write_text(text.replace(before, after))
    assert levels(oracle, "rollback_documented") == {"rollback_documented": "steps"}


def test_a_prefix_makes_another_name_of_the_workload(oracle):
    changes = ((KUSTOMIZATION, "apiVersion", "namePrefix: prod-\napiVersion"), ("RUNBOOK.md", "deployment/fraud", "deployment/prod-fraud"))
    for file, before, after in changes:
        (oracle / file).write_text((oracle / file).read_text().replace(before, after, 1))
    assert levels(oracle, "rollback_documented") == {"rollback_documented": "steps"}


def test_a_rollback_target_that_undoes_another_workload_leads_astray(oracle):
    (oracle / "RUNBOOK.md").write_text((oracle / "RUNBOOK.md").read_text().replace("kubectl rollout undo deployment/fraud-scoring", "make back"))
    (oracle / "Makefile").write_text((oracle / "Makefile").read_text() + "\nback:\n\tkubectl rollout undo deployment/scoring\n")
    assert levels(oracle, "rollback_documented") == {"rollback_documented": "astray"}
