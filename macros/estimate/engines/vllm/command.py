"""The command that gives a setting in vLLM."""

from __future__ import annotations

from macros.estimate.drafts import drafted
from macros.estimate.engines.repository import Repository, repository_with
from macros.estimate.engines.vllm.parallel import parallel
from macros.estimate.shares import Placement


def command(placement: Placement, repository: Repository | None) -> list[str]:
    """The words of the command line: the same model, context and users.

    Args:
        placement: where everything goes
        repository: one that holds the model in the format that was asked; None: not known

    Returns:
        Words of a shell command, an option each.

    Source: the options' descriptions of vLLM.
    """
    s = placement.setting
    made = s.engine.makes.get(s.quant.id)
    words = [f"vllm serve {repository_with(s, repository)}", f"--max-model-len {s.context}"]
    if made is not None:
        words.append(f"--quantization {made}")
    words.append(f"--max-num-seqs {s.max_sequences if s.max_sequences is not None else s.users}")
    tensor, stages = parallel(s)
    if tensor > 1:
        words.append(f"--tensor-parallel-size {tensor}")
    if stages > 1:
        words.append(f"--pipeline-parallel-size {stages}")
    if s.max_batched_tokens is not None:
        words.append(f"--max-num-batched-tokens {s.max_batched_tokens}")
    if s.kv_type_k.id == "fp8":
        words.append("--kv-cache-dtype fp8")
    if s.mtp:
        words.append(f"""--speculative-config '{{"method": "mtp", "num_speculative_tokens": {drafted(s)}}}'""")
    if s.draft is not None:
        words.append(
            f"""--speculative-config '{{"method": "draft_model", "model": "<{s.draft} in {s.quant.name}>", "num_speculative_tokens": """
            f"{drafted(s)}}}'"
        )
    if s.has_towers and not s.mmproj:
        words.append("--language-model-only")
    if not s.prefix_caching:
        words.append("--no-enable-prefix-caching")
    share = s.memory_utilization if s.memory_utilization is not None else s.engine.memory_utilization
    words.append(f"--gpu-memory-utilization {share}")
    return words


def also(_placement: Placement, _repository: Repository | None) -> dict[str, list[str]]:
    """No other program runs it.

    Returns:
        Nothing.
    """
    return {}
