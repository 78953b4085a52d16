"""Dots as paths: a shape per kind, so that kinds are told apart without colour."""

from __future__ import annotations

SHAPES = {
    "held": "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "failed": "m-5 -5l10 10m0 -10l-10 10",
    "aborted": "m0 -6l6 10h-12z",
    "void": "m-4.5 -4.5h9v9h-9z",
    "window": "m0 -6l5.5 6l-5.5 6l-5.5 -6z",
    "noticed": "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "missed": "m-4 -4l8 8m0 -8l-8 8",
}
"""Kind -> path relative to the dot's place."""


def shape(kind: str, x: float, y: float) -> str:
    return f"M{x:g} {y:g}{SHAPES[kind]}"
