"""What a command runs that only names something else: a target of make or just, a script of package.json, a shell script of the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from harness.source.view import View, basename

_MAKE = re.compile(r"(?:^|[\s;&|(])(?:g?make|just|task)((?:\s+(?:-C\s+\S+|[\w./=:-]+))*)")
_SELF = re.compile(r"\$[({]MAKE[)}]")
_NODE = re.compile(r"(?:^|[\s;&|(])(?:npm|yarn|pnpm|bun)(?:\s+(?:run|run-script|--\S+))*\s+([\w:.-]+)")
_SHELL = re.compile(r"(?:^|[\s;&|(])(?:(?:ba|z)?sh\s+(?:-\w+\s+)*)?((?:\./)?[\w./-]+\.sh)\b")
_RULE = re.compile(r"^([\w./%$(){}-]+(?:[ \t]+[\w./%$(){}-]+)*)\s*::?(?!=)\s*([^=#;|]*)(?:\|[^=#;]*)?(?:;(.*))?$")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_SAYS_ONLY = re.compile(
    r"^(?:(?:/bin/)?(?:ba)?sh\s+-c\s+)?[\"']?(?:(?:/bin/)?(?:true|false|echo|printf|sleep|touch|date|mkdir)\b|:(?:\s|$)|exit\b|#)[^|>]*$"
)
MAX_LINES, MAX_TARGETS, MAX_NEEDS, MAX_CALLED = 400, 20, 200, 50
MAX_FILES, MAX_RULES, MAX_BEHIND = 50, 20_000, 1 << 20
"""Makefiles that are read; names and lines of all their rules, where each of twenty targets of a line counts its own; and characters of all
recipes that are asked for in one scan."""


def does_something(command: str) -> bool:
    """Whether a command line does more than say something."""
    parts = [part.strip() for part in re.split(r"&&|;", command.strip().lstrip("@-+")) if part.strip()]
    return any(not _SAYS_ONLY.match(part) for part in parts)


def recipe(view: View, command: str) -> list[str] | None:
    """The lines behind a command, those that targets need first included; None where it names nothing of this repository."""
    known, room = view.memo.setdefault("behind_commands", {}), view.memo.get("behind_room", MAX_BEHIND)
    assert isinstance(known, dict) and isinstance(room, int)
    if command not in known:
        known[command] = list(islice((line for line in _behind(view, command, 0) if line), MAX_LINES)) if room > 0 else []
        view.memo["behind_room"] = room - sum(map(len, known[command]))
    return list(known[command]) or None


def whole_targets(view: View) -> list[str] | None:
    """Every target of make and just; None where what one needs is left to a variable or a pattern, so that who runs with whom is not known."""
    needs, recipes = _rules(view)
    open_ended = any("$" in need or "%" in need for names in needs.values() for need in names)
    return None if open_ended else list(recipes)


def _behind(view: View, command: str, depth: int) -> Iterator[str]:
    command = _SELF.sub("make", command)
    for words in _MAKE.findall(command):
        named = (word for word in re.sub(r"-C\s+\S+", "", words).split() if "=" not in word)
        for target in _few(name for word in named for name in re.findall(r"(?<![\w-])(?!-)[\w.:-]+", word)):
            yield from _deeper(view, _targets(view, target), depth)
    for name in _few(_NODE.findall(command)):
        yield from _deeper(view, _scripts(view, {"t": "test"}.get(name, name)), depth)
    for file in _few(map(posixpath.normpath, _SHELL.findall(command))):
        alike = view.by_name.get(basename(file), [])
        found = [path for path in alike if path == file or path.endswith("/" + file)][:1]
        yield from _deeper(view, [line for path in found for line in _script(view, path)], depth)


def _few(names: Iterable[str]) -> list[str]:
    """The first different ones: a line may name one a hundred thousand times."""
    return list(islice(dict.fromkeys(names), MAX_CALLED))


def _script(view: View, path: str) -> list[str]:
    """The first lines of a shell script that are no comments."""
    known = view.memo.setdefault("shell_scripts", {})
    assert isinstance(known, dict)
    if path not in known:
        lines = (line.strip() for line in (view.text(path) or "").splitlines())
        known[path] = list(islice((line for line in lines if line and not line.startswith("#")), MAX_LINES))
    found = known[path]
    assert isinstance(found, list)
    return found


def _deeper(view: View, lines: list[str], depth: int) -> Iterator[str]:
    for line in lines[:MAX_LINES]:
        yield line
        if depth < 2:
            yield from _behind(view, line, depth + 1)


def _targets(view: View, wanted: str) -> list[str]:
    """The first recipe lines of a target and of all that it needs."""
    known = view.memo.setdefault("target_lines", {})
    assert isinstance(known, dict)
    if wanted not in known:
        needs, recipes = _rules(view)
        lines = (line for name in [*sorted(closure([wanted], needs) - {wanted}), wanted] for line in recipes.get(name, []))
        known[wanted] = list(islice(filter(None, lines), MAX_LINES))
    found = known[wanted]
    assert isinstance(found, list)
    return found


def closure(wanted: Iterable[str], needs: dict[str, list[str]]) -> set[str]:
    """Targets with all that they need, directly or not."""
    queue = list(wanted)
    seen = set(queue)
    while queue:
        fresh = [name for name in needs.get(queue.pop(), []) if name not in seen]
        seen |= set(fresh)
        queue += fresh
    return seen


def _rules(view: View) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """(target -> what it needs, target -> its recipe) of every Makefile and justfile."""
    if "recipes" not in view.memo:
        needs: dict[str, list[str]] = {}
        recipes: dict[str, list[str]] = {}
        names = ("makefile", "gnumakefile", "justfile", ".justfile")
        for path in islice((path for path in view.paths if basename(path).lower() in names or path.endswith(".mk")), MAX_FILES):
            add_rules(view.text(path) or "", needs, recipes)
        view.memo["recipes"] = needs, recipes
    found = view.memo["recipes"]
    assert isinstance(found, tuple)
    return found


def add_rules(text: str, needs: dict[str, list[str]], recipes: dict[str, list[str]]) -> None:
    """The rules of one Makefile or justfile: target -> what it needs, target -> lines of its recipe."""
    targets: list[str] = []
    room = MAX_RULES - sum(map(len, needs.values())) - sum(map(len, recipes.values()))
    for line in text.replace("\\\n", " ").splitlines()[:3000]:
        if room < 0:
            return
        if line.startswith(("\t", "  ")) and targets:
            room -= len(targets)
            for target in targets:
                recipes.setdefault(target, []).append(line.strip())
        elif (rule := _RULE.match(_COMMENT.sub("", line).rstrip())) and not line.startswith(".PHONY"):
            targets = list(dict.fromkeys(rule[1].split()))[:MAX_TARGETS]
            needed = list(dict.fromkeys(rule[2].split()))[:MAX_NEEDS]
            room -= len(targets) * (len(needed) + 1)
            for target in targets:
                needs.setdefault(target, []).extend(needed)
                recipes.setdefault(target, []).extend([rule[3].strip()] if rule[3] else [])
        elif line.strip() and not line.startswith("#"):
            targets = []


def _scripts(view: View, name: str) -> list[str]:
    found = [document.get("scripts") for path, document in view.json.items() if basename(path) == "package.json" and isinstance(document, dict)]
    return [str(scripts[name]) for scripts in found if isinstance(scripts, dict) and isinstance(scripts.get(name), str)]
