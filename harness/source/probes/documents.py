"""What is written for people: model card, runbook, rollback, cost, sizing. Sections need words of their own, not just headings.

Comments, and lines that only say that something is still to be written, are not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from grader.schema.evidence import Probe
from harness.source.probes.amounts import stated, worked_out
from harness.source.probes.claims import claims
from harness.source.probes.placeholders import uncommented, written
from harness.source.probes.tables import of_data
from harness.source.probes.undos import undos
from harness.source.sightings import sighting
from harness.source.view import View, basename, no_subject, probe

_HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
_BOLD = re.compile(r"^\*\*([^*\n]{2,80}?)[:.]?\*\*(?::\s*|\s+|$)")
"""A label in bold at the start of a paragraph heads what follows."""
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.+)")
_COMMAND = re.compile(r"^\s*\$\s+\S|`[^`\n]{4,}`")
_HIDDEN = re.compile(r"(?:^|/)\.[^/]+/")
"""Folders of tools: what stands there is told to them, and to no person on call."""
_CARD_SECTIONS = {
    "intended use": re.compile(r"intended|use case|purpose|\buses?\b|out[- ]of[- ]scope", re.I),
    "data": re.compile(r"\bdata\b|dataset|training set", re.I),
    "metrics": re.compile(r"metric|performance|evaluation|results|quality", re.I),
    "limitations": re.compile(r"limit|caveat|risk|bias|ethic|fairness|known issues|failure modes", re.I),
}
_CARD_FILE = re.compile(r"model[-_ ]?card", re.I)
_RUNBOOK = re.compile(r"runbook|playbook|on[- ]?call|incident|operations|troubleshoot|what to do (?:when|if)|alert response", re.I)
_ROLLBACK = re.compile(r"\broll(?:ing|ed)?[ -]?back\b|\brevert(?:ing)? to\b|\bprevious (?:version|image|model|release)\b|rollout undo", re.I)
_DOES_IT = re.compile(r"\b(?:roll (?:\w+ ){0,3}back|revert|re-?deploy|switch back|go back|return|restore) (?:to|the|with|by|from|it)\b", re.I)
"""Told to be done, where a mere "needs a rollback" tells nobody how."""
_RESOURCE = re.compile(r"\b\d+(?:\.\d+)?\s?(?:v?cpus?|cores?|[MG]i?B|m\b|replicas?|pods?|instances?|workers?|nodes?)", re.I)
_TRAFFIC = re.compile(r"\b\d[\d.,]*\s?(?:rps|qps|tps|req(?:uest)?s?\s?(?:/|per)\s?s(?:ec(?:ond)?)?|ms\b|predictions?\s?(?:/|per)\s?s)", re.I)
_REASON = re.compile(
    r"because|since|so that|therefore|measured|benchmark|headroom|enough|saturat|bottleneck|=>|→|leaves|at most|sustain|utili[sz]ation|"
    r"load test|peak",
    re.I,
)
MIN_SECTION_WORDS, MIN_STEP_WORDS = 12, 6
BOLD_LEVEL = 7
MAX_HEADINGS, MAX_SUMMED = 300, 200


@dataclass(frozen=True)
class Section:
    """A heading and the text below it down to the next heading of its level or above; `line` is the heading's.

    `own` is the text down to the next heading of any level. What stands before the first heading is a section without a title.
    """

    file: str
    title: str
    line: int
    body: str
    own: str

    @property
    def words(self) -> int:
        """Different words: repeating one does not make a section."""
        return len(set(re.findall(r"[A-Za-zÀ-ÿ]{2,}", self.body.lower())))


def sections(view: View) -> list[Section]:
    """All sections of all documents, paragraphs that every candidate is given left out."""
    if "sections" not in view.memo:
        view.memo["sections"] = [section for path, text in _documents(view).items() for section in _split(path, text, view.given)]
    found = view.memo["sections"]
    assert isinstance(found, list)
    return found


def paragraphs(view: View) -> Iterator[tuple[str, int, str]]:
    """(file, line, text) of every paragraph that is the candidate's own."""
    for path, text in _documents(view).items():
        line = 1
        for block in re.split(r"(\n\s*\n)", text):
            if block.strip():
                yield path, line + len(block) - len(block.lstrip("\n")), block
            line += block.count("\n")


def _documents(view: View) -> dict[str, str]:
    """Path -> the candidate's own words, in as many lines as before; made once per scan."""
    if "documents" not in view.memo:
        view.memo["documents"] = {path: _own_words(uncommented(text), view.given) for path, text in view.prose.items() if not _HIDDEN.search(path)}
    found = view.memo["documents"]
    assert isinstance(found, dict)
    return found


def _own_words(text: str, given: frozenset[str]) -> str:
    blocks = re.split(r"(\n\s*\n)", text)
    return "".join("\n" * block.count("\n") if normal(block) in given else written(block) for block in blocks)


def normal(paragraph: str) -> str:
    """A paragraph as compared with the given ones: case, white space and markup ignored."""
    return re.sub(r"[^a-z0-9]+", " ", paragraph.lower()).strip()


def model_card(view: View) -> Probe:
    """value: how many of intended use, data, metrics and limitations have a section with content; found from three on.

    sightings: what it says of metrics, and of the training data, that are committed as well.
    """
    if not view.prose:
        return no_subject("no documents")
    inside = [s for s in sections(view) if _CARD_FILE.search(basename(s.file))]
    titled = [s for s in sections(view) if _CARD_FILE.search(s.title)]
    inside += [s for card in titled for s in _split(card.file, card.body, view.given)]
    # The title of the card itself heads all of it, whatever it says.
    filled = [s for s in inside if s.words >= MIN_SECTION_WORDS and not _CARD_FILE.search(s.title)]
    have = {name: next((s for s in filled if pattern.search(s.title)), None) for name, pattern in _CARD_SECTIONS.items()}
    found = [section for section in have.values() if section is not None]
    lacking = [name for name, section in have.items() if section is None]
    detail = (f"without content on: {', '.join(lacking)}" if lacking else "all four sections") if inside else "no model card"
    own = list(dict.fromkeys((section.file, section.own) for section in inside))
    of_table = {(section.file, section.own) for section in inside if _CARD_SECTIONS["data"].search(section.title)}
    told = chain(claims(view, own), of_data(view, own, of_table))
    return probe(len(found) >= 3, detail, dict.fromkeys(section.file for section in found), value=float(len(found)), sightings=told)


def runbook(view: View) -> Probe:
    """A section on incidents with at least two steps or commands and forty different words."""
    if not view.prose:
        return no_subject("no documents")
    hits = [s for s in sections(view) if (_RUNBOOK.search(s.title) or _RUNBOOK.search(basename(s.file))) and s.words >= 40 and _steps(s.body) >= 2]
    return probe(bool(hits), hits[0].title if hits else "no section that says what to do when something breaks", [(s.file, s.line) for s in hits])


def rollback_documented(view: View) -> Probe:
    """How to get back to the version before, with a command or steps. sightings: the rollouts that are undone by name."""
    if not view.prose:
        return no_subject("no documents")
    hits = [s for s in sections(view) if _ROLLBACK.search(s.title) and _steps(s.body) >= 1 and s.words >= 8]
    hits = hits or [s for s in sections(view) if _tells_how(s.own)]
    seen = undos(view, ((s.file, s.line + 1, s.own) for s in sections(view)))
    return probe(bool(hits), hits[0].title if hits else "no way back is written down", [(s.file, s.line) for s in hits[-3:]], sightings=seen)


def cost_statement(view: View) -> Probe:
    """A sentence with an amount of money per thousand or million predictions. value: the amount per million, where it can be read.

    Of several the first counts whose sentence speaks of the SLO or of capacity, else the first. sightings: all of them, and the sums with
    money as their result in the documents that state one.
    """
    if not view.prose:
        return no_subject("no documents")
    told = list(paragraphs(view))
    hits = [(path, line + text[: cost.start].count("\n"), cost) for path, line, text in told for cost in stated(text)]
    if not hits:
        return probe(False, "no cost per thousand or million predictions")
    best = min(hits, key=lambda hit: (not hit[2].at_slo, hit[2].per_million is None))[2]
    seen = [sighting(cost.words, path, {"per_million": cost.per_million, "at_slo": float(cost.at_slo)}, line) for path, line, cost in hits]
    files = {path for path, _, _ in hits}
    near = islice(((path, line, text) for path, line, text in told if path in files and ("=" in text or "\u2248" in text)), MAX_SUMMED)
    done = [(path, line + text[: made.start].count("\n"), made) for path, line, text in near for made in worked_out(text)]
    seen += [sighting(made.words, path, {"comes_to": made.comes_to, "says": made.says, "rounding": made.rounding}, line) for path, line, made in done]
    return probe(True, best.words, [(path, line) for path, line, _ in hits], value=best.per_million, sightings=seen)


def sizing_rationale(view: View) -> Probe:
    """A paragraph, list or table that ties resources (CPU, memory, replicas) to traffic or latency, with numbers and a reason."""
    if not view.prose:
        return no_subject("no documents")
    hits = [(path, line) for path, line, text in paragraphs(view) if _RESOURCE.search(text) and _TRAFFIC.search(text) and _REASON.search(text)]
    titled = [s for s in sections(view) if re.search(r"sizing|capacity|resource|scal(?:e|ing)", s.title, re.I)]
    hits += [(s.file, s.line) for s in titled if _RESOURCE.search(s.body) and _TRAFFIC.search(s.body) and s.words >= 20]
    return probe(bool(hits), "" if hits else "nothing ties resources to traffic with numbers and a reason", hits)


def _split(path: str, text: str, given: frozenset[str]) -> list[Section]:
    lines = text.splitlines()
    heads: list[tuple[int, int, str]] = []
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if len(heads) >= MAX_HEADINGS:
            break
        if not fenced and (match := _HEADING.match(line)):
            heads.append((number, len(match[1]), match[2].rstrip().rstrip("#").rstrip()))
        elif not fenced and line.strip() and re.match(r"^(=+|-{3,})\s*$", below):
            heads.append((number, 1 if below.startswith("=") else 2, line.strip()))
        elif not fenced and (match := _BOLD.match(line)) and not (number and lines[number - 1].strip()):
            heads.append((number, BOLD_LEVEL, match[1]))
    found = [Section(path, "", 1, own, own)] if (own := _told(lines[: heads[0][0] if heads else None], given)).strip() else []
    for index, (number, level, title) in enumerate(heads):
        end = next((other for other, rank, _ in heads[index + 1 :] if rank <= level), len(lines))
        next_head = heads[index + 1][0] if index + 1 < len(heads) else len(lines)
        first = [_BOLD.sub("", lines[number])] if level == BOLD_LEVEL else []
        whole, own = (_told([*first, *lines[number + 1 : stop]], given) for stop in (end, next_head))
        found.append(Section(path, title[:200], number + 1, whole, own))
    return found


def _told(lines: list[str], given: frozenset[str]) -> str:
    """The candidate's own words in some lines, also below a heading that stood right above what is given."""
    return "\n\n".join(block for block in re.split(r"\n\s*\n", "\n".join(lines)) if normal(block) not in given)


def _steps(body: str) -> int:
    """Fenced commands, commands in a line, items of a list that say more than a word."""
    fences = len(re.findall(r"^\s*(?:```|~~~)", body, re.M)) // 2
    return fences + sum(_is_step(line) for line in body.splitlines())


def _is_step(line: str, words: int = 2) -> bool:
    item = _ITEM.match(line)
    return bool(_COMMAND.search(line)) or (item is not None and len(item[1].split()) >= words)


def _tells_how(own: str) -> bool:
    """Whether a line speaks of the way back and is a step itself, or leads over to the steps below it."""
    lines = own.splitlines()
    for number, line in enumerate(lines):
        if _ROLLBACK.search(line):
            below = next((after for after in islice(lines, number + 1, None) if after.strip()), "")
            leads = line.rstrip().endswith(":") and (_is_step(below) or below.lstrip().startswith(("```", "~~~")))
            if leads or _COMMAND.search(line) or (_DOES_IT.search(line) and _is_step(line, MIN_STEP_WORDS)):
                return True
    return False


PROBES = {
    "model_card": model_card,
    "runbook": runbook,
    "rollback_documented": rollback_documented,
    "cost_statement": cost_statement,
    "sizing_rationale": sizing_rationale,
}
