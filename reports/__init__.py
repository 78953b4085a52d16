"""Renderers: each reads a Result and returns text. None computes a score, reads a file of the bundle, or asks the clock."""

from __future__ import annotations

from collections.abc import Callable

from grader.schema.result import Result
from reports import html, junit, markdown

RENDERERS: dict[str, Callable[[Result], str]] = {
    "report.html": html.render,
    "summary.md": markdown.render,
    "junit.xml": junit.render,
}
"""File name in the output folder -> renderer. result.json itself is written by scoring."""

__all__ = ["RENDERERS"]
