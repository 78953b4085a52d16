from __future__ import annotations

import pytest

from checks.builders import image, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("builds", {"image": image()}),
        ("fails", {"image": image(digest="")}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("image_builds", **evidence) == expected
