"""The command that gives a setting in llama.cpp."""

from __future__ import annotations

from macros.estimate.question import USUAL_BATCH
from macros.estimate.shares import Placement


def command(placement: Placement, repository: str | None) -> list[str]:
    """The words of the command line: the same layers, context and cache.

    Args:
        placement: where everything goes
        repository: the model's repository, which no option of llama.cpp needs for a file

    Returns:
        Words of a shell command, an option each.

    Assumes: devices are listed in the order in which the system counts them.

    Source: the options' descriptions of llama.cpp.
    """
    s = placement.setting
    server = s.profile == "server" or s.slots > 1
    words = ["llama-server" if server else "llama-cli"]
    words.append(f"--model {s.model or 'model'}-{s.quant.name}.gguf")
    words.append(f"--ctx-size {s.context}")
    words.append(f"--n-gpu-layers {placement.gpu_layers}")
    if len(s.gpus) > 1 and placement.gpu_layers > 0:
        counts = [str(share.counted) for share in placement.devices]
        words.append(f"--tensor-split {','.join(counts)}")
    if s.split_mode != "layer":
        words.append(f"--split-mode {s.split_mode}")
    if s.main_gpu > 0:
        words.append(f"--main-gpu {s.main_gpu}")
    for pattern in s.override_tensor:
        words.append(f"--override-tensor {_quoted(pattern.replace('=GPU', '=CUDA'))}")
    if s.experts_on_host:
        words.append("--cpu-moe")
    elif s.n_cpu_moe:
        words.append(f"--n-cpu-moe {s.n_cpu_moe}")
    if s.n_cpu_ffn > 0:
        words.append(f"--n-cpu-ffn {s.n_cpu_ffn}")
    if not s.kv_offload:
        words.append("--no-kv-offload")
    if not s.op_offload:
        words.append("--no-op-offload")
    words.append(f"--flash-attn {'on' if s.flash_attention else 'off'}")
    if s.kv_type_k.id != "f16":
        words.append(f"--cache-type-k {s.kv_type_k.id}")
    if s.kv_type_v.id != "f16":
        words.append(f"--cache-type-v {s.kv_type_v.id}")
    if s.swa_full:
        words.append("--swa-full")
    if s.batch != USUAL_BATCH:
        words.append(f"--batch-size {s.batch}")
    elif s.ubatch > USUAL_BATCH:
        words.append(f"--batch-size {s.ubatch}")
    if s.ubatch != 512:
        words.append(f"--ubatch-size {s.ubatch}")
    if server:
        words.append(f"--parallel {s.slots}")
        if s.slots > 1:
            words.append("--kv-unified" if s.kv_unified else "--no-kv-unified")
        if s.embedding:
            words.append("--embedding")
    return words


def _quoted(text: str) -> str:
    """As one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
