"""The command that gives a setting: the same layers, context and cache, on the engine that the answer stands for."""

from __future__ import annotations

from macros.estimate.placement import Placement

LARGEST_BATCH = 2048
"""llama.cpp's batch, which a micro-batch must not exceed."""


def launch_command(placement: Placement, *, repository: str | None) -> str:
    """The command line, one option a line.

    Args:
        placement: where everything goes
        repository: the model's repository on Hugging Face; None: not known

    Returns:
        A command for a shell.

    Assumes: devices are listed in the order in which the system counts them.

    Source: the options' descriptions of llama.cpp and of vLLM.
    """
    words = _vllm(placement, repository) if placement.setting.engine.id == "vllm" else _llama_cpp(placement)
    return " \\\n  ".join(words)


def _llama_cpp(placement: Placement) -> list[str]:
    s = placement.setting
    server = s.profile == "server" or s.slots > 1
    words = ["llama-server" if server else "llama-cli"]
    words.append(f"--model {s.model or 'model'}-{s.quant.name}.gguf")
    words.append(f"--ctx-size {s.context}")
    words.append(f"--n-gpu-layers {placement.gpu_layers}")
    if len(s.gpus) > 1 and placement.gpu_layers > 0:
        counts = [str(share.counted) for share in placement.devices]
        words.append(f"--tensor-split {','.join(counts)}")
    if s.experts_on_host:
        words.append("--cpu-moe")
    words.append(f"--flash-attn {'on' if s.flash_attention else 'off'}")
    if s.kv_type_k.id != "f16":
        words.append(f"--cache-type-k {s.kv_type_k.id}")
    if s.kv_type_v.id != "f16":
        words.append(f"--cache-type-v {s.kv_type_v.id}")
    if s.swa_full:
        words.append("--swa-full")
    if s.ubatch > LARGEST_BATCH:
        words.append(f"--batch-size {s.ubatch}")
    if s.ubatch != 512:
        words.append(f"--ubatch-size {s.ubatch}")
    if server:
        words.append(f"--parallel {s.slots}")
        if s.slots > 1:
            words.append("--kv-unified")
    return words


def _vllm(placement: Placement, repository: str | None) -> list[str]:
    s = placement.setting
    words = [f"vllm serve {repository or 'MODEL'}", f"--max-model-len {s.context}", f"--max-num-seqs {max(s.users, s.slots)}"]
    if len(s.gpus) > 1:
        words.append(f"--tensor-parallel-size {len(s.gpus)}")
    if s.quant.kind == "bitsandbytes" or s.quant.kind == "fp8":
        words.append(f"--quantization {s.quant.kind}")
    if s.engine.memory_utilization is not None:
        words.append(f"--gpu-memory-utilization {s.engine.memory_utilization}")
    return words
