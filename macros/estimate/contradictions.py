"""Settings that exclude each other: refused, with both keys named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from macros.estimate.question import FLOAT_CACHE_TYPES
from macros.estimate.rates import sockets_of
from macros.estimate.refused import Refused
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.devices import Cpu
from macros.specs.errors import nearest
from macros.specs.models import Model, predicts

LANES = (1, 2, 4, 8, 16)
"""Lanes that slots have."""


def check(asked: Mapping[str, Any], question: Mapping[str, Any], a: Architecture, devices: int, catalogue: Catalogue) -> None:
    """Refuse what cannot be together.

    Args:
        asked: the values of all keys
        question: the keys that were really asked, and their values
        a: the shapes of the model
        devices: how many devices there are
        catalogue: the records

    Raises:
        Refused: naming one key, and the other in what was expected.
    """
    _tokens(asked, question)
    _experts(asked, question, a, devices)
    _cards(asked, devices)
    _host(asked, catalogue)
    _beside(asked, a, catalogue)


def _beside(asked: Mapping[str, Any], a: Architecture, catalogue: Catalogue) -> None:
    if asked["draft"] is not None and (not isinstance(asked["draft"], str) or asked["draft"] not in catalogue.models):
        raise Refused("draft", "the id of a model", asked["draft"], nearest(str(asked["draft"]), catalogue.models))
    if asked["mtp"] and a.prediction_layers == 0 and (asked["model"] is None or not predicts(catalogue.models[asked["model"]])):
        raise Refused("mtp", "a `model` with prediction layers", True, "leave it out")
    if asked["mtp"] and asked["draft"] is not None:
        raise Refused("draft", "one kind of guesses, and `mtp` is asked for", asked["draft"], "keep one of them")
    for key in ("draft_tokens", "acceptance"):
        if asked[key] is not None and not asked["mtp"] and asked["draft"] is None:
            raise Refused(key, "`draft` or `mtp` beside it", asked[key], "name a draft model, or leave it out")
    kind = asked["draft_kv_type"]
    if kind != "f16" and not asked["mtp"] and asked["draft"] is None:
        raise Refused("draft_kv_type", "`draft` or `mtp` beside it", kind, "name a draft model, or leave it out")
    if kind not in FLOAT_CACHE_TYPES and not asked["flash_attention"]:
        raise Refused("draft_kv_type", "a 16-bit or 32-bit type without `flash_attention`", kind, "turn `flash_attention` on, or use f16")
    if asked["draft"] is not None and asked["draft"] == asked["model"]:
        raise Refused("draft", "a model smaller than `model`", asked["draft"], "use a small model of the same family")
    if asked["draft"] is not None and asked["model"] is not None:
        _same_vocabulary(asked, catalogue)
    if asked["lora"] > 0 and asked["lora_bytes"] > 0:
        raise Refused("lora_bytes", "nothing beside the rank in `lora`", asked["lora_bytes"], "keep one of them")
    if asked["lora_targets"] != "all" and asked["lora"] == 0:
        raise Refused("lora_targets", "a rank in `lora`", asked["lora_targets"], "name the rank, or leave it out")
    if asked["mmproj"] and (asked["model"] is None or catalogue.models[asked["model"]].projector is None):
        raise Refused("mmproj", "a `model` with a projector", True, "leave it out")


def _same_vocabulary(asked: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Guesses are tokens of the model: a model of another vocabulary has other ones."""
    model: Model = catalogue.models[asked["model"]]
    small: Model = catalogue.models[asked["draft"]]
    if small.family == model.family:
        return
    alike = [one.id for one in catalogue.models.values() if one.family == model.family and one.id != model.id]
    fix = f"use {model.draft or (alike or ['another model'])[0]}"
    raise Refused("draft", f"a model with the vocabulary of `model` ({model.family})", asked["draft"], fix)


def _tokens(asked: Mapping[str, Any], question: Mapping[str, Any]) -> None:
    context = asked["context"]
    if asked["depth"] > context:
        raise Refused("depth", f"at most the `context` of {context}", asked["depth"], "raise `context` or lower `depth`")
    if "prompt_tokens" in question and asked["prompt_tokens"] > context:
        raise Refused(
            "prompt_tokens", f"at most the `context` of {context}", asked["prompt_tokens"], "raise `context` or lower `prompt_tokens`"
        )
    if "depth" in question and "prompt_tokens" in question and asked["depth"] + asked["prompt_tokens"] > context:
        fix = "raise `context`, or lower `prompt_tokens` or `depth`"
        left = context - asked["depth"]
        raise Refused("prompt_tokens", f"at most what `depth` leaves of the `context`, {left}", asked["prompt_tokens"], fix)
    if question.get("slots") is not None and asked["users"] > asked["slots"]:
        raise Refused("users", f"at most the `slots` of {asked['slots']}", asked["users"], "raise `slots` or lower `users`")
    if question.get("logits_rows") is not None and asked["logits_rows"] > asked["ubatch"]:
        raise Refused(
            "logits_rows", f"at most the `ubatch` of {asked['ubatch']}", asked["logits_rows"], "raise `ubatch` or lower `logits_rows`"
        )


def check_cells(asked: Mapping[str, Any], slots: int) -> None:
    """Refuse more tokens of each conversation than its part of a context that all share has cells for.

    Args:
        asked: the values of all keys
        slots: conversations that the program makes room for

    Raises:
        Refused: naming `depth`, and what shares the context.
    """
    of = f"{asked['users']} `users`" if asked["kv_unified"] else f"{slots} slots without `kv_unified`"
    each = asked["context"] // (asked["users"] if asked["kv_unified"] else slots)
    if asked["depth"] > each or each == 0:
        expected = f"at most {each}, what each of {of} has of the `context` of {asked['context']}"
        raise Refused("depth", expected, asked["depth"], "raise `context`, or lower `depth` or `users`")


def _experts(asked: Mapping[str, Any], question: Mapping[str, Any], a: Architecture, devices: int) -> None:
    blocks = a.layers + a.prediction_layers
    for key in ("n_cpu_moe", "n_cpu_ffn"):
        if asked[key] is not None and asked[key] > blocks:
            raise Refused(key, f"at most the {blocks} layers of the `model`", asked[key], "write fewer")
    if asked["n_cpu_moe"] and a.experts is None:
        raise Refused("n_cpu_moe", "a `model` with experts", asked["n_cpu_moe"], "leave it out, or use `n_cpu_ffn`")
    if asked["experts_on_host"] and asked["n_cpu_moe"] is not None and asked["n_cpu_moe"] < blocks:
        raise Refused("n_cpu_moe", "all layers, as `experts_on_host` says", asked["n_cpu_moe"], "keep one of them")
    if devices == 0:
        for key in ("memory_gib", "power_limit_w", "pcie_gen", "pcie_lanes"):
            if question.get(key) is not None:
                raise Refused(key, "a card in `gpus`", question[key], "name a card, or leave it out")
        for key in ("gpu_layers", "n_cpu_moe", "n_cpu_ffn", "tensor_split", "override_tensor", "split_mode"):
            if question.get(key) and asked[key] not in ("auto", "layer"):
                raise Refused(key, "a card in `gpus`", question[key], "name a card, or leave it out")


def _cards(asked: Mapping[str, Any], devices: int) -> None:
    lanes = asked["pcie_lanes"]
    if lanes is not None and lanes not in LANES:
        less = max([one for one in LANES if one < lanes])
        raise Refused("pcie_lanes", "as many lanes as slots have (1, 2, 4, 8, 16)", lanes, f"use {less}")
    split = asked["tensor_split"]
    if split is not None and len(split) != devices:
        raise Refused("tensor_split", f"{devices} numbers, one for each of `gpus`", list(split), "write one for each card")
    if split is not None and sum(split) <= 0:
        raise Refused("tensor_split", "a number above 0 for some of `gpus`", list(split), "write the shares of the layers")
    if asked["main_gpu"] > 0 and asked["main_gpu"] >= devices:
        raise Refused("main_gpu", f"a number below the {devices} of `gpus`", asked["main_gpu"], "cards are counted from 0")


def _host(asked: Mapping[str, Any], catalogue: Catalogue) -> None:
    sockets = asked["sockets"]
    if asked["cpu"] is None:
        if sockets is not None:
            raise Refused("sockets", "a processor in `cpu`", sockets, "name the processor, or leave it out")
        return
    cpu: Cpu = catalogue.cpus[asked["cpu"]]
    if sockets == 2 and not cpu.two_sockets:
        raise Refused("sockets", f"1, as boards take one {cpu.name}", sockets, "leave it out")
    known: Sequence[str] = cpu.memory_kinds
    standards = [catalogue.memory[kind].standard for kind in known]
    if asked["memory"] is not None and catalogue.memory[asked["memory"]].standard not in standards:
        raise Refused("memory", f"a kind that the `cpu` takes ({', '.join(known)})", asked["memory"], nearest(asked["memory"], known))
    channels = asked["memory_channels"]
    if channels is not None and channels > cpu.memory_channels * (sockets or (2 if cpu.two_sockets else 1)):
        of_two = f", or {2 * cpu.memory_channels} of two of them" if cpu.two_sockets else ""
        fix = "write fewer, or `sockets` 2" if sockets == 1 and cpu.two_sockets else "write fewer"
        raise Refused("memory_channels", f"at most the {cpu.memory_channels} of the `cpu`{of_two}", channels, fix)
    used = sockets_of(cpu, channels, sockets)
    if asked["ram_gib"] is not None and cpu.max_memory_gib is not None and asked["ram_gib"] > used * cpu.max_memory_gib:
        raise Refused("ram_gib", f"at most the {used * cpu.max_memory_gib:g} GiB that the `cpu` takes", asked["ram_gib"], "write less")
