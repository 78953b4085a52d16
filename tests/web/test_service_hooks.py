"""Webhooks: signed, sent once, tried again, and never sent to the inside of a network, not even by a name that moved."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone
from git_server import certificates  # noqa: F401 - a fixture
from queue_in_memory import QueueInMemory

from grader.web import config, keeper
from grader.web.hooks import deliver, guard, post, sign
from grader.web.intake import address
from grader.web.models import Delivery, Requisition, Submission, User, Webhook
from grader.web.trouble import RefusedError

Clients = Callable[..., Client]
Make = Callable[..., Submission]


@dataclass
class Receiver:
    """A real https server on loopback that keeps what it was sent."""

    port: int = 0
    status: int = 204
    drips: bool = False
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/in?key=1"


@pytest.fixture
def receiver(certificates: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:  # noqa: F811
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            kept.received.append((self.path, dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"]))))
            if kept.drips:
                with contextlib.suppress(OSError):
                    for byte in b"HTTP/1.1 200 O" + b"K" * 50:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.2)
                return
            self.send_response(kept.status)
            self.send_header("Location", "https://localhost/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    ca, certificate, key = certificates
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    admitted = config.service_settings().model_copy(update={"allow_hosts": f"localhost:{kept.port}", "ca_file": ca})
    for module in (guard, post):
        monkeypatch.setattr(module, "service_settings", lambda: admitted)
    yield kept
    server.shutdown()
    server.server_close()


def tell() -> None:
    """A pass of keeper and courier."""
    keeper.one_pass()
    deliver.due()


def hook(requisition: Requisition, url: str) -> Webhook:
    return Webhook.objects.create(requisition=requisition, url=url, created_by=requisition.owner)


def test_an_end_is_told_once_signed_and_without_a_score(receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make) -> None:
    mine = hook(requisition, receiver.url)
    row = graded(hand_in())
    tell()
    tell()
    assert len(receiver.received) == 1
    path, headers, body = receiver.received[0]
    told = json.loads(body)
    assert path == "/in?key=1" and headers["Host"] == f"localhost:{receiver.port}" and headers["X-Grader-Event"] == "submission.graded"
    assert (told["event"], told["submission"], told["state"]) == ("submission.graded", row.pk, "graded")
    assert not {"score", "headline", "bands", "name"} & told.keys() and "Grace" not in body.decode()
    stamp, code = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers[sign.HEADER]).groups()  # type: ignore[union-attr]
    assert hmac.compare_digest(code, hmac.new(sign.secret(mine).encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest())
    assert Delivery.objects.get().delivered


def test_a_path_beyond_ascii_is_asked_for_as_browsers_do(receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make) -> None:
    hook(requisition, receiver.url.replace("/in", "/h\u00e9llo%20you"))
    graded(hand_in())
    tell()
    assert receiver.received[0][0] == "/h%C3%A9llo%20you?key=1"
    assert Delivery.objects.get().delivered


def test_a_failure_is_told_too(receiver: Receiver, requisition: Requisition, hand_in: Make, jobs: QueueInMemory) -> None:
    hook(requisition, receiver.url)
    row = hand_in()
    jobs.fail(row.job, "no repository")
    tell()
    assert json.loads(receiver.received[0][2])["event"] == "submission.failed"


@pytest.mark.parametrize("status", [500, 302, 404])
def test_what_is_not_taken_is_tried_again_and_no_redirect_is_followed(
    receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make, status: int
) -> None:
    receiver.status = status
    hook(requisition, receiver.url)
    graded(hand_in())
    deliver.due()
    waiting = Delivery.objects.get()
    assert (len(receiver.received), waiting.tries, waiting.delivered) == (1, 1, None) and waiting.next_try
    tell()
    assert len(receiver.received) == 1, "not before its time"
    for _ in deliver.WAITS_S:
        deliver.send(Delivery.objects.get())
    assert Delivery.objects.get().next_try is None, "given up in the end"
    receiver.status = 204
    Delivery.objects.update(next_try=waiting.created)
    tell()
    assert Delivery.objects.get().delivered


def test_a_certificate_of_nobody_is_not_believed(
    receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = post.service_settings().model_copy(update={"ca_file": None})
    monkeypatch.setattr(post, "service_settings", lambda: plain)
    hook(requisition, receiver.url)
    graded(hand_in())
    deliver.due()
    assert receiver.received == [] and "certificate" in Delivery.objects.get().last_answer.lower()


INSIDE = [
    "http://hooks.example.org/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.7/x", "https://169.254.169.254/latest/meta-data/",
    "https://inside.example.org/x", "https://metadata.example.org/x", "https://[::ffff:127.0.0.1]/x", "https://user:pw@hooks.example.org/x",
    "https://hooks.example.org/x#y", "https://nowhere.invalid/x", "ftp://hooks.example.org/x", "https://hooks.example.org/x?a=<b>",
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_inside_is_refused_when_it_is_entered(client_of: Clients, recruiter: User, requisition: Requisition, url: str) -> None:
    response = client_of(recruiter).post(f"/requisitions/{requisition.pk}/webhooks/", {"hook-url": url})
    assert response.status_code == 422 and not Webhook.objects.exists()


def test_a_name_that_moves_inside_later_is_refused_when_it_is_called(
    requisition: Requisition, hand_in: Make, graded: Make, names: dict[str, str], client_of: Clients, recruiter: User
) -> None:
    page = client_of(recruiter).post(f"/requisitions/{requisition.pk}/webhooks/", {"hook-url": "https://hooks.example.org/x"})
    assert "whsec_" in page.content.decode() and Webhook.objects.count() == 1
    names["hooks.example.org"] = "10.0.0.7"
    graded(hand_in())
    deliver.due()
    assert Delivery.objects.get().last_answer.startswith("refused: ") and "not a public address" in Delivery.objects.get().last_answer


def test_the_connection_goes_to_the_address_that_was_checked(names: dict[str, str]) -> None:
    names["hooks.example.org"] = "93.184.216.99"
    target = guard.checked("https://hooks.example.org:8443/in?a=b")
    assert (target.address, target.host, target.port, target.path, target.authority) == (
        "93.184.216.99", "hooks.example.org", 8443, "/in?a=b", "hooks.example.org:8443",
    )  # fmt: skip
    with pytest.raises(RefusedError):
        guard.checked("https://hooks.example.org/in?a=b c")


def test_a_receiver_that_drips_is_left_at_the_deadline(
    receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte every so often would keep a timeout per read from ever ending."""
    monkeypatch.setattr(post, "DEADLINE_S", 1.0)
    receiver.drips = True
    hook(requisition, receiver.url)
    graded(hand_in())
    began = time.monotonic()
    deliver.due()
    assert time.monotonic() - began < 3 and Delivery.objects.get().delivered is None and Delivery.objects.get().tries == 1


def test_one_slow_receiver_does_not_use_up_a_pass(receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make) -> None:
    hook(requisition, receiver.url)
    for number in range(3):
        graded(hand_in(f"https://git.example.org/p/{number}"))
    deliver.due()
    assert len(receiver.received) == 1
    deliver.due()
    deliver.due()
    assert len(receiver.received) == 3


def test_a_webhook_that_is_dropped_leaves_nothing_to_be_told(
    receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make, client_of: Clients, recruiter: User
) -> None:
    mine = hook(requisition, receiver.url)
    graded(hand_in())
    assert Delivery.objects.get().next_try is not None
    assert client_of(recruiter).post(f"/webhooks/{mine.pk}/drop/").status_code == 302
    tell()
    assert receiver.received == [] and Delivery.objects.get().next_try is None


def test_a_day_of_messages_of_a_dead_receiver_keeps_nobody_elses_out(
    receiver: Receiver, requisition: Requisition, hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 2)
    dead = hook(requisition, "https://inside.example.org/x")
    for number in range(3):
        graded(hand_in(f"https://git.example.org/d/{number}"))
    hook(requisition, receiver.url)
    row = graded(hand_in("https://git.example.org/d/last"))
    deliver.due()
    assert [json.loads(body)["submission"] for _, _, body in receiver.received] == [row.pk]
    assert sorted(Delivery.objects.filter(webhook=dead).values_list("tries", flat=True)) == [0, 0, 0, 1], "its oldest, and no more"


def test_a_claim_begins_with_its_own_send_and_outlasts_it(
    requisition: Requisition, hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        hook(requisition, f"https://hooks.example.org/{number}")
    graded(hand_in())
    clock, left = [timezone.now()], []
    monkeypatch.setattr(deliver, "timezone", SimpleNamespace(now=lambda: clock[0]))

    def slow(delivery: Delivery) -> tuple[str, bool]:
        left.append((Delivery.objects.get(pk=delivery.pk).next_try - clock[0]).total_seconds())
        clock[0] += timedelta(seconds=40)
        return "HTTP 204", True

    monkeypatch.setattr(deliver, "_post", slow)
    deliver.due()
    assert left == [deliver.CLAIM_S] * 3
    assert deliver.CLAIM_S > address.RESOLVE_S + post.CONNECT_S + post.DEADLINE_S + 20, "and the database's patience, which is 20 s"


def test_what_somebody_else_has_claimed_meanwhile_is_left_to_them(
    requisition: Requisition, hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(requisition, "https://hooks.example.org/x")
    graded(hand_in())
    theirs = timezone.now() + timedelta(minutes=5)

    def overtaken(delivery: Delivery) -> tuple[str, bool]:
        Delivery.objects.filter(pk=delivery.pk).update(next_try=theirs)
        return "HTTP 500", False

    monkeypatch.setattr(deliver, "_post", overtaken)
    deliver.due()
    kept = Delivery.objects.get()
    assert (kept.next_try, kept.tries) == (theirs, 0)
