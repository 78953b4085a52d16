"""How the image is described: base, dependencies, ignore file, stages, user, health check."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from grader.schema.evidence import Probe
from grader.schema.spoken import several
from harness.source.dockerignore import Ignore
from harness.source.probes.shipped import training_data
from harness.source.safe_toml import parsed
from harness.source.sightings import sighting
from harness.source.view import View, basename, no_subject, probe

NO_DOCKERFILE = "no Dockerfile"
_PIN_VALUE = {"digest": 2.0, "version": 1.0, "floating": 0.0}
LOCKS = re.compile(
    r"(?:^|/)(?:poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|conda-lock\.ya?ml|pixi\.lock|requirements[\w.-]*\.lock|pylock[\w.-]*\.toml)$"
)
_CHAINED = re.compile(r"&&|\|\||;|\n")
REQUIREMENTS = re.compile(r"(?:^|/)(?:requirements|constraints)[\w.-]*\.(?:txt|lock)$|(?:^|/)requirements/[\w.-]+\.txt$")
_DEVELOPMENT = re.compile(r"(?:^|[/._-])(?:dev|develop|test|tests|docs?|lint|notebooks?|train|training)(?:[._-]|$)", re.I)
_INSTALL = re.compile(r"\b(?:uv\s+)?pip3?\s+install\s+([^&|;]+)")
_LOCKED_INSTALL = re.compile(
    r"\buv sync\b(?![^&|;]*(?:--upgrade\b|\s-U\b))|\bpoetry install\b|\bpipenv sync\b|\bpipenv install\b[^&|;]*--(?:deploy|ignore-pipfile)\b|"
    r"\bpdm (?:sync|install)\b|\bpixi install\b|--require-hashes"
)
"""What takes its versions from a lock that is there, though it may bring the lock up to date first."""
_LOCK_TOLD = re.compile(r"\b(?:poetry|uv|pdm) export\b|\bpipenv requirements\b")
"""What writes the lock out as a list of requirements, which is then installed."""
_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv", "poetry", "poetry-plugin-export", "pipenv", "pdm", "pip-tools", "hatch"})
"""What installs, and is no dependency of what is installed."""
# Options of pip whose value is the next word, and no package.
_VALUED = frozenset({
    "-r", "-c", "-i", "-f", "-t", "-e", "--requirement", "--constraint", "--index-url", "--extra-index-url", "--find-links", "--target",
    "--prefix", "--trusted-host", "--timeout", "--retries",
})  # fmt: skip
_CLUTTER = (
    ".git/HEAD", ".venv/bin/python", "venv/bin/python", "env/bin/python", "__pycache__/a.cpython-311.pyc", "src/__pycache__/a.cpython-311.pyc",
    "a.pyc", "node_modules/a/index.js", ".pytest_cache/README.md", ".mypy_cache/a.json", ".ruff_cache/a", ".env", "dist/a.whl", "build/a",
    "target/a", ".idea/a.xml", ".vscode/a.json", ".DS_Store", "mlruns/0/meta.yaml", ".dvc/cache/a", ".coverage", "htmlcov/index.html",
    "a.egg-info/PKG-INFO", ".ipynb_checkpoints/a.ipynb",
)  # fmt: skip
"""What lies about in a working copy and is tracked nowhere."""
MAX_FILES, MAX_LINES = 50, 5_000
"""Requirement files that are read, and lines of each."""
_HISTORY = ".git/objects/pack/pack-a.pack"
_NAME = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?")


def base_image_pinned(view: View) -> Probe:
    """value: 2 all by digest, 1 at least by version tag, 0 floating (no tag, latest, or an ARG without default).

    Images that files are copied out of count as well.
    """
    if view.dockerfile is None or view.choice is None:
        return no_subject(NO_DOCKERFILE)
    bases = [(image, stage) for image, stage in zip(view.dockerfile.base_images(), view.dockerfile.stages, strict=True) if image.pin != "stage"]
    if not bases:
        return no_subject("no base image")
    images = [*(image for image, _ in bases), *view.dockerfile.copied_images()]
    value = min(_PIN_VALUE[image.pin] for image in images)
    detail = ", ".join(f"{image.reference} ({image.pin})" for image in images)
    return probe(value >= 1, detail, [(view.choice.path, stage.line) for image, stage in bases], value=value)


def pins_of_image(view: View) -> Probe:
    """value: share of the dependencies installed into the image whose version is fixed."""
    wanted, where, locked = installed(view)
    if locked:
        return probe(True, f"installed from {locked}", [locked], value=1.0)
    if not wanted:
        return no_subject("no declared Python dependencies")
    loose = [name for name, pinned in wanted.items() if not pinned]
    share = 1 - len(loose) / len(wanted)
    detail = f"{len(wanted) - len(loose)} of {len(wanted)} pinned" + (f"; not pinned: {', '.join(loose[:8])}" if loose else "")
    return probe(not loose, detail, where, value=round(share, 4))


def installed_from(view: View) -> list[str]:
    """The files that name what the image installs."""
    _, where, lock = installed(view)
    return [*where, *([lock] if lock else [])]


def lock_file(view: View) -> Probe:
    """A file that fixes the whole dependency tree: a tool's lock file, hashes, or the output of pip-compile or uv."""
    locks = [path for path in view.paths if LOCKS.search(path) and (view.text(path) or "").count("\n") > 3]
    compiled = [path for path in view.paths if REQUIREMENTS.search(path) and is_compiled(view.text(path) or "")]
    found = sorted(dict.fromkeys([*locks, *compiled]))
    declared = bool(found) or bool(installed(view)[0])
    return probe(bool(found), ", ".join(found) or "no lock file", found) if declared else no_subject("no declared Python dependencies")


def dockerignore(view: View) -> Probe:
    """Patterns that keep something out: files of the repository, or what lies about in a working copy. value: how many of both.

    One that nothing can match keeps nothing out. Where the image that runs is given the whole context, the history must be kept out of it:
    it is the heaviest thing there, and holds what was deleted. Who copies folders by name, or in an earlier stage, may leave it.
    sightings: copies of training data into the image that runs, where nothing in it reads them.
    """
    if view.choice is None:
        return no_subject(NO_DOCKERFILE)
    path = posixpath.join("" if view.choice.context == "." else view.choice.context, ".dockerignore")
    if own := next((other for other in (f"{view.choice.path}.dockerignore",) if other in view.tree.paths), None):
        path = own  # the engine prefers one that is named after the Dockerfile
    ignore = Ignore(view.text(path) or "") if path in view.tree.paths else None
    laden = [sighting(text, view.choice.path, {"training_data": file}, line) for text, line, file in training_data(view, ignore, _whole(view))]
    if ignore is None or not ignore.patterns:
        return probe(False, "no .dockerignore in the build context", sightings=laden)
    prefix = "" if view.choice.context == "." else view.choice.context.rstrip("/") + "/"
    inside = [file.removeprefix(prefix) for file in view.tree.paths if file.startswith(prefix)]
    kept_out = sum(map(ignore.excludes, (*inside, *_CLUTTER)))
    detail = f"{len(ignore.patterns)} patterns keep {kept_out} things out" if kept_out else "a .dockerignore that keeps nothing out"
    if kept_out and view.choice.context == "." and _takes_everything(view) and not ignore.excludes(_HISTORY):
        return probe(False, "a .dockerignore that lets .git into the image, which is given the whole context", value=float(kept_out), sightings=laden)
    return probe(kept_out > 0, detail, [path] if kept_out else [], value=float(kept_out), sightings=laden)


def _whole(view: View) -> dict[str, bool]:
    """Every package that the image installs, where one file says so with all that they need; else nothing."""
    wanted, where, lock = installed(view)
    files = [*where, *([lock] if lock else [])]
    if len(files) != 1 or not (files[0].endswith(".lock") or is_compiled(view.text(files[0]) or "")) or not REQUIREMENTS.search(files[0]):
        return {}
    return wanted or requirements_of(view, files[0])


def _takes_everything(view: View) -> bool:
    """Whether the stage that runs, or one that it is built from, copies the whole context as it is."""
    copies = [i for i in view.dockerfile.effective() if i.keyword in ("COPY", "ADD")] if view.dockerfile else []
    plain = [i.words[:-1] for i in copies if not {"from", "exclude"} & set(i.flags)]
    return any(posixpath.normpath(source).lstrip("/") in ("", ".", "*") for sources in plain for source in sources)


def multi_stage_build(view: View) -> Probe:
    """More than one stage, and the last ones take something from an earlier one."""
    if view.dockerfile is None or view.choice is None:
        return no_subject(NO_DOCKERFILE)
    names = {stage.name for stage in view.dockerfile.stages if stage.name} | {str(n) for n in range(len(view.dockerfile.stages))}
    taken = [i for i in view.dockerfile.instructions if i.keyword == "COPY" and i.flags.get("from", "").lower() in names]
    stages = len(view.dockerfile.stages)
    places = [(view.choice.path, i.line) for i in taken[:1]]
    return probe(stages > 1 and bool(taken), several(stages, 'stage'), places, value=float(stages))


def nonroot_user_declared(view: View) -> Probe:
    if view.dockerfile is None or view.choice is None:
        return no_subject(NO_DOCKERFILE)
    last = view.dockerfile.last("USER")
    user = last.value.split(":")[0].strip() if last else ""
    found = user not in ("", "root", "0")
    return probe(found, f"USER {user}" if last else "no USER: root", [(view.choice.path, last.line)] if last else [view.choice.path])


def healthcheck_declared(view: View) -> Probe:
    if view.dockerfile is None or view.choice is None:
        return no_subject(NO_DOCKERFILE)
    last = view.dockerfile.last("HEALTHCHECK")
    return probe(view.dockerfile.healthcheck(), "" if last else "no HEALTHCHECK", [(view.choice.path, last.line)] if last else [])


def installed(view: View) -> tuple[dict[str, bool], list[str], str | None]:
    """Dependency name -> pinned, for what the image installs; the files that say so; the lock file if the image installs from one."""
    runs = [i.value for i in view.dockerfile.instructions if i.keyword == "RUN"] if view.dockerfile else []
    commands = [command for run in runs for command in _CHAINED.split(run)]
    locks = [path for path in view.paths if LOCKS.search(path)]
    told = [command for command in commands if locks and _LOCK_TOLD.search(command)]
    locked = [command for command in commands if locks and _LOCKED_INSTALL.search(command)] + told
    written = {basename(word.strip("\"'>")) for command in told for word in command.split()}
    wanted: dict[str, bool] = {}
    where: list[str] = []
    constraints: dict[str, bool] = {}
    named: set[tuple[bool, str]] = set()
    for arguments in [match for command in commands if command not in locked for match in _INSTALL.findall(command)]:
        for constrains, word in _files_named(arguments.split()):
            path = None if basename(word) in written else _match(view, word)
            if path is None or (constrains, path) in named:
                continue
            named.add((constrains, path))
            if constrains:
                constraints |= requirements_of(view, path)
            else:
                where.append(path)
                wanted |= requirements_of(view, path)
        wanted |= _inline(arguments.split())
    if locked:
        lock = _lock_of(view, locked, locks)
        if not wanted:
            return {}, [], lock
        wanted = _held_by(view, lock) | wanted  # what is installed beside a lock is not excused by it
        where = [lock, *where]
    if not wanted:
        where, wanted = _declared(view)
    return {name: pinned or constraints.get(name, False) for name, pinned in wanted.items()}, where, None


def _files_named(words: list[str]) -> Iterator[tuple[bool, str]]:
    """(constraints only, file) of pip's -r and -c, in each of their spellings."""
    for before, word in zip(["", *words], words, strict=False):
        flag, _, told = word.partition("=")
        if before in ("-r", "--requirement", "-c", "--constraint"):
            yield before in ("-c", "--constraint"), word
        elif told and flag in ("--requirement", "--constraint"):
            yield flag == "--constraint", told
        elif re.match(r"-[rc][^-\s]", word):
            yield word[1] == "c", word[2:]


def _held_by(view: View, lock: str) -> dict[str, bool]:
    """What a lock pins. A tool's own lock is no list of requirements: those of the project beside it are meant."""
    if REQUIREMENTS.search(lock):
        return requirements_of(view, lock) or {lock: True}
    project = posixpath.join(posixpath.dirname(lock), "pyproject.toml")
    return dict.fromkeys(requirements_of(view, project) if project in view.known else {}, True) or {lock: True}


def _lock_of(view: View, commands: list[str], locks: list[str]) -> str:
    """The lock file that a locked install names, else the first one."""
    words = [word for command in commands for word in command.split()]
    named = (path for word in words if (path := _match(view, word)) and (path in locks or REQUIREMENTS.search(path)))
    return next(named, locks[0])


def _match(view: View, word: str, folder: str | None = None) -> str | None:
    """The file that a word means: beside the file that says so (without `folder`: the Dockerfile), else the uppermost of this name."""
    known = view.memo.setdefault("meant_files", {})
    assert isinstance(known, dict)
    if (word, folder) not in known:
        known[word, folder] = _nearest(view, word.strip("\"'"), folder)
    found = known[word, folder]
    assert found is None or isinstance(found, str)
    return found


def _nearest(view: View, word: str, folder: str | None) -> str | None:
    home = folder if folder is not None else posixpath.dirname(view.choice.path) if view.choice else ""
    beside = posixpath.normpath(posixpath.join(home, word))
    found = [beside] if beside in view.known else view.by_name.get(basename(word), [])
    return min(found, key=lambda path: (path.count("/"), path)) if found else None


def _inline(words: list[str]) -> dict[str, bool]:
    """Packages named on the command line itself."""
    found: dict[str, bool] = {}
    for before, word in zip(["", *words], words, strict=False):
        bare = word.strip("\"'")
        if before not in _VALUED and not bare.startswith(("-", ".", "/", "$", ">")) and _NAME.match(bare) and package_name(bare) not in _INSTALLERS:
            found[package_name(bare)] = is_pinned(bare)
    return found


def _declared(view: View) -> tuple[list[str], dict[str, bool]]:
    """Without an install command that says more: requirement files that are not for development, else pyproject.toml."""
    files = [path for path in view.paths if REQUIREMENTS.search(path) and not _DEVELOPMENT.search(basename(path)) and "constraints" not in path]
    wanted: dict[str, bool] = {}
    for path in files[:MAX_FILES]:
        wanted |= requirements_of(view, path)
    if wanted:
        return files, wanted
    for path in [path for path in view.paths if basename(path) == "pyproject.toml"][:3]:
        wanted |= _of_project(view, path)
        files.append(path)
    return files, wanted


def _of_project(view: View, path: str) -> dict[str, bool]:
    return {package_name(line): is_pinned(line) for line in _project_dependencies(view.text(path) or "")}


def _project_dependencies(text: str) -> Iterable[str]:
    try:
        document = parsed(text)
    except (RecursionError, ValueError):
        return []
    project, tool = document.get("project"), document.get("tool")
    lines = [str(line) for line in (project.get("dependencies") if isinstance(project, dict) else None) or []]
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for name, version in ((poetry.get("dependencies") if isinstance(poetry, dict) else None) or {}).items():
        if name != "python":
            lines.append(f"{name}=={version}" if isinstance(version, str) and re.match(r"^\d[\w.]*$", version) else str(name))
    return lines


def requirements_of(view: View, path: str) -> dict[str, bool]:
    """Package -> pinned, of a requirements file and those that it includes, or of a project's own file; read once per scan."""
    known = view.memo.setdefault("requirements", {})
    assert isinstance(known, dict)
    if path not in known:
        known[path] = _of_project(view, path) if path.endswith(".toml") else _required(view, path, {path})
    found = known[path]
    assert isinstance(found, dict)
    return found


def _required(view: View, path: str, seen: set[str]) -> dict[str, bool]:
    """`seen`: files that are not read again, since each of sixty may include all of them."""
    found: dict[str, bool] = {}
    for line in (view.text(path) or "").replace("\\\n", " ").splitlines()[:MAX_LINES]:
        line = re.sub(r"(?:^|\s)#.*", "", line).strip()
        included = _match(view, line.split()[1], posixpath.dirname(path)) if line.startswith(("-r ", "--requirement ")) else None
        if included and included not in seen and len(seen) < MAX_FILES:
            seen.add(included)
            found |= _required(view, included, seen)
        elif line and not line.startswith("-") and _NAME.match(line):
            found[package_name(line)] = is_pinned(line)
    return found


def is_pinned(requirement: str) -> bool:
    """`==` (not `==1.*`), `===`, a hash, or a URL fixed to a commit or digest."""
    return bool(re.search(r"===?\s*[\w][\w.+!-]*(?![\w.*])", requirement) and "*" not in requirement) or bool(
        re.search(r"--hash=|#sha256=|@[0-9a-f]{40}\b", requirement)
    )


def package_name(requirement: str) -> str:
    """The name of a requirement as indexes spell it: small letters, dashes, no extras."""
    match = _NAME.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", match[0].split("[")[0]).lower() if match else requirement[:40]


def is_compiled(text: str) -> bool:
    head = text[:2000].lower()
    pins = len(re.findall(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?==", text, re.M))
    said = "autogenerated by" in head or "uv pip compile" in head or bool(re.search(r"^[ \t]+# via\b", text, re.M))
    return pins >= 2 and (said or text.count("--hash=") >= pins)


PROBES = {
    "base_image_pinned": base_image_pinned,
    "lock_file": lock_file,
    "dockerignore": dockerignore,
    "multi_stage_build": multi_stage_build,
    "nonroot_user_declared": nonroot_user_declared,
    "healthcheck_declared": healthcheck_declared,
}
