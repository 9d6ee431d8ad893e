"""The command that gives a setting in llama.cpp."""

from __future__ import annotations

from macros.estimate.drafts import drafted
from macros.estimate.engines.repository import Repository, gguf_of, lm_studio
from macros.estimate.question import KEYS, USUAL_BATCH
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, slices


def command(placement: Placement, repository: Repository | None) -> list[str]:
    """The words of the command line: the same layers, context and cache.

    Args:
        placement: where everything goes
        repository: one that holds the model in the format that was asked; None: not known

    Returns:
        Words of a shell command, an option each.

    Assumes: devices are listed in the order in which the system counts them.

    Source: the options' descriptions of llama.cpp.
    """
    s = placement.setting
    served = _served(s)
    server = s.profile == "server" or s.slots > 1 or len(served) > 0
    model = f'--model "<{s.quant.name} file>.gguf"' if s.model is None else f'--hf-repo "{gguf_of(s, repository)}"'
    words = ["llama-server" if server else "llama-cli", model, f"--ctx-size {s.context}"]
    words += [*_layers(placement), *_moved(s), *_beside(s), *_cache(s), *_batches(s)]
    return [*words, *_slots(s), *served] if server else words


def _layers(placement: Placement) -> list[str]:
    """Which layers lie on which devices."""
    s = placement.setting
    more = _prediction_layer(placement)
    words = [f"--n-gpu-layers {placement.gpu_layers + more}"]
    if slices(s) and s.tensor_split is not None:
        words.append(f"--tensor-split {','.join([f'{share:g}' for share in s.tensor_split])}")
    elif len(s.gpus) > 1 and placement.gpu_layers > 0 and not slices(s):
        counts = [str(share.counted + (more if share.has_output else 0)) for share in placement.devices]
        words.append(f"--tensor-split {','.join(counts)}")
    if s.split_mode != "layer":
        words.append(f"--split-mode {s.split_mode}")
    if s.main_gpu > 0:
        words.append(f"--main-gpu {s.main_gpu}")
    return words


def _moved(s: Setting) -> list[str]:
    """What lies apart from its layer."""
    words = [f"--override-tensor {_quoted(pattern.replace('=GPU', '=CUDA'))}" for pattern in s.override_tensor]
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
    return words


def _beside(s: Setting) -> list[str]:
    """What is loaded beside the model."""
    words = [f"--mmproj mmproj-{s.model or 'model'}.gguf"] if s.mmproj else []
    if s.draft is not None:
        words.append(f'--spec-type draft-simple --model-draft "<{s.draft}-{s.quant.name}>.gguf"')
    if s.mtp:
        words.append("--spec-type draft-mtp")
    if drafted(s) > 0:
        words.append(f"--spec-draft-n-max {drafted(s)}")
        if s.draft_kv_type != "f16":
            words.append(f"--spec-draft-type-k {s.draft_kv_type} --spec-draft-type-v {s.draft_kv_type}")
    if s.lora > 0 or s.lora_bytes > 0:
        words.append("--lora adapter.gguf")
    return words


def _cache(s: Setting) -> list[str]:
    """How attention keeps and reads its cache."""
    words = [f"--flash-attn {'on' if s.flash_attention else 'off'}"]
    if s.kv_type_k.id != "f16":
        words.append(f"--cache-type-k {s.kv_type_k.id}")
    if s.kv_type_v.id != "f16":
        words.append(f"--cache-type-v {s.kv_type_v.id}")
    if s.swa_full:
        words.append("--swa-full")
    return words


def _batches(s: Setting) -> list[str]:
    """How many tokens are taken at once, where that is not the usual number."""
    words = []
    if s.batch != USUAL_BATCH:
        words.append(f"--batch-size {s.batch}")
    elif s.ubatch > USUAL_BATCH:
        words.append(f"--batch-size {s.ubatch}")
    if s.ubatch != KEYS["ubatch"].default:
        words.append(f"--ubatch-size {s.ubatch}")
    return words


def _slots(s: Setting) -> list[str]:
    """How many conversations a server keeps, and whether they share a cache."""
    words = [f"--parallel {s.slots}"]
    if s.slots > 1:
        words.append("--kv-unified" if s.kv_unified else "--no-kv-unified")
    return words


def _served(s: Setting) -> list[str]:
    """What was asked of that only a server has: who asks of it starts one."""
    words = []
    if s.cache_ram_mib != KEYS["cache_ram_mib"].default:
        words.append(f"--cache-ram {s.cache_ram_mib}")
    if s.checkpoints != KEYS["checkpoints"].default:
        words.append(f"--ctx-checkpoints {s.checkpoints}")
    if s.embedding:
        # Without a way to pool, the engine computes the logits of all tokens besides; files of embedding models name their own.
        words.append("--embedding" if s.architecture.traits.keeps_no_cache else "--embedding --pooling last")
    return words


def _prediction_layer(placement: Placement) -> int:
    """1 where the file holds, or may hold, a prediction layer, which the engine counts as the last one; else the first layer stays in RAM.

    Args:
        placement: where everything goes

    Returns:
        0 where the file cannot hold one, or may not and only some layers are on the cards.
    """
    s = placement.setting
    whole = len(placement.devices) > 0 and len(placement.host.layers) == 0 and not placement.host.has_output
    return int(s.may_predict and placement.gpu_layers > 0 and (whole or s.mtp))


def also(placement: Placement, repository: Repository | None) -> dict[str, list[str]]:
    """Other programs that run it; they choose layers and cards by themselves.

    Args:
        placement: where everything goes
        repository: one that holds the model in the format that was asked; None: not known

    Returns:
        Program -> words of its command.

    Source: Ollama, importing from Hugging Face; LM Studio, lms load.
    """
    ollama = [f'ollama run "hf.co/{gguf_of(placement.setting, repository)}"']
    return {"Ollama": ollama, "LM Studio": lm_studio(placement)}


def _quoted(text: str) -> str:
    """As one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
