"""Tensors of models with several residual streams, or with something added to theirs."""

from __future__ import annotations

from collections.abc import Iterator

from macros.formulas.tensors.group import TensorGroup


def message_gates(width: int, rank: int) -> Iterator[TensorGroup]:
    """Gates of what layers send one another.

    Args:
        width: of the model [values]
        rank: of the gates [values]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    for name in ("q", "k", "v", "ffn"):
        yield TensorGroup(f"message_{name}_down", 2 * width, rank)
        yield TensorGroup(f"message_{name}_forget", rank, width)
        yield TensorGroup(f"message_{name}_up", rank, width)


def compressed_streams(block: str, wide: int, rank: int, *outside: int) -> Iterator[TensorGroup]:
    """What makes one of all residual streams.

    Args:
        block: which block it stands before
        wide: of all streams together [values]
        rank: of the projections [values]
        outside: LAST, where it stands outside the layers

    Returns:
        The tensors.

    Source: llama.cpp, the tensor list of each architecture.
    """
    yield TensorGroup(f"{block}_norm", wide, role="kept", layers=outside)
    yield TensorGroup(f"{block}_down", wide, rank, layers=outside)
    yield TensorGroup(f"{block}_up", rank, wide, layers=outside)


def run_embeddings(width: int, wide: int, kernel: int) -> Iterator[TensorGroup]:
    """What adds the embeddings of runs of tokens to the residual streams.

    Args:
        width: of the model [values]
        wide: of all streams together [values]
        kernel: length of the convolution [tokens]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    yield TensorGroup("ple_key", width, wide)
    yield TensorGroup("ple_value", width, width)
    for name in ("key", "query", "conv"):
        yield TensorGroup(f"ple_norm_{name}", wide, role="kept")
    yield TensorGroup("ple_conv1d", kernel, wide)


def hyper_connections(width: int, streams: int, *, mixing: bool) -> Iterator[TensorGroup]:
    """What mixes residual streams before and after each block.

    Args:
        width: of the model [values]
        streams: how many [1]
        mixing: whether they mix among one another too

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    weights = (2 + streams if mixing else 2) * streams
    for block in ("attn", "ffn"):
        yield TensorGroup(f"hc_{block}_fn", width * streams, weights, role="kept")
        yield TensorGroup(f"hc_{block}_base", weights, role="kept")
        yield TensorGroup(f"hc_{block}_scale", 3 if mixing else 2, role="kept")


def alternating_updates(width: int, streams: int, low_rank: int) -> Iterator[TensorGroup]:
    """What predicts and corrects residual streams of which one is computed, and a low-rank layer beside.

    Args:
        width: of the model [values]
        streams: how many [1]
        low_rank: of that layer [values]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of Gemma 3n.
    """
    yield TensorGroup("altup_correct_coef", streams, streams, role="kept")
    yield TensorGroup("altup_correct_scale", width, role="kept")
    yield TensorGroup("altup_predict_coef", streams, streams * streams, role="kept")
    yield TensorGroup("altup_router", width, streams, role="kept_matrix")
    yield TensorGroup("altup_router_norm", width, role="kept")
    yield TensorGroup("laurel_l", width, low_rank, role="kept_matrix")
    yield TensorGroup("laurel_r", low_rank, width, role="kept_matrix")
    yield TensorGroup("laurel_post_norm", width, role="kept")
