"""Are requests and limits declared on the container that serves, and would a cluster run it with them?"""

from __future__ import annotations

from grader.checks.analysis.manifests import RESOURCES, of_the_serving, unstartable
from grader.checks.analysis.probes import climb
from grader.checks.api import Bars, Finding, reached
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, bars: Bars) -> Finding:
    finding = climb(of_the_serving(repository), [("declared", [RESOURCES])], none="none")
    wrong = unstartable(repository, bars["least_mib"], bars["most_cores"], bars["most_gib"])
    if finding.level == "declared" and wrong:
        return reached("unstartable", f"declared, but {'; '.join(wrong)}", places=finding.places)
    return finding
