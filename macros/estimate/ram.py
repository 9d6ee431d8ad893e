"""How much RAM a machine has: what the question says, the memory that it shares with its GPU, or what is usual beside such a processor."""

from __future__ import annotations

from dataclasses import replace

from macros.estimate.question import MAX_MEMORY_GIB
from macros.estimate.rates import sockets_of
from macros.estimate.setting import Setting
from macros.specs import Catalogue

USUAL_CHANNELS = 2
USUAL_MODULE_GIB = 16.0
"""A module for each channel, of the size that most boards are sold with."""


def with_ram(setting: Setting, installed_gib: float | None) -> Setting:
    """The same question on a machine with so much RAM; None: as much as is needed."""
    return replace(setting, ram_gib=float(MAX_MEMORY_GIB) if installed_gib is None else installed_gib)


def one_memory(setting: Setting) -> bool:
    """Whether the GPUs have no memory but the processor's."""
    return len(setting.gpus) > 0 and all(device.gpu.shares_memory for device in setting.gpus)


def ram_gib(setting: Setting, catalogue: Catalogue) -> float:
    """RAM of the machine.

    Args:
        setting: a checked question
        catalogue: the records

    Returns:
        Memory [GiB].

    Assumes: one module of 16 GiB for each channel, where the question does not say; a notice says so.
    """
    if one_memory(setting):
        return max(device.memory_gib for device in setting.gpus)
    if setting.ram_gib is not None:
        return setting.ram_gib
    cpu = catalogue.cpus[setting.cpu] if setting.cpu is not None else None
    if cpu is None:
        return (setting.memory_channels or USUAL_CHANNELS) * USUAL_MODULE_GIB
    sockets = sockets_of(cpu, setting.memory_channels, setting.sockets)
    usual = (setting.memory_channels or sockets * cpu.memory_channels) * USUAL_MODULE_GIB
    return usual if cpu.max_memory_gib is None else min(usual, cpu.max_memory_gib * sockets)
