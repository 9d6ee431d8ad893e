"""Many questions at once: a grid of models, formats, contexts and devices, computed as columns."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from macros.estimate.placement import place
from macros.estimate.refused import Refused
from macros.estimate.setting import check_setting
from macros.estimate.shares import margin_memory, runtime_memory, usable_memory
from macros.estimate.weights import padded_bytes
from macros.formulas.tensors.group import FIRST
from macros.formulas.tensors.model import tensor_groups
from macros.formulas.weights.packing import uniform_tensors
from macros.formulas.weights.recipe import typed_tensors
from macros.specs import Catalogue
from macros.specs.models import architecture_of

ROOMY = {"memory_gib": 9999.0, "bandwidth_gb_per_s": 1.0, "family": "ga102-gf"}
"""A device on which everything fits."""
COMMON = "q4_k_m"
"""The format for questions that do not depend on one: the plans of the most common one are made anyway."""
CONTEXTS = (4096, 8192, 16384, 32768, 65536, 131072)
"""Contexts that people ask for [tokens]."""


def sizes(catalogue: Catalogue, models: Sequence[str] | None = None, quants: Sequence[str] | None = None) -> pd.DataFrame:
    """Bytes of every model in every format.

    Args:
        catalogue: the records
        models: ids; None: all
        quants: ids; None: all

    Returns:
        Model, quant, bytes of all tensors, bytes that a device holds with all layers on it [bytes].
    """
    types = catalogue.tensor_types
    formats = [catalogue.quantizations[quant] for quant in (catalogue.quantizations if quants is None else quants)]
    rows = []
    known: dict[int, list[tuple[str, int, int]]] = {}
    for model in catalogue.models if models is None else models:
        shapes = architecture_of(catalogue.models[model], catalogue.models)
        if id(shapes) not in known:
            groups = tensor_groups(shapes)
            found = []
            for quant in formats:
                if quant.recipe is not None:
                    typed = typed_tensors(shapes, quant.recipe, types, groups=groups)
                    weighed = [(tensor.group, tensor.layers, tensor.bytes_each, padded_bytes(tensor, types)) for tensor in typed]
                else:
                    assert quant.per_weight is not None
                    pieces = uniform_tensors(shapes, quant.per_weight)
                    weighed = [(group, group.layers, size // group.count, size // group.count) for group, size in pieces]
                total = sum(len(layers) * size for _, layers, size, _ in weighed)
                held = 0
                for group, layers, _, padded in weighed:
                    if layers[0] != FIRST or (shapes.tied_embeddings and group.name == "token_embd"):
                        loaded = layers if layers[-1] < shapes.layers else [layer for layer in layers if layer < shapes.layers]
                        held += len(loaded) * padded
                found.append((quant.id, total, held))
            known[id(shapes)] = found
        rows += [(model, *entry) for entry in known[id(shapes)]]
    return pd.DataFrame(rows, columns=["model", "quant", "bytes", "device_bytes"])


def buffers(catalogue: Catalogue, models: Sequence[str] | None = None, contexts: Sequence[int] = CONTEXTS) -> pd.DataFrame:
    """Cache and compute buffer of every model at every context, with all layers on one device.

    Args:
        catalogue: the records
        models: ids; None: all
        contexts: contexts, those beyond a model's training left out [tokens]

    Returns:
        Model, context, cache and compute buffer of the device [bytes].
    """
    rows = []
    for model in catalogue.models if models is None else models:
        longest = architecture_of(catalogue.models[model], catalogue.models).context_length
        for context in contexts:
            if context > longest:
                continue
            question = {"model": model, "quant": COMMON, "context": context, "gpus": [ROOMY], "gpu_layers": 9999}
            share = place(check_setting(question, catalogue), catalogue).devices[0]
            rows.append((model, context, share.kv_cache_bytes, share.compute_buffer_bytes))
    return pd.DataFrame(rows, columns=["model", "context", "kv_cache_bytes", "compute_buffer_bytes"])


def devices(catalogue: Catalogue, gpus: Sequence[str] | None = None) -> pd.DataFrame:
    """What every device has, and what of it is taken before the first tensor.

    Args:
        catalogue: the records
        gpus: ids; None: all

    Returns:
        GPU, memory [GiB], usable memory, the back end's context and the margin [bytes].
    """
    rows = []
    for gpu in catalogue.gpus if gpus is None else gpus:
        sold = catalogue.gpus[gpu].memory_sizes_gib or [catalogue.gpus[gpu].memory_gib]
        for memory in sold:
            question = {"model": "llama-2-7b", "quant": "q4_0", "context": 1, "gpus": [gpu]}
            if catalogue.gpus[gpu].memory_sizes_gib:
                question["memory_gib"] = memory
            try:
                setting = check_setting(question, catalogue)
            except Refused:
                continue
            device = setting.gpus[0]
            taken = (usable_memory(device, setting, catalogue), runtime_memory(device, setting), margin_memory(device, setting))
            rows.append((gpu, float(memory), *taken))
    return pd.DataFrame(rows, columns=["gpu", "memory_gib", "usable_bytes", "runtime_bytes", "margin_bytes"])


def grid(weights: pd.DataFrame, needs: pd.DataFrame, hardware: pd.DataFrame) -> pd.DataFrame:
    """Every model in every format at every context on every device.

    Args:
        weights: as `sizes` gives them
        needs: as `buffers` gives them
        hardware: as `devices` gives them

    Returns:
        Rows of the three (by number), memory that it takes and memory that stays free beyond the margin [bytes], and whether it fits.

    Assumes: all layers on one device, llama.cpp, a 16-bit cache.
    """
    pairs = weights.reset_index(names="weights_row")[["model", "weights_row", "device_bytes"]].merge(
        needs.reset_index(names="needs_row"), on="model", sort=False
    )
    model_bytes = (pairs["device_bytes"] + pairs["kv_cache_bytes"] + pairs["compute_buffer_bytes"]).to_numpy(np.int64)
    device_bytes = hardware["runtime_bytes"].to_numpy(np.int64)
    room = (hardware["usable_bytes"] - hardware["margin_bytes"]).to_numpy(np.int64)
    memory = model_bytes[:, None] + device_bytes[None, :]
    free = room[None, :] - memory
    count, cards = memory.shape
    return pd.DataFrame(
        {
            "weights_row": np.repeat(pairs["weights_row"].to_numpy(np.int32), cards),
            "needs_row": np.repeat(pairs["needs_row"].to_numpy(np.int32), cards),
            "device_row": np.tile(np.arange(cards, dtype=np.int32), count),
            "memory_bytes": memory.ravel(),
            "free_bytes": free.ravel(),
            "fits": (free >= 0).ravel(),
        }
    )


def bench(catalogue: Catalogue) -> Iterator[str]:
    """How long the sizes of the catalogue take, and how many estimates a second follow from them, line by line."""
    start = time.perf_counter()
    weights = sizes(catalogue)
    weighed = time.perf_counter()
    yield f"sizes: {len(weights):,} models x formats in {weighed - start:.2f} s from cold"
    needs = buffers(catalogue)
    planned = time.perf_counter()
    yield f"buffers: {len(needs):,} models x contexts in {planned - weighed:.2f} s"
    hardware = devices(catalogue)
    start = time.perf_counter()
    found = grid(weights, needs, hardware)
    seconds = time.perf_counter() - start
    yield f"grid: {len(found):,} estimates in {seconds:.2f} s, {len(found) / seconds:,.0f} estimates/s"
