"""What people would read: placeholders are no words and no steps, and only what a section itself says counts."""

from __future__ import annotations

import pytest

from harness.source.probes import scan
from harness.source.probes.placeholders import says_nothing, written

INCIDENTS = """\
# Runbook

Look at the dashboard first, then decide whether the feature store or this service is the culprit; page the platform team when the store
answers slowly for longer than five minutes, otherwise follow these steps and write down what happened afterwards in the shared log book.

1. `kubectl get pods`
2. `kubectl logs deploy/fraud` and look for the reason of the last restart
"""


@pytest.mark.parametrize(
    "line",
    [
        "TODO", "- TODO: describe the steps", "- To be written…", "TBD", "**Rollback**: TODO", "Rollback: tbd.", "N/A", "1. n/a", "...", "- [ ] TBD",
        "_to be defined_", "This section is still to be written.", "Steps will be added later", "Coming soon!", "Describe how to roll back here",
        "<how to roll back>", "[insert steps]", "{{ steps }}", "FIXME kubectl?", "- Owner - TBD", "> TODO", "| rollback | TBD |", "| a | N/A | - |",
        "Work in progress", "Not documented yet",
    ],
)  # fmt: skip
def test_a_line_that_promises_to_be_written_is_not_there(line: str) -> None:
    assert written(line) == ""


@pytest.mark.parametrize(
    "line",
    [
        "1. `kubectl rollout undo deployment/api`", "Rollback: `helm rollback api 3`", "Rows that are to be added are validated first, one by one.",
        "| segment | auc | note |", "| cards | 0.91 | N/A |", "|---|---|", "Missing values are filled in with the median of the training data.",
        "- Nothing to do here but to call the store's owner", "[Runbook](RUNBOOK.md)", "- [x] tests pass", "None of these pods may be restarted.",
        "Unknown merchants score like an average one.", "```", "$ kubectl get pods", "---", "The todo list service is not ours.",
        "Unknown: page the owner",
        "Pending labels are joined within 90 days", "Decisions that must be documented here go to compliance as well, in the form of the audit line.",
    ],
)  # fmt: skip
def test_a_line_that_says_something_stays(line: str) -> None:
    assert written(line) == line


def test_a_paragraph_of_filler_text_is_not_there_and_lines_keep_their_numbers() -> None:
    assert written("Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit.") == "\n"
    assert written("a word\nTODO\nanother") == "a word\n\nanother"


@pytest.mark.parametrize(("value", "expected"), [("todo", True), ("", True), ("${VERSION}", True), ("N/A", True), ("2026-01", False), ("0", False)])
def test_a_value_may_be_a_placeholder(value: str, expected: bool) -> None:
    assert says_nothing(value) is expected


NOWHERE = {
    "to do, in a section of its own": INCIDENTS + "\n## Rollback\n\nTODO\n",
    "to do, on a line": INCIDENTS + "\nRollback: TODO\n",
    "promises as steps": INCIDENTS + "\n## Rollback\n\n- To be written, once we know the platform\n- TBD\n- N/A for now, coming soon\n",
    "filler": INCIDENTS + "\n## Rollback\n\n1. Lorem ipsum dolor sit amet, consectetur adipiscing elit\n2. sed do eiusmod tempor incididunt\n",
    "a comment": INCIDENTS + "\n## Rollback\n\n<!-- 1. `kubectl rollout undo deployment/api` and watch the error rate fall again -->\n",
    "a mention beside other steps": INCIDENTS + "\nNobody has ever had to roll back.\n",
    "told to a tool": {".assistant/agents/ops.md": INCIDENTS + "\n## Rollback\n\n1. `kubectl rollout undo deployment/api`, and watch\n"},
}
SOMEWHERE = {
    "steps below a title": "## Rolling back\n\n### Bad image\n\n1. Find the last good tag in the registry\n2. `kubectl set image deploy/a a=a:1.2`\n",
    "on one line": INCIDENTS + "\n3. Errors stay: `kubectl rollout undo deployment/fraud`\n",
    "leading over to a block": INCIDENTS + "\nTo roll back to the version before:\n\n```\nhelm rollback api\n```\n",
    "a sentence in a list": INCIDENTS + "\n- Revert to the previous image by its tag in the registry and wait for readiness.\n",
    "a label in bold": INCIDENTS + "\n**Rollback.** Set `MODEL_PATH` to the artifact before, restart, and compare the version that answers name.\n",
    "without any heading": "If it gets worse, roll back with `kubectl rollout undo deployment/api` and tell the owner of the store.\n",
}


@pytest.mark.parametrize("what", NOWHERE)
def test_no_way_back_is_written_down(make_tree, what: str) -> None:
    files = NOWHERE[what]
    assert not scan(make_tree({"RUNBOOK.md": files} if isinstance(files, str) else files)).probes["rollback_documented"].found


@pytest.mark.parametrize("what", SOMEWHERE)
def test_a_way_back_in_another_style_is_found(make_tree, what: str) -> None:
    assert scan(make_tree({"docs/OPERATIONS.md": SOMEWHERE[what]})).probes["rollback_documented"].found


def test_a_runbook_of_promises_is_none_and_one_without_headings_is(make_tree) -> None:
    promise = "- To be written\n- TODO: who is called when it is down and what they look at\n\n"
    promises = "# Runbook\n\n" + "".join(f"## {title}\n\n{promise}" for title in "abcdef")
    assert not scan(make_tree({"RUNBOOK.md": promises})).probes["runbook"].found
    assert scan(make_tree({"RUNBOOK.md": INCIDENTS.removeprefix("# Runbook\n")})).probes["runbook"].found


CARD = "**Intended use.** Scores card payments online so that an analyst can review those with a high probability; not for decisions on credit.\n\n"
LABELS = ("Data", "Metrics", "Limitations")
TEXT = "six thousand payments drawn in January with labels after ninety days while nulls stay where devices are not known"


def test_a_model_card_with_bold_labels_is_one_and_a_title_heads_no_section(make_tree) -> None:
    labelled = "# Model card\n\n" + CARD + "".join(f"**{label}**: {TEXT}\n\n" for label in LABELS)
    assert scan(make_tree({"MODEL_CARD.md": labelled})).probes["model_card"].value == 4
    hollow = f"# Model card: use, data, metrics and limits\n\n{TEXT}\n\n" + "".join(f"## {label}\n\nTBD\n\n" for label in LABELS)
    assert scan(make_tree({"MODEL_CARD.md": hollow})).probes["model_card"].value == 0
