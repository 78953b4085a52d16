"""Steps of pipelines that build an image without a command line: tasks, plugins, orbs and actions, each told as the command that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

BUILDS = "docker build"
"""What such a step stands for."""
_PLUGIN = re.compile(r"(?:^|/)plugins/(?:docker|kaniko|buildx|ecr|gcr|gar|acr)\b|woodpeckerci/plugin-(?:docker|kaniko)", re.I)
_ORB = re.compile(r"^(?:docker/(?:build|publish)|aws-ecr/build|gcp-gcr/build|gcp-artifact-registry/build|azure-acr/build)[\w-]*$", re.I)
_TASK = re.compile(r"^(?:buildah|kaniko|buildpacks|s2i|jib)\b", re.I)
_ACTION = re.compile(
    r"^[\w.-]+/[\w./-]*(?:(?:docker|image|container|buildah)[\w./-]*(?:build|publish)|(?:build|publish)[\w./-]*(?:docker|image|container|push-action))",
    re.I,
)
_PREPARES = re.compile(r"/[\w./-]*(?:setup|login|metadata|scan|lint|cache|clean|delete|description)", re.I)


def built(node: dict[str, Any]) -> Iterator[str]:
    """The name of everything in one mapping of a pipeline that builds an image."""
    task, inputs = str(node.get("task", "")), node.get("inputs")
    told = {str(key).lower(): str(value).lower() for key, value in inputs.items()} if isinstance(inputs, dict) else {}
    if re.match(r"Docker@\d", task) and (told.get("command") or told.get("action") or "buildandpush").replace(" ", "") in (
        "build", "buildandpush", "buildanimage",
    ):  # fmt: skip
        yield task
    if re.match(r"DockerCompose@\d", task) and "build" in (told.get("action", "") + told.get("dockercomposecommand", "")):
        yield task
    image, name, args = str(node.get("image", "")), str(node.get("name", "")), node.get("args")
    if isinstance(node.get("settings"), dict) and _PLUGIN.search(image):
        yield image
    if re.search(r"cloud-builders/docker\b", name) and isinstance(args, list) and {"build", "buildx"} & set(map(str, args[:3])):
        yield name
    if re.search(r"kaniko-project/executor", name):
        yield name
    ref = node.get("taskRef")
    if isinstance(ref, dict) and _TASK.search(str(ref.get("name", ""))):
        yield str(ref["name"])
    steps, plugins = node.get("steps"), node.get("plugins")
    for step in steps[:200] if isinstance(steps, list) else []:
        yield from (key for key in ([step] if isinstance(step, str) else list(step)[:1] if isinstance(step, dict) else []) if of_orb(key))
    for plugin in plugins[:50] if isinstance(plugins, list) else []:
        for key, value in plugin.items() if isinstance(plugin, dict) else []:
            if str(key).startswith("docker-compose#") and isinstance(value, dict) and "build" in value:
                yield str(key)


def of_orb(name: object) -> bool:
    """Whether a job or command of an orb builds an image."""
    return isinstance(name, str) and bool(_ORB.search(name))


def of_action(uses: str) -> bool:
    """Whether an action builds an image, by its name."""
    return bool(_ACTION.search(uses)) and not _PREPARES.search(uses)
