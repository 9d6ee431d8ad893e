"""Where everything goes: which layers on which device, and what each device then holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from macros.estimate.memory import Plan, plan_buffers
from macros.estimate.setting import Device, Setting
from macros.estimate.weights import ModelWeights, model_weights
from macros.formulas.elementwise import added
from macros.formulas.runtime import context_bytes, usable_bytes
from macros.formulas.units import MIB
from macros.specs import Catalogue

BACKENDS = {"NVIDIA": "cuda", "AMD": "rocm", "Apple": "metal", "Intel": "sycl"}
"""The back end that a vendor's devices run."""


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
    read_bytes: float = 0.0
    """Weights read for one token: of routed experts only the active ones, of a table that is looked up one row."""
    active_parameters: float = 0.0
    """Parameters that work for one token."""
    kv_cache_bytes: int = 0
    """Cache reserved, with the states of recurrent layers."""
    state_bytes: int = 0
    """Of it, the states of recurrent layers; read and written for every token."""
    cache_rows: tuple[tuple[int, int], ...] = ()
    """(bytes of a cell, most cells that a token reads) of each layer with a cache."""
    compute_buffer_bytes: int = 0
    """Compute buffer."""
    runtime_bytes: int = 0
    """The back end's context."""
    usable_bytes: int = 0
    """Memory that may be used; 0 for the host: unlimited here."""
    margin_bytes: int = 0
    """What should stay free of it."""
    expert_bytes: int = 0
    """Routed experts of layers placed elsewhere that are held here."""

    @property
    def memory_bytes(self) -> int:
        """All that it holds."""
        return self.weights_bytes + self.kv_cache_bytes + self.compute_buffer_bytes + self.runtime_bytes

    @property
    def fits(self) -> bool:
        """Whether that leaves the margin free."""
        return self.device is None or self.memory_bytes + self.margin_bytes <= self.usable_bytes

    def cache_read_bytes(self, depth: int) -> int:
        """Cache read for one token when so many are in it [bytes]."""
        return sum(row * min(depth, cells) for row, cells in self.cache_rows) + self.state_bytes


@dataclass(frozen=True)
class Placement:
    """A whole answer to where things go."""

    setting: Setting
    weights: ModelWeights
    devices: tuple[Share, ...]
    host: Share
    plan: Plan = field(repr=False)

    @property
    def gpu_layers(self) -> int:
        """Layers on GPUs as llama.cpp counts them."""
        return sum(share.counted for share in self.devices)

    @property
    def fits(self) -> bool:
        """Whether every device has room."""
        return all(share.fits for share in self.devices)


def usable_memory(device: Device, setting: Setting, catalogue: Catalogue) -> int:
    """Memory of a device that an engine may use [bytes]."""
    share = 1.0
    if device.gpu.shared_memory is not None:
        share = catalogue.shared_memory[device.gpu.shared_memory].gpu_gib(device.memory_gib) / device.memory_gib
    if setting.engine.memory_utilization is not None:
        share = share * setting.engine.memory_utilization
    return int(usable_bytes(memory_gib=device.memory_gib, share=share))


def runtime_memory(device: Device, setting: Setting) -> int:
    """What the back end takes on a device [bytes]."""
    contexts: Mapping[str, object] = setting.engine.contexts
    backend = BACKENDS.get(device.gpu.vendor, "cuda")
    context = setting.engine.contexts[backend if backend in contexts else "cuda"]
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
    if device.gpu.kind in ("unified", "integrated", "phone") or setting.engine.margin_mib is None:
        return 0
    return int(setting.engine.margin_mib * MIB)


def split_layers(*, layers: int, gpu_layers: int, free: Sequence[float]) -> list[tuple[list[int], bool]]:
    """Which layers go to which device: the last ones, in shares like the devices' free memory.

    Args:
        layers: layers in the file, prediction layers among them [layers]
        gpu_layers: layers to place, the output counting as one [layers]
        free: free memory of each device [bytes]

    Returns:
        For each device its layers and whether it has the output.
    """
    first = max(layers + 1 - gpu_layers, 0)
    placed = min(gpu_layers, layers + 1)
    total = added(list(free))
    bounds = [added(list(free[: index + 1])) / total for index in range(len(free))]
    result: list[tuple[list[int], bool]] = [([], False) for _ in free]
    device = 0
    for layer in range(first, layers + 1):
        while device < len(free) - 1 and bounds[device] <= (layer - first) / placed:
            device += 1
        if layer == layers:
            result[device] = (result[device][0], True)
        else:
            result[device][0].append(layer)
    return result


def place(setting: Setting, catalogue: Catalogue) -> Placement:
    """Place a model: as asked, or with as many layers on the devices as fit.

    Args:
        setting: a checked question
        catalogue: the records

    Returns:
        The placement.

    Assumes: layers go to devices in shares like their free memory, as llama.cpp splits them.
    """
    a = setting.architecture
    weights = model_weights(a, setting.quant, catalogue.tensor_types, imatrix=setting.imatrix)
    every = a.layers + a.prediction_layers + 1
    if setting.engine.id == "vllm" or not setting.gpus:
        return _placed(setting, weights, every if setting.gpus else 0, catalogue)
    if setting.gpu_layers is not None:
        return _placed(setting, weights, setting.gpu_layers, catalogue)
    low, high = 0, every
    best = _placed(setting, weights, every, catalogue)
    if best.fits:
        return best
    best = _placed(setting, weights, 0, catalogue)
    # What a single device holds grows with its layers, so halving finds the most that fit; on several the split moves with every layer.
    while low < high:
        middle = (low + high + 1) // 2
        tried = _placed(setting, weights, middle, catalogue)
        if tried.fits:
            low, best = middle, tried
        else:
            high = middle - 1
    if len(setting.gpus) == 1:
        return best
    room = sum(share.usable_bytes - share.runtime_bytes - share.margin_bytes for share in best.devices)
    for count in range(every - 1, low, -1):
        if _least_bytes(setting, weights, count) <= room:
            tried = _placed(setting, weights, count, catalogue)
            if tried.fits:
                return tried
    return best


def _least_bytes(setting: Setting, weights: ModelWeights, gpu_layers: int) -> int:
    """Weights of so many layers, without which there is nothing to try [bytes]."""
    held = weights.output.device_bytes
    for layer in range(max(setting.architecture.layers + setting.architecture.prediction_layers + 1 - gpu_layers, 0), len(weights.layers)):
        held += weights.layers[layer].device_bytes
        if setting.experts_on_host:
            held -= weights.layers[layer].expert_device_bytes
    return held


def _placed(setting: Setting, weights: ModelWeights, gpu_layers: int, catalogue: Catalogue) -> Placement:
    a = setting.architecture
    count = a.layers + a.prediction_layers
    runtimes = [runtime_memory(device, setting) for device in setting.gpus]
    usable = [usable_memory(device, setting, catalogue) for device in setting.gpus]
    margins = [margin_memory(device, setting) for device in setting.gpus]
    free = [max(u - r, 1) for u, r in zip(usable, runtimes, strict=True)]
    parts = split_layers(layers=count, gpu_layers=gpu_layers, free=free) if setting.gpus else []
    placed = {layer for layers, _ in parts for layer in layers}
    devices = []
    for device, (layers, has_output), r, u, m in zip(setting.gpus, parts, runtimes, usable, margins, strict=True):
        own = tuple(layer for layer in layers if layer < a.layers)
        counted = len(layers) + has_output
        devices.append(Share(device.id, device, own, has_output, counted, runtime_bytes=r, usable_bytes=u, margin_bytes=m))
    host = Share("host", None, tuple(layer for layer in range(a.layers) if layer not in placed), not any(s.has_output for s in devices))
    plan = plan_buffers(setting, weights, tuple((share.layers, share.has_output) for share in devices), (host.layers, host.has_output))
    filled = [
        replace(
            share,
            compute_buffer_bytes=part.compute_buffer_bytes,
            weights_bytes=part.weights_bytes,
            kv_cache_bytes=part.kv_cache_bytes,
            state_bytes=part.state_bytes,
            cache_rows=part.cache_rows,
            read_bytes=part.read_bytes,
            active_parameters=part.active_parameters,
            expert_bytes=part.expert_bytes,
        )
        for share, part in zip([*devices, host], [*plan.devices, plan.host], strict=True)
    ]
    return Placement(setting, weights, tuple(filled[:-1]), filled[-1], plan)
