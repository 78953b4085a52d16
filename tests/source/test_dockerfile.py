"""Which Dockerfile, which context, which COPY sources are missing: tables over tiny trees."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from grader.schema.causes import Trouble
from harness.source.copies import Context, missing
from harness.source.dockerfile import choose, examine
from harness.source.dockerignore import Ignore
from harness.source.instructions import parse
from harness.source.variables import expand
from harness.source.wildcard import match_path, match_segment

SERVE = "FROM python:3.11-slim\nCOPY requirements.txt .\nCOPY app app\nEXPOSE 8000\nCMD [\"uvicorn\", \"app.main:app\"]\n"
TRAIN = "FROM python:3.11\nCMD [\"python\", \"train.py\"]\n"
NOTEBOOK = "FROM jupyter/base-notebook\nCMD [\"start-notebook.sh\"]\n"
NGINX = "FROM nginx:1.27\nCOPY nginx.conf /etc\nCMD [\"nginx\"]\n"
APP = {"requirements.txt": "fastapi", "app/main.py": "app = 1"}

COPY_ALL = "FROM a:1\nCOPY . .\nRUN pip install -r requirements.txt\n"

CHOICES: dict[str, tuple[dict[str, str], str | None, str]] = {
    "none at all": ({"README.md": "x"}, None, ""),
    "the root one": ({"Dockerfile": SERVE, **APP}, "Dockerfile", "."),
    "not a file without FROM": ({"Dockerfile": "# empty\n"}, None, ""),
    "serving before training": ({"training/Dockerfile": TRAIN, "serving/Dockerfile": SERVE, **APP}, "serving/Dockerfile", "."),
    "a sub-folder that serves before a notebook at the root": ({"Dockerfile": NOTEBOOK, "api/Dockerfile": SERVE, **APP}, "api/Dockerfile", "."),
    "not the proxy": ({"nginx/Dockerfile": NGINX, "service/Dockerfile": SERVE, **APP}, "service/Dockerfile", "."),
    "suffix names": ({"Dockerfile.train": TRAIN, "Dockerfile.serve": SERVE, **APP}, "Dockerfile.serve", "."),
    "not a vendored one": ({"venv/Dockerfile": SERVE, "node_modules/x/Dockerfile": SERVE}, None, ""),
    "own folder as the context": ({"svc/Dockerfile": SERVE, "svc/requirements.txt": "", "svc/app/main.py": ""}, "svc/Dockerfile", "svc"),
    "own folder where only commands tell": (
        {"svc/Dockerfile": COPY_ALL + "CMD python main.py", "svc/requirements.txt": "", "svc/main.py": ""},
        "svc/Dockerfile", "svc",
    ),
    "root where only commands tell": (
        {"docker/Dockerfile": COPY_ALL, "requirements.txt": "", "app/main.py": ""}, "docker/Dockerfile", ".",
    ),
    "compose names context and Dockerfile": (
        {"compose.yaml": "services:\n  api:\n    build: {context: ./src, dockerfile: ../docker/api}\n    image: x\n", "docker/api": SERVE,
         "src/Dockerfile": "FROM a:1\nCOPY . .\nCMD python serve.py", "docker-compose.yml": "services: {api: {build: ./src}}"},
        "src/Dockerfile", "src",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHOICES)
def test_the_dockerfile_that_serves_is_chosen_with_its_context(what: str, make_tree) -> None:
    files, path, context = CHOICES[what]
    choice = choose(make_tree(files))
    assert (choice.path if choice else None) == path
    if choice:
        assert choice.context == context
        assert choice.why


def test_submission_toml_overrides_the_guess(make_tree) -> None:
    choice = choose(make_tree({"Dockerfile": SERVE, "x/Other": TRAIN, "submission.toml": 'dockerfile = "x/Other"\ncontext = "x"\nport = 80\n'}))
    assert choice is not None
    assert (choice.path, choice.context, choice.why) == ("x/Other", "x", "named in submission.toml")


BAD_MANIFESTS = {
    "dockerfile = [": "line 1",
    '# a\ndockerfil = "x"\n': r"line 2: unknown key 'dockerfil'; did you mean 'dockerfile'",
    "port = 80\ndockerfile = 3\n": "line 2: dockerfile must be a string",
    'dockerfile = "nowhere"': "line 1: the repository holds no file 'nowhere'",
    'dockerfile = "../../etc/passwd"': "line 1: '../../etc/passwd' is not a path inside",
    'dockerfile = "/etc/passwd"': "not a path inside",
    'context = "nope"': "no folder 'nope'",
    "port = 70000": "between 1 and 65535",
    "port = true": "must be a whole number",
}


@pytest.mark.parametrize("text", BAD_MANIFESTS)
def test_a_bad_submission_toml_names_the_line(text: str, make_tree) -> None:
    with pytest.raises(Trouble, match=BAD_MANIFESTS[text]) as caught:
        choose(make_tree({"Dockerfile": SERVE, "submission.toml": text}))
    assert caught.value.cause == "submission_manifest_invalid"


TREE = dict.fromkeys(["requirements.txt", "app/main.py", "app/x.pyc", "model/a.json", "data/big.csv"], "")
TREE |= {".dockerignore": "data\n**/*.pyc\n!data/keep\n"}
COPIES: dict[str, list[str]] = {
    "COPY . .": [],
    "COPY app requirements.txt /srv/": [],
    "COPY ./app/ /srv/": [],
    "COPY /app /srv/": [],
    "COPY app/*.py /srv/": [],
    "COPY requirements*.txt poetry.lock* ./": [],
    "COPY poetry.lock* ./": ["poetry.lock*"],
    "COPY nope /x": ["nope"],
    "COPY requirements.txt nope /x/": ["nope"],
    "COPY data/big.csv /x": ["data/big.csv"],
    "COPY app/x.pyc /x": ["app/x.pyc"],
    "COPY ../secret /x": ["../secret"],
    "COPY --chown=1:1 nope /x": ["nope"],
    "COPY --from=other /nope /x": [],
    "COPY [\"app\", \"no pe\", \"/x\"]": ["no pe"],
    "COPY $UNKNOWN /x": [],
    "ARG M=model\nCOPY ${M}/a.json /x": [],
    "ARG M=model\nCOPY ${M}/b.json /x": ["model/b.json"],
    "ADD https://example.org/x /x": [],
    "COPY <<EOF /x\nnope\nEOF": [],
    "RUN <<A <<B\n# b\nA\nCOPY nope /x\nB\nCOPY app nopes /x/": ["nopes"],
    "RUN <<A\nA \nCOPY nope /x": ["nope"],
    "RUN cat <<A > /b <<B\nA\nCOPY nope /x": ["nope"],
    "COPY app \\\n  # a comment\n  nope \\\n  /x/": ["nope"],
}  # fmt: skip


@pytest.mark.parametrize("lines", COPIES)
def test_copy_sources_are_checked_against_the_tracked_paths(lines: str, make_tree) -> None:
    lost = missing(parse("FROM a:1 AS other\n" + lines), Context(make_tree(TREE), "."))
    assert [source.source for source in lost] == COPIES[lines]


def test_a_missing_source_is_evidence_with_its_line_and_no_error(make_tree) -> None:
    evidence = examine(make_tree({"Dockerfile": "FROM a:1\n\nCOPY model.pkl /m\n"}))
    assert [(place.file, place.line) for place in evidence.missing_copy_sources] == [("model.pkl", 3)]


PINS = {
    "FROM python": "floating", "FROM python:latest": "floating", "FROM python:slim": "floating", "FROM python:3.11-slim": "version",
    "FROM reg.io:5000/python": "floating", "FROM reg.io:5000/python:3.11": "version", "FROM python:3.11@sha256:" + "a" * 64: "digest",
    "ARG V=3.11\nFROM python:${V}": "version", "ARG V\nFROM python:$V": "floating", "FROM scratch": "stage",
}  # fmt: skip


@pytest.mark.parametrize("text", PINS)
def test_base_images_are_pinned_as_firmly_as_they_are_written(text: str) -> None:
    assert [image.pin for image in parse(text).base_images()] == [PINS[text]]


def test_stages_inherit_what_the_last_image_has() -> None:
    parsed = parse("FROM a:1 AS base\nEXPOSE 80 90/udp\nHEALTHCHECK CMD x\nUSER 5\nFROM b:1 AS build\nUSER 0\nFROM base\nCMD run it\n")
    assert [image.pin for image in parsed.base_images()] == ["version", "version", "stage"]
    assert parsed.exposed_ports() == [80] and parsed.healthcheck() and parsed.shell_form()
    user = parsed.last("USER")
    assert user is not None and (user.value, user.line) == ("5", 4)


SHELL_FORMS = {
    "CMD run": True, "CMD exec run": False, 'CMD ["run"]': False, 'ENTRYPOINT ["e"]\nCMD run': False, 'ENTRYPOINT e\nCMD ["r"]': True, "": False,
}  # fmt: skip


@pytest.mark.parametrize("text", SHELL_FORMS)
def test_shell_form_is_seen_unless_it_execs(text: str) -> None:
    assert parse("FROM a\n" + text).shell_form() == SHELL_FORMS[text]


BUILDKIT = {
    "RUN --mount=type=cache,target=/c pip install x": ["RUN --mount"], "RUN <<EOF\nls\nEOF": ["heredoc"], "COPY --link a b": ["COPY --link"],
    "RUN echo $((1<<2)) && cat <<< x": [], "RUN cat <<EOF > f": [], "COPY --chown=1 a b": [],
}  # fmt: skip


@pytest.mark.parametrize("text", BUILDKIT)
def test_what_needs_buildkit_is_named(text: str) -> None:
    assert parse("FROM a\n" + text).buildkit_reasons() == BUILDKIT[text]


@pytest.mark.parametrize("text", [
    "", "\0", "FROM", "COPY", "RUN \\", "FROM a AS", "COPY [", "# escape=`\nFROM a\nRUN a `\n b", "CMD " + "[" * 9000, "\\", "\\\n\\", "ONBUILD",
    " \n\x0c\n",
])  # fmt: skip
def test_odd_dockerfiles_do_not_raise(text: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed.base_images(), list) and isinstance(parsed.shell_form(), bool)


SPELLINGS = {
    "a word in two lines": "FR\\\nOM b:1\n", "a tab": "FROM\tb:1\n", "a form feed": "FROM \x0cb:1\n", "a comment between": "FROM \\\n# x\n\n  b:1\n",
    "carriage returns": "FROM \\\r\n b:1\r\n", "blanks behind": "FROM \\  \n b:1\n",
}  # fmt: skip


@pytest.mark.parametrize("what", SPELLINGS)
def test_an_instruction_is_read_as_the_engine_joins_it(what: str) -> None:
    assert [stage.base for stage in parse("FROM a:1\n" + SPELLINGS[what]).stages] == ["a:1", "b:1"]


def test_variables_are_expanded_as_the_engine_does_it() -> None:
    known = {"A": "1", "E": ""}
    assert expand("$A ${A} ${B:-x} ${E:-y} ${A:+w} $B \\$A", known) == "1 1 x y w  $A"


IGNORES = [
    ("*.md\n!README.md", {"a.md": True, "README.md": False, "docs/a.md": False}),
    ("docs", {"docs/a/b": True, "docs": True, "docs2": False}),
    ("**/x", {"x": True, "a/b/x": True, "a/b/x/y": True, "xx": False}),
    ("/a/*\n!a/b", {"a/b": False, "a/c": True}),
    ("a?c\n[x-z]1", {"abc": True, "ac": False, "y1": True, "w1": False}),
    ("# comment\n\n  spaced  \n.", {"# comment": False, "spaced": True, "other": False}),
]


@pytest.mark.parametrize(("text", "expected"), IGNORES)
def test_dockerignore_follows_the_engines_rules(text: str, expected: dict[str, bool]) -> None:
    ignore = Ignore(text)
    assert {path: ignore.excludes(path) for path in expected} == expected


@pytest.mark.parametrize("port", ["\u00b2", "1" * 5000, "0" * 5000 + "80", "70000", "-1", "80/udp", "$UNKNOWN", "a"])
def test_what_is_no_port_is_passed_over(port: str) -> None:
    assert parse(f"FROM a:1\nEXPOSE {port} 81 81/tcp\n").exposed_ports() == [81]


SEGMENTS = {
    ("*a*b", "xaxb"): True, ("*a*b", "xbxa"): False, ("a*", "a"): True, ("*", ""): True, ("a**b", "ab"): True, ("*ab", "aab"): True,
    ("*a?c*", "xabcabd"): True, ("[a-c]x", "bx"): True, ("[^a-c]x", "bx"): False, ("[]x]", "]"): True, ("[z-a]", "b"): False,
    ("a\\*b", "a*b"): True, ("a\\*b", "axb"): False, ("[a", "[a"): True, ("a.b", "axb"): False, ("*.p(y", "x.p(y"): True, ("?", "\n"): True,
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "name"), SEGMENTS)
def test_a_wildcard_means_what_it_means_to_the_engine(pattern: str, name: str) -> None:
    assert match_segment(pattern, name) == SEGMENTS[pattern, name]


def test_a_hostile_wildcard_costs_linear_time() -> None:
    assert not match_segment("*a" * 60 + "b", "a" * 250)
    assert not match_path(["**", "*a*a*a*a*a*b"] * 20, ["a" * 200] * 40)


def test_images_that_files_are_copied_out_of_are_known_and_stages_are_none() -> None:
    text = (
        "ARG UV=0.5\nFROM python:3.11 AS build\nCOPY --from=ghcr.io/astral-sh/uv:$UV /uv /bin/uv\nRUN --mount=type=bind,from=tools,target=/t make\n"
        "FROM python:3.11\nCOPY --from=build /a /a\nCOPY --from=0 /b /b\nCOPY --from=nginx:latest /c /c\nCOPY local /d\n"
    )
    copied = parse(text).copied_images()
    assert [(image.reference, image.pin, image.copied) for image in copied] == [
        ("ghcr.io/astral-sh/uv:0.5", "version", True), ("nginx:latest", "floating", True), ("tools", "floating", True),
    ]  # fmt: skip


TENFOLD = "".join(f"ARG A{n + 1}={f'$A{n}' * 10}\n" for n in range(10))
GROWING = {
    "arguments": "ARG A0=0123456789\n" + TENFOLD + "FROM a:1\n",
    "the environment": "FROM a:1\nENV A0=0123456789\n" + TENFOLD.replace("ARG", "ENV"),
    "a base image": "ARG A=" + "x" * 1000 + "\nFROM " + "$A" * 100_000 + "\n",
    "many base images": "ARG A=" + "x" * 1000 + "\n" + "FROM $A\n" * 100,
    "sources": "FROM a:1\nARG A=" + "x" * 1000 + "\nCOPY " + "$A " * 60_000 + "/x\n",
    "ports": "FROM a:1\nARG A=" + "1" * 1000 + "\nEXPOSE " + "$A " * 60_000 + "\n",
    "other images": "ARG A=" + "x" * 1000 + "\nFROM a:1\n" + "".join(f"COPY --from=$A:{n} a b\n" for n in range(1000)),
}


@pytest.mark.parametrize("what", GROWING)
def test_variables_that_multiply_end_the_reading_and_name_the_submission(what: str, make_tree) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Trouble, match="variables expand to more than 64 KiB") as caught:
            examine(make_tree({"Dockerfile": GROWING[what]}))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.cause == "build_failed" and caught.value.culprit == "candidate"


LONG = {
    "a comment before the rest": "FROM a:1\n#" + "x" * (256 << 10) + "\nFROM grader-candidate:x\n",
    "instructions": "FROM a:1\n" + "ENV A=b\n" * 2000 + "FROM grader-candidate:x\n",
    "triggers": "FROM a:1\n" + "ONBUILD ENV A=b\n" * 2000 + "FROM grader-candidate:x\n",
}


@pytest.mark.parametrize("what", LONG)
def test_a_dockerfile_of_which_only_a_part_is_read_is_not_built(what: str, make_tree) -> None:
    with pytest.raises(Trouble, match=r"larger than 256 KiB|2000 instructions or more") as caught:
        examine(make_tree({"Dockerfile": LONG[what]}))
    assert caught.value.cause == "build_failed"


SLOW = {
    "a name without a value": "ARG " + "a" * 200_000, "braces that never close": "ARG B=" + "${A:-" * 40_000, "flags": "RUN " + "--a " * 60_000,
    "heredocs that never end": "".join(f"RUN <<E{n}\n" for n in range(1_900)) + "\n" * 230_000,
    "heredocs of one instruction": "RUN" + " <<A" * 40_000 + "\nA" * 40_000,
}  # fmt: skip


@pytest.mark.parametrize("what", SLOW)
def test_a_hostile_argument_costs_linear_time(what: str) -> None:
    began = time.process_time()
    parse(SLOW[what] + "\nFROM a:1\n")
    assert time.process_time() - began < 2
