"""The URL guard, attacks 1-8: decided by tables, without any network."""

from __future__ import annotations

import ipaddress

import pytest

from grader.schema.causes import UsageError
from harness.source.address import guard, is_public

PUBLIC = "93.184.215.14"


def resolver(*addresses: str):
    return lambda host, port: list(addresses)


REFUSED = {
    "ext::sh -c touch% /tmp/x": "blanks",
    "ext::sh": "only https",
    "fd::17/foo": "only https",
    "file:///etc": "only https",
    "http://example.org/a": "only https",
    "git://example.org/a": "only https",
    "ssh://git@example.org/a": "only https",
    "git@example.org:a/b": "only https",
    "--upload-pack=x": "dash",
    "https://-oProxyCommand=x/a": "no usable host",
    "https://user:secret@example.org/a": "credentials",
    "https://user@example.org/a": "credentials",
    "https://example.org": "names no repository",
    "https:///a/b": "no usable host",
    "https://exa mple.org/a": "blanks",
    "https://example.org/a\nb": "control",
    "https://example.org/a?x=1": "query",
    "https://example.org:99999/a": "not a usable URL",
    "https://[::1/a": "not a usable URL",
    "https://exa\u202emple.org/a": "control",
    "https://example.org/" + "a" * 3000: "too long",
}


@pytest.mark.parametrize("url", REFUSED)
def test_an_unusable_url_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(UsageError, match=REFUSED[url]) as caught:
        guard(url, resolve=resolver(PUBLIC))
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


NOT_PUBLIC = [
    "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(UsageError, match="not a public address"):
        guard("https://example.org/a/b", resolve=resolver(PUBLIC, address))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "localhost", "LOCALHOST."])
def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(UsageError, match="not a public address"):
        guard(f"https://{host}/a/b")


def test_the_clone_is_pinned_to_the_addresses_that_were_checked() -> None:
    remote = guard("https://Example.ORG:8443/a/b.git", resolve=resolver(PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"))
    assert remote.url == "https://example.org:8443/a/b.git"
    assert remote.pin == f"example.org:8443:{PUBLIC},2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def test_an_operator_admits_a_host_with_or_without_its_port() -> None:
    for allowed in ("git.corp", "git.corp:443"):
        assert guard("https://git.corp/a", [allowed], resolver("10.0.0.1")).addresses == ("10.0.0.1",)
    with pytest.raises(UsageError):
        guard("https://git.corp:444/a", ["git.corp:443"], resolver("10.0.0.1"))
