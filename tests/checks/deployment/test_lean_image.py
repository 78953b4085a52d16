from __future__ import annotations

import pytest

from checks.builders import image, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("lean", {"image": image(size_bytes=800_000_000)}),
        ("fair", {"image": image(size_bytes=1_200_000_000)}),
        ("heavy", {"image": image(size_bytes=3_000_000_000)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("lean_image", **evidence) == expected
