"""What one token asks of the memory and the arithmetic of a device: counted tensor by tensor, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from macros.estimate.weights import is_expert, pieces
from macros.formulas.elementwise import added
from macros.formulas.remember import by_identity
from macros.formulas.tensors.group import FIRST, LAST
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.engines import Engine
from macros.specs.models import architecture_of
from macros.specs.quantizations import Quantization, TensorType

SCANNED = ("mamba-1", "mamba-2")
"""Recurrences that go through a prompt token by token; the others are cut into blocks of matrix products."""

OUTPUT = -2
"""The output matrix and what stands beside it, in the numbering of layers."""


@dataclass(frozen=True)
class Work:
    """The work of one token on some of the layers; sums of such pieces are the work of several."""

    layers: int = 0
    """Layers."""
    mixture_layers: int = 0
    """Those of them with a mixture of experts."""
    beside_layers: int = 0
    """Those of them with a feed-forward block beside the routed experts: a shared expert, or a dense block."""
    halves: int = 0
    """Halves of layers: what mixes tokens is one, a feed-forward block the other; some models have layers of one half."""
    normed_layers: int = 0
    """Layers with norms before and after each block."""
    dense_bytes: float = 0.0
    """Weights that every token reads [bytes]."""
    expert_bytes: float = 0.0
    """Weights of all routed experts [bytes]."""
    expert_share: float = 0.0
    """Share of the routed experts that one token visits [1]."""
    parameters: float = 0.0
    """Parameters that work for one token, without the output matrix [values]."""
    output_parameters: float = 0.0
    """Parameters of the output matrix [values]."""
    expert_parameters: float = 0.0
    """The part of `parameters` in routed experts [values]."""
    attention_width: float = 0.0
    """Query heads x size of what a head compares and adds up, in the layers that see everything [values]."""
    window_width: float = 0.0
    """The same in the layers that see a window [values]."""
    whole_scores: float = 0.0
    """Query heads in the layers that see everything: what each compares with a token is one score."""
    window_scores: float = 0.0
    """The same in the layers that see a window."""
    whole_cells: float = 0.0
    """Values of keys and values for one token, in the layers that see everything [values]."""
    window_cells: float = 0.0
    """The same in the layers that see a window [values]."""
    window: int = 0
    """Tokens that these see [tokens]."""
    recurrent_layers: int = 0
    """Layers with a recurrent state; a short convolution is none."""
    state_values: float = 0.0
    """Values of those states for one sequence [values]."""
    scanned_values: float = 0.0
    """The part of them in states that are read and written for each token of a prompt, one after another (Mamba) [values]."""
    activations: float = 0.0
    """Values that go into the matrices and come out of them, for one token, without the output matrix [values]."""

    def weight_bytes(self, share: float | None = None) -> float:
        """Weights read for one token [bytes]; `share` of the experts where several tokens are in the step."""
        return self.dense_bytes + self.expert_bytes * (self.expert_share if share is None else share)

    @property
    def all_experts(self) -> float:
        """Parameters of all routed experts, visited or not [values]."""
        return self.expert_parameters / self.expert_share if self.expert_share else 0.0

    def attention_flop(self, depth: float) -> float:
        """Operations of attention for one token with so many in the cache [FLOP]."""
        return 4 * (self.attention_width * depth + self.window_width * min(depth, self.window))

    def cache_bytes(self, depth: float, bytes_per_value: float) -> float:
        """Keys and values read at so many tokens in the cache [bytes]."""
        return (self.whole_cells * depth + self.window_cells * min(depth, self.window)) * bytes_per_value

    def __add__(self, other: Work) -> Work:
        return Work(
            self.layers + other.layers,
            self.mixture_layers + other.mixture_layers,
            self.beside_layers + other.beside_layers,
            self.halves + other.halves,
            self.normed_layers + other.normed_layers,
            self.dense_bytes + other.dense_bytes,
            self.expert_bytes + other.expert_bytes,
            max(self.expert_share, other.expert_share),
            self.parameters + other.parameters,
            self.output_parameters + other.output_parameters,
            self.expert_parameters + other.expert_parameters,
            self.attention_width + other.attention_width,
            self.window_width + other.window_width,
            self.whole_scores + other.whole_scores,
            self.window_scores + other.window_scores,
            self.whole_cells + other.whole_cells,
            self.window_cells + other.window_cells,
            max(self.window, other.window),
            self.recurrent_layers + other.recurrent_layers,
            self.state_values + other.state_values,
            self.scanned_values + other.scanned_values,
            self.activations + other.activations,
        )


@by_identity
def layer_work(
    architecture: Architecture,
    quantization: Quantization,
    types: Mapping[str, TensorType],
    *,
    importance_matrix: bool = False,
    gguf: bool = True,
) -> dict[int, Work]:
    """Layer -> its work, and OUTPUT -> that of the output matrix; remembered for as long as the records live.

    Args:
        architecture: the shapes of the model
        quantization: the format
        types: every tensor type
        importance_matrix: whether the file was made with one
        gguf: whether the engine reads GGUF

    Returns:
        The work of each layer.

    Assumes: an embedding table is looked up, not read, unless it is tied and serves as the output matrix.
    """
    a = architecture
    # Dense bytes, bytes of experts, share of experts, parameters, those of the output, those of experts, activations.
    sums = {place: [0.0] * 7 for place in (*range(a.layers), OUTPUT)}
    for piece in pieces(a, quantization, types, importance_matrix, gguf):
        group, size = piece.group, piece.bytes
        routed = is_expert(group) and a.experts is not None
        if group.active == 0 and group.is_parameter:
            continue
        share = a.experts.used / a.experts.count if routed and a.experts is not None else 1.0
        # Matrices that several layers share are read again in each of them; of experts each token visits a share.
        times = max(1.0, group.active / share)
        for layer in piece.layers:
            if layer >= a.layers or (layer == FIRST and not (group.name == "token_embd" and a.tied_embeddings)):
                continue
            place = OUTPUT if layer in (FIRST, LAST) else layer
            one = sums[place]
            values = float(group.values)
            through = float(group.row + group.rows) * group.stack if group.rows > 1 else 0.0
            if routed:
                used = values * share * times
                one[1] += size * times
                one[2] = max(one[2], share)
                one[3] += used
                one[5] += used
                one[6] += through * share * times
            elif place == OUTPUT:
                one[0] += size
                one[4] += values
            else:
                one[0] += size * times
                one[3] += values * times
                one[6] += through * times
    return {place: (Work() if place == OUTPUT else _layer(a, place)) + _of_matrices(one) for place, one in sums.items()}


def _of_matrices(sums: Sequence[float]) -> Work:
    """What matrices add to the work of a layer."""
    dense, experts, share, parameters, output, of_experts, activations = sums
    return Work(
        dense_bytes=dense,
        expert_bytes=experts,
        expert_share=share,
        parameters=parameters,
        output_parameters=output,
        expert_parameters=of_experts,
        activations=activations,
    )


def prompt_layers(a: Architecture, engine: Engine) -> int:
    """The first layer that a prompt does not need; as many as there are, where it needs all."""
    return a.layers - a.attention.shared_cache_layers if engine.lazy_prompts else a.layers


def model_work(model: str, quant: str, catalogue: Catalogue, engine: Engine | None = None) -> Work:
    """The work of one token on all layers.

    Args:
        model: id of a model
        quant: id of a format
        catalogue: all records
        engine: of a prompt, which may not need all layers; None: a token that is generated

    Returns:
        The work.
    """
    architecture = architecture_of(catalogue.models[model], catalogue.models)
    last = architecture.layers if engine is None else prompt_layers(architecture, engine)
    work = layer_work(architecture, catalogue.quantizations[quant], catalogue.records["tensor-types"])
    return total([of for layer, of in work.items() if layer < last])


def output_work(model: str, quant: str, catalogue: Catalogue) -> Work:
    """The part of it in the output matrix.

    Args:
        model: id of a model
        quant: id of a format
        catalogue: all records

    Returns:
        The work of the output matrix.
    """
    architecture = architecture_of(catalogue.models[model], catalogue.models)
    return layer_work(architecture, catalogue.quantizations[quant], catalogue.records["tensor-types"])[OUTPUT]


def total(work: Iterable[Work]) -> Work:
    """The work of several pieces together."""
    each = [Work(), *work]
    return Work(
        added([one.layers for one in each]),
        added([one.mixture_layers for one in each]),
        added([one.beside_layers for one in each]),
        added([one.halves for one in each]),
        added([one.normed_layers for one in each]),
        added([one.dense_bytes for one in each]),
        added([one.expert_bytes for one in each]),
        max([one.expert_share for one in each]),
        added([one.parameters for one in each]),
        added([one.output_parameters for one in each]),
        added([one.expert_parameters for one in each]),
        added([one.attention_width for one in each]),
        added([one.window_width for one in each]),
        added([one.whole_scores for one in each]),
        added([one.window_scores for one in each]),
        added([one.whole_cells for one in each]),
        added([one.window_cells for one in each]),
        max([one.window for one in each]),
        added([one.recurrent_layers for one in each]),
        added([one.state_values for one in each]),
        added([one.scanned_values for one in each]),
        added([one.activations for one in each]),
    )


def _layer(a: Architecture, layer: int) -> Work:
    """What a layer does beside its matrices."""
    mixer = _attention(a, layer) if a.attends(layer) else Work()
    if a.recurs(layer) and a.recurrent is not None:
        values = a.recurrent.inner_size * a.recurrent.state_size
        scanned = float(values) if a.recurrent.kind in SCANNED else 0.0
        mixer = mixer + Work(recurrent_layers=int(values > 0), state_values=float(values), scanned_values=scanned)
    mixture = a.is_mixture(layer)
    beside = mixture and (a.has_dense(layer) or (a.experts is not None and a.experts.shared_size > 0))
    halves = int(a.attends(layer) or a.recurs(layer)) + int(mixture or a.has_dense(layer))
    return mixer + Work(
        layers=1, mixture_layers=int(mixture), beside_layers=int(beside), halves=halves, normed_layers=int(a.norms == "both")
    )


def _attention(a: Architecture, layer: int) -> Work:
    latent = a.latent_of(layer)
    heads = float(a.heads(layer))
    if latent is not None and not latent.cached_whole:
        # Queries are brought to the width of the small vector, and the values are added up there.
        kept = float(latent.kv_rank + latent.rope_dim)
        width = a.heads(layer) * (kept + latent.kv_rank) / 2
        picked, seen = a.attention.indexer, a.attention.window
        if seen is not None and not a.sees_all(layer):
            return Work(window_width=width, window_scores=heads, window_cells=kept, window=seen.size)
        if picked is not None:
            scored = float(picked.head_dim)
            return Work(
                attention_width=picked.heads * scored / 2, window_width=width, whole_scores=float(picked.heads), window_scores=heads,
                whole_cells=scored, window_cells=kept, window=picked.top_k,
            )  # fmt: skip
        return Work(attention_width=width, whole_scores=heads, whole_cells=kept)
    width = a.heads(layer) * (a.head_dim(layer) + a.value_dim(layer)) / 2
    compressed, picked = a.attention.compressed, a.attention.indexer
    scorer = 0.0 if picked is None else picked.heads * picked.head_dim / 2
    if compressed is not None and a.attention.window is not None:
        rate, near = compressed.rates[layer], a.attention.window.size
        key = float(a.attention.head_dim)
        if rate > 0 and picked is not None and a.scores(layer):
            far = picked.head_dim / rate
            return Work(
                attention_width=scorer / rate, window_width=width, whole_scores=picked.heads / rate, window_scores=heads,
                whole_cells=far, window_cells=key, window=near + picked.top_k,
            )  # fmt: skip
        far = key / rate if rate > 0 else 0.0
        whole = width / rate if rate > 0 else 0.0
        looked = heads / rate if rate > 0 else 0.0
        return Work(
            attention_width=whole, window_width=width, whole_scores=looked, window_scores=heads, whole_cells=far, window_cells=key,
            window=near,
        )  # fmt: skip
    cells = float(a.kv_heads(layer) * (a.head_dim(layer) + a.value_dim(layer)))
    if picked is not None and picked.block is not None and a.scores(layer):
        near = picked.block * picked.top_k
        of_scorer = float(picked.head_dim)
        return Work(
            attention_width=scorer, window_width=width, whole_scores=float(picked.heads), window_scores=heads, whole_cells=of_scorer,
            window_cells=cells, window=near,
        )  # fmt: skip
    window = a.attention.window
    if window is None or a.sees_all(layer):
        return Work(attention_width=width, whole_scores=heads, whole_cells=cells)
    return Work(window_width=width, window_scores=heads, window_cells=cells, window=window.size)
