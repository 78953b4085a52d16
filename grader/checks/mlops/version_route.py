"""Does the version route tell model version, data version, code commit and training metrics?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.analysis.version import FIELDS, told, version_exchange
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence


def check(contract: ContractEvidence, challenge: Challenge, bars: Bars) -> Finding:
    exchange = version_exchange(contract, challenge)
    if exchange is None:
        return unmeasured("the version route was not probed")
    fields = told(exchange)
    missing = [field for field in FIELDS if field not in fields]
    level = at_least(len(fields), (len(FIELDS), "complete"), (bars["some"], "some"), below="none")
    seen = f"GET {exchange.path} said {exchange.status or exchange.error} and told {len(fields)} of {len(FIELDS)} fields"
    return reached(level, seen + (f"; without {', '.join(missing)}" if missing else ""), measure("fields", len(fields), "fields", n=len(FIELDS)))
