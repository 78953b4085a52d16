"""One HTTPS request to an address that was checked, with an end: whoever answers a byte at a time keeps us no longer than anybody else."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from grader.web.config import service_settings
from grader.web.hooks.guard import Target

CONNECT_S = 3.0
DEADLINE_S = 10.0
"""From the first byte to the answer's status, whatever the pace."""


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """The status that came back; its body is not read, and a redirect is not followed, since it would lead around the guard.

    The certificate must be the host's, though the connection goes to the address. OSError or HTTPException where nothing came.
    """
    context = ssl.create_default_context(cafile=str(service_settings().ca_file or DEFAULT_CA_BUNDLE_PATH))
    with socket.create_connection((target.address, target.port), timeout=CONNECT_S) as plain, plain.dup() as handle:
        alarm = threading.Timer(DEADLINE_S, _hang_up, [handle])
        alarm.start()
        try:
            plain.settimeout(DEADLINE_S)
            connection = http.client.HTTPSConnection(target.host, target.port, context=context)
            connection.sock = context.wrap_socket(plain, server_hostname=target.host)
            try:
                connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
                for name, value in {"Host": target.authority, "Content-Length": str(len(body)), "Connection": "close", **headers}.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                return connection.getresponse().status
            finally:
                connection.close()
        finally:
            alarm.cancel()


def _hang_up(handle: socket.socket) -> None:
    """Wakes whoever waits on the connection. A second handle of it, since TLS takes the first one over."""
    with contextlib.suppress(OSError):  # it has ended in this very moment
        handle.shutdown(socket.SHUT_RDWR)
