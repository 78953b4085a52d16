"""The brief promises what challenge.toml does: no limit that can bite, no route, no weight is left out."""

from __future__ import annotations

import re

import pytest

from challenges.loader import LoadedChallenge


@pytest.fixture(scope="module")
def brief(fraud: LoadedChallenge) -> str:
    return (fraud.folder / "brief.md").read_text("utf-8")


# limit -> how the brief words it
LIMITS = {
    "cpus": "{} CPU",
    "memory_mib": "{} MiB; over it",
    "pids": "{} pids",
    "tmp_mib": "{} MiB tmpfs",
    "data_mib": "{} MiB volume",
    "log_mib": "{} MiB kept",
    "repository_mib": "{} MiB, ",
    "repository_files": "{} files",
    "build_timeout_s": "{} s, ",
    "build_memory_mib": "{} MiB of memory",
    "build_log_kib": "{} KiB of build log",
    "ready_timeout_s": "200 within {} s",
}


def test_every_limit_stands_in_the_brief(fraud: LoadedChallenge, brief: str) -> None:
    limits = fraud.spec.limits.model_dump()
    assert set(LIMITS) == set(limits), "a new limit needs its words in the brief and here"
    for name, words in LIMITS.items():
        assert words.format(f"{limits[name]:g}") in brief, name


def test_every_route_file_and_variable_stands_in_the_brief(fraud: LoadedChallenge, brief: str) -> None:
    contract = fraud.spec.contract
    routes = [f"`POST {contract.predict}`", f"`GET {contract.health}`", f"`GET {contract.ready}`", f"`GET {contract.metrics}`"]
    routes += [f"`POST {contract.feedback}`", f"`GET {contract.version}`", f"`$DATA_DIR/{contract.audit_file}`"]
    variables = ["`PORT` | drawn anew", f"`DRIFT_WINDOW` | {contract.drift_window}", f"`{contract.model_path_env}`", "`FEATURE_STORE_URL`"]
    for text in [*routes, *variables, "`ALERT_WEBHOOK_URL`", "`DATA_DIR` | /data"]:
        assert text in brief, text


def test_every_field_that_is_special_stands_in_the_brief(fraud: LoadedChallenge, brief: str) -> None:
    contract = fraud.spec.contract
    answer = [contract.id_field, contract.score_field, contract.degraded_field, contract.version_field]
    for name in [*contract.nullable_fields, *contract.canary_fields, *answer]:
        assert f"`{name}`" in brief, name


def test_the_production_reality_stands_in_the_brief(fraud: LoadedChallenge, brief: str) -> None:
    reality = fraud.spec.reality
    burst = reality.rate_rps * reality.burst_factor
    assert f"p99 <= {reality.slo_p99_ms:g} ms" in brief
    assert f"{reality.rate_rps:g} requests/s, arriving at random, with bursts to {reality.burst_factor:g}x ({burst:g} requests/s)" in brief
    assert reality.retraining.split(";")[0] in brief and reality.audit in brief and reality.cost in brief
    assert f"**Time budget: {fraud.spec.hours} hours.**" in brief
    assert "AI tools are allowed" in brief


def test_all_points_and_bands_stand_in_the_brief(fraud: LoadedChallenge, brief: str) -> None:
    scoring = fraud.spec.scoring
    titles = {"deployment": "Deployment", "monitoring": "Monitoring & drift", "failure": "Failure handling"}
    titles["scalability"] = "Scalability & performance"
    assert set(titles) == set(scoring.core)
    for area, points in scoring.core.items():
        assert f"| {titles[area]} | {points} |" in brief and f"**{titles[area]} ({points}).**" in brief
    assert f"**One module ({scoring.module_points}).**" in brief
    assert f"at most {scoring.cause_cap_points:g} points" in brief
    for band, lowest in scoring.bands.items():
        assert f"*{band}*" in brief and (lowest == 0 or f"from {lowest} %" in brief)


def test_the_drift_experiment_is_announced_as_it_is_run(fraud: LoadedChallenge, brief: str) -> None:
    plan = fraud.spec.drift
    assert f"at most {plan.max_rate_rps:g} requests/s" in brief
    assert f"windows of {plan.window}" in brief and plan.window == fraud.spec.contract.drift_window


def test_late_labels_are_announced_as_they_are_sent(fraud: LoadedChallenge, brief: str) -> None:
    plan = fraud.spec.modes["standard"].feedback
    assert plan is not None and fraud.spec.modes["quick"].feedback is None
    assert f"For {plan.calm[0]:,} to {plan.calm[1]:,} payments" in brief and f"within {plan.concept:,} payments" in brief
    assert f"{plan.held_out:,} payments without labels" in brief and f"labels of {plan.inverted:,} payments are inverted" in brief
    assert f"{plan.delay_s[0]:g} to {plan.delay_s[1]:g} s" in brief


def test_the_brief_is_short_and_free_of_hidden_things(brief: str) -> None:
    assert len(brief.splitlines()) <= 250
    assert not re.search(r"simulator|private/|submissions/|mutant|oracle|severity = ", brief)


def test_every_document_the_brief_names_is_exported(fraud: LoadedChallenge, brief: str) -> None:
    for name in re.findall(r"`(contract/[\w./-]+)`", brief):
        assert (fraud.folder / name).exists(), name
