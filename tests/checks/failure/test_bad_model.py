from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level
from grader.schema.evidence import FaultCase

FILES = ("missing", "corrupt", "truncated", "wrong_schema")


def rolled(honoured=1, copy_served=1, opened=1, **verdicts):
    """Per file: refused unless told otherwise, as (ready, valid answers of 5, answers name the image's own version)."""
    facts = {"honoured": honoured, "copy_served": copy_served, "truncated_opened": opened}
    for name in FILES:
        ready, valid, own = verdicts.get(name, (0, 0, -1))
        facts |= {f"{name}_ready": ready, f"{name}_valid": valid, f"{name}_own": own}
    cases = [
        FaultCase(name=name, kind="model", expected="refused", status=503, seconds=2.5, error=None, body="", alive_after=True) for name in FILES
    ]
    return faults(fault("bad_model", facts=facts, cases=cases))


OWN, FAILS, SCORES = (1, 5, 1), (1, 0, 1), (1, 5, 0)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("refuses", rolled()),
        ("refuses", rolled(**dict.fromkeys(FILES, OWN))),
        ("refuses", rolled(honoured=-1, **dict.fromkeys(FILES, OWN))),
        ("ignores", rolled(honoured=0, **dict.fromkeys(FILES, OWN))),
        ("refuses", rolled(honoured=0)),
        ("ignores", rolled(honoured=-1, copy_served=-1, opened=0, **dict.fromkeys(FILES, OWN))),
        ("refuses", rolled(honoured=-1, copy_served=-1, opened=-1, **dict.fromkeys(FILES, OWN))),
        ("unknown", rolled(honoured=-1, copy_served=0)),
        ("mostly", rolled(wrong_schema=FAILS)),
        ("mostly", rolled(wrong_schema=SCORES)),
        ("serves", rolled(wrong_schema=SCORES, truncated=FAILS)),
        ("serves", faults(fault("bad_model", failure=CANDIDATE))),
        ("unknown", faults(fault("bad_model", failure=GRADER))),
        ("unknown", faults(fault("bad_model"))),
        ("unknown", faults(fault("bad_model", injected=False))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_what_said_that_it_is_ready(expected, evidence):
    assert level("bad_model", faults=evidence) == expected
