from __future__ import annotations

import pytest

from checks.builders import boot, level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("nonroot", {"boot": boot()}),
        ("mixed", {"boot": boot(uids=[0, 1000])}),
        ("root", {"boot": boot(uids=[0])}),
        ("unknown", {"boot": boot(uids=[])}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("nonroot_process", repository=repository(), **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "uids", "facts"),
    [
        ("raised", [1000], [{"serves": 0.0, "root": 0.0}, {"serves": 1.0, "root": 1.0}]),
        ("raised", [0, 1000], [{"serves": 1.0, "root": 1.0}]),
        ("root", [0], [{"serves": 1.0, "root": 1.0}]),
        ("nonroot", [1000], [{"serves": 1.0, "root": 0.0}]),
        ("nonroot", [1000], [{"serves": 0.0, "root": 1.0}, {"serves": 1.0, "root": 0.0}]),
        ("nonroot", [1000], [{"serves": 1.0}]),  # of a scan that did not look, and where a template fills the user in
    ],
)
def test_a_manifest_may_run_as_root_what_the_image_does_not(expected, uids, facts):
    found = repository(kubernetes_manifests=seen(*facts))
    assert level("nonroot_process", boot=boot(uids=uids), repository=found) == expected
