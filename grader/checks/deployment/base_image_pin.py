"""Does every FROM line, and every COPY out of another image, say which one it means?"""

from __future__ import annotations

from grader.checks.analysis.base_tags import major_only, moves
from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import BaseImage, ImageEvidence
from grader.schema.spoken import several


def check(image: ImageEvidence) -> Finding:
    bases = [base for base in image.base_images if base.pin != "stage" and not base.copied]
    sources = [base for base in image.base_images if base.copied]
    if not bases:
        return unmeasured("no FROM line was read")
    floating = [f"{base.reference}{why}" for base in bases if (why := _floats(base)) is not None]
    if floating:
        return reached("floating", f"{len(floating)} of {len(bases)} base images float: {', '.join(floating)}")
    majors = [base.reference for base in bases if base.pin == "version" and major_only(base.reference)]
    if majors:
        return reached("major", f"{len(majors)} of {len(bases)} base images name a major version only: {', '.join(majors)}")
    loose = [f"{source.reference}{why}" for source in sources if (why := _floats(source)) is not None]
    if loose:
        return reached("major", f"the base is pinned, and files are copied out of images that float: {', '.join(loose)}")
    return reached("pinned", f"{several(len(bases), 'base image')}, each pinned: " + ", ".join(f"{b.reference} (by {b.pin})" for b in bases))


def _floats(base: BaseImage) -> str | None:
    """In brackets why it does, where that is not plain to see; None for a base that does not float."""
    if base.pin == "floating":
        return ""
    why = moves(base.reference) if base.pin == "version" else None
    return f" ({why})" if why else None
