"""The table of cost drivers: what stands in it, and what is left out where nothing was measured."""

from __future__ import annotations

from grader.judge.cost import cost_table
from grader.schema.base import Model
from grader.schema.bundle import Bundle
from grader.schema.evidence import Probe, RepositoryEvidence, StressEvidence
from judge.made import failure, sound, without
from judge.made_load import capacity

SIZES = {
    "declared_cpu_request": Probe(subject=True, found=True, value=0.3),
    "declared_cpu_limit": Probe(subject=True, found=False, detail="no limits.cpu"),
    "declared_memory_request": Probe(subject=True, found=True, value=96),
    "declared_memory_limit": Probe(subject=True, found=True, detail="comes from a template"),
    "autoscaler": Probe(subject=True, found=True, value=6),
    "autoscaler_cpu_target": Probe(subject=True, found=True, value=60, detail="CPU at 60 % of the request"),
    "cost_statement": Probe(subject=True, found=True, value=0.02, detail="USD 0.02 per million"),
}


def bundle(**evidence: Model) -> Bundle:
    whole, sized = sound("standard"), RepositoryEvidence(probes=SIZES)
    return Bundle(manifest=whole.manifest, challenge=whole.challenge, evidence={**whole.evidence, "repository": sized, **evidence})


def rows(of: Bundle) -> dict[str, list[str | float | None]]:
    assert of.challenge is not None
    table = cost_table(of, of.challenge)
    assert table is not None and all(len(row) == len(table.columns) for row in table.rows)
    return {str(row[0]): row[1:] for row in table.rows}


def test_every_driver_has_its_row_with_measured_and_declared_side_by_side() -> None:
    found = rows(bundle())
    assert found["machine of 1 vCPU, 512 MiB"][0] == "USD 0.0423 an hour"
    assert found["capacity at the latency target"][0] == "1,805 requests/s"
    assert found["CPU per prediction"][0] == "0.5 ms"
    cost = found["cost per million predictions"]
    assert cost[:2] == ["USD 0.013", "USD 0.02 per million"] and "1805/s x 50% x 3600 s" in str(cost[2])
    assert (found["image size"][0], found["idle memory"][0]) == ("221 MB", "32 MiB")
    assert found["cold start"][0] is not None
    assert found["CPU"][:2] == ["0.05 cores steady, 0.15 in the spike", "request 0.3 cores, limit none"]
    assert found["memory"][1] == "request 96 MiB, limit not known"
    assert found["autoscaler"] == ["0.902 cores at the latency limit", "acts at 0.18 cores", "CPU at 60 % of the request"]
    assert found["in batches of 64"][0] == "0.0578 ms of CPU per prediction"


def test_the_price_table_is_named_with_its_date() -> None:
    made = bundle()
    assert made.challenge is not None
    table = cost_table(made, made.challenge)
    assert table is not None and table.says.startswith("Prices of 2026-06-17: list prices of a large cloud")
    assert cost_table(made, made.challenge.model_copy(update={"prices": None})) is None


def test_what_was_not_measured_is_left_out_and_not_guessed() -> None:
    void = StressEvidence(capacity=capacity(void="a neighbour on the core"), bin_s=0.1)
    found = rows(bundle(stress=void))
    assert found["capacity at the latency target"] == [None, None, "void: a neighbour on the core"]
    assert "by CPU time alone" in str(found["cost per million predictions"][2]) and found["autoscaler"][0] is None
    lost = rows(without(bundle(), stress=failure("internal_error"), load=failure("internal_error"), image=failure("internal_error")))
    assert {"capacity at the latency target", "CPU per prediction", "image size", "in batches of 64"}.isdisjoint(lost)
    assert lost["cost per million predictions"] == [None, "USD 0.02 per million", None]
    assert lost["CPU"][0] is None


def test_a_service_that_holds_no_rate_has_no_cost() -> None:
    none = StressEvidence(capacity=capacity(rate_rps=None), bin_s=0.1)
    slow = sound("standard").evidence["load"].model_copy(update={"windows": []})
    found = rows(bundle(stress=none, load=slow))
    assert found["cost per million predictions"][0] is None
    assert rows(bundle(stress=none))["cost per million predictions"][0] is not None, "a window held the target before the search"
    assert "no rate held the target" in str(found["capacity at the latency target"][2])


def test_an_empty_bundle_has_no_table() -> None:
    challenge = sound("standard").challenge
    assert challenge is not None and cost_table(Bundle(), challenge) is None
