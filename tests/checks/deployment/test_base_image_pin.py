from __future__ import annotations

import pytest

from checks.builders import image, judge, level
from grader.schema.evidence import BaseImage


@pytest.mark.parametrize(
    ("expected", "pins"),
    [("pinned", ["version"]), ("pinned", ["digest", "stage"]), ("floating", ["version", "floating"]), ("unknown", ["stage"])],
)
def test_one_floating_base_is_enough_to_fail_and_stages_do_not_count(expected, pins):
    bases = [BaseImage(reference="python:3.11" if pin == "version" else "python", pin=pin) for pin in pins]
    assert level("base_image_pin", image=image(base_images=bases)) == expected


def tagged(reference):
    return image(base_images=[BaseImage(reference=reference, pin="digest" if "@" in reference else "version")])


@pytest.mark.parametrize(
    "reference",
    [
        "python:3.11-slim",
        "python:3.12.4-slim-bookworm",
        "node:22-alpine",
        "debian:12-slim",
        "ubuntu:22.04",
        "debian:bookworm-20240513-slim",
        "eclipse-temurin:21-jre-jammy",
        "golang:1.22-alpine3.20",
        "almalinux:9-minimal",
        "registry.access.redhat.com/ubi9/ubi-minimal:9",
        "eclipse-temurin:8-jre",
        "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime",
        "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
        "ghcr.io/astral-sh/uv:python3.11-bookworm-slim",
        "registry.example.com:5000/team/base:v1.4.0",
        "registry.example.com:5000/team/base:main-20240513",
        "registry.example.com/team/base:sha-1a2b3c4",
        "public.ecr.aws/lambda/python:3.11",
        f"python:latest@sha256:{'a' * 64}",
        f"python:3@sha256:{'a' * 64}",
    ],
)
def test_a_tag_that_names_a_release_or_one_build_is_pinned(reference):
    assert level("base_image_pin", image=tagged(reference)) == "pinned"


@pytest.mark.parametrize(
    ("expected", "reference"),
    [
        ("major", "python:3-slim"),
        ("major", "python:3"),
        ("major", "alpine:3"),
        ("major", "golang:1-alpine3.20"),
        ("major", "docker.io/tiangolo/uvicorn-gunicorn:python3"),
        ("floating", "tensorflow/tensorflow:latest-gpu-py3"),
        ("floating", "node:lts-alpine3.20"),
        ("floating", "python:alpine3.20"),
        ("floating", "registry.example.com:5000/team/base:stable-2"),
    ],
)
def test_a_digit_in_a_tag_is_not_yet_a_version(expected, reference):
    found = judge("base_image_pin", image=tagged(reference))
    assert found.level == expected and reference in found.observed


@pytest.mark.parametrize(
    ("expected", "reference", "pin"),
    [
        ("major", "nginx:latest", "floating"),
        ("major", "tools", "floating"),
        ("pinned", "ghcr.io/astral-sh/uv:0.5", "version"),
        ("pinned", "tools@sha256:" + "ab" * 32, "digest"),
    ],
)
def test_files_come_out_of_an_image_with_a_version(expected, reference, pin):
    images = [BaseImage(reference="python:3.11", pin="version"), BaseImage(reference=reference, pin=pin, copied=True)]
    assert level("base_image_pin", image=image(base_images=images)) == expected
