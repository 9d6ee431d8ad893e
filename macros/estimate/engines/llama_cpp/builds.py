"""Which build of llama.cpp a question is about, and what that does differently from others."""

from __future__ import annotations

from macros.estimate.setting import Setting
from macros.formulas.compute_graph.passes import Build
from macros.formulas.remember import by_identity
from macros.specs.engines import KnownBuild

FUSING = "cuda"
"""The back end that computes several operations of a mixture as one, and keeps for that what they read."""


def known_build(setting: Setting) -> KnownBuild:
    """The build: the one that is named; else the newest by the day that is named, or of all.

    Args:
        setting: a checked question

    Returns:
        A build of the engine's record; the oldest where the day is before all of them.
    """
    builds = setting.engine.builds
    if setting.build is not None:
        return next(build for build in builds if build.id == setting.build)
    if setting.built is None:
        return builds[-1]
    return next((build for build in reversed(builds) if str(build.built) <= setting.built), builds[0])


def basis(setting: Setting) -> tuple[str, str]:
    """The build, and what its buffers are taken from.

    Args:
        setting: a checked question

    Returns:
        Id of the build; `plan`: as its own allocator plans them; `cuda-fusion`: with what CUDA keeps besides, read from its source.
    """
    return known_build(setting).id, "cuda-fusion" if keeps_experts(setting) else "plan"


def build_of(setting: Setting) -> Build:
    """What the build of a question does.

    Args:
        setting: a checked question

    Returns:
        Its traits, those of the back end included.
    """
    build = known_build(setting)
    streams, experts = build.keeps_streams, keeps_experts(setting)
    return _build(build.mixes_inputs, build.gathers_states, build.chooses_early, build.reads_lazily, streams, experts)


def keeps_experts(setting: Setting) -> bool:
    """Whether what experts give is kept until it is summed.

    Args:
        setting: a checked question

    Returns:
        True or False.

    Source: llama.cpp pull request 25952.
    """
    fusing = any(device.backend == FUSING for device in setting.gpus)
    return setting.architecture.experts is not None and fusing and known_build(setting).keeps_experts


@by_identity
def _build(mixes_inputs: bool, gathers_states: bool, chooses_early: bool, reads_lazily: bool, streams: bool, experts: bool) -> Build:
    return Build(mixes_inputs, gathers_states, chooses_early, reads_lazily, streams, experts)
