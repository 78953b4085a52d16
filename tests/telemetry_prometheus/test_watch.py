"""A real Prometheus and Alertmanager on a tiny exporter: the whole loop, and what a stranger's files can and cannot do to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from sidecars.servers import Running, sidecar

from grader.schema.causes import Trouble
from grader.schema.evidence import PrometheusEvidence
from harness.client import Client
from harness.source.tree import SourceTree
from harness.telemetry.prometheus import facts, process
from harness.telemetry.prometheus.material import Material, gather
from harness.telemetry.prometheus.process import Programs
from harness.telemetry.prometheus.watcher import Watcher

from .exporter import Exporter

Tree = Callable[[dict[str, str]], SourceTree]
PAGE = """\
# TYPE drift gauge
drift{{feature="amount"}} {drift}
# TYPE x_total counter
x_total{{status="200"}} {count}
# TYPE errors_total counter
"""
RULES = {"groups": [{"name": "g", "interval": "5m", "rules": [
    {"alert": "Drift", "expr": 'drift{job="mine"} > 1', "annotations": {"summary": "{{ $labels.feature }} moved"}},
    {"alert": "Patient", "expr": "drift > 1", "for": "1h"},
    {"alert": "Never", "expr": "no_such_metric > 1"},
    {"alert": "Mislabelled", "expr": 'x_total{code="200"} > 1'},
    {"alert": "Silent", "expr": "rate(errors_total[1m]) > 1"},
    {"alert": "Broken", "expr": "drift * on () group_left {__name__=~'drift|x_total'}"},
    {"record": "job:drift:max", "expr": "max(drift)"},
]}]}  # fmt: skip
DASHBOARD = {"panels": [
    {"title": "good", "targets": [{"expr": "rate(x_total[$__rate_interval])"}]},
    {"title": "gone", "targets": [{"expr": "no_such_metric"}]},
    {"title": "bad", "targets": [{"expr": "sum(("}]},
]}  # fmt: skip


@pytest.fixture(scope="module")
def receiver() -> Iterator[Running]:
    with sidecar("alert_receiver") as running:
        yield running


def expect_at(receiver: Running) -> Callable[[str], str]:
    def expect(token: str) -> str:
        receiver.ask("expect", token=token)
        return f"http://{receiver.client.host}:{receiver.client.port}/alertmanager/{token}"

    return expect


def nowhere(_token: str) -> str:
    return "http://127.0.0.1:9/"


def until(condition: Callable[[], bool], seconds: float = 15.0) -> float:
    """Seconds until the condition held."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + seconds, "it never came"
        time.sleep(0.05)
    return time.monotonic() - start


def gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def seen(
    programs: Programs, receiver: Running, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PrometheusEvidence, list[dict[str, object]], float]:
    """One watch: a gauge steps up, an alert fires; it steps down, the alert ends. (facts, alerts at the receiver, stretch's start)."""
    root = tmp_path_factory.mktemp("tree")
    broken = "groups: [{name: b, rules: [{alert: A, expr: 'sum(('}]}]"
    files = {"alerts.yml": yaml.safe_dump(RULES), "broken.yml": broken, "d.json": json.dumps(DASHBOARD)}
    for name, text in files.items():
        (root / name).write_text(text)
    material = gather(SourceTree(root, "folder", None, "t", 3, 0, None, sorted(files)), "slug")
    since, got = time.monotonic(), []

    def arrived(status: str) -> bool:
        got.extend(receiver.ask("drain")["alerts"])
        return any(alert["status"] == status for alert in got)

    with Exporter(PAGE.format(drift=0, count=1)) as exporter:
        with Watcher(material, Client("127.0.0.1", exporter.port), "/metrics", expect_at(receiver)) as watch:
            watch.wait_ready()
            watch.wait_scraped()
            start = time.monotonic() - since
            exporter.text = PAGE.format(drift=5, count=30)
            until(lambda: arrived("firing"))
            end = time.monotonic() - since + 2
            until(lambda: time.monotonic() - since > end)
            exporter.text = PAGE.format(drift=0, count=90)
            until(lambda: arrived("resolved"))
            evidence = facts.collect(watch, since, [(start, end)])
            pids = [watch.prometheus.pid, watch.alertmanager.pid]
            folder = watch.folder
        assert all(gone(pid) for pid in pids)
        assert not folder.exists()
    return evidence, got, start


def test_a_step_fires_at_the_receiver_by_the_secret_route_and_is_resolved(seen) -> None:
    _, got, _ = seen
    assert [(a["labels"]["alertname"], a["status"], a["source"]) for a in got][:1] == [("Drift", "firing", "alertmanager")]
    assert got[0]["text"] == "amount moved"
    assert got[-1]["status"] == "resolved"


def test_it_is_ready_soon_and_scrapes_every_second(seen) -> None:
    evidence, _, _ = seen
    assert evidence.ready_s < 5
    assert evidence.first_scrape_s is not None and evidence.first_scrape_s < 10
    assert evidence.scraping.failed == 0
    assert evidence.scraping.scrapes == pytest.approx(evidence.to_s - evidence.from_s - evidence.first_scrape_s, abs=2.5)


def test_the_states_of_alerts_are_known_to_a_second(seen) -> None:
    evidence, _, start = seen
    [firing] = [s for s in evidence.alerts if s.name == "Drift" and s.state == "firing"]
    assert firing.labels["feature"] == "amount"
    assert start < firing.start_s < start + 4
    assert firing.end_s > firing.start_s
    assert {(s.name, s.state) for s in evidence.alerts} == {("Drift", "firing"), ("Patient", "pending")}


def test_rules_say_what_they_select_and_what_is_not_there(seen) -> None:
    rules = {rule.name: rule for rule in seen[0].rules}
    assert rules["Drift"].selects == ["drift"]
    assert rules["Drift"].absent == rules["Drift"].silent == []
    assert rules["Never"].absent == ["no_such_metric"]
    assert rules["Mislabelled"].absent == ["x_total{code}"]
    assert (rules["Silent"].absent, rules["Silent"].silent) == ([], ["errors_total"])
    assert rules["Patient"].for_s == 3600
    assert rules["Broken"].health == "err"
    assert rules["job:drift:max"].kind == "recording"
    assert {rule.file for rule in rules.values()} == {"alerts.yml"}


def test_a_file_that_promtool_refuses_is_left_out_and_named(seen) -> None:
    files = {file.path: file for file in seen[0].files}
    assert files["alerts.yml"].problem is None
    assert (files["alerts.yml"].alerting, files["alerts.yml"].recording) == (6, 1)
    assert "parse error" in str(files["broken.yml"].problem)
    assert "/tmp" not in str(files["broken.yml"].problem)


def test_panels_that_show_something_are_told_from_those_that_cannot(seen) -> None:
    panels = {panel.title: panel for panel in seen[0].panels}
    assert panels["good"].points > 0 and panels["good"].problem is None
    assert (panels["gone"].points, panels["gone"].absent, panels["gone"].problem) == (0, ["no_such_metric"], None)
    assert "parse error" in str(panels["bad"].problem)


def test_an_alert_that_had_no_time_to_fire_is_replayed(seen) -> None:
    [replay] = seen[0].replays
    assert (replay.rule, replay.fired, replay.problem) == ("Patient", True, None)
    assert replay.labels["feature"] == "amount"
    assert replay.stretch * (replay.to_s - replay.from_s) > 3600


def test_the_exposition_is_linted(seen) -> None:
    assert any("drift" in line for line in seen[0].lint)


def watch_of(material: Material, exporter: Exporter) -> Watcher:
    return Watcher(material, Client("127.0.0.1", exporter.port), "/metrics", nowhere)


def test_a_flapping_gauge_with_a_long_for_would_never_have_fired(programs: Programs, tree: Tree) -> None:
    rules = {"groups": [{"name": "g", "rules": [{"alert": "Patient", "expr": "drift > 1", "for": "10m"}]}]}
    with Exporter("drift 0\n") as exporter, watch_of(gather(tree({"a.yml": yaml.safe_dump(rules)}), "slug"), exporter) as watch:
        since = time.monotonic()
        watch.wait_ready()
        watch.wait_scraped()
        start = time.monotonic() - since
        for value in (5, 0, 5, 0, 5):
            exporter.text = f"drift {value}\n"
            time.sleep(2.2)  # the subject is a gauge that moves in time
        [replay] = facts.collect(watch, since, [(start, time.monotonic() - since)]).replays
    assert (replay.fired, replay.problem) == (False, None)


def test_a_rate_keeps_its_value_in_stretched_time(programs: Programs, tree: Tree) -> None:
    both = [{"alert": name, "expr": f"rate(x_total[5s]) > {bar}", "for": "5m"} for name, bar in (("Low", 5), ("High", 60))]
    rules = {"groups": [{"name": "g", "rules": both}]}
    with Exporter("x_total 0\n") as exporter, watch_of(gather(tree({"a.yml": yaml.safe_dump(rules)}), "slug"), exporter) as watch:
        since = time.monotonic()
        watch.wait_ready()
        watch.wait_scraped()
        start, count = time.monotonic(), 0
        while time.monotonic() < start + 10:
            count = int(20 * (time.monotonic() - start))
            exporter.text = f"x_total {count}\n"
            time.sleep(0.1)  # the subject is a rate
        evidence = facts.collect(watch, since, [(start - since + 4, time.monotonic() - since)])
    assert [(replay.rule, replay.fired, replay.problem) for replay in evidence.replays] == [("Low", True, None)]


def test_a_page_cannot_forge_what_prometheus_says_itself(programs: Programs) -> None:
    forged = 'ALERTS{alertname="Forged",alertstate="firing"} 1\nup{job="slug"} 1\nscrape_samples_scraped 999999\ndrift 1\n'
    with Exporter(forged) as exporter, watch_of(Material(), exporter) as watch:
        evidence = facts.collect(watch, time.monotonic())
    assert evidence.alerts == []
    assert evidence.scraping.samples is not None and evidence.scraping.samples < 10


def test_a_redirect_is_not_followed_and_a_page_without_end_is_a_failed_scrape(programs: Programs) -> None:
    with Exporter("drift 1\n") as elsewhere, Exporter("") as exporter:
        exporter.location = f"http://127.0.0.1:{elsewhere.port}/metrics"
        with watch_of(Material(), exporter) as watch:
            evidence = facts.collect(watch, time.monotonic())
        assert elsewhere.requests == 0
        assert evidence.first_scrape_s is None
        exporter.location, exporter.text = "", "".join(f'x{{n="{n}"}} 1\n' for n in range(30_000))
        with watch_of(Material(), exporter) as watch:
            evidence = facts.collect(watch, time.monotonic())
    assert evidence.scraping.failed == evidence.scraping.scrapes > 0
    assert "sample" in evidence.scraping.error


def test_hostile_queries_run_into_prometheus_own_limits(programs: Programs, tree: Tree) -> None:
    bomb = "count_over_time(drift[1y:1ms])"
    files = {"a.yml": yaml.safe_dump({"groups": [{"name": "g", "rules": [{"alert": "Bomb", "expr": bomb}]}]}),
             "d.json": json.dumps({"panels": [{"title": "bomb", "targets": [{"expr": bomb}]}]})}  # fmt: skip
    with Exporter("drift 1\n") as exporter, watch_of(gather(tree(files), "slug"), exporter) as watch:
        evidence = facts.collect(watch, time.monotonic())
    assert evidence.stopped is None
    assert evidence.panels[0].problem is not None


def test_one_that_outgrows_its_memory_is_stopped_and_the_facts_say_so(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.telemetry.prometheus.watcher.MEMORY_MIB", 1)
    with Exporter("drift 1\n") as exporter, watch_of(Material(), exporter) as watch:
        until(lambda: watch.stopped is not None)
        watch.ready_s = watch.ready_s or 0.1
        evidence = facts.collect(watch, time.monotonic())
    assert "MiB" in str(evidence.stopped)


def test_without_the_programs_it_is_the_hosts_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROGRAMS", {"prometheus": ("no-such-program",), "alertmanager": (), "promtool": ()})
    with pytest.raises(Trouble, match="prometheus") as raised, Exporter() as exporter, watch_of(Material(), exporter):
        pass
    assert raised.value.cause == "prometheus_missing"


PARENT = """
import sys
from harness.client import Client
from harness.telemetry.prometheus.material import Material
from harness.telemetry.prometheus.watcher import Watcher
with Watcher(Material(), Client("127.0.0.1", 9), "/metrics", lambda token: "http://127.0.0.1:9/") as watch:
    watch.wait_ready()
    print(watch.prometheus.pid, watch.alertmanager.pid, flush=True)
    sys.stdin.read()
"""


def test_a_killed_grader_leaves_neither_process_behind(programs: Programs, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2 and not any(gone(pid) for pid in pids)
        assert [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids] == [process.NICENESS] * 2
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: all(gone(pid) for pid in pids), 3)
