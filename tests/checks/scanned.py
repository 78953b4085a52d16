"""Texts through the scan of files and the checks that read it: files in, levels out."""

from __future__ import annotations

from pathlib import Path

from checks.builders import CHALLENGE, ROOT, boot, image, level
from grader.schema.evidence import RepositoryEvidence
from harness.source.probes import scan
from harness.source.tree import SourceTree
from harness.source.view import View

SUBMISSIONS = ROOT / "challenges/fraud-scoring/submissions"
SOUND = ("oracle", "alternate-monitor", "alternate-node", "alternate-workers")


def tree(root: Path) -> SourceTree:
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return SourceTree(root=root, kind="folder", commit=None, tree="0" * 64, files=len(paths), bytes=0, uncommitted=None, paths=paths)


def put(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def scanned(root: Path) -> RepositoryEvidence:
    return scan(tree(root))


def levels(root: Path, *ids: str) -> dict[str, str]:
    view = View(tree(root))
    bases = [*view.dockerfile.base_images(), *view.dockerfile.copied_images()] if view.dockerfile else []
    evidence = {"repository": scanned(root), "image": image(base_images=bases), "boot": boot()}
    return {id: level(id, **evidence) for id in ids}


__all__ = ["CHALLENGE", "SOUND", "SUBMISSIONS", "levels", "put", "scanned", "tree"]
