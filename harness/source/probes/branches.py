"""The branches on which the work of a repository may be done, as far as its files and its clone tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from harness.source.probes.triggers import Gate
from harness.source.view import View

USUAL = ("main", "master", "trunk", "mainline", "develop", "development", "devel", "dev", "default")
_BESIDE = frozenset({
    "release", "releases", "rel", "rc", "hotfix", "hotfixes", "bugfix", "fix", "feature", "features", "feat", "support", "maintenance", "stable",
    "staging", "stage", "prod", "production", "preprod", "deploy", "deployment", "gh", "pages", "legacy", "old", "archive", "archived", "backup",
    "nightly", "canary", "lts", "v", "next", "beta", "alpha", "renovate", "dependabot", "qa", "uat", "preview", "ci",
    "experiment", "experimental", "sandbox", "demo",
})  # fmt: skip
"""First words of branches that stand beside the one where the work is done, by everybody's convention."""
_WORD = re.compile(r"[A-Za-z]+")
_SPEAKS_OF = r"(?:blob|tree|raw|branch(?:es)?|origin|checkout|switch|push|merge\w*)\b[\s/=:`\"'\[(]{0,4}"
MAX_NAMES, MAX_REFS, MAX_NAME, MAX_ASKED = 60, 200, 80, 20


def own(view: View, gates: Sequence[Gate]) -> list[str]:
    """Those of which a change may come. Names that a pipeline gives are among them, unless they surely stand beside another branch."""
    known = cloned(view)
    told = islice((p for gate in gates for way in gate for f in way.branches for p in f.patterns), MAX_NAMES)
    names = [name for pattern in told if (name := re.sub(r"[*?+\[\]^$()\\|]|^!", "", pattern).strip("/"))]
    trunk = known in USUAL
    return list(dict.fromkeys([*USUAL, *([known] if known else []), *(name for name in names if not _stands_beside(view, name, trunk))]))


def _stands_beside(view: View, name: str, trunk: bool) -> bool:
    """Where the branch that was cloned is one of the usual ones, every other name does; else one of the words for such."""
    first = _WORD.search(name)
    if not trunk and (first is None or first[0].lower() not in _BESIDE):
        return False
    return len(name) <= MAX_NAME and not _is_spoken_of(view, name)


def _is_spoken_of(view: View, name: str) -> bool:
    """Whether a document tells of it as of a branch; asked for a few names, and all others are taken to be."""
    known = view.memo.setdefault("spoken_of", {})
    assert isinstance(known, dict)
    if name not in known:
        pattern = re.compile(rf"{_SPEAKS_OF}{re.escape(name)}(?![\w-])", re.I)
        known[name] = len(known) >= MAX_ASKED or any(pattern.search(text) for text in _speakers(view))
    return bool(known[name])


def _speakers(view: View) -> Iterable[str]:
    yield from view.prose.values()
    yield from (view.text(path) or "" for path in view.paths if re.search(r"(?:^|/)(?:dependabot\.ya?ml|renovate\.json5?|pyproject\.toml)$", path))


def cloned(view: View) -> str:
    """The branch of the clone, empty where there is none or more than one: what was given as a folder has no branches."""
    if view.tree.kind != "git":
        return ""
    heads = view.tree.root / ".git" / "refs" / "heads"
    try:
        found = [path.relative_to(heads).as_posix() for path in islice(heads.rglob("*"), MAX_REFS) if path.is_file() and not path.is_symlink()]
    except OSError:
        return ""
    return found[0] if len(found) == 1 and len(found[0]) <= MAX_NAME else ""
