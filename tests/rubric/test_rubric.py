"""The rubric's files are data that people edit: what is wrong in them must be named, not guessed."""

from __future__ import annotations

import shutil

import pytest

from grader.rubric import FOLDER, load, placeholders
from grader.schema.causes import UsageError
from grader.schema.rubric import FULL

RUBRIC = load()


HELD = """
[latency_slo]
since = 2026-01-31
reason = "differs under a busy neighbour"
flips = "3 of 20"
"""


def copy(tmp_path, **changes):
    """A copy of the rubric with (old, new) replacements per file stem."""
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)
    for stem, (old, new) in changes.items():
        path = tmp_path / f"{stem}.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    return tmp_path


def test_the_rubric_loads_with_eight_areas_three_gates_and_a_digest():
    assert list(dict(sorted(RUBRIC.areas.items(), key=lambda item: item[1].order))) == [
        "deployment", "monitoring", "failure", "scalability", "pipeline", "mlops", "cloud", "compliance",
    ]  # fmt: skip
    assert {gate.check for gate in RUBRIC.gates.values()} == {"image_builds", "service_ready", "prediction_contract"}
    assert len(RUBRIC.digest) == 64


def test_the_digest_changes_with_any_byte_and_not_without(tmp_path):
    assert load(copy(tmp_path)).digest == RUBRIC.digest
    assert load(copy(tmp_path, cloud=("What does it cost", "What might it cost"))).digest != RUBRIC.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deployment": ("weight = 4", "wieght = 4")}, "image_builds"),
        ({"deployment": ("{fast_s}", "{fats_s}")}, "fats_s"),
        ({"failure": ("within {slow_s} s of a freeze", "within {slwo_s} s of a freeze")}, "slwo_s"),
        ({"deployment": ("credit = 6000", "credit = 600000")}, "service_ready"),
        ({"deployment": ("credit = 2500", "credit = 7000")}, "ladder"),
        ({"gates": ('check = "image_builds"', 'check = "image_bilds"')}, "image_bilds"),
        ({"cloud": ("[checks.measured_cost]", "[checks.latency_slo]")}, "two areas"),
        ({"cloud": ("title =", "title ==")}, "cloud.toml"),
    ],
)
def test_a_mistake_is_refused_with_its_place(tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        load(copy(tmp_path, **changes))


def test_an_entry_of_the_quarantine_is_read_and_counts_for_the_digest(tmp_path):
    (copy(tmp_path) / "quarantine.toml").write_text(HELD)
    held = load(tmp_path)
    assert str(held.quarantine["latency_slo"].since) == "2026-01-31" and held.quarantine["latency_slo"].flips == "3 of 20"
    assert held.digest != RUBRIC.digest and held.areas == RUBRIC.areas


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("latency_slo", "latency_slow"), "quarantine.toml: there is no check latency_slow"),
        (("3 of 20", "often"), "quarantine.toml: latency_slo: flips"),
        (("2026-01-31", '"some day"'), "quarantine.toml: latency_slo: since"),
        (("reason", "cause"), "quarantine.toml: latency_slo: reason"),
    ],
)
def test_a_mistake_in_the_quarantine_is_refused_with_its_place(tmp_path, wrong, message):
    (copy(tmp_path) / "quarantine.toml").write_text(HELD.replace(*wrong))
    with pytest.raises(UsageError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(("id", "rule"), [(id, rule) for area in RUBRIC.areas.values() for id, rule in area.checks.items()])
def test_every_entry_tells_people_what_they_need(id, rule):
    assert rule.title != rule.failure_title
    assert rule.root_cause
    assert len(rule.remedy) > 30
    assert "{observed}" in rule.question
    assert placeholders(rule.question) == {"observed"}
    assert rule.question.endswith(("?", "."))
    assert all(level.means for level in rule.ladder.values())


@pytest.mark.parametrize(("id", "rule"), [(id, rule) for area in RUBRIC.areas.values() for id, rule in area.checks.items()])
def test_a_title_of_what_is_lost_fits_its_rung(id, rule):
    """One failure title is true of one rung. Where several earn nothing, each shows something else and is titled so."""
    worst = [name for name, level in rule.ladder.items() if level.credit == 0]
    assert sum(not rule.ladder[name].title for name in worst) <= 1, worst
    titles = [rule.title, rule.failure_title, *(level.title for level in rule.ladder.values() if level.title)]
    assert len(titles) == len(set(titles))
    assert all(placeholders(title) <= set(rule.bars) for title in titles) and not placeholders(rule.title)
    assert not any(level.title for level in rule.ladder.values() if level.credit == FULL)


def test_behaviour_dominates_the_core_areas():
    for area in ("deployment", "monitoring", "failure", "scalability"):
        assert all(rule.behaviour for rule in RUBRIC.areas[area].checks.values()), area


def test_no_root_cause_of_the_core_outweighs_the_cap():
    from checks.builders import CHALLENGE

    for mode in CHALLENGE.modes.values():
        lost: dict[str, float] = {}
        for area, points in CHALLENGE.scoring.core.items():
            rules = [rule for rule in RUBRIC.areas[area].checks.values() if set(rule.needs) <= mode.stimuli]
            whole = sum(rule.weight for rule in rules)
            for rule in rules:
                lost[rule.root_cause] = lost.get(rule.root_cause, 0.0) + points * rule.weight / whole
        assert max(lost.values()) <= CHALLENGE.scoring.cause_cap_points, sorted(lost.items(), key=lambda item: -item[1])[:3]
