"""Model digests that the version route states, and the digests of the files that the container really holds.

Read through the engine's archive of a path, never by a command inside of the container. Nothing is read unless a digest is stated.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.schema.causes import Trouble
from grader.schema.evidence import Artifact, ArtifactFacts
from harness.sandbox.archive import ArchivedFile
from harness.sandbox.container import Candidate
from harness.text import one_line

MAX_FILES = 200
MAX_FILE_BYTES = 256 << 20
MAX_TOTAL_BYTES = 512 << 20
"""Of one place; an image whose working folder holds more is read in part, and then nothing is said about what was not found."""
MAX_PASSED_BYTES = 8 << 30
"""Of one place in which the likeliest file is looked for: whole images are passed by there, and the deadline ends that earlier."""
DEADLINE_S = 8.0
UNREAD = ("files_too_large", "files_too_slow")
"""Ends of an archive that only mean that not all of it was seen."""

CHUNK = 1 << 20
MAX_STATED = 8
MAX_DEPTH = 4

NAMES_A_MODEL = re.compile(r"model|artifact|weight|checkpoint|pipeline", re.I)
NAMES_ANOTHER = re.compile(r"data|train|input|config|schema|image|code|commit|git|param|parent|feature|reference", re.I)
NAMES_A_DIGEST = re.compile(r"sha|digest|hash|checksum", re.I)
DIGEST = re.compile(r"^(?:sha256[:=-])?([0-9a-f]{64}|[0-9a-f]{12,63})$", re.I)
MODEL_FILE = re.compile(
    r"\.(?:json|pkl|pickle|joblib|onnx|pt|pth|safetensors|ubj|cbm|bst|xgb|lgb|txt|bin|h5|keras|tflite|pb|npz|npy|skops|yaml|yml|model)(?:\.gz)?$"
    r"|^model[^/]*$",
    re.I,
)
LIKELY = ("/model", "/models", "/artifacts", "/app", "/srv", "/opt/app", "/code", "/workspace")
"""Looked at where the image's working folder is the root itself, whose archive would hold the whole system."""
TEXT = (".json", ".txt", ".yaml", ".yml", ".bin")
"""Suffixes that need a name which speaks of a model: most such files are something else."""

SKIPPED = re.compile(r"/(?:site-packages|dist-packages|node_modules|\.git|\.venv|venv)/")


def stated(document: object) -> dict[str, str]:
    """Key path -> digest, for keys that speak of a digest of the model. Data, code and image have digests of their own."""
    found: dict[str, str] = {}
    for path, value in _leaves(document, ""):
        match = DIGEST.match(value.strip())
        about_model = NAMES_A_MODEL.search(path) and not NAMES_ANOTHER.search(path)
        if match and about_model and NAMES_A_DIGEST.search(path) and len(found) < MAX_STATED:
            found[one_line(path, 80)] = match[1].lower()
    return found


def _leaves(value: object, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping) and depth < MAX_DEPTH:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key), depth + 1)


def read(candidate: Candidate, route: str, model_path_env: str, deadline_s: float = DEADLINE_S) -> ArtifactFacts:
    """What `GET route` states, held against the files at the model path and in the working folder. Raises Trouble of the engine only."""
    told = stated(candidate.client.get(route).json())
    if not told:
        return ArtifactFacts(stated={}, files=[], complete=True)
    places = _places(candidate, model_path_env)
    search = _Search(tuple(told.values()), time.monotonic() + deadline_s)
    for place in places:
        with _to_its_bounds(search.cut):
            search.look(candidate.archive(place, MAX_TOTAL_BYTES, _still(search.until)))
    return ArtifactFacts(stated=told, files=sorted(search.files.values(), key=lambda file: file.path), complete=search.complete)


def _places(candidate: Candidate, model_path_env: str) -> list[str]:
    """The model path as the container's environment has it, then the working folder."""
    folder, env = candidate.image_facts()
    named = env.get(model_path_env, "")
    home = [folder] if PurePosixPath(folder).parts[1:] else list(LIKELY)
    return [*([str(PurePosixPath(folder) / named)] if named else []), *home]


def _still(until: float) -> float:
    """Seconds for one archive: `until` is looked at between files, and a file that was begun in time may come to its end."""
    return max(0.0, until - time.monotonic()) + DEADLINE_S


@contextmanager
def _to_its_bounds(cut: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The block ends where an archive's bounds are reached, and `cut` is called. Troubles of the engine pass."""
    try:
        yield
    except Trouble as trouble:
        if trouble.cause not in UNREAD:
            raise
        cut()


def copy(candidate: Candidate, model_path_env: str, target: Path, deadline_s: float = DEADLINE_S) -> str | None:
    """Write the likeliest model file of the container to `target` and return where it lies there; None when nothing looks like one.

    A file that the environment names is the one; else a name that speaks of a model, then a folder that does, then the largest. Raises Trouble
    of the engine only, and OSError where `target` cannot be written.
    """
    folder, env = candidate.image_facts()
    named = str(PurePosixPath(folder) / env[model_path_env]) if env.get(model_path_env) else ""
    best: tuple[Rank, str] | None = None
    until = time.monotonic() + deadline_s
    for place in _places(candidate, model_path_env):
        with _to_its_bounds():
            for file in candidate.archive(place, MAX_PASSED_BYTES, _still(until)):
                rank = _rank(file, named)
                if rank is not None and (best is None or rank > best[0]):
                    _write(file, target)
                    best = (rank, file.path)
                if time.monotonic() > until:
                    break
    return best[1] if best else None


Rank = tuple[bool, bool, bool, int]


def _rank(file: ArchivedFile, named: str) -> Rank | None:
    """How likely a file is the model; None for what is none."""
    path = PurePosixPath(file.path)
    likely = MODEL_FILE.search(path.name) and not SKIPPED.search(file.path) and 0 < file.size <= MAX_FILE_BYTES
    rank = (file.path == named, bool(NAMES_A_MODEL.search(path.stem)), bool(NAMES_A_MODEL.search(str(path.parent))), file.size)
    return rank if likely and (rank[0] or rank[1] or rank[2] or path.suffix not in TEXT) else None


def _write(file: ArchivedFile, target: Path) -> None:
    """Whole or not at all: an archive may come to its bounds in mid-file."""
    part = target.with_name(f"{target.name}.part")
    with part.open("wb") as copied:
        while piece := file.read(CHUNK):
            copied.write(piece)
    part.replace(target)


@dataclass
class _Search:
    """Hashes model-like files of archives, within the caps, and notes which stated digests stand inside of them."""

    wanted: tuple[str, ...]
    until: float
    total: int = 0
    complete: bool = True

    def __post_init__(self) -> None:
        self.files: dict[str, Artifact] = {}

    def cut(self) -> None:
        """Not all of a place was seen: nothing can be said about what was not found."""
        self.complete = False

    def look(self, files: Iterable[ArchivedFile]) -> None:
        for file in files:
            self.total += file.size
            if self.total > MAX_TOTAL_BYTES or len(self.files) >= MAX_FILES or time.monotonic() > self.until:
                self.complete = False
                return
            if SKIPPED.search(file.path) or not MODEL_FILE.search(PurePosixPath(file.path).name):
                continue
            if file.size > MAX_FILE_BYTES:
                self.complete = False
                continue
            self.files[file.path] = self._artifact(file)

    def _artifact(self, file: ArchivedFile) -> Artifact:
        """A document that carries its own digest cannot have itself as content: what it states about itself counts as its digest too."""
        sha, tail, inside = hashlib.sha256(), b"", set[str]()
        while piece := file.read(CHUNK):
            sha.update(piece)
            window = (tail + piece).lower()
            inside |= {digest for digest in self.wanted if len(digest) == 64 and digest.encode() in window}
            tail = piece[-64:]
        return Artifact(path=one_line(file.path, 200), bytes=file.size, sha256=sha.hexdigest(), states=sorted(inside))
