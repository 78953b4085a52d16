"""What a stand-in image inherits from the host: all that works in a container, and never a credential."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.image import host_settings as subject

URLS = [
    ("https://user:secret@pypi.corp.example/simple", "https://pypi.corp.example/simple"),
    ("https://token@pypi.corp.example:8443/simple/?a=1#frag", "https://pypi.corp.example:8443/simple/?a=1"),
    ("http://[2001:db8::1]:80/simple", "http://[2001:db8::1]:80/simple"),
    ("file:///srv/wheels", None),
    ("http://localhost:3141/root/pypi", None),
    ("http://127.0.0.1/simple", None),
    ("https://pypi.corp.example:port/simple", None),
    ("/srv/wheels", None),
]


@pytest.mark.parametrize(("url", "public"), URLS)
def test_urls_lose_their_credentials_or_are_dropped(url: str, public: str | None) -> None:
    assert subject.public_url(url) == public


LISTING = """\
global.index-url='https://old.example/simple'
global.find-links='/srv/wheels'
user.extra-index-url='file:///srv/simple https://me:pw@extra.example/simple https://more.example/simple'
global.trusted-host='a.example b.example'
:env:.index-url='https://bot:hunter2@new.example/simple'
:env:.default-timeout='180'
:env:.cert='/home/me/ca.pem'
global.proxy='http://me:pw@proxy.example'
"""


def test_the_strongest_setting_wins_and_only_known_keys_pass() -> None:
    assert subject.pip_settings(LISTING) == {
        "index-url": "https://new.example/simple",
        "extra-index-url": "https://extra.example/simple\n    https://more.example/simple",
        "trusted-host": "a.example\n    b.example",
        "timeout": "180",
    }


def test_a_setting_that_is_useless_inside_does_not_leave_the_weaker_one_behind() -> None:
    assert subject.pip_settings("global.index-url='https://a.example'\n:env:.index-url='file:///srv'") == {}


def test_this_hosts_pip_conf_names_the_authorities_and_no_file_of_the_host() -> None:
    text = subject.pip_conf()
    assert text.startswith("[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n")
    assert "@" not in text
    assert "file:" not in text
    assert "find-links" not in text


def test_apt_keeps_its_proxy_without_the_password() -> None:
    lines = ['Acquire::http::Proxy "http://me:pw@proxy.example:3128";', 'Acquire::Check-Date "false";', 'Acquire::https::Proxy "DIRECT";']
    dump = "\n".join(lines)
    assert subject.apt_options(dump) == ['Acquire::http::Proxy "http://proxy.example:3128";', 'Acquire::Check-Date "false";']


def test_the_hosts_debian_mirror_is_used_without_credentials(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("# deb http://commented.example/debian x main\ndeb http://tools.example/apt x main\n")
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "a.sources").write_text("Types: deb\nURIs: https://me:pw@mirror.example/debian/\nSuites: bookworm\n")
    (tmp_path / "sources.list.d" / "b.list").write_text("deb [arch=amd64] http://mirror.example/debian-security bookworm-security main\n")
    assert subject.debian_mirrors(tmp_path) == ("https://mirror.example/debian", "http://mirror.example/debian-security")


def test_a_host_without_debian_sources_uses_debians_own(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.ubuntu.com/ubuntu noble main\n")
    assert subject.debian_mirrors(tmp_path) == ("http://deb.debian.org/debian", "http://deb.debian.org/debian-security")


def pem(body: str, kind: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"


def test_only_authorities_that_debian_does_not_ship_are_carried(tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / "known.crt").write_text(pem("QUFB"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(f"# a comment\n{pem('QUFB')}{pem('QkJC')}{pem('Qk' + chr(10) + 'JC')}")
    env = {"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": str(tmp_path / "absent")}
    carried = subject.extra_authorities(env, shipped)
    assert pem("QkJC") in carried
    assert pem("QUFB") not in carried
    assert len(carried) == len(set(carried))
