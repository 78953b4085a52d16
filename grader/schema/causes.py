"""The one table of what can go wrong: cause -> whose fault, may it be retried, what to do.

Collection, scoring, exit codes and reports all derive from this table. A cause that is the candidate's becomes a failed check
with a reason; any other is retried as often as the table allows and then becomes `unknown`, which never lowers a score.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from grader.schema.base import Culprit, Model

C, G, H = Culprit.CANDIDATE, Culprit.GRADER, Culprit.HOST


@dataclass(frozen=True)
class Cause:
    """One way to go wrong. `says` is for people; `mend` is the next step; `retries` is how often collection tries again.

    What could not be judged for a cause of the candidate's counts as that cause's own root cause where it names one, not as each check's.
    """

    culprit: Culprit
    says: str
    mend: str
    retries: int = 0
    root_cause: str = ""


CAUSES: dict[str, Cause] = {
    # the submission
    "no_dockerfile": Cause(C, "the repository has no Dockerfile that serves a model", "add a Dockerfile, or name it in submission.toml"),
    "submission_manifest_invalid": Cause(C, "submission.toml cannot be used", "correct the line that the message names"),
    "copy_source_missing": Cause(C, "the Dockerfile copies a file that the repository does not hold", "commit the file or create it in the build"),
    "remote_add": Cause(
        C, "the engine would fetch a source of ADD over the host's network",
        "fetch it in a RUN step, by version and checksum, or commit it; COPY takes paths with variables",
    ),
    "repository_too_large": Cause(C, "the repository is over the limits of the challenge", "keep data and models out of git, or use fewer files"),
    "repository_hostile": Cause(C, "the repository holds entries that cannot be checked out safely", "remove the named entries"),
    "build_failed": Cause(C, "the image does not build", "read the build log's last lines in the report"),
    "build_timeout": Cause(C, "the build did not end within its deadline", "make the build shorter: fewer dependencies, no training in the build"),
    "build_disk_flood": Cause(C, "the build wrote more than is allowed", "write less, and remove in each step what it does not need"),
    "build_log_flood": Cause(C, "the build wrote more log than is allowed", "make the build quieter"),
    "start_exited": Cause(C, "the container exited before it served", "read the container log's last lines in the report"),
    "start_timeout": Cause(C, "the container did not listen on $PORT in time", "listen on 0.0.0.0:$PORT"),
    "not_http": Cause(C, "what listens on the port does not answer HTTP", "serve HTTP/1.1 on $PORT"),
    "not_ready": Cause(C, "the service never became ready", "answer the readiness route with 200 once the model is loaded"),
    "no_valid_prediction": Cause(C, "the service gives no valid, input-dependent prediction", "answer the prediction route as the contract says"),
    "files_too_large": Cause(C, "the container's files are more than the grader reads", "write less beside model and data, and no sparse files"),
    "service_gone": Cause(C, "the service stopped answering and did not come back", "look at the container log's last lines"),
    "too_slow": Cause(
        C, "the service answers too few requests for this experiment", "find what each request waits for", root_cause="slow-path"
    ),
    # the grader
    "stimulus_missing": Cause(G, "a stimulus could not be shown to have happened", "grade again; report it if it stays", retries=1),
    "sidecar_down": Cause(G, "one of the grader's own containers did not answer", "grade again; report it if it stays", retries=1),
    "evidence_missing": Cause(G, "a piece of evidence is not in the bundle", "collect again"),
    "evidence_corrupt": Cause(G, "a piece of evidence does not match its hash", "collect again; do not edit a bundle"),
    "upstream_missing": Cause(G, "a stage that this one builds on did not finish", "see that stage's reason"),
    "internal_error": Cause(G, "the grader has a defect", "report it with the bundle", retries=1),
    "interrupted": Cause(G, "the grading was stopped", "grade again"),
    # the host
    "engine_down": Cause(H, "no Docker Engine answers", "run `grader doctor`; `make engine` starts one where it may"),
    "engine_lost": Cause(H, "the Docker Engine went away in mid-run", "look at the engine's log and grade again", retries=1),
    "network_lost": Cause(H, "the run's network vanished", "look at the engine's log and grade again", retries=1),
    "image_unavailable": Cause(H, "a base image can be neither found nor pulled", "run `make base` or pull the image"),
    "package_index_unreachable": Cause(H, "the build could not reach a package index", "run `grader doctor` and grade again", retries=1),
    "git_too_old": Cause(H, "this machine's git cannot clone strangers' repositories safely", "install a newer git; `grader doctor` says which"),
    "disk_full": Cause(H, "the disk is full", "free some space and grade again"),
    "memory_low": Cause(
        H, "the host ran short of memory during a build that nothing limits", "free some memory, or use an engine with the cgroupfs driver"
    ),
    "not_permitted": Cause(H, "this host does not permit a step", "run `grader doctor`"),
    "service_down": Cause(H, "a part of the service does not answer", "see that database and store run, and try again"),
    "prometheus_missing": Cause(
        H, "no Prometheus and Alertmanager run beside the candidate", "run `make prometheus` as root, or install prometheus, prometheus-alertmanager"
    ),
    "files_too_slow": Cause(H, "the engine did not hand out a container's files in time", "grade again on an idle host", retries=1),
    "generator_limited": Cause(H, "the load generator could not keep its schedule on this host", "grade again on an idle host", retries=1),
    "host_noisy": Cause(H, "other work on this host took the candidate's core", "grade again on an idle host", retries=1),
}


class Failure(Model):
    """Why something has no data. `cause` is a key of CAUSES; `detail` is what was seen, already stripped and capped."""

    cause: str
    culprit: Culprit
    detail: str

    @property
    def sentence(self) -> str:
        """One line for people: what, what was seen."""
        says = CAUSES[self.cause].says if self.cause in CAUSES else self.cause
        return f"{says}: {self.detail}" if self.detail else says


class Trouble(Exception):
    """Something went wrong that the causes table knows. Raise the subclass-free way: `raise Trouble("build_failed", "...")`.

    The culprit comes from the table, so a raiser cannot blame the wrong one by slip of the pen; `CandidateTrouble`,
    `GraderTrouble` and `HostTrouble` let callers catch by culprit.
    """

    partial: Model | None = None
    """What had been recorded by then, where that is worth keeping beside the failure."""

    def __new__(cls, cause: str, detail: str = "") -> Trouble:
        kind = _BY_CULPRIT[CAUSES[cause].culprit] if cls is Trouble else cls
        return super().__new__(kind, cause, detail)

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail

    @property
    def culprit(self) -> Culprit:
        return CAUSES[self.cause].culprit

    @property
    def failure(self) -> Failure:
        return Failure(cause=self.cause, culprit=self.culprit, detail=self.detail)

    def __str__(self) -> str:
        return f"{self.culprit}: {self.failure.sentence}. {CAUSES[self.cause].mend[:1].upper()}{CAUSES[self.cause].mend[1:]}."


class CandidateTrouble(Trouble):
    """The submission's own doing: scored, with the reason."""


class GraderTrouble(Trouble):
    """The grader's doing: never costs the candidate a point."""


class HostTrouble(Trouble):
    """The machine's doing: never costs the candidate a point."""


_BY_CULPRIT: dict[Culprit, type[Trouble]] = {C: CandidateTrouble, G: GraderTrouble, H: HostTrouble}


class UsageError(Exception):
    """The command cannot be carried out as given (exit code 2). The message is one line and says what to do."""


def unusable_setting(error: ValidationError) -> UsageError:
    """Of a variable of the environment. What stands before the @ of a URL is a password, whatever it is made of, and errors end up in logs."""
    first = error.errors(include_url=False)[0]
    value = re.sub(r"//\S*@", "//***@", str(first["input"]))
    return UsageError(f"GRADER_{str(first['loc'][0]).upper()}={value}: {first['msg']}")
