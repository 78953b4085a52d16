"""The same payments asked by somebody else: a service that answers only what it recognises as the grader gives itself away here.

Ours and the stranger's requests differ in their headers, in the shape of their ids and in their pace, and in nothing that a score may depend
on. Each side asks twice, in turns, always with a new id: what changes with the moment, with earlier requests or with the id (an experiment
between two models) changes within a side as well, and says nothing about who asks.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from challenges.simulator import Row
from grader.schema.challenge import Contract
from grader.schema.evidence import StrangerFacts
from harness.text import one_line

INPUTS = 12
LONGEST_PAUSE_S = 0.04
BUDGET_S = 10.0
"""A slow service must not hold the run; fewer inputs say less, and nothing below grader.schema.evidence.behaviour.STEADY_INPUTS."""
OURS = {"Content-Type": "application/json"}
THEIRS: tuple[Mapping[str, str], ...] = (
    {"User-Agent": "payments-gateway/4.1", "Accept": "application/json", "content-type": "application/json"},
    {"accept": "application/json, text/plain;q=0.8", "user-agent": "Java-http-client/21.0.4", "content-type": "application/json"},
    {"User-Agent": "Go-http-client/1.1", "Content-Type": "application/json", "X-Request-Id": "7f3c", "Accept-Language": "en"},
)

Answer = tuple[object, object] | None
"""Score and flag of a fallback; None for no valid answer."""
Read = Callable[[Row, Mapping[str, str]], Answer]


def ask(contract: Contract, known: Sequence[tuple[Row, Answer]], read: Read) -> StrangerFacts:
    """For up to `INPUTS` rows with the answer that we were given: stranger, we, stranger."""
    end = time.monotonic() + BUDGET_S
    chance = random.Random(str(known[0][0].request[contract.id_field]) if known else "")
    inputs, steady, alike, example = 0, 0, 0, ""
    for row, first in known[:INPUTS]:
        if time.monotonic() > end:
            break
        inputs += 1
        asked: list[Answer] = []
        for headers, id in ((_drawn(chance), _their_id(chance)), (OURS, _our_id(row, contract, chance)), (_drawn(chance), _their_id(chance))):
            time.sleep(chance.uniform(0, LONGEST_PAUSE_S))
            asked.append(read(replace(row, request={**row.request, contract.id_field: id}), headers))
        theirs, ours, again = asked
        if first is None or first != ours or theirs != again:
            continue
        steady += 1
        if theirs == ours:
            alike += 1
        elif not example:
            example = one_line(f"{_said(ours)} for the grader, {_said(theirs)} for another client", 200)
    return StrangerFacts(asked=inputs, steady=steady, alike=alike, example=example)


def _drawn(chance: random.Random) -> Mapping[str, str]:
    return chance.choice(THEIRS)


def _their_id(chance: random.Random) -> str:
    """As callers make them: a UUID, a number, or a name with a number."""
    n = chance.getrandbits(48)
    return chance.choice((f"{n:012x}-{chance.getrandbits(32):08x}", str(n), f"PAY/{n % 10**9:09d}", f"{n:X}"))


def _our_id(row: Row, contract: Contract, chance: random.Random) -> str:
    """A new id in the shape of the row's own: every digit drawn anew, so that nobody can tell it from the ids of the load."""
    return "".join(chance.choice("0123456789") if character.isdigit() else character for character in str(row.request[contract.id_field]))


def _said(answer: Answer) -> str:
    return "no valid answer" if answer is None else f"score {answer[0]}{', flagged as a fallback' if answer[1] is True else ''}"
