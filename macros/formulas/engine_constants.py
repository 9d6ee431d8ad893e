"""Numbers that llama.cpp's code is written with, each once, with the file and function that has it (commit 0c1e57098)."""

from __future__ import annotations

DEVICE_ALIGNMENT = 128
"""A device's tensors start at multiples of so many bytes: ggml-cuda.cu, ggml_backend_cuda_buffer_type_get_alignment."""

HOST_ALIGNMENT = 32
"""The host's tensors start at multiples of so many bytes: ggml-backend.cpp, ggml_backend_cpu_buffer_type_get_alignment."""

ROW_PADDING = 512
"""The last row of a quantized matrix on a device is filled up to a multiple of so many values: ggml-cuda/common.cuh,
MATRIX_ROW_PADDING, in ggml_backend_cuda_buffer_type_get_alloc_size."""

OFFLOADED_ROWS = 32
"""Operations on weights of the host go to the card from so many rows on: ggml-cuda.cu, op_offload_min_batch_size."""

CELL_STEP = 256
"""A cache has a multiple of so many cells: llama-context.cpp, constructor of llama_context (GGML_PAD of n_ctx)."""


def aligned(size: int, alignment: int = DEVICE_ALIGNMENT) -> int:
    """Bytes up to the next multiple of an alignment.

    Equation: aligned = ceil(size / alignment) x alignment

    Args:
        size: bytes of a tensor [bytes]
        alignment: where the next tensor may start [bytes]

    Returns:
        Bytes taken [bytes].

    Source: ggml-alloc.c, aligned_offset.

    >>> aligned(129)
    256
    """
    return -(-size // alignment) * alignment


def row_padding_bytes(*, row: int, block: int, block_bytes: int) -> int:
    """What a device adds after the last row of a quantized tensor.

    Equation: padding = (512 - row mod 512) / block x block_bytes, nothing where 512 divides the row

    Args:
        row: values in a row [values]
        block: values in a block of the type; 1: the type is not quantized [values]
        block_bytes: bytes of a block [bytes]

    Returns:
        Bytes added [bytes].

    Source: ggml-cuda.cu, ggml_backend_cuda_buffer_type_get_alloc_size.

    >>> row_padding_bytes(row=576, block=32, block_bytes=18)
    252
    """
    if block == 1 or row % ROW_PADDING == 0:
        return 0
    return (ROW_PADDING - row % ROW_PADDING) // block * block_bytes
