"""Names and numbers of an image's user, resolved from the image's own tables."""

from __future__ import annotations

import pytest

from harness.sandbox.image_user import resolve

TABLES = {
    "/etc/passwd": b"root:x:0:0::/root:/bin/sh\napp:x:1234:100::/home/app:/bin/sh\nbroken:x\n\xff\xfe:x:1:1::/:/\n",
    "/etc/group": b"root:x:0:\nusers:x:100:app\nweb:x:33:\n",
}


@pytest.mark.parametrize(("user", "ids"), [
    ("", (0, 0)), ("root", (0, 0)), ("app", (1234, 100)), ("app:web", (1234, 33)), ("1234", (1234, 100)), ("1234:33", (1234, 33)),
    ("4321", (4321, 0)), ("4321:web", (4321, 33)), ("nobody-here", (0, 0)), ("broken", (0, 0)),
])  # fmt: skip
def test_users_are_resolved_as_the_engine_does(user: str, ids: tuple[int, int]) -> None:
    assert resolve(user, TABLES.get) == ids


def test_an_image_without_tables_still_has_numbers() -> None:
    assert resolve("1000:1000", lambda _: None) == (1000, 1000)
    assert resolve("app", lambda _: None) == (0, 0)
