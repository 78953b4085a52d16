"""Labels leave when they are due, over connections that are kept, and whatever the service does ends in a status or in none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from tiny_service import JSON, TinyService

from harness.feedback.labels import ENOUGH, Due, Labels
from harness.feedback.post import KeptConnection


def until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)  # pace of polling; the condition above ends the wait


def test_labels_are_posted_no_earlier_than_due_and_soon_after() -> None:
    with TinyService(lambda _: 0.5) as service, Labels(service.client.host, service.client.port, "/feedback") as labels:
        begin = time.monotonic()
        due = {i: begin + 0.1 + 0.002 * i for i in range(100)}
        labels.add(Due(at, i, b"{}") for i, at in reversed(due.items()))
        until(lambda: len(labels.posted) == 100)
        assert all(posted.taken and due[posted.position] <= posted.at < due[posted.position] + 0.5 for posted in labels.posted)


def test_rows_that_were_never_sent_get_no_label_and_leaving_forgets_the_rest() -> None:
    with TinyService(lambda _: 0.5) as service:
        with Labels(service.client.host, service.client.port, "/feedback") as labels:
            now = time.monotonic()
            labels.add([Due(now + 0.2, 1, b"{}"), Due(now + 0.2, 5, b"{}"), Due(now + 900, 2, b"{}")])
            labels.forget_from(4, 9)
            until(lambda: len(labels.posted) == 1)
        assert [posted.position for posted in labels.posted] == [1]


def test_a_service_that_takes_none_is_told_from_one_that_takes_some() -> None:
    with TinyService(lambda _: 0.5) as service:
        service.routes["POST", "/feedback"] = lambda body: (202 if body == b"7" else 404, JSON, b"{}")
        for some in (False, True):
            with Labels(service.client.host, service.client.port, "/feedback") as labels:
                labels.add(Due(0.0, i, b"%d" % (i if some else 0)) for i in range(ENOUGH))
                until(lambda: len(labels.posted) == ENOUGH)
                assert labels.refused is not some


def test_one_connection_serves_many_posts_and_a_closed_one_is_made_anew() -> None:
    seen: list[int] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for limit in (3, 1):  # closes after so many answers, without a word
            peer, _ = server.accept()
            with peer:
                for _ in range(limit):
                    peer.recv(4096)
                    peer.sendall(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n")
                    seen.append(limit)

    thread = threading.Thread(target=serve)
    thread.start()
    with server, KeptConnection("127.0.0.1", server.getsockname()[1], "/feedback") as connection:
        assert [connection.post(b"{}") for _ in range(4)] == [204] * 4
        thread.join()
    assert seen == [3, 3, 3, 1]


def test_a_service_that_never_answers_costs_one_deadline_and_nothing_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, KeptConnection("127.0.0.1", server.getsockname()[1], "/feedback") as connection:
        begin = time.monotonic()
        assert connection.post(b"{}", deadline_s=0.2) is None
        assert time.monotonic() - begin < 1.0
    with KeptConnection("127.0.0.1", 1, "/feedback") as connection:
        assert connection.post(b"{}") is None
