from __future__ import annotations

import pytest

from checks.builders import image, level
from grader.schema.evidence import BaseImage


@pytest.mark.parametrize(
    ("expected", "pins"),
    [("pinned", ["version"]), ("pinned", ["digest", "stage"]), ("floating", ["version", "floating"]), ("unknown", ["stage"])],
)
def test_one_floating_base_is_enough_to_fail_and_stages_do_not_count(expected, pins):
    assert level("base_image_pin", image=image(base_images=[BaseImage(reference="python", pin=pin) for pin in pins])) == expected
