"""Plans of models on several cards, as data/cache-plans/<model>.yaml: `python -m tests.vllm_plans.plan <folder> <model> …`.

One process a card: what the package has chosen for one, it remembers for the next.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.vllm_plans import stand_in

# isort: split
import torch
import yaml
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CLASSES
from vllm.config import set_current_vllm_config
from vllm.distributed import parallel_state
from vllm.distributed.utils import get_pp_indices
from vllm.engine.arg_utils import EngineArgs
from vllm.model_executor.model_loader.utils import initialize_model
from vllm.model_executor.models.utils import extract_layer_index
from vllm.usage.usage_lib import UsageContext
from vllm.utils.torch_utils import set_default_torch_dtype
from vllm.v1.attention.backends.utils import get_supported_kv_cache_layouts, resolve_kv_cache_layout
from vllm.v1.core import kv_cache_planning as planning
from vllm.v1.worker.gpu.attn_utils import get_kv_cache_spec
from vllm.version import __version__

CARDS = {
    "l40s": {"name": "NVIDIA L40S", "memory": 45 << 30, "capability": (8, 9)},
    "h100-sxm-80gb": {"name": "NVIDIA H100 80GB HBM3", "memory": 80 << 30, "capability": (9, 0)},
    "b200": {"name": "NVIDIA B200", "memory": 179 << 30, "capability": (10, 0)},
}
"""Id in data/gpus -> what the driver would say."""
CONTEXTS = (4096, 8192, 10000, 32768, 131072)
WORK = tempfile.TemporaryDirectory(prefix="plans-")
"""Configurations as files, for as long as the process runs."""
STAGES = 2
"""Stages of the pipeline, where there is one."""
SLICES = (1, 2, 4, 8)
"""Cards over which weights are divided."""
NAMED_OTHERWISE = ("glm-4.7-flash-30b-a3b",)
"""Models whose class here has another name than in llama.cpp, and a router of 32 bits that the guide cannot tell by that: no weights."""
PREDICTING = {
    "qwen3.5-27b": "l40s", "glm-4.6-355b": "l40s", "qwen3.5-35b-a3b": "h100-sxm-80gb", "qwen3-next-80b-a3b": "h100-sxm-80gb",
    "deepseek-v3-671b": "h100-sxm-80gb",
}  # fmt: skip
"""Models with a prediction layer, and the card on which their guesses are planned."""
SETTINGS = ((1, "f16", True), (2, "f16", True), (1, "fp8", True), (1, "f16", False))
"""Tensor parallel, type of the cache, prefix caching."""
SAYS = {
    "mistral-nemo-12b": {"sliding_window": None}, "mixtral-8x7b": {"sliding_window": None}, "mistral-7b-v0.3": {"sliding_window": None},
    "qwen3.5-35b-a3b": {"mamba_ssm_dtype": "float32"}, "qwen3.5-27b": {"mamba_ssm_dtype": "float32"},
    "minimax-m2.7-230b": {"rotary_dim": 64}, "deepseek-v2-lite-16b": {"n_group": 1, "topk_group": 1, "topk_method": "greedy"},
    "kimi-k2-1t": {"architectures": ["DeepseekV3ForCausalLM"], "topk_method": "noaux_tc"},
    "deepseek-v3-671b": {"topk_method": "noaux_tc"}, "deepseek-v3.2-671b": {"topk_method": "noaux_tc"},
    "glm-5.2-744b": {"topk_method": "noaux_tc"}, "lfm2-1.2b": {"conv_dim": 2048, "conv_L_cache": 3},
    "lfm2-8b-a1b": {"conv_dim": 2048},
}  # fmt: skip
"""What the published configuration says and the trimmed copy of the tests leaves out."""
GEMMA = {
    "model_type": "gemma3_text", "hidden_size": 5376, "intermediate_size": 21504, "num_hidden_layers": 62, "num_attention_heads": 32,
    "num_key_value_heads": 16, "head_dim": 128, "sliding_window": 1024, "vocab_size": 262208, "max_position_embeddings": 131072,
    "query_pre_attn_scalar": 168,
}  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


def runs(listed: list) -> list:
    """`3 name` -> the name three times."""
    found = []
    for one in listed:
        count, _, name = str(one).partition(" ")
        found += [yaml.safe_load(name)] * int(count) if count.isdigit() and name else [one]
    return found


def spelled(value):
    """Shortened lists of layers in full."""
    if isinstance(value, dict) and ("of" in value or "runs" in value):
        return runs(value.get("of", []) + value.get("runs", [])) * value.get("times", 1) + runs(value.get("then", []))
    if isinstance(value, dict):
        return {key: spelled(one) for key, one in value.items()}
    return value


def configuration(model: str) -> dict:
    """config.json of a model, without what moves no byte."""
    if model == "gemma-3-27b":
        found = dict(GEMMA)
    else:
        found = spelled(yaml.safe_load((ROOT / "tests/estimate/configs.yaml").read_text("utf-8"))[model])
    found.pop("rope_scaling", None)
    found |= {"dtype": "bfloat16"} | SAYS.get(model, {})
    if "indexer_types" in found:
        found["index_topk_pattern"] = "".join("S" if one == "shared" else "F" for one in found["indexer_types"])
    return {"architectures": [CLASSES.get(found["model_type"])]} | found


def weights(model: str) -> list[list[int]]:
    """Cards, and the bytes of all tensors on each of them; a model with towers counts as its text part and is left out."""
    found = []
    for cards in SLICES:
        try:
            built_model = built(configured(model, cards, "f16", True))
        except AssertionError:  # heads that so many cards cannot share
            continue
        named, kept = (*built_model.named_parameters(), *built_model.named_buffers()), built_model.state_dict()
        tensors = {id(tensor): tensor for name, tensor in named if name in kept}
        if any(name.startswith(("vision", "visual", "audio")) for name, _ in built_model.named_parameters()):
            return []
        found.append([cards, sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())])
    return found


def staged(model: str, card: str, layers: int) -> list[list]:
    """Rows of one model in a pipeline: pages, and bytes of a conversation on each stage."""
    stand_in.CARD.clear()
    stand_in.CARD.update(CARDS[card])
    config = configured(model, 1, "f16", True)
    built(config)
    with set_current_vllm_config(config):
        specs = laid_out(config)
        parts = []
        for stage in range(STAGES):
            first, end = get_pp_indices(layers, stage, STAGES)  # names of Falcon-H1 count its states from the last layer on
            parts.append({name: spec for name, spec in specs.items() if first <= extract_layer_index(name) % layers < end})
        config.parallel_config.pipeline_parallel_size = STAGES
        groups = planning.get_global_kv_cache_groups(config, parts)
        blocks = [planning._pool_bytes_per_block(config, planning._project_kv_cache_groups_to_worker(groups, part)) for part in parts]
    whole = planning._pool_bytes_per_block(config, groups)
    rows = []
    for context in CONTEXTS:
        config.model_config.max_model_len = context
        total = planning._max_memory_usage_bytes_from_groups(planning.DefaultKVCacheConfigBuilder(), config, groups)
        rows.append([card, context, total // whole, *(block * (total // whole) for block in blocks)])
    return rows


def guessing(model: str, card: str) -> list[list]:
    """Rows of one model with its prediction layer: guesses, prefix caching, tokens of a conversation, its pages and bytes."""
    stand_in.CARD.clear()
    stand_in.CARD.update(CARDS[card])
    rows = []
    for guesses, prefix_caching in ((1, True), (1, False), (3, True), (3, False)):
        config = configured(model, 1, "f16", prefix_caching, {"method": "mtp", "num_speculative_tokens": guesses})
        built(config)
        drafts = config.speculative_config.draft_model_config
        with set_current_vllm_config(config), set_default_torch_dtype(config.model_config.dtype), torch.device("meta"), stand_in.Meta():
            initialize_model(vllm_config=config, model_config=drafts)
        with set_current_vllm_config(config):
            groups = planning.get_global_kv_cache_groups(config, [laid_out(config)])
        block = planning._pool_bytes_per_block(config, groups)
        for context in CONTEXTS:
            config.model_config.max_model_len = context
            total = planning._max_memory_usage_bytes_from_groups(planning.DefaultKVCacheConfigBuilder(), config, groups)
            rows.append([card, guesses, prefix_caching, context, total // block, total])
    return rows


def laid_out(config) -> dict:
    """What each layer keeps, once the engine has chosen its pages."""
    stand_in.vllm.platforms._current_platform.update_block_size_for_backend(config)
    specs = get_kv_cache_spec(config)
    layers = [one for one in config.compilation_config.static_forward_context.values() if hasattr(one, "get_attn_backend")]
    layouts = get_supported_kv_cache_layouts({one.get_attn_backend() for one in layers})
    resolve_kv_cache_layout(config, [[layout.name for layout in layouts]], list(specs.values()))
    return specs


def configured(model: str, tensor_parallel: int, kv_type: str, prefix_caching: bool, guesses: dict | None = None):
    """The engine's own configuration for a server."""
    folder = tempfile.mkdtemp(dir=WORK.name)
    said = configuration(model) | ({"mtp_num_hidden_layers": 1, "num_nextn_predict_layers": 1} if guesses else {})
    Path(folder, "config.json").write_text(json.dumps(said), "utf-8")
    # How many cards there are is told to the model below: no process is started for them.
    named = {"kv_cache_dtype": "auto" if kv_type == "f16" else kv_type, "speculative_config": guesses}
    arguments = EngineArgs(
        model=folder, tokenizer=folder, skip_tokenizer_init=True, load_format="dummy", enable_prefix_caching=prefix_caching, **named
    )
    config = arguments.create_engine_config(UsageContext.OPENAI_API_SERVER)
    config.parallel_config.tensor_parallel_size = tensor_parallel
    return config


def built(config) -> torch.nn.Module:
    """The model on the meta device."""
    with set_current_vllm_config(config):
        if parallel_state._WORLD is None:
            address = f"tcp://127.0.0.1:{29500 + os.getpid() % 1000}"
            parallel_state.init_distributed_environment(1, 0, address, 0, "gloo")
            parallel_state.initialize_model_parallel(1, 1, backend="gloo")
        if parallel_state._EP is None:
            parallel_state._EP = parallel_state._DP
        parallel_state._TP.world_size = config.parallel_config.tensor_parallel_size
        with set_default_torch_dtype(config.model_config.dtype), torch.device("meta"), stand_in.Meta():
            return initialize_model(vllm_config=config, model_config=config.model_config)


def planned(model: str, card: str, setting: tuple) -> list[list]:
    """Rows of one model on one card in one setting."""
    stand_in.CARD.clear()
    stand_in.CARD.update(CARDS[card])
    config = configured(model, *setting)
    built(config)
    with set_current_vllm_config(config):
        specs = laid_out(config)
        groups = planning.get_global_kv_cache_groups(config, [specs])
    block = planning._pool_bytes_per_block(config, groups)
    rows = []
    for context in CONTEXTS:
        config.model_config.max_model_len = context
        total = planning._max_memory_usage_bytes_from_groups(planning.DefaultKVCacheConfigBuilder(), config, groups)
        rows.append([card, *setting, context, config.cache_config.block_size, block, total // block, total])
    return rows


def on_card(card: str, models: list[str]) -> None:
    """Print the rows of models on one card, a JSON object a line."""
    for model in models:
        for setting in SETTINGS:
            try:
                print(json.dumps({"model": model, "rows": planned(model, card, setting)}), flush=True)
            except Exception as error:  # what one card or type refuses, others may take
                print(f"{model} on {card}, {setting}: {str(error)[:160]}", file=sys.stderr)
        try:
            found = {"stages": staged(model, card, configuration(model)["num_hidden_layers"])}
            if card == next(iter(CARDS)) and model not in NAMED_OTHERWISE:
                found["weights"] = weights(model)
            if PREDICTING.get(model) == card:
                found["guesses"] = guessing(model, card)
            print(json.dumps({"model": model, **found}), flush=True)
        except Exception as error:
            print(f"{model} on {card}, in stages: {str(error)[:160]}", file=sys.stderr)


def main(folder: str, models: list[str]) -> None:
    """Write a file for each model."""
    rows: dict[str, list[list]] = {model: [] for model in models}
    more: dict[str, dict[str, list[list]]] = {model: {"stages": [], "weights": [], "guesses": []} for model in models}
    for card in CARDS:
        command = [sys.executable, "-m", "tests.vllm_plans.plan", f"--card={card}", *models]
        for line in subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
            if line.startswith("{"):
                found = json.loads(line)
                rows[found["model"]] += found.get("rows", [])
                for key, kept in more[found["model"]].items():
                    kept += found.get(key, [])
    for model, found in rows.items():
        lines = [f"  - [{', '.join(map(told, row))}]" for row in found]
        text = f"model: {model}\nengine: vllm {__version__}\nrows:\n" + "\n".join(lines) + "\n"
        for key, kept in more[model].items():
            text += "".join([f"{key}:\n", *(f"  - [{', '.join(map(told, row))}]\n" for row in kept)]) if kept else ""
        text += "sources:\n" + "".join(
            f"  {key}: [vllm-plans-0.33]\n" for key in ("rows", *(key for key, kept in more[model].items() if kept))
        )
        if lines:
            Path(folder, f"{model}.yaml").write_text(text, "utf-8")


def told(cell) -> str:
    """A cell as YAML spells it."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


if __name__ == "__main__":
    if sys.argv[1].startswith("--card="):
        on_card(sys.argv[1].removeprefix("--card="), sys.argv[2:])
    else:
        main(sys.argv[1], sys.argv[2:])
