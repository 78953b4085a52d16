from __future__ import annotations

import pytest

from checks.builders import contract, level


@pytest.mark.parametrize(
    ("expected", "versions"),
    [
        ("named", ["1.4.0"]),
        ("named", ["7"]),
        ("named", ["2026-01-fc24c327"]),
        ("named", ["sha256:3c1f0a9e5d7b"]),
        ("named", ["champion-3", "challenger-4"]),
        ("placeholder", ["unknown"]),
        ("placeholder", ["1.4.0", ""]),
        ("placeholder", ["TBD"]),
        ("placeholder", ["${MODEL_VERSION}"]),
        ("placeholder", ["{{ .Values.image.tag }}"]),
        ("placeholder", ["<version>"]),
        ("shifting", [f"1.4.0-{number}" for number in range(40)]),
        ("unnamed", []),
    ],
)
def test_a_version_is_a_word_of_the_model(expected, versions):
    assert level("version_in_answers", contract=contract(versions=versions)) == expected
