"""How several devices share the layers of a model."""

from __future__ import annotations

from collections.abc import Sequence

from macros.formulas.elementwise import added


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
