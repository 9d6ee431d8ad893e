"""Builds each text class of transformers without weights and prints its configurations with their counts, one JSON object a line.

`make configs` runs it in an environment of its own: neither the guide nor its tests need transformers or torch. Each class is built as it
is, small, small with one value changed, and small with two.
"""

import copy
import json
import logging
import random
import re
import signal
import sys
import warnings

import torch
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

NAMES = {**MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, **MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES}
PARTS = ("text_config", "llm_config", "language_config", "thinker_config")
SIZES = {
    512: """
        intermediate_size n_inner ffn_dim ffn_hidden_size dense_intermediate_size intermediate_size_mlp vocab_size mamba_d_ssm
        vocab_size_per_layer_input max_position_embeddings n_positions seq_length
    """,
    256: "hidden_size n_embd d_model n_embed hidden_dim word_embed_proj_dim lru_width attention_hidden_size",
    128: "sliding_window",
    96: "shared_expert_intermediate_size shared_intermediate_size moe_shared_expert_intermediate_size",
    64: "moe_intermediate_size kv_lora_rank index_topk",
    48: "q_lora_rank",
    32: "head_dim qk_nope_head_dim v_head_dim index_head_dim mamba_d_head mamba_head_dim o_lora_rank",
    16: """
        linear_key_head_dim linear_value_head_dim qk_rope_head_dim mamba_d_state ssm_state_size state_size mamba_n_heads mamba_num_heads
        hidden_size_per_layer_input
    """,
    8: """
        num_attention_heads n_head n_heads num_heads num_experts num_local_experts n_routed_experts moe_num_experts linear_num_value_heads
        laurel_rank
    """,
    4: "num_hidden_layers n_layer n_layers num_layers index_n_heads linear_num_key_heads linear_conv_kernel_dim",
    2: """
        num_key_value_heads num_experts_per_tok top_k_experts moe_k moe_topk mamba_n_groups n_groups num_attention_groups mamba_expand
        expand
    """,
    1: "n_group topk_group",
    0: "num_kv_shared_layers",
}
"""Size in a small configuration -> keys that have it."""
SMALL = {name: size for size, names in SIZES.items() for name in names.split()}
QWEN_4 = {
    "linear_num_key_heads": 4,
    "linear_num_value_heads": 8,
    "indexer_n_heads": 4,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 32,
    "indexer_budget": 64,
    "indexer_compress_ratio": 16,
    "ngram_vocab_size_base": 1000,
    "ple_layer_ids": [1],
    "eos_token_id": 1,
}
INKLING_2 = {"unpadded_vocab_size": 480, "n_layers_per_attn_res_block": 2}
LOOPED = {**INKLING_2, "loop_layer_index_start": 2, "loop_layer_index_end": 4, "loop_gate_rank": 24}
FITTING = {
    "inkling2": INKLING_2,
    "inkling2_text": INKLING_2,
    "inkling2_loop": LOOPED,
    "inkling2_loop_text": LOOPED,
    "deepseek_ocr2": {"mlp_layer_types": ["dense", "sparse", "sparse", "sparse"]},
    "deepseek_v4": {"num_key_value_heads": 1},
    "mllama": {"cross_attention_layers": [1, 3]},
    "cosmos3_edge": {"head_dim": 128},
    "dots3_note": {"num_key_value_heads": 8},
    "dots3_note_text": {"num_key_value_heads": 8},
    "glm5_next": {"num_key_value_heads": 8, "qk_rope_head_dim": 0},
    "glm5_next_text": {"num_key_value_heads": 8, "qk_rope_head_dim": 0},
    "bailing_hybrid": {"n_group": 1, "topk_group": 1},
    "dory": {"n_input_layers": 1, "n_recurrent_layers": 2, "n_output_layers": 1},
    "ernie4_5_vl_moe": {"hidden_size": 512, "num_attention_heads": 4, "num_key_value_heads": 2},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]]},
    "hy_v4_vl": {"qk_rope_head_dim": 64},
    "qwen4_exp": QWEN_4,
    "qwen4_exp_text": QWEN_4,
    "zamba2": {
        "attention_hidden_size": 512,
        "layers_block_type": ["linear_attention", "hybrid", "linear_attention", "hybrid"],
        "mamba_headdim": 64,
        "n_mamba_heads": 8,
    },
    "zaya": {"num_experts_per_tok": 1},
}
"""Values that a small configuration of a class needs as well."""
BESIDE = {
    "granite_docling": {"vision_config": {"out_hidden_size": 256}},
    "inkling2": {"vision_config": {"text_hidden_size": 256}},
    "inkling2_loop": {"vision_config": {"text_hidden_size": 256}},
    "muse_spark": {"audio_config": {"out_hidden_size": 256}, "vision_config": {"out_hidden_size": 256}},
}
"""What its other parts need to fit."""
PAIRS = 12
"""Configurations of a class in which two values are changed."""
OPTIONAL = ("head_dim", "num_key_value_heads", "num_experts_per_tok")
"""Keys that a small configuration sets although the class leaves them open."""
WITHOUT_EFFECT = re.compile(
    r"transformers_version|architectures|model_type|dtype|torch_dtype|_name_or_path|rope_.*|id2label|label2id|chunk_size_feed_forward|"
    r"max_length|.*_token_id|return_dict|output_.*|use_cache|initializer_range|.*eps|is_encoder_decoder|problem_type|hidden_act|.*dropout"
)
SECONDS = 60


def late(*_):
    raise TimeoutError


TOWERS = re.compile(r"(^|\.)(embed_tokens_extend|vision(?!_moe)\w*|visual|audio\w*)\.")
"""What belongs to pictures and sound in a class that keeps all in one."""


def counted(model, composite):
    """Parameters, those that are shared once; of a model that sees the text part."""
    parts = [model.get_decoder(), model.get_output_embeddings()] if composite else [model]
    named = [pair for part in parts if part is not None for pair in part.named_parameters()]
    return sum({id(p): p.numel() for name, p in named if not TOWERS.search(name)}.values())


def printed(kind, case, config, cls, composite):
    """Build one configuration and print it with its count, or with what went wrong."""
    config.architectures = [cls.__name__]
    row = {"kind": kind, "case": case}
    signal.alarm(SECONDS)
    try:
        with torch.device("meta"):
            row["count"] = counted(cls(config), composite)
        row["config"] = json.loads(config.to_json_string(use_diff=True))
        for part in ("vision_config", "audio_config"):
            if isinstance(row["config"].get(part), dict):
                row["config"][part] = {"model_type": row["config"][part].get("model_type")}
    except Exception as error:
        row = {"kind": kind, "case": case, "error": f"{type(error).__name__}: {error}"[:200]}
    signal.alarm(0)
    print(json.dumps(row), flush=True)
    return "count" in row


def changed(name, value, layers):
    """Other values for one key."""
    if WITHOUT_EFFECT.fullmatch(name):
        return []
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [2 * value, value // 2] if value > 1 else [value + 1]
    if value is None:
        return [True] if name.endswith("bias") or name.startswith("use_") else [64] if name == "head_dim" else []
    if isinstance(value, list) and not value:
        return [[1]]
    if isinstance(value, list) and len(value) == layers:
        if all(isinstance(one, str) for one in value) and len(set(value)) > 1:
            return [value[::-1], [value[0]] * layers, [value[-1]] * layers]
        if all(isinstance(one, int) for one in value):
            return [value[::-1], [1 - int(bool(one)) for one in value]]
    return []


def cases(kind):
    """Every configuration of a class."""
    name = NAMES[kind]
    cls, base = getattr(transformers, name if isinstance(name, str) else name[0]), CONFIG_MAPPING[kind]()
    text = base.get_text_config()
    composite = text is not base
    part = next((part for part in PARTS if getattr(base, part, None) is not None), None)
    printed(kind, "default", base, cls, composite)
    full = {key: value for key, value in text.to_dict().items() if not isinstance(value, float)}
    small = {
        key: SMALL[key] for key in full if key in SMALL and (full[key] is not None or key in OPTIONAL) and not isinstance(full[key], list)
    }
    tokens = {
        key: 0 for key, value in full.items() if key.endswith("_token_id") and isinstance(value, int) and value >= SMALL["vocab_size"]
    }
    small |= FITTING.get(kind, {})

    def made(more):
        values = {**tokens, **small, **more}
        return CONFIG_MAPPING[kind](**({part: {"model_type": text.model_type, **values}, **BESIDE.get(kind, {})} if composite else values))

    config = made({})
    if not printed(kind, "small", copy.deepcopy(config), cls, composite):
        return
    layers = small.get("num_hidden_layers", 4)
    ones = [{key: other} for key, value in config.get_text_config().to_dict().items() for other in changed(key, value, layers)]
    draw = random.Random(kind)  # noqa: S311 the same pairs in each run
    twos = [{**one, **other} for one, other in (draw.sample(ones, 2) for _ in range(PAIRS if len(ones) > 1 else 0))]
    for change in ones + [change for change in twos if len(change) == 2]:
        case = ", ".join(f"{key}={json.dumps(value)}" for key, value in change.items())
        try:
            printed(kind, case, made(change), cls, composite)
        except Exception as error:
            print(json.dumps({"kind": kind, "case": case, "error": str(error)[:200]}), flush=True)


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, late)
    print(json.dumps({"version": transformers.__version__}), flush=True)
    for kind in sys.argv[1:] or sorted(NAMES):
        try:
            cases(kind)
        except Exception as error:
            print(json.dumps({"kind": kind, "case": "default", "error": f"{type(error).__name__}: {error}"[:200]}), flush=True)


if __name__ == "__main__":
    main()
