"""Makes docs/attacks.md from the catalogue: python tests/attacks/page.py"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script
from attacks.catalogue import OUTCOMES, ROOT, STATES, Attack, Catalogue, load

PAGE = ROOT / "docs" / "attacks.md"
BOUNDARIES = {
    "clone": "Clone: what is fetched, and from where",
    "build": "Build: what a Dockerfile may do",
    "run": "Run: what a container may do",
    "talk": "Talk: what a service answers",
    "show": "Show: what a reader opens",
    "operator": "The operator's secrets",
}
HEAD = """# Attacks and what becomes of them

Made from `tests/attacks/catalogue.toml` by `python tests/attacks/page.py`; a test fails when the two differ or when a test named here does not
exist. What is promised beyond single attacks, and what is not, stands in [threat-model.md](threat-model.md).

Containing any attack may cost the host 64 MiB of memory at most. The tests of the clone, the talk and the reading of a repository measure it as the
kernel's own figure for the process and its children; attacks from the network come from servers on loopback that send the hostile bytes.
"""


def page(catalogue: Catalogue) -> str:
    lines = [HEAD, "Outcomes:", ""]
    lines += [f"- **{word}**: {says}" for word, says in OUTCOMES.items()]
    shown = [sum(attack.state == state for attack in catalogue.attacks.values()) for state in STATES]
    lines += ["", f"Of {len(catalogue.attacks)} attacks, tests show {shown[0]} whole, {shown[1]} in part, and {shown[2]} not yet.", ""]
    for boundary, title in BOUNDARIES.items():
        lines += [f"## {title}", ""]
        for promise in catalogue.promises.values():
            if promise.boundary == boundary:
                lines.append(f"- {promise.says} ({', '.join(f'`{path}`' for path in promise.code)})")
        attacks = [attack for attack in catalogue.attacks.values() if attack.boundary == boundary]
        if attacks:
            lines += ["", "| | attack | outcome | says | shown | engine | test |", "|---:|---|---|---|---|---|---|", *map(_row, attacks)]
        lines.append("")
    return "\n".join(lines)


def _row(attack: Attack) -> str:
    name = attack.name + (f" ({attack.note})" if attack.note else "")
    tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in attack.tests) or "none"
    says = f"`{attack.message}`".replace("|", "\\|") if attack.message else ""
    return f"| {attack.number} | {name} | {attack.outcome} | {says} | {STATES[attack.state]} | {'yes' if attack.engine else ''} | {tests} |"


if __name__ == "__main__":
    PAGE.write_text(page(load()), encoding="utf-8")
