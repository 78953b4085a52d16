"""`grader serve` as people start it: one process tree with pages, keeper and worker, driven by a real browser from handing in to the report."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from jobs import postgres
from needs import missing
from report.browser import browser
from surfing import Surfer

from grader.jobs import JobSettings

pytestmark = pytest.mark.committed
ROOT = Path(__file__).parents[2]
START_S = 60.0


@dataclass
class Started:
    process: subprocess.Popen[str]
    base: str
    name: str
    password: str
    folder: Path


@contextlib.contextmanager
def served(folder: Path, *options: str, **settings: str) -> Iterator[Started]:
    """The command itself, on a free port, until the block ends."""
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "web"))),
        "GRADER_DATA_DIR": str(folder), "GRADER_PIPELINE": "pipelines:recorded", "GRADER_PROBE": "pipelines:fine", "GRADER_POLL_S": "0.2",
    } | {f"GRADER_{name.upper()}": value for name, value in settings.items()}  # fmt: skip
    command = ["nice", "-n", "19", sys.executable, "-m", "grader", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        said = ""
        while "http://" not in said:
            line = process.stdout.readline()
            assert line, f"it ended with {process.wait()}: {said}"
            said += line
        admin = re.search(r"First administrator: (\S+)  password: (\S+)", said)
        base = re.search(r"(http://\S+?)/\n", said)
        assert base
        yield Started(process, base[1], admin[1] if admin else "", admin[2] if admin else "", folder)
    finally:
        for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
        process.wait()


def resident_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / (1 << 20))


def test_from_handing_in_to_the_report(tmp_path: Path, chromium: str) -> None:
    with served(tmp_path, allow_hosts="localhost:8443") as service, browser(chromium, tmp_path / "profile") as running:
        page = Surfer(running, service.base, width=1280)
        page.go("/")
        page.fill(login=service.name, password=service.password)
        page.press("Sign in")
        page.press("Hand in")
        page.press("New requisition")
        page.fill(title="ML engineer", notice_exemption="a test")
        page.ask("document.querySelector('[name=notice_due]').checked = false; document.querySelector('[name=mode]').value = 'quick'")
        page.press("Save")
        page.press("Hand in")
        page.fill(url__url="https://localhost:8443/grace/service", url__name="Grace Hopper")
        page.press("Hand in")
        assert "Grace Hopper" in page.text()
        page.until("document.querySelectorAll('ol.stages li').length > 0")
        page.until_it_says("Being graded: load")
        page.until_it_says("You have not seen the score")
        page.press("Show the result")
        page.until_it_says("strong")
        page.press("Open the report")
        assert page.said("Log.entryAdded", "Runtime.exceptionThrown") == []
        assert page.axe() == []
        web = resident_mib(service.process.pid)
        workers = [child for child in psutil.Process(service.process.pid).children() if "worker" in child.cmdline()]
        print(f"web {web:.0f} MiB, worker {resident_mib(workers[0].pid):.0f} MiB")
        assert web <= 200
        page.go("/requisitions/1/hand-in/")
        page.fill(url__url="https://localhost:8443/nothing/here")
        page.press("Hand in")
        page.until_it_says("no git repository answers there")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0


def test_the_worker_comes_back_and_never_outlives_the_pages(tmp_path: Path) -> None:
    with served(tmp_path, allow_hosts="localhost:8443") as service:
        first = _worker_of(service)
        first.kill()
        second = _worker_of(service, but=first.pid)
        service.process.kill()
        service.process.wait()
        _, alive = psutil.wait_procs([first, second], timeout=20)
        assert alive == []


def _worker_of(service: Started, but: int = 0) -> psutil.Process:
    deadline = time.monotonic() + START_S
    while True:
        found = [child for child in psutil.Process(service.process.pid).children() if child.pid != but and child.cmdline()[-1:] == ["worker"]]
        if found and "launch.py" not in " ".join(found[0].cmdline()):
            return found[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_was_handed_in_outlives_a_kill(tmp_path: Path) -> None:
    """The pages are killed in mid-flight; what they had taken is graded once they are back, and what they left in the store is swept up."""
    with served(tmp_path, "--no-worker", allow_hosts="localhost:8443") as service:
        _hand_in_by_page(service, "https://localhost:8443/ada/service")
        service.process.kill()
    left = Path(urlsplit(JobSettings(data_dir=tmp_path).store).path) / "uploads" / ("ab" * 32)
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"kept, and then nobody wrote a row")
    os.utime(left, (0, 0))
    with served(tmp_path, allow_hosts="localhost:8443") as again:
        assert again.name == "", "the administrator is made once"
        client = _signed_in(again.base, service.name, service.password)
        deadline = time.monotonic() + START_S
        while "graded" not in (text := client.get(f"{again.base}/submissions/1/live/").text.lower()) or "being graded" in text:
            assert time.monotonic() < deadline, text
            time.sleep(0.3)
        assert not left.exists()


def test_on_postgresql_a_database_that_goes_away_is_said_and_comes_back(tmp_path: Path) -> None:
    found = postgres.programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.server(found) as database, served(tmp_path, allow_hosts="localhost:8443", database_url=database.fresh("service")) as service:
        _hand_in_by_page(service, "https://localhost:8443/ada/service")
        client = _signed_in(service.base, service.name, service.password)
        database.stop()
        away = client.get(f"{service.base}/submissions/")
        assert away.status_code == 503 and "database does not answer" in away.text
        assert requests.get(f"{service.base}/healthz").status_code == 200 and requests.get(f"{service.base}/readyz").status_code == 503
        database.start()
        deadline = time.monotonic() + START_S
        while "You have not seen the score" not in (text := client.get(f"{service.base}/submissions/1/").text):
            assert time.monotonic() < deadline, text
            time.sleep(0.5)


def _signed_in(base: str, name: str, password: str) -> requests.Session:
    client = requests.Session()
    token = _token(client.get(f"{base}/accounts/login/").text)
    assert client.post(f"{base}/accounts/login/", {"login": name, "password": password, "csrfmiddlewaretoken": token}).url.endswith("/submissions/")
    return client


def _hand_in_by_page(service: Started, url: str) -> None:
    client = _signed_in(service.base, service.name, service.password)

    def post(path: str, **fields: str) -> requests.Response:
        token = _token(client.get(f"{service.base}{path}").text)
        return client.post(f"{service.base}{path}", fields | {"csrfmiddlewaretoken": token})

    assert post("/requisitions/new/", title="T", challenge="fraud-scoring", mode="quick", notice_exemption="a test").url.endswith("/requisitions/1/")
    assert post("/requisitions/1/hand-in/", **{"kind": "url", "url-url": url}).url.endswith("/submissions/1/")


def _token(html: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
    assert found, html[:500]
    return found[1]


def test_two_hundred_queued_are_quick(tmp_path: Path) -> None:
    """Server time on the real queue, 200 submissions in it and nobody working."""
    with served(tmp_path, "--no-worker", allow_hosts="localhost:8443") as service:
        _hand_in_by_page(service, "https://localhost:8443/ada/service")
        client = _signed_in(service.base, service.name, service.password)
        page = f"{service.base}/requisitions/1/hand-in/"
        token = _token(client.get(page).text)
        table = "url,name\n" + "".join(f"https://localhost:8443/people/{number},Person {number}\n" for number in range(199))
        taken = client.post(page, {"kind": "table", "csrfmiddlewaretoken": token}, files={"table-table": ("t.csv", table)})
        assert "199 taken, 0 left out" in taken.text
        deadline = time.monotonic() + START_S
        while "200 queued" not in client.get(f"{service.base}/requisitions/1/").text:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        listed = [_server_ms(client.get(f"{service.base}/submissions/?sort=candidate")) for _ in range(7)]
        sent = []
        for number in range(7):
            form = {"kind": "url", "csrfmiddlewaretoken": token, "url-url": f"https://localhost:8443/late/{number}"}
            sent.append(_server_ms(client.post(page, form, allow_redirects=False)))
        print(f"list {statistics.median(listed):.0f} ms, submit {statistics.median(sent):.0f} ms, web {resident_mib(service.process.pid):.0f} MiB")
        assert statistics.median(listed) <= 300 and statistics.median(sent) <= 200 and resident_mib(service.process.pid) <= 200


def _server_ms(response: requests.Response) -> float:
    found = re.search(r"dur=([\d.]+)", response.headers["Server-Timing"])
    assert found and response.status_code in (200, 302)
    return float(found[1])


def test_behind_a_proxy_that_is_trusted_and_one_that_is_not(tmp_path: Path) -> None:
    """TLS ends at the proxy: cookies are for https only, forms come from the public address, and only the trusted proxy is believed."""
    public = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "grader.example.org", "X-Forwarded-For": "198.51.100.7"}
    common = {"public_url": "https://grader.example.org", "require_mfa": "false"}
    for proxy, believed in (("127.0.0.1", True), ("192.0.2.1", False)):
        with served(tmp_path / proxy, "--no-worker", trusted_proxy=proxy, **common) as service:
            page = requests.get(f"{service.base}/accounts/login/", headers=public)
            assert page.status_code == 200 and page.headers.get("Strict-Transport-Security", "").startswith("max-age") is believed
            cookie = re.search(r"csrftoken=([^;]+);.*Secure", page.headers["Set-Cookie"])
            assert cookie
            form = {"login": service.name, "password": service.password, "csrfmiddlewaretoken": _token(page.text)}
            origin = {"Origin": "https://grader.example.org", "Referer": "https://grader.example.org/", "Cookie": f"csrftoken={cookie[1]}"}
            answer = requests.post(f"{service.base}/accounts/login/", form, headers=public | origin, allow_redirects=False)
            assert answer.status_code == 302 and "sessionid=" in answer.headers["Set-Cookie"] and "Secure" in answer.headers["Set-Cookie"]
            elsewhere = requests.post(f"{service.base}/accounts/login/", form, headers=public | origin | {"Origin": "https://evil.example.org"})
            assert elsewhere.status_code == 403


def test_what_one_process_counts_holds_for_every_other(tmp_path: Path) -> None:
    """Guessing a password goes on at no other process of the same service."""
    with served(tmp_path, "--no-worker") as one, served(tmp_path, "--no-worker") as other:

        def opened(base: str, password: str) -> bool:
            client = requests.Session()
            client.headers["Host"] = "localhost"  # as behind a proxy, where all have one name
            token = _token(client.get(f"{base}/accounts/login/").text)
            answer = client.post(f"{base}/accounts/login/", {"login": one.name, "password": password, "csrfmiddlewaretoken": token})
            return answer.url.endswith("/submissions/")

        assert opened(other.base, one.password)
        assert not any(opened(one.base, "wrong") for _ in range(5))
        assert not opened(other.base, one.password)


def test_an_engine_that_is_down_is_said_and_the_queue_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    with served(tmp_path, allow_hosts="localhost:8443", probe="grader.jobs.ready:engine_trouble") as service:
        _hand_in_by_page(service, "https://localhost:8443/ada/service")
        client = _signed_in(service.base, service.name, service.password)
        deadline = time.monotonic() + START_S
        while "no Docker Engine answers" not in (text := client.get(f"{service.base}/submissions/1/live/").text):
            assert time.monotonic() < deadline, text
            time.sleep(0.3)
        assert "No worker takes work just now" in text and "In the queue, number 1" in text


def test_a_setting_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    for settings, says in (
        ({"GRADER_DATABASE_URL": "mysql://x"}, "GRADER_DATABASE_URL"),
        ({"GRADER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "the database cannot be used"),
        ({"GRADER_PUBLIC_URL": "grader.example.org"}, "GRADER_PUBLIC_URL"),
        ({"GRADER_DATA_DIR": "/proc/nowhere"}, "GRADER_DATA_DIR"),
        ({"GRADER_HOST": "0.0.0.0"}, "GRADER_PUBLIC_URL"),
    ):
        env = os.environ | {"PYTHONPATH": str(ROOT), "GRADER_DATA_DIR": str(tmp_path / "data")} | settings
        done = subprocess.run(
            [sys.executable, "-m", "grader", "serve", "--no-worker", "--port", "0"],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr, (settings, done.stderr[-800:])
