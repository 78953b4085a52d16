"""The same payments asked by somebody else: a service that answers only what it recognises as the load gives itself away here.

Our requests are the load's, byte by byte, on a connection that is kept; those of strangers differ in their headers and connections and in the
shape of their ids, and in nothing that a score may depend on. An input that is answered otherwise is asked again, in rounds: small groups,
drawn anew each time, of which either side goes first by lot, always with a new id. What changes with the moment, with earlier requests or with
the id (an experiment between two models) changes within both sides as well, and says nothing about who asks.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from challenges.simulator import Row
from grader.schema.challenge import Contract
from grader.schema.evidence import StrangerFacts
from harness.text import one_line

INPUTS = 12
ROUNDS = 4
GROUP = 4
"""Inputs that one side asks in a row. With one lot for a whole round, what changes in step with the rounds would look like us once in eight times."""
LONGEST_PAUSE_S = 0.01
PATIENCE_S = 0.5
"""For one answer, of either side: whoever is slow to strangers alone would else use up the budget, and be asked no more."""
BUDGET_S = 10.0
"""Of a round: a slow service must not hold the run, and nothing is said of one that took longer. A quick one needs 0.3 s in all."""
OURS = {"Content-Type": "application/json", "Accept": "application/json"}
"""What the load sends besides Host and Content-Length (harness/load/wire.py)."""
THEIRS: tuple[Mapping[str, str], ...] = (
    {"User-Agent": "payments-gateway/4.1", "Accept": "application/json", "content-type": "application/json", "Accept-Encoding": "identity"},
    {"accept": "application/json, text/plain;q=0.8", "user-agent": "Java-http-client/21.0.4", "content-type": "application/json"},
    {"User-Agent": "Go-http-client/1.1", "Content-Type": "application/json", "X-Request-Id": "7f3c", "Accept-Language": "en", "Connection": "close"},
    {"User-Agent": "python-requests/2.32.5", "Accept": "*/*", "Connection": "keep-alive", "Content-Type": "application/json"},
)

Answer = tuple[object, object] | None
"""Score and flag of a fallback; None for no valid answer."""
Read = Callable[[Row, Mapping[str, str]], Answer]
"""Asks for a row's score. Headers that are `OURS` itself ask for the load's way."""


@dataclass
class _Input:
    """One payment, and what either side was answered, round by round."""

    row: Row
    ours: list[Answer] = field(default_factory=list)
    theirs: list[Answer] = field(default_factory=list)

    @property
    def may_be_apart(self) -> bool:
        """We were answered in every round so far, they otherwise, and one side one and the same at least: noise is steady for nobody."""
        differ = all(ours is not None and ours != theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))
        return differ and any(all(answer == side[0] for answer in side) for side in (self.ours, self.theirs))


def ask(contract: Contract, rows: Sequence[Row], read: Read) -> StrangerFacts:
    """For up to `INPUTS` rows: one round for all, `ROUNDS` for those that are answered otherwise in each."""
    # Nobody who sees the requests knows the truth behind them, and so nobody knows who goes first, or with which headers.
    chance = random.Random(repr([row.probability for row in rows]))
    inputs = [_Input(row) for row in rows[:INPUTS]]
    asked = alike = 0
    waiting = inputs
    for number in range(ROUNDS):
        waiting = [one for one in waiting if one.may_be_apart]
        if not waiting or not _round(waiting, contract, read, chance):
            break
        if number == 0:
            asked, alike = len(inputs), sum(one.ours == one.theirs for one in inputs)
    apart = [one for one in waiting if len(one.ours) == len(one.theirs) == ROUNDS and one.may_be_apart]
    return StrangerFacts(asked=asked, steady=alike + len(apart), alike=alike, apart=len(apart), example=_example(apart))


def _round(inputs: Sequence[_Input], contract: Contract, read: Read, chance: random.Random) -> bool:
    """Both sides, group by group; False when the time was over before all were asked."""
    end = time.monotonic() + BUDGET_S
    drawn = chance.sample(inputs, len(inputs))
    for first in range(0, len(drawn), GROUP):
        group = drawn[first : first + GROUP]
        for is_ours in chance.sample((True, False), 2):
            for one in chance.sample(group, len(group)):
                if time.monotonic() > end:
                    return False
                time.sleep(chance.uniform(0, LONGEST_PAUSE_S))
                _ask_once(one, contract, read, chance, is_ours)
    return True


def _ask_once(one: _Input, contract: Contract, read: Read, chance: random.Random, is_ours: bool) -> None:
    id = _our_id(one.row, contract, chance) if is_ours else _their_id(chance)
    row = replace(one.row, request={**one.row.request, contract.id_field: id})
    (one.ours if is_ours else one.theirs).append(read(row, OURS if is_ours else chance.choice(THEIRS)))


def _example(apart: Sequence[_Input]) -> str:
    if not apart:
        return ""
    return one_line(f"{_said(apart[0].ours[0])} for the grader, {_said(apart[0].theirs[0])} for another client", 200)


def _their_id(chance: random.Random) -> str:
    """As callers make them: a UUID, a number, or a name with a number."""
    n = chance.getrandbits(48)
    return chance.choice((f"{n:012x}-{chance.getrandbits(32):08x}", str(n), f"PAY/{n % 10**9:09d}", f"{n:X}"))


def _our_id(row: Row, contract: Contract, chance: random.Random) -> str:
    """A new id in the shape of the row's own: every digit drawn anew, so that nobody can tell it from the ids of the load."""
    return "".join(chance.choice("0123456789") if character.isdigit() else character for character in str(row.request[contract.id_field]))


def _said(answer: Answer) -> str:
    return "no valid answer" if answer is None else f"score {answer[0]}{', flagged as a fallback' if answer[1] is True else ''}"
