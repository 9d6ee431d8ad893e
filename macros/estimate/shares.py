"""Where everything went: what each device and the host hold, and how much room a device has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from macros.estimate.asked.devices import Device
from macros.estimate.ram import one_memory, ram_gib
from macros.estimate.setting import Setting
from macros.estimate.weights import ModelWeights
from macros.formulas.runtime import context_bytes, usable_bytes
from macros.formulas.units import GIB, MIB
from macros.specs import Catalogue

FILL = 0.25
"""How full a conversation is on average, where many of them share a server."""


@dataclass(frozen=True)
class Share:
    """What one device, or the host, holds and does."""

    id: str
    """Id of the device; `host`."""
    device: Device | None
    """The device; None: the host."""
    layers: tuple[int, ...]
    """Repeating layers placed here."""
    has_output: bool
    """Whether the output matrix is here."""
    counted: int = 0
    """Layers here as llama.cpp counts them: prediction layers, which it keeps but does not use, and the output are among them."""
    weights_bytes: int = 0
    """Weights held."""
    kv_cache_bytes: int = 0
    """Cache reserved, with the states of recurrent layers."""
    state_bytes: int = 0
    """Of it, the states of recurrent layers; read and written for every token."""
    compute_buffer_bytes: int = 0
    """Compute buffer."""
    runtime_bytes: int = 0
    """The back end's context."""
    companion_bytes: int = 0
    """What is loaded beside the model: projector, draft model, prediction layers, adapter."""
    usable_bytes: int = 0
    """Memory that may be used."""
    margin_bytes: int = 0
    """What should stay free of it."""

    @property
    def memory_bytes(self) -> int:
        """All that it holds."""
        return self.weights_bytes + self.kv_cache_bytes + self.compute_buffer_bytes + self.runtime_bytes + self.companion_bytes

    @property
    def fits(self) -> bool:
        """Whether that leaves the margin free."""
        return self.memory_bytes + self.margin_bytes <= self.usable_bytes


HOST = -1
"""The host, where places are counted: devices from 0."""


@dataclass(frozen=True)
class Moves:
    """Tensors that lie elsewhere than their layer: name in a group -> device, or HOST."""

    layers: Sequence[Mapping[str, int]]
    """Layer by layer."""
    first: Mapping[str, int]
    """Of what stands before the layers."""
    last: Mapping[str, int]
    """Of what stands with the output."""
    told: bool
    """Whether the engine was told of any, even one that moves nothing: then devices do not work on several passes at a time."""


@dataclass(frozen=True)
class Placement:
    """A whole answer to where things go."""

    setting: Setting
    weights: ModelWeights
    devices: tuple[Share, ...]
    host: Share
    gpu_layers: int
    """Layers on GPUs as llama.cpp counts them."""
    users_that_fit: int | None = None
    """Conversations of the asked length that have room at once, where each has a cache of its own; None: they share one."""
    users_at_fill: int | None = None
    """The same where each fills FILL of that length."""
    moves: Moves | None = None
    """Tensors that lie elsewhere than their layer; None: none."""
    build: str | None = None
    """The build that the buffers are those of; None: the one that the engine's record names."""
    kept_in_ram: Mapping[str, int] | None = None
    """What a server may keep in RAM besides [bytes]; None: it is no server."""
    basis: str = "plan"
    """What buffers are taken from: `plan`, the engine's own allocator; `cuda-fusion`, that with what CUDA keeps besides, by its source."""
    runner_up: Callable[[], Placement | None] | None = None
    """Finds the next best placement of another kind, where the engine's user was advised; asked only where it is told."""

    @property
    def fits(self) -> bool:
        """Whether every device has room, and the host: in RAM of its own, or in what the devices leave of a memory for both."""
        if self.users_that_fit is not None and self.users_that_fit < self.setting.users:
            return False
        return all(share.fits for share in self.devices) and self.host.memory_bytes <= self.host_room_bytes

    @property
    def host_room_bytes(self) -> int:
        """Memory that the host may use [bytes]."""
        taken = sum(share.memory_bytes for share in self.devices) if one_memory(self.setting) else 0
        return max(self.host.usable_bytes - taken, 0)


def slices(setting: Setting) -> bool:
    """Whether each of several cards holds a slice of every layer."""
    return len(setting.gpus) > 1 and (setting.engine.splits == "slices" or setting.split_mode == "tensor")


def usable_memory(device: Device, setting: Setting, catalogue: Catalogue) -> int:
    """Memory of a device that an engine may use [bytes]."""
    share = 1.0
    if device.gpu.shared_memory is not None:
        share = catalogue.shared_memory[device.gpu.shared_memory].gpu_gib(device.memory_gib) / device.memory_gib
    claimed = setting.memory_utilization if setting.memory_utilization is not None else setting.engine.memory_utilization
    context = setting.engine.contexts.get(device.backend)
    hidden = 0.0 if context is None or device.gpu.shares_memory else context.hidden_mib
    seen = usable_bytes(
        memory_gib=device.memory_gib,
        share=share,
        hidden_mib=hidden,
        inline_ecc=device.gpu.inline_ecc,
        claimed=1.0 if claimed is None else claimed,
    )
    return int(seen)


def runtime_memory(device: Device, setting: Setting) -> int:
    """What the back end takes on a device [bytes]; nothing where nobody has said how much."""
    context = setting.engine.contexts.get(device.backend)
    if context is None:
        return 0
    return int(
        context_bytes(
            base_mib=context.base_mib,
            per_compute_unit_mib=context.per_compute_unit_mib,
            compute_units=device.gpu.compute_units or 0,
        )
    )


def margin_memory(device: Device, setting: Setting) -> int:
    """What should stay free on a device [bytes]: the desktop and other programs; unified memory has its own limit."""
    if setting.margin_mib is not None:
        return int(setting.margin_mib * MIB)
    if device.gpu.shares_memory or setting.engine.margin_mib is None:
        return 0
    return int(setting.engine.margin_mib * MIB)


def empty_shares(setting: Setting, catalogue: Catalogue) -> list[Share]:
    """The devices of a question with their room, before anything is on them."""
    return [
        Share(
            device.id,
            device,
            (),
            False,
            runtime_bytes=runtime_memory(device, setting),
            usable_bytes=usable_memory(device, setting, catalogue),
            margin_bytes=margin_memory(device, setting),
        )
        for device in setting.gpus
    ]


def empty_host(setting: Setting, catalogue: Catalogue) -> Share:
    """The host with its room, before anything is there."""
    return Share("host", None, (), False, usable_bytes=int(ram_gib(setting, catalogue) * GIB))
