"""Who wrote the commit that is graded, as it says itself. For hiding these names from blind readers: no part of the evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MOST = 50
"""A commit of 256 KiB holds thousands of trailers; each costs every blind report a search."""
LONGEST = 200
PERSON = re.compile(r"^(?P<role>author|committer|[A-Za-z-]+-by:) (?P<name>[^<>\n]*?) ?<(?P<email>[^<>\n]*)>", re.MULTILINE | re.IGNORECASE)
"""`author NAME <EMAIL> TIME ZONE` of the head, and `Co-authored-by: NAME <EMAIL>` of the message."""
ENCODING = re.compile(rb"^encoding ([\w.-]{1,40})$", re.MULTILINE)


@dataclass(frozen=True)
class Author:
    """One person of a commit. Either part may be empty, and neither is proven: anybody can write them."""

    name: str
    email: str


def of_commit(raw: bytes) -> tuple[Author, ...]:
    """Author, committer and those of the trailers (`...-by:`), each once, in this order. `raw` is the commit object; never raises."""
    head, _, message = raw.partition(b"\n\n")
    said = ENCODING.search(head)
    encoding = said[1].decode("ascii", "replace") if said else "utf-8"
    found = [match for match in PERSON.finditer(_decoded(head, encoding)) if not match["role"].endswith(":")]
    found += [match for match in PERSON.finditer(_decoded(message, encoding)) if match["role"].endswith(":")]
    people = [Author(match["name"].strip()[:LONGEST], match["email"].strip()[:LONGEST]) for match in found]
    return tuple(dict.fromkeys(person for person in people if person.name or person.email))[:MOST]


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding, "replace")
    except LookupError:  # it names an encoding that there is not
        return raw.decode("utf-8", "replace")


def dump(authors: Sequence[Author]) -> str:
    """The file that keeps them."""
    return json.dumps({"authors": [asdict(author) for author in authors]}, ensure_ascii=True, indent=1) + "\n"


def load(content: bytes) -> tuple[Author, ...]:
    """What `dump` wrote. ValueError for anything else."""
    try:
        return tuple(Author(str(one["name"]), str(one["email"])) for one in json.loads(content)["authors"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"no list of authors: {type(error).__name__}") from None


def write(authors: Sequence[Author], file: Path) -> None:
    """Put them where only the owner of the folder reads them."""
    file.touch(mode=0o600)
    file.write_text(dump(authors), encoding="ascii")
