"""Starts a new challenge from one that works: a copy that loads at once, and the list of what its author must change, in order."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from challenges import loader, tomlfile
from challenges.mutants import NOT_COPIED
from grader.schema.causes import UsageError

PARTS = ("challenge.toml", "brief.md", "contract", "private", "starter", "promises.toml", "submissions", "mutants", loader.PRICES)
"""What an author owns. By list: evidence and figures that were measured on the model do not belong to the copy."""

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_SLUG = 40

STEPS = (
    ("challenge.toml", "title, summary, hours; production reality and limits; names of routes and fields; modes; points"),
    ("contract/", "schemas of request and answer, and samples that are valid"),
    ("private/simulator.py", "the traffic, its truth, and every kind of drift that the modes name"),
    ("brief.md", "what is asked, with every number of challenge.toml; nothing that is hidden"),
    ("promises.toml", "each demand of the brief, with the checks that measure it or the reason why none does"),
    ("starter/", "what a candidate begins with: it boots and predicts, and has the gaps that you ask to close"),
    ("submissions/", "oracle: a solution to be proud of (at least 90 points); alternates in other stacks; nulls that earn nothing"),
    ("mutants/", "defects planted in your oracle, at least one for each check; take away those that do not fit"),
)
"""Part and what to do with it, in an order in which each step can be tried before the next."""


def new(slug: str, source: str, roots: Sequence[Path], dest: Path) -> Path:
    """Copy the challenge `source`, from the first of `roots` that has it, to `dest`/`slug`; the new folder, which was seen to load.

    Slug and title are the new one's own. Raises UsageError: a slug that is none, a folder that exists, an unknown source, a `dest` that
    cannot be written to. Leaves no half-made copy behind.
    """
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        raise UsageError(f"{slug!r} is no slug: small letters, digits and single hyphens, a letter first, at most {LONGEST_SLUG} characters")
    model = loader.load(source, _root_of(source, roots)).folder
    folder = dest / slug
    if folder.exists():
        raise UsageError(f"{folder} exists already; choose another slug, or remove it")
    try:
        dest.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except OSError as error:
        raise UsageError(f"cannot write to {dest} ({error.strerror}): name a folder of your own with --root") from error
    try:
        _copy(model, folder)
        _rename(folder / "challenge.toml", slug)
        loader.load(slug, dest)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def advice(folder: Path) -> list[str]:
    """What the author does next, one line each, and the command that tells whether it is right."""
    width = max(len(part) for part, _ in STEPS)
    root = "" if folder.parent.resolve() == loader.ROOT.resolve() else f"GRADER_CHALLENGES_ROOT={shlex.quote(str(folder.parent.resolve()))} "
    return [
        f"{folder} is a copy that works. Change, in this order:",
        *(f"  {number}. {part:<{width}}  {what}" for number, (part, what) in enumerate(STEPS, 1)),
        "After each step, whether its parts fit together:",
        f"  {root}grader challenge show {folder.name}",
        "At the end, whether the grader tells good work from bad with it:",
        f"  {root}grader challenge validate {folder.name}",
    ]


def _root_of(source: str, roots: Sequence[Path]) -> Path:
    known = {slug: root for root in reversed(roots) for slug in loader.available(root)}
    if source not in known:
        raise UsageError(f"no challenge {source!r} to start from; {tomlfile.did_you_mean(source, list(known))}")
    return known[source]


def _copy(model: Path, folder: Path) -> None:
    for part in PARTS:
        source = model / part
        if source.is_dir():
            shutil.copytree(source, folder / part, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
        elif source.is_file():
            shutil.copy(source, folder / part)
    for path in folder.rglob("*"):  # an installed package may be read-only, and a copy keeps modes
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def _rename(file: Path, slug: str) -> None:
    """Slug and title in a challenge.toml; its comments stay."""
    text = file.read_text("utf-8")
    for key, value in (("slug", slug), ("title", slug.replace("-", " ").capitalize())):
        text = re.sub(rf'(?m)^{key}\s*=.*$', f'{key} = "{value}"', text, count=1)
    file.write_text(text, "utf-8")
