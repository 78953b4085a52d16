"""Score a saved bundle and render the result. Same bundle and rubric in, same bytes out."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

import challenges.loader
import grader.rubric
from grader.judge import judge
from grader.run.layout import bundle_folder, result_file, write
from grader.schema.causes import UsageError
from grader.schema.challenge import Challenge
from grader.schema.evidence import Manifest
from grader.schema.result import Result
from grader.schema.rubric import Rubric
from harness import bundle as bundles
from reports import RENDERERS
from reports.text import json_safe


def score(out: Path, mode: str | None = None) -> Result:
    """Judge DIR's bundle by the installed rubric and write result.json. Raises what `judged` does."""
    return save(judged(out, grader.rubric.load(), mode), out)


def save(result: Result, out: Path) -> Result:
    """Write result.json, and hand the result on."""
    write(result_file(out), dump(result))
    return result


def judged(out: Path, rubric: Rubric, mode: str | None = None) -> Result:
    """Judge DIR's bundle. A damaged one is judged too: what is missing is `unknown`, never a guess.

    The challenge is the bundle's own copy; where that is damaged, the installed one that the manifest names.
    UsageError: there is no bundle, or nothing says which challenge it belongs to.
    """
    folder = bundle_folder(out)
    if not folder.is_dir():
        raise UsageError(f"{out} holds no evidence bundle: run `grader grade` or `grader collect` first")
    bundle = bundles.read(folder)
    challenge = bundle.challenge or _installed(bundle.manifest)
    chosen = bundle.manifest.mode if bundle.manifest else mode or "standard"
    if chosen not in challenge.modes:
        raise UsageError(f"the bundle was collected in mode {chosen!r}, which challenge {challenge.slug} does not have")
    return judge(bundle, rubric, challenge, chosen)


def _installed(manifest: Manifest | None) -> Challenge:
    """The installed challenge that the manifest names, if it is still the same; other limits and bars would be another question.

    Without a manifest no evidence is left either, so with a single challenge installed that one says what could not be measured.
    """
    available = challenges.loader.available()
    if manifest is None and len(available) > 1:
        raise UsageError("the bundle's manifest and challenge.json are both missing or damaged: nothing says what to score it against")
    installed = challenges.loader.load(manifest.challenge if manifest else available[0]).spec
    if manifest and installed.digest != manifest.challenge_digest:
        raise UsageError(f"the bundle's challenge.json is missing or damaged, and the installed {installed.slug} is another version: collect again")
    return installed


def dump(result: Result) -> str:
    """result.json's bytes."""
    return json_safe(result.model_dump_json(indent=1)) + "\n"


def load(out: Path) -> Result:
    """Read DIR's result.json. UsageError when there is none or it is of another schema."""
    file = result_file(out)
    try:
        return Result.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{file} does not exist: run `grader score {out}` first") from None
    except ValidationError as error:
        raise UsageError(f"{file} is not a result of this version: run `grader score {out}` again ({error.error_count()} differences)") from None


def render(result: Result, out: Path) -> list[Path]:
    """Write every report beside result.json and return their paths, the HTML first."""
    written = []
    for name, renderer in RENDERERS.items():
        path = out / name
        write(path, renderer(result))
        written.append(path)
    return written
