"""Patterns of branches and files as pipelines mean them, and in bounded time."""

from __future__ import annotations

import time

import pytest

from harness.source.probes.globs import Filter, matches


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("docs/**", "docs/a/b.md", True),
        ("docs/**", "svc/a.py", False),
        ("**.py", "svc/a.py", True),
        ("**/*.py", "a.py", True),
        ("*.py", "svc/a.py", False),
        ("**/docs/**", "a/docs/b", True),
        ("releases/**", "releases/1", True),
        ("*", "feature/a", False),
        ("v[0-9]+", "v12", True),
        ("mai?n", "man", True),
        ("/^release.*$/", "release-1", True),
        ("/^(main|dev)$/", "main", True),
        ("/^(main|dev)$/", "domain", False),
        ("/main/", "domain", True),
    ],
)
def test_a_pattern_fits_what_it_means(pattern, name, expected):
    assert matches(pattern, name) == expected


@pytest.mark.parametrize(
    ("patterns", "ignore", "name", "expected"),
    [
        (("**", "!svc/**"), False, "svc/a.py", False),
        (("!svc/**", "**"), False, "svc/a.py", True),
        (("docs/**",), True, "svc/a.py", True),
        (("**.py",), True, "svc/a.py", False),
        (("$BRANCH",), False, "main", True),
        (("**/*.{py,toml}",), False, "svc/a.py", True),
        (("/^(a+)+$/",), False, "main", True),
    ],
)
def test_the_last_pattern_that_fits_decides_and_what_cannot_be_read_lets_everything_pass(patterns, ignore, name, expected):
    assert Filter(patterns, ignore=ignore).passes(name) == expected


def test_a_hostile_pattern_takes_no_time():
    began = time.process_time()
    assert not matches("**a" * 40, "a" * 1000 + "b")
    assert time.process_time() - began < 1
