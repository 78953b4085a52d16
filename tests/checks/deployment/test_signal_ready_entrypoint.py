from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, fault, faults, image, level

PROMPT = fault("sigterm_drain", facts={"exit_s": 1.2})


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("hears", {"image": image(), "faults": faults(fault("sigterm_drain", facts={"exit_s": 1.2}))}),
        ("late", {"image": image(), "faults": faults(fault("sigterm_drain", facts={"exit_s": 12.0}))}),
        ("deaf", {"image": image(shell_form=True), "faults": faults(fault("sigterm_drain", facts={"exit_s": -1}))}),
        *(("deaf", {"image": image(stop_signal=signal), "faults": faults(PROMPT)}) for signal in ("SIGKILL", "kill", "9", "SIGSTOP")),
        *(("hears", {"image": image(stop_signal=signal), "faults": faults(PROMPT)}) for signal in ("", "SIGTERM", "SIGQUIT", "15", "SIGRTMIN+3")),
        ("deaf", {"image": image(), "faults": faults(fault("sigterm_drain", failure=CANDIDATE))}),
        ("unknown", {"image": image(), "faults": faults(fault("sigterm_drain"))}),
        ("unknown", {"image": image(), "faults": faults(fault("sigterm_drain", facts={"exit_s": 1.2}, injected=False))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("signal_ready_entrypoint", **evidence) == expected
