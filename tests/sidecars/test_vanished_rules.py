"""Which of the host's rules a sweep deletes: ours, of bridges that are gone, and none of the engine's or of a build that is alive."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from harness.sandbox.network import BRIDGE_PATTERN
from harness.sidecars import helper

DEAD, ALIVE = "grb0123456789", "grbfedcba9876"
RULES = f"""-P FORWARD ACCEPT
-N {DEAD}
-N {ALIVE}
-A INPUT -i {DEAD} -m conntrack --ctstate NEW -j DROP
-A INPUT -i {ALIVE} -m conntrack --ctstate NEW -j DROP
-A FORWARD -d 169.254.0.0/16 -i {DEAD} -j DROP
-A FORWARD -d 169.254.0.0/16 -i docker0 -j {DEAD}
-A FORWARD -d 169.254.0.0/16 -i docker0 -j {ALIVE}
-A FORWARD -i {DEAD} ! -o {DEAD} -j ACCEPT
-A FORWARD -d 169.254.0.0/16 -i eth0 -j DROP
"""


def test_a_sweep_deletes_our_rules_of_bridges_that_are_gone_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def run(argv: Sequence[str], **_: object) -> SimpleNamespace:
        done.append(" ".join(argv))
        return SimpleNamespace(stdout=RULES if argv[0] == "iptables" and argv[3] == "-S" else "", returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(helper, "Path", lambda path: SimpleNamespace(exists=lambda: path.endswith(ALIVE)))
    assert helper.rules_of_vanished_bridges({"pattern": BRIDGE_PATTERN}) == {"deleted": 4}
    assert [command.removeprefix("iptables -w 5 ") for command in done if " -S" not in command] == [
        f"-D INPUT -i {DEAD} -m conntrack --ctstate NEW -j DROP",
        f"-D FORWARD -d 169.254.0.0/16 -i {DEAD} -j DROP",
        f"-D FORWARD -d 169.254.0.0/16 -i docker0 -j {DEAD}",
        f"-F {DEAD}",
        f"-X {DEAD}",
    ]
