"""Reading a Hugging Face config.json: the classes that the guide knows; any other is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.classes.readers import READERS
from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.config_names import check_names, kind_of_model
from macros.estimate.notices import Notice
from macros.estimate.others import OTHERS
from macros.estimate.refused import Refused
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.classes import ArchitectureClass, Composite, UnreadClass
from macros.specs.errors import in_words, nearest
from macros.specs.form import ValidationError


@dataclass(frozen=True)
class Reading:
    """What a configuration says."""

    architecture: Architecture
    notices: list[Notice]
    quantized: Mapping[str, Any] | None = None
    """How its weights are published, where the configuration says it."""


def read_config(config: Any, catalogue: Catalogue) -> Architecture:
    """The shapes that a configuration describes; raises Refused for one that the guide cannot read.

    Args:
        config: config.json as it stands beside a model's weights
        catalogue: the records of classes

    Returns:
        The shapes of its text part.

    Assumes: the file that llama.cpp's converter makes of it: text part only, without prediction layers that the class does not say.
    """
    return read(config, catalogue).architecture


def read(config: Any, catalogue: Catalogue) -> Reading:
    """The shapes that a configuration describes, and what a reader should know of them; raises Refused.

    Args:
        config: config.json as it stands beside a model's weights
        catalogue: the records of classes

    Returns:
        Shapes and notices.
    """
    if not isinstance(config, Mapping):
        raise Refused("config", "an object, as config.json holds it", config)
    notices: list[Notice] = []
    values = _text_part(config, catalogue, notices)
    record, name = _class(values, catalogue)
    kind = record.classes[name]
    headless = kind_of_model(config, "architectures" in kind.ignored)
    check_names(config, values, catalogue, notices)
    keys = Keys(values, kind, record.id, [], [], notices)
    for key in kind.must_say:
        if not keys.gives(key):
            raise Refused(f"config.{key}", "one entry a layer", None, WHOLE_FILE)
    for key, allowed in kind.only.items():
        keys.refuse(key, tuple(allowed), "as the engine has it in this class")
    shapes = merged(READERS[kind.reader](keys), _flagged(keys))
    merge_class(shapes, kind.shapes)
    _prediction(keys, shapes)
    if headless:
        shapes["tied_embeddings"] = True
        keys.tell("no-output-matrix", architectures=headless)
    _unread(keys, normed=shapes["attention"].get("qk_norm") is not None)
    _of_other_kinds(keys, shapes)
    _told(keys)
    try:
        own = catalogue.architectures.get(shapes["engine_name"])
        found = Architecture.model_validate(shapes if own is None else {**shapes, "traits": own.traits})
        if own is not None and not own.compared:
            notices.append(Notice("pass-not-compared", {}))
        return Reading(found, notices, _quantized(values, config))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        expected, fix = in_words(detail["msg"])
        raise Refused("config", expected, where or name, fix) from None


def _class(values: Mapping[str, Any], catalogue: Catalogue) -> tuple[ArchitectureClass, str]:
    """The record that knows this `model_type`."""
    name = values.get("model_type")
    known: dict[str, ArchitectureClass] = {}
    for record in catalogue.architectures.values():
        for kind in record.classes:
            known[kind] = record
    if not isinstance(name, str) or name not in known:
        _tell_unread(name, catalogue)
        fix = "name a model of the guide instead, or add the class to data/architectures"
        raise Refused("config.model_type", "a class that the guide can read", name, fix)
    return known[name], name


def _tell_unread(name: Any, catalogue: Catalogue) -> None:
    """Refuse a class of which it is known why it is not read."""
    unread: UnreadClass | None = catalogue.records["unread-classes"].get(name) if isinstance(name, str) else None
    if unread is None:
        return
    if unread.is_a is not None:
        raise Refused("config.model_type", f"a language model that writes token by token ({name} is {OTHERS[unread.is_a]})", name)
    runs = f"run by {' and '.join(unread.run_by)}" if len(unread.run_by) > 0 else "no engine of the guide has a class for it"
    raise Refused("config.model_type", f"a class whose parts the guide knows ({name} has {unread.has}; {runs})", name)


# Parts of the whole


PARTS = ("text_config", "llm_config", "language_config")
"""Keys that hold the text model of a model that sees or hears."""
TOWERS = ("vision_config", "audio_config", "visual", "speech_config")
"""Keys that hold what it sees and hears with."""


def _text_part(config: Mapping[str, Any], catalogue: Catalogue, notices: list[Notice]) -> dict[str, Any]:
    """The text model of a configuration, which a model that sees keeps in a part of its own."""
    outer = str(config.get("model_type")).lower()
    composite = catalogue.composites.get(outer)
    held = ["thinker_config"] if config.get("thinker_config") is not None else [name for name in PARTS if config.get(name) is not None]
    towers = [name for name in TOWERS if isinstance(config.get(name), Mapping)]
    if towers:
        notices.append(Notice("towers-apart", {"parts": ", ".join(towers)}))
    if len(held) == 0:
        return dict(config)
    part = composite.part if composite is not None and composite.part in held else held[0]
    inner = config[part]
    if not isinstance(inner, Mapping) or len(inner) == 0:
        raise Refused(f"config.{part}", "the configuration of the text model", inner, WHOLE_FILE)
    for other in held:
        if config[other] != inner:
            raise Refused(f"config.{other}", f"one text model, the same as in {part}", config[other], "keep the one that the model has")
    if composite is None and config.get("model_type") is not None:
        _tell_unread(config["model_type"], catalogue)
        names = [*catalogue.composites]
        raise Refused("config.model_type", "a class around a text model that an engine runs", config["model_type"], nearest(outer, names))
    if composite is not None and len(composite.engines) == 0:
        notices.append(Notice("outer-class-not-run", {"outer": outer}))
    values = {"transformers_version": config.get("transformers_version"), **inner}
    if part == "thinker_config":
        return _text_part(values, catalogue, notices)
    if values.get("model_type") is None:
        values["model_type"] = config.get("model_type") if composite is None or composite.text is None else composite.text
    tied = _tied(config, inner, composite, notices)
    if tied is not None:
        values["tie_word_embeddings"] = tied
    elif "tie_word_embeddings" in values:
        del values["tie_word_embeddings"]
    return values


def _tied(config: Mapping[str, Any], inner: Mapping[str, Any], composite: Composite | None, notices: list[Notice]) -> Any:
    """Whether the output matrix is the embedding table: since transformers 5 the outer configuration decides, before that the inner."""
    outside, inside = config.get("tie_word_embeddings"), inner.get("tie_word_embeddings")
    version = config.get("transformers_version", inner.get("transformers_version"))
    older = isinstance(version, str) and version.split(".")[0] in ("2", "3", "4")
    taken_over = not older and inside is True and composite is not None and composite.tied_by_either
    first, second = (inside, outside) if older or taken_over else (outside, inside)
    if outside is not None and inside is not None and outside != inside:
        notices.append(Notice("tied-differently", {"outside": outside, "inside": inside, "taken": first}))
    default = None if composite is None else composite.tie_word_embeddings
    if first is None and not older and isinstance(version, str):
        return second if default is None else default
    return second if first is None else first


# Shapes


def merged(shapes: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Shapes with more shapes in them; what is nested is merged too."""
    merge_class(shapes, more)
    return shapes


def merge_class(shapes: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Put shapes into others: what is nested goes into what is there; experts only where there are any."""
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(shapes.get(name), dict):
            merge_class(shapes[name], value)
        elif isinstance(value, Mapping) and name in ("experts", "feed_forward", "recurrent", "latent"):
            continue
        else:
            shapes[name] = value


USUAL_FLAGS: dict[str, dict[str, Any]] = {
    "attention_bias": {"attention": {"qkv_bias": True, "output_bias": True}},
    "mlp_bias": {"feed_forward": {"biases": True}},
}
"""What these bring in every class that has them and says nothing else."""


def _flagged(k: Keys) -> dict[str, Any]:
    """Shapes that keys which are true bring."""
    found: dict[str, Any] = {}
    usual = {name: shapes for name, shapes in USUAL_FLAGS.items() if name in k.kind.defaults and name not in k.kind.only}
    for name, shapes in {**usual, **k.kind.flags}.items():
        if name not in k.kind.ignored and k.flag(name):
            for part, values in shapes.items():
                both = isinstance(found.get(part), dict) and isinstance(values, Mapping)
                found[part] = {**found[part], **values} if both else values
    return found


PREDICTION = ("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_layers", "num_mtp_modules", "num_predict_layers")


def _prediction(k: Keys, shapes: dict[str, Any]) -> None:
    """Prediction layers are no parameters of the model proper: counted nowhere but in files of classes that keep them, and told."""
    count = k.whole(*PREDICTION, low=0, default=0)
    if k.kind.keeps_prediction_layers:
        shapes["prediction_layers"] = count
    if count:
        k.tell("prediction-layers", count=count)


# What was not asked for


NEUTRAL: dict[str, tuple[Any, ...]] = {
    "add_cross_attention": (False,),
    "altup_num_inputs": (),
    "block_configs": (),
    "decoder_sparse_step": (0, 1),
    "enable_moe_block": (False,),
    "first_k_dense_replace": (),
    "hidden_size_per_layer_input": (0,),
    "interleave_moe_layer_step": (1,),
    "index_topk": (),
    "is_moe_layer": (),
    "kv_lora_rank": (),
    "mlp_only_layers": ([],),
    "moe_latent_size": (),
    "moe_layers": (),
    "moe_layer_end_index": (-1,),
    "moe_layer_interval": (1,),
    "moe_num_experts": (0, 1),
    "n_routed_experts": (0, 1),
    "n_shared_experts": (0,),
    "num_experts": (0, 1),
    "num_kv_shared_layers": (0,),
    "num_local_experts": (0, 1),
    "num_shared_expert": (0,),
    "num_shared_experts": (0,),
    "per_layer_config": ({},),
    "qk_layernorm": (False,),
    "qk_norm": (False,),
    "shared_expert_intermediate_size": (0,),
    "shared_intermediate_size": (0,),
    "use_cla": (False,),
    "use_qk_norm": (False,),
}
"""Keys that change what a model consists of -> values that do not."""
LISTS_OF_KINDS = {
    "layer_types": "full_attention",
    "layers_block_type": "full_attention",
    "mlp_layer_types": "dense",
    "block_types": "attention",
}
"""Lists of kinds of layers -> the kind that every class has."""


NORMS_OF_HEADS = ("qk_layernorm", "qk_norm", "use_qk_norm")
"""Keys that say what some classes always have: norms of queries and keys."""


def _unread(k: Keys, *, normed: bool) -> None:
    """Refuse by name what changes the model and its reader does not know, rather than count without it."""
    for name, value in k.values.items():
        if name in k.asked or name in k.kind.ignored or value is None or (normed and value is True and name in NORMS_OF_HEADS):
            continue
        if name in NEUTRAL and value not in NEUTRAL[name]:
            raise Refused(f"config.{name}", "no such key, as the guide does not know it in this class", value)
        if value is True and (name == "bias" or name.endswith("_bias")):
            raise Refused(f"config.{name}", "False, as the guide does not know these biases in this class", value)
        if name in LISTS_OF_KINDS and isinstance(value, Sequence) and not isinstance(value, str):
            usual = LISTS_OF_KINDS[name]
            other = [kind for kind in value if kind not in (usual, "attention")]
            if other:
                raise Refused(f"config.{name}", f"{usual} in all layers of this class", other[0])


OTHER_KINDS = {
    "experts": ("moe_", "num_experts_", "experts_per_"),
    "recurrent": ("ssm_", "mamba_", "linear_num_", "linear_attn_", "state_size", "conv_kernel", "time_step_", "attn_layer_", "hybrid_"),
    "latent": ("q_lora_", "qk_nope_"),
}
"""Parts that only some models have -> how the names of their keys begin that are not refused above."""


def _of_other_kinds(k: Keys, shapes: dict[str, Any]) -> None:
    """Tell the keys of a part that this model has not: they are counted nowhere."""
    parts = {**shapes, **shapes["attention"]}
    missing = [beginning for part, beginnings in OTHER_KINDS.items() if parts.get(part) is None for beginning in beginnings]
    known = [*k.asked, *k.kind.ignored, *k.kind.defaults]
    given = [name for name, value in k.values.items() if value not in UNSAID and name not in known]
    found = [name for name in given if any(name.startswith(beginning) for beginning in missing)]
    if found:
        k.tell("keys-unused", keys=", ".join(found))


UNSAID: tuple[Any, ...] = (None, False, 0, 1, "", [], {})
"""Values that say that there is no such part, or one of it."""


def _told(k: Keys) -> None:
    """What a reader should know of the reading: values of the class."""
    sizes = [name for name in k.left_out if not isinstance(k.kind.defaults[name], bool) and name in TOLD]
    if k.kind.unknown_to:
        k.tell("class-unknown", engines=" / ".join(k.kind.unknown_to))
    if sizes:
        k.tell("left-out", keys=", ".join(dict.fromkeys(sizes)))


def _quantized(values: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for held in (config, values):
        for name in ("quantization_config", "compression_config", "quantization"):
            if held.get(name) is not None and not isinstance(held[name], Mapping):
                raise Refused(f"config.{name}", "an object", held[name])
            if isinstance(held.get(name), Mapping) and len(held[name]) > 0:
                found: Mapping[str, Any] = held[name]
                beside = {"expert_dtype": held.get("expert_dtype"), "transformers_version": config.get("transformers_version")}
                return {**found, **{key: value for key, value in beside.items() if isinstance(value, str)}}
    return None


TOLD = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size", "vocab_size",
    "n_embd", "n_layer", "n_head", "d_model", "n_layers", "n_heads", "num_experts", "n_routed_experts", "num_local_experts",
    "num_experts_per_tok", "moe_intermediate_size", "n_shared_experts", "max_position_embeddings",
)  # fmt: skip
"""Keys whose values a reader should know to be the class's."""
