"""Which numeric user and group an image runs as, read from the image without running it."""

from __future__ import annotations

from collections.abc import Callable

ReadFile = Callable[[str], bytes | None]


def resolve(user: str, read_file: ReadFile) -> tuple[int, int]:
    """(uid, gid) of an image's `User` ("", "app", "app:web", "1000", "1000:1000"). Unknown names give root's, as nothing better is known.

    Like the engine, a user without a group gets its primary group from /etc/passwd, 0 when it is not listed.
    """
    name, _, group = user.partition(":")
    if not name:
        return 0, 0
    row = _row(read_file("/etc/passwd"), name, by_id=name.isdigit())
    uid = int(name) if name.isdigit() else _number(row, 2)
    if not group:
        return uid, _number(row, 3)
    return uid, int(group) if group.isdigit() else _number(_row(read_file("/etc/group"), group, by_id=False), 2)


def _row(table: bytes | None, key: str, *, by_id: bool) -> list[str]:
    for line in (table or b"").decode("utf-8", "replace").splitlines():
        row = line.split(":")
        if len(row) > 3 and row[2 if by_id else 0] == key:
            return row
    return []


def _number(row: list[str], at: int) -> int:
    return int(row[at]) if len(row) > at and row[at].isdigit() else 0
