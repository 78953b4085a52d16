"""Finds, reads and proves challenges: `load("fraud-scoring")` gives one whose parts fit together, or says in one line why not."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from challenges import tomlfile
from challenges.simulator import Drift, Row, Simulator
from grader.schema.causes import UsageError
from grader.schema.challenge import Challenge, Prices

ROOT = Path(__file__).parent
DIGESTED = ("challenge.toml", "brief.md", "contract", "private")
"""What can change what is asked or how it is exercised. Not the starter, which no grading reads, and not the submissions."""
DIGESTED_SHARED = ("simulator.py", "synthetic.py")
PRICES = "prices.toml"
"""The price table: a challenge's own in its folder, else the one beside all challenges, unless the operator gives another."""
TRAINING_ROWS, TRAINING_SEED = 6000, 20_260_116
"""The candidate's training data. The seed is public and constant: everyone trains on the same rows; gradings draw other seeds.
Of 40 seeds it is the one whose columns and base rate lie nearest to the population, so that nobody compares with an outlier."""


@dataclass(frozen=True)
class LoadedChallenge:
    """A challenge whose schemas, samples and simulator were found to fit together.

    `samples` are valid request bodies, `response_samples` valid answers; both in order of file name.
    """

    spec: Challenge
    folder: Path
    request_schema: dict[str, Any]
    response_schema: dict[str, Any]
    samples: list[dict[str, Any]]
    response_samples: list[dict[str, Any]]

    def simulator(self) -> Simulator:
        """The hidden simulator, loaded by path. Raises UsageError when the challenge has none."""
        return load_simulator(self.folder)


def available(root: Path = ROOT) -> list[str]:
    """Slugs of all challenges, sorted."""
    return sorted(path.parent.name for path in root.glob("*/challenge.toml"))


def load(slug: str, root: Path = ROOT, prices: Path | None = None) -> LoadedChallenge:
    """The challenge of that name, prices and digest filled. `prices` is the operator's own table. Raises UsageError naming file, line and remedy."""
    if slug not in available(root):
        raise UsageError(f"no challenge {slug!r}; {tomlfile.did_you_mean(slug, available(root))}")
    folder = root / slug
    spec = tomlfile.read(folder / "challenge.toml", Challenge)
    if spec.prices is not None:
        raise UsageError(f"challenge {slug!r}: prices stand in a {PRICES}, not in challenge.toml")
    priced = read_prices(prices or _price_table(folder))
    loaded = LoadedChallenge(
        spec=spec.model_copy(update={"prices": priced, "digest": digest(folder, priced)}),
        folder=folder,
        request_schema=_read_schema(folder, spec.contract.request_schema),
        response_schema=_read_schema(folder, spec.contract.response_schema),
        samples=_read_samples(folder / spec.contract.samples, "request*.json"),
        response_samples=_read_samples(folder / spec.contract.samples, "response*.json"),
    )
    for complaint in _complaints(loaded):
        raise UsageError(f"challenge {slug!r}: {complaint}")
    return loaded


def export(challenge: LoadedChallenge, dest: Path) -> list[Path]:
    """Write the repository that a candidate starts from; the written files, sorted, relative to `dest`.

    Holds the starter's files, brief.md, contract/ and data/train.csv drawn from the public seed. Copies by list of what is
    public, so a new private folder cannot slip in. Raises UsageError if `dest` holds something already.
    """
    if dest.exists() and any(dest.iterdir()):
        raise UsageError(f"{dest} is not empty; name a new folder")
    starter = challenge.folder / "starter"
    copies = [(path, path.relative_to(starter)) for path in files_under(starter)]
    copies += [(starter / name, Path(name)) for name in (".gitignore",) if (starter / name).is_file()]
    copies += [(path, path.relative_to(challenge.folder)) for part in ("brief.md", "contract") for path in files_under(challenge.folder / part)]
    for source, target in copies:
        (dest / target).parent.mkdir(parents=True, exist_ok=True)
        (dest / target).write_bytes(source.read_bytes())
    training = Path("data") / "train.csv"
    write_csv(challenge, dest / training, challenge.simulator().stream(TRAINING_ROWS, TRAINING_SEED))
    return sorted([target for _, target in copies] + [training])


def write_csv(challenge: LoadedChallenge, path: Path, rows: list[Row]) -> None:
    """Labelled rows as a table: request fields but the personal ones, feature-store columns, `is_fraud`; an unknown value is empty."""
    contract = challenge.spec.contract
    asked = [name for name in rows[0].request if name not in contract.canary_fields]
    history = [name for name in rows[0].features if name not in rows[0].request]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*asked, *history, "is_fraud"])
        for row in rows:
            table.writerow([*(row.request[name] for name in asked), *(row.features[name] for name in history), row.label])


def load_simulator(folder: Path) -> Simulator:
    """The `Simulator` of a challenge folder. It lies in private/ and is no importable package, so that nothing imports it by habit."""
    path = folder / "private" / "simulator.py"
    if not path.is_file():
        raise UsageError(f"challenge {folder.name!r} has no private/simulator.py")
    name = f"challenge_simulator_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"challenge {folder.name!r}: private/simulator.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return cast(Simulator, module.Simulator())


def read_prices(path: Path) -> Prices:
    """A price table. Raises UsageError naming file, line and remedy, also for a date that is none."""
    prices = tomlfile.read(path, Prices)
    try:
        date.fromisoformat(prices.date)
    except ValueError as error:
        line = tomlfile.line_of(path.read_text("utf-8"), ("date",))
        raise UsageError(f"{path.name} line {line}: 'date' is {prices.date!r}, not a day such as 2026-06-17") from error
    return prices


def _price_table(folder: Path) -> Path:
    own = folder / PRICES
    return own if own.is_file() else ROOT / PRICES


def digest(folder: Path, prices: Prices) -> str:
    """sha256 over names and contents of all files that can change what is asked or how it is exercised, and over the prices.

    The prices are in it, as values: with others a stated cost agrees or does not, so two gradings with different tables must not look
    comparable, and the installed challenge must not stand in for a bundle's damaged copy that was priced otherwise.
    """
    whole = hashlib.sha256(prices.model_dump_json().encode() + b"\n")
    shared = [(f"../{name}", ROOT / name) for name in DIGESTED_SHARED]
    own = [(path.relative_to(folder).as_posix(), path) for part in DIGESTED for path in files_under(folder / part)]
    for name, path in sorted(own + shared):
        whole.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def files_under(path: Path) -> Iterator[Path]:
    """The file itself, or all files below the folder, sorted, without caches and hidden files."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith(".") and child.name != "__pycache__":
                yield from files_under(child)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{path.name} line {error.lineno}: not JSON: {error.msg}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path.name} holds no JSON object")
    return found


def _read_schema(folder: Path, name: str) -> dict[str, Any]:
    schema = _read_json(folder / name)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"{name} is no JSON schema: {error.message}") from error
    return schema


def _read_samples(folder: Path, pattern: str) -> list[dict[str, Any]]:
    return [_read_json(path) for path in sorted(folder.glob(pattern))]


def _complaints(loaded: LoadedChallenge) -> Iterator[str]:
    """What does not fit together, one line each; lazily, the first is enough for a user."""
    spec = loaded.spec
    if spec.slug != loaded.folder.name:
        yield f"slug is {spec.slug!r} but the folder is {loaded.folder.name!r}"
    points = sum(spec.scoring.core.values()) + spec.scoring.module_points
    if points != 100:
        yield f"the core areas and module_points add up to {points}, not 100"
    yield from _field_complaints(loaded)
    if not loaded.samples:
        yield f"no request*.json in {spec.contract.samples}"
    yield from _sample_complaints("request", loaded.samples, loaded.request_schema)
    yield from _sample_complaints("response", loaded.response_samples, loaded.response_schema)
    yield from _drift_complaints(loaded)


def _field_complaints(loaded: LoadedChallenge) -> Iterator[str]:
    contract = loaded.spec.contract
    asked = [contract.id_field, *contract.numeric_fields, *contract.nullable_fields, *contract.canary_fields]
    answered = [contract.id_field, contract.score_field, contract.degraded_field, contract.version_field]
    pairs = ((asked, loaded.request_schema, contract.request_schema), (answered, loaded.response_schema, contract.response_schema))
    for names, schema, file in pairs:
        known = list(cast(Mapping[str, object], schema.get("properties", {})))
        for name in names:
            if name not in known:
                yield f"{file} has no field {name!r}; {tomlfile.did_you_mean(name, known)}"


def _sample_complaints(what: str, samples: list[dict[str, Any]], schema: dict[str, Any]) -> Iterator[str]:
    validator = Draft202012Validator(schema)
    for number, sample in enumerate(samples, 1):
        for error in validator.iter_errors(sample):
            yield f"{what} sample {number}: {error.json_path}: {error.message}"


def _drift_complaints(loaded: LoadedChallenge) -> Iterator[str]:
    simulator = loaded.simulator()
    for name, mode in loaded.spec.modes.items():
        for planned in mode.drift:
            for severity, feature in product(planned.severities, planned.features or [""]):
                try:
                    simulator.stream(8, 0, Drift(planned.kind, severity, feature))
                except ValueError as error:
                    yield f"mode {name!r}: {error}"
            must = loaded.spec.drift.must_detect.get(planned.kind)
            if must is None or max(planned.severities) < must:
                yield f"mode {name!r}: {planned.kind} drift is never as strong as must_detect says ({must})"
