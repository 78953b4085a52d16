"""The runtime of a candidate: the operator's, else the strongest there is, and told."""

from __future__ import annotations

from typing import Any

import pytest

from grader.schema.causes import UsageError
from harness.sandbox.runtime import AS_THE_ENGINE, chosen, in_words, remapped_root

PLAIN: dict[str, Any] = {
    "Runtimes": {"runc": {}, "io.containerd.runc.v2": {}},
    "DefaultRuntime": "runc",
    "SecurityOptions": ["name=seccomp,profile=default"],
}
STRONG: dict[str, Any] = {
    "Runtimes": {"runc": {}, "runsc": {}},
    "DefaultRuntime": "runc",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=userns", "name=cgroupns"],
}


@pytest.mark.parametrize(
    ("info", "named", "expected"),
    [
        (PLAIN, "", None),
        (STRONG, "", "runsc"),
        (STRONG, AS_THE_ENGINE, None),
        (STRONG, "runc", "runc"),
        ({}, "", None),
    ],
)
def test_the_operators_choice_comes_first_and_the_strongest_next(info: dict[str, Any], named: str, expected: str | None) -> None:
    assert chosen(info, named) == expected


def test_a_runtime_that_the_engine_does_not_have_is_named_with_those_it_has() -> None:
    with pytest.raises(UsageError, match=r"GRADER_RUNTIME=runsc: the engine has io\.containerd\.runc\.v2, runc; or set it to engine"):
        chosen(PLAIN, "runsc")


def test_it_is_told_in_words() -> None:
    assert in_words(PLAIN, None) == "runc; seccomp"
    assert in_words(STRONG, "runsc") == "runsc; apparmor, seccomp, user namespaces"
    assert in_words({}, None) == "the engine's runtime; no security options"


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"SecurityOptions": ["name=userns"], "DockerRootDir": "/var/lib/docker/165536.231072"}, (165536, 231072)),
        ({"SecurityOptions": ["name=seccomp,profile=default"], "DockerRootDir": "/srv/1.2"}, (0, 0)),
        ({"SecurityOptions": ["name=userns"], "DockerRootDir": "/var/lib/docker"}, (0, 0)),
        ({}, (0, 0)),
    ],
)
def test_where_user_namespaces_put_root(info: dict[str, Any], expected: tuple[int, int]) -> None:
    assert remapped_root(info) == expected
