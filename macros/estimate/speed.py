"""Speed of a placement: decode, prefill and load, each with the range that held-out measurements leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from macros.estimate.away import layers_away
from macros.estimate.constants import Fitted, decode_constants, fitted_of, prefill_constants
from macros.estimate.notices import Notice, told
from macros.estimate.ram import one_memory
from macros.estimate.rates import Rates
from macros.estimate.setting import Setting, pass_tokens
from macros.estimate.shares import Placement, slices
from macros.estimate.speed_features import (
    OLDER_PARTS,
    OLDER_PROMPT_PARTS,
    Stack,
    decode_features,
    decode_terms,
    layers_of,
    matrix_terms,
    moved_bytes,
    part_terms,
    prefill_features,
    prefill_terms,
    slower,
    start_terms,
)
from macros.estimate.speed_parts import (
    USUAL_SLOT,
    Part,
    device_rates,
    host_doubt,
    host_rates,
    parts_of,
    stack_of,
)
from macros.estimate.speed_range import basis, cell, ends, measured
from macros.estimate.work import Work, total
from macros.formulas.bandwidth import pcie_bandwidth
from macros.formulas.compute_graph.passes import FLOAT
from macros.formulas.decode import all_reduce_seconds, decode_ceiling, experts_touched, more_users_seconds, sequence_seconds, token_seconds
from macros.formulas.elementwise import added, ceil
from macros.formulas.engine_constants import OFFLOADED_ROWS
from macros.formulas.load_time import cached_load_seconds, cold_load_seconds
from macros.formulas.prefill import (
    NARROWEST,
    STAGED,
    expert_passes,
    least_prompt_seconds,
    pipelined_seconds,
    prompt_seconds,
    streaming_seconds,
)
from macros.formulas.units import MB, MICRO
from macros.specs import Catalogue

LEAST_LIMIT = 0.25
"""Share of a card's power below which no limit was measured."""
LESS_CERTAIN = 1.5
"""A power limit, or a class that nobody measured there: few measurements fix them, so the range is so much wider."""

SLICED = 2.5
"""A slice of each layer on every card: the exchange leans on few machines."""

SPLIT = 1.3
"""Layers spread over several cards, or some of the weights on the host."""

UNLIKE = 3.0
"""A model with parts that were never measured: their kernels may take longer than all the rest."""
SERVED = 1.4
"""Several users at a time: measured on two machines."""


def answer(setting: Setting, placement: Placement, catalogue: Catalogue) -> dict[str, Any]:
    """Decode, prefill and load of a placement, as the door names them.

    Args:
        setting: a checked question
        placement: where everything goes
        catalogue: all records

    Returns:
        `decode` and `prefill` {tokens_per_second, low, high, basis}, `load` where a drive is named, `notices`.
    """
    notices = list(setting.notices)
    parts = parts_of(setting, placement, catalogue, notices)
    decode, prefill = _decode(setting, parts, layers_away(placement), catalogue), _prefill(setting, parts, catalogue)
    for kind, speed in (("decode", decode), ("prefill", prefill)):
        if _unlike(setting, catalogue, kind):
            speed["basis"] = "extrapolated"
    if setting.users == 1 and _at_once(setting) < OFFLOADED_ROWS:
        prefill = _no_slower(prefill, decode)
    result: dict[str, Any] = {"decode": decode, "prefill": prefill}
    if setting.drive is not None:
        result["load"] = _load(setting, placement, catalogue, parts)
    result["notices"] = told(notices + _doubts(setting, parts, catalogue))
    return result


def _no_slower(prompt: Mapping[str, Any], token: Mapping[str, Any]) -> dict[str, Any]:
    """A prompt in passes of few tokens: one of a single token is that of decode, a wider one no slower. So is each end of its range. A
    figure that is decode's rests on what both rest on."""
    faster = {end: max(prompt[end], token[end]) for end in ("tokens_per_second", "low", "high")}
    taken = token["tokens_per_second"] > prompt["tokens_per_second"]
    return {**faster, "basis": _weakest([prompt["basis"], token["basis"]]) if taken else prompt["basis"]}


def _weakest(words: Sequence[str]) -> str:
    """Of what several figures rest on, that which tells least."""
    return next(word for word in ("extrapolated", "family", "fitted") if word in words)


def decode_speed(setting: Setting, placement: Placement, catalogue: Catalogue) -> float:
    """Tokens of all users together each second, to compare placements [tokens/s]."""
    return _step_of(setting, parts_of(setting, placement, catalogue, []), layers_away(placement), catalogue).tokens_per_second


def checking(setting: Setting, placement: Placement, catalogue: Catalogue, tokens: int) -> float:
    """Time of a pass for so many tokens of each user, over that of a pass for one [1].

    Args:
        setting: a checked question
        placement: where everything goes
        catalogue: all records
        tokens: tokens of each conversation [tokens]

    Returns:
        The ratio [1].
    """
    parts, away = parts_of(setting, placement, catalogue, []), layers_away(placement)
    one = _decode(setting, parts, away, catalogue)["tokens_per_second"]
    return float(one / _decode(setting, parts, away, catalogue, tokens)["tokens_per_second"])


def guessing(setting: Setting, placement: Placement, catalogue: Catalogue, work: Work) -> float:
    """Time of a guess on the first device, over that of a pass of the model for one token [1].

    Args:
        setting: a checked question
        placement: where everything goes
        catalogue: all records
        work: what guesses, as the work of one token

    Returns:
        The ratio [1].
    """
    parts = parts_of(setting, placement, catalogue, [])
    first = parts[1] if len(parts) > 1 and parts[0].rates.is_processor else parts[0]
    guess = replace(first, work=work, state_bytes=0.0)
    seconds = _step_seconds(setting, guess, catalogue, stack_of(setting), _shared(setting, parts))
    return float(seconds / setting.users * _decode(setting, parts, layers_away(placement), catalogue)["tokens_per_second"])


def _cache_bytes(setting: Setting, part: Part, moved: bool = False) -> float:
    """Keys and values read for one user's token [bytes]; with what the back end writes and reads besides, where that is asked for."""
    key = setting.kv_type_k.block_bytes / setting.kv_type_k.block
    value = setting.kv_type_v.block_bytes / setting.kv_type_v.block
    latent = setting.architecture.attention.latent is not None
    each = key if latent else (key + value) / 2
    return part.work.cache_bytes(setting.depth, moved_bytes(each, setting.backend) if moved else each)


def _stack_of_part(stack: Stack, part: Part) -> Stack:
    """What runs a part: what a build gains at recurrences, a part gains where it has such layers."""
    recurrent = part.work.recurrent_layers > 0
    return stack if stack.recurrent == recurrent else replace(stack, recurrent=recurrent)


def _token_seconds(setting: Setting, part: Part, fitted: Fitted, stack: Stack, slices: int, tokens: int = 1) -> float:
    """Time that a part takes for one step of all users [s], with so many tokens of each, without what further tokens multiply."""
    users = setting.users
    stack = _stack_of_part(stack, part)
    experts = setting.architecture.experts
    share = None if experts is None else experts_touched(used=experts.used, count=experts.count, users=users * tokens)
    inputs = decode_features(
        part.rates,
        part.work,
        cache_bytes=_cache_bytes(setting, part, moved=True) * users / slices,
        weight_bytes=(part.work.weight_bytes(share) + 2 * part.state_bytes * users) / slices,
        attention_flop=part.work.attention_flop(setting.depth) * users / slices,
        flash_attention=setting.flash_attention,
        stack=stack,
    )
    factor = slower(fitted.terms, decode_terms(part.rates, stack)) * part.power
    constants = decode_constants(fitted, part.rates, stack.engine, stack.backend)
    for name, of in OLDER_PARTS.items():
        constants[name] = constants[name] * slower(fitted.terms, part_terms(of, part.rates, stack))
    constants["layer_time"] = constants["layer_time"] * slower(fitted.terms, start_terms(stack))
    return float(token_seconds(**inputs, **constants, slower=factor))


def _step_seconds(setting: Setting, part: Part, catalogue: Catalogue, stack: Stack, slices: int, tokens: int = 1) -> float:
    """Time that a part takes for one step of all users [s], with so many tokens of each."""
    seconds = _token_seconds(setting, part, fitted_of(catalogue.calibration["decode"]), stack, slices, tokens)
    if setting.users * tokens > 1:
        prompts = prefill_constants(fitted_of(catalogue.calibration["prefill"]), part.rates, stack.engine, stack.backend)
        seconds += more_users_seconds(
            parameters=(part.work.parameters + part.work.output_parameters) / slices,
            users=setting.users * tokens,
            rate=part.rates.prefill_rate,
            utilisation=prompts["utilisation"],
        )
    return seconds


def _sequences_seconds(setting: Setting, catalogue: Catalogue) -> float:
    """Time that further users add to a step besides [s]."""
    if setting.users == 1:
        return 0.0
    sequence_time = catalogue.calibration["serving"].terms.get(setting.engine.id + ".sequence_time", 0.0)
    return float(sequence_seconds(users=setting.users, sequence_time=sequence_time))


def _shared(setting: Setting, parts: Sequence[Part]) -> int:
    """Cards that each hold a slice of every layer; 1: layers are split among them, there is one, or the host has a part."""
    on_cards = not any(part.rates.is_processor for part in parts)
    return len(setting.gpus) if slices(setting) and on_cards else 1


def _whole(setting: Setting, parts: Sequence[Part]) -> list[Part]:
    """Each card with the work of all layers, of which it does a slice."""
    if len(parts) == 1 or parts[0].work.layers >= setting.architecture.layers:
        return list(parts)
    work, states = total([part.work for part in parts]), sum(part.state_bytes for part in parts)
    return [replace(part, work=work, state_bytes=states) for part in parts]


@dataclass(frozen=True)
class Doubt:
    """What a host that the question does not describe leaves open."""

    shares: Sequence[float]
    """Of each part's time, the share that goes by the host [1]."""
    slower: float
    """How much slower it may be: a ratio of speeds [1]."""
    faster: float
    """How much faster [1]."""


@dataclass(frozen=True)
class Step:
    """One step of all users."""

    timed: Sequence[tuple[Part, float]]
    """The parts that take turns, and the time of each [s]."""
    crossings: float
    """Time between them [s]."""
    most: float
    """What the bandwidth allows [tokens/s]."""
    users: int
    """Those who share the step."""

    @property
    def tokens_per_second(self) -> float:
        """Steps a second times users: tokens of all together, where each gets one a step."""
        return min(self.users / (self.crossings + float(added([own for _, own in self.timed]))), self.most)


def _decode(setting: Setting, parts: Sequence[Part], away: int, catalogue: Catalogue, tokens: int = 1) -> dict[str, Any]:
    """Speed of all users together, with its range; steps a second times users, where a step checks several tokens of each."""
    step = _step_of(setting, parts, away, catalogue, tokens)
    fitted = fitted_of(catalogue.calibration["decode"])
    widen, of = _widen(setting, parts, catalogue, "decode"), _cell(setting, 0)
    far = setting.engine.far_socket_share or 1.0
    shares = [float(part.rates.is_processor) for part, _ in step.timed]
    slower_host, faster_host = host_doubt(setting, catalogue)
    doubt = Doubt(shares, slower_host, faster_host)
    return _ranged(step.timed, step.crossings, fitted, setting.users, widen, of, stack_of(setting), doubt, most=step.most, far=far)


def _step_of(setting: Setting, parts: Sequence[Part], away: int, catalogue: Catalogue, tokens: int = 1) -> Step:
    """What one step of all users takes, with so many tokens of each."""
    fitted = fitted_of(catalogue.calibration["decode"])
    stack, users, slices = stack_of(setting), setting.users, _shared(setting, parts)
    if slices > 1:
        whole = _whole(setting, parts)
        times = [_step_seconds(setting, part, catalogue, stack, slices, tokens) for part in whole]
        slowest = max(range(len(parts)), key=lambda index: times[index])
        exchange = all_reduce_seconds(layers=whole[0].work.layers, devices=slices, exchange_time=fitted.terms["exchange_time"])
        timed = [(parts[slowest], times[slowest] + exchange)]
        ceiling = min(decode_ceiling(bytes_read=_read(setting, part) / slices, bandwidth=part.rates.bandwidth) for part in whole)
    else:
        timed = [(part, _step_seconds(setting, part, catalogue, stack, 1, tokens)) for part in parts]
        ceiling = 1 / added([_read(setting, part) / part.rates.bandwidth for part in parts])
    crossings = (len(parts) - 1) * fitted.terms["boundary_time"] if slices == 1 else 0.0
    if away > 0:
        crossings += all_reduce_seconds(layers=away, devices=2, exchange_time=(setting.engine.host_exchange_us or 0.0) * MICRO)
    crossings += _sequences_seconds(setting, catalogue)
    if not setting.kv_offload:
        crossings += users * _cache_sent_seconds(setting, parts, catalogue, setting.depth)
    return Step(timed, crossings, ceiling * users, users)


def _cell(setting: Setting, prompt: int) -> str:
    """What the model is like, at the depth of the question."""
    return cell(setting.architecture.model_class, setting.depth + prompt // 2)


def _unlike(setting: Setting, catalogue: Catalogue, kind: str) -> bool:
    """Whether the model has parts that no model has whose decode, or prefill, was measured."""
    return any(part not in catalogue.calibration[kind].parts for part in setting.architecture.unusual_parts)


def _widen(setting: Setting, parts: Sequence[Part], catalogue: Catalogue, kind: str) -> float:
    """How much wider a range is than that of one device with one user."""
    if _unlike(setting, catalogue, kind):
        return UNLIKE
    if _shared(setting, parts) > 1:
        return SLICED
    limit = setting.power_limit_w
    if limit is not None and any(device.gpu.limit_w is not None and limit < device.gpu.limit_w for device in setting.gpus):
        return LESS_CERTAIN
    if len(parts) > 1 or (len(setting.gpus) > 0 and not setting.kv_offload):
        return SPLIT
    return SERVED if setting.users > 1 else 1.0


def _read(setting: Setting, part: Part) -> float:
    """Bytes that one step of all users must at least read [bytes]."""
    return part.work.weight_bytes() + _cache_bytes(setting, part) * setting.users


def _at_once(setting: Setting) -> int:
    """Tokens of the prompt that are read together."""
    return min(setting.max_batched_tokens or setting.engine.chunk_tokens or pass_tokens(setting), setting.prompt_tokens)


def _prefill(setting: Setting, parts: Sequence[Part], catalogue: Catalogue) -> dict[str, Any]:
    """Speed of reading one prompt, with its range."""
    fitted = fitted_of(catalogue.calibration["prefill"])
    stack, tokens, slices = stack_of(setting), setting.prompt_tokens, _shared(setting, parts)
    at_once = _at_once(setting)
    card = device_rates(setting.gpus[0].gpu, setting, catalogue) if setting.gpus else None
    timed, sending = [], []
    for part in _whole(setting, parts) if slices > 1 else parts:
        if part.rates.is_processor and card is not None and at_once >= OFFLOADED_ROWS and setting.op_offload:
            worker = replace(part, rates=card)
            sent = _sent_seconds(setting, part, card, fitted, at_once)
        else:
            worker = part
            sent = 0.0
        timed.append((worker, _prompt_seconds(setting, worker, catalogue, stack, at_once) / slices + sent))
        sending.append(sent)
    if slices > 1:
        timed = [max(timed, key=lambda one: one[1])]
    # Cards that share the layers work on several passes at a time, if nothing is left to the host.
    piped = slices == 1 and len(parts) > 1 and not any(part.rates.is_processor for part in parts)
    passes = ceil(tokens / at_once) if piped else 1
    back = 0.0
    if not setting.kv_offload:
        back = float(ceil(tokens / at_once)) * _cache_sent_seconds(setting, parts, catalogue, setting.depth + tokens // 2)
    most = _most_prompt(setting, [worker for worker, _ in timed], len(parts) if piped or slices > 1 else 1, stack)
    shares = [float(part.rates.is_processor) for part, _ in timed]
    if slices == 1:
        shares = [max(whole, sent / own) for whole, sent, (_, own) in zip(shares, sending, timed, strict=True)]
    slower_host, faster_host = host_doubt(setting, catalogue)
    widen, of = _widen(setting, parts, catalogue, "prefill"), _cell(setting, tokens)
    doubt = Doubt(shares, slower_host, faster_host)
    return _ranged(timed, back, fitted, tokens, widen, of, stack, doubt, most=most, passes=passes)


def _most_prompt(setting: Setting, workers: Sequence[Part], at_once: int, stack: Stack) -> float | None:
    """Tokens of a prompt that the published peaks allow each second, with so many devices at work at once; None: one publishes no peak."""
    if any(part.rates.peak_rate <= 0 for part in workers):
        return None
    narrower = 1 if stack.wide else NARROWEST
    least = [
        least_prompt_seconds(
            parameters=(part.work if part.prompt is None else part.prompt).parameters,
            prompt_tokens=1,
            rate=part.rates.peak_rate,
            narrower=narrower,
        )
        for part in workers
    ]
    seconds = float(added(least))
    return at_once / seconds if seconds > 0 else None


def _prompt_seconds(setting: Setting, part: Part, catalogue: Catalogue, stack: Stack, at_once: int) -> float:
    """Time that a part takes for the whole prompt [s]."""
    decode, fitted = fitted_of(catalogue.calibration["decode"]), fitted_of(catalogue.calibration["prefill"])
    stack = _stack_of_part(stack, part)
    one = decode_constants(decode, part.rates, stack.engine, stack.backend)
    work = part.work if part.prompt is None else part.prompt
    inputs = prefill_features(
        part.rates,
        work,
        prompt_tokens=setting.prompt_tokens,
        depth=setting.depth,
        ubatch=at_once,
        flash_attention=setting.flash_attention,
        stack=stack,
        efficiency=one["efficiency"],
    )
    factor = slower(fitted.terms, prefill_terms(part.rates, stack)) * part.power
    constants = prefill_constants(fitted, part.rates, stack.engine, stack.backend)
    for name, of in OLDER_PROMPT_PARTS.items():
        constants[name] = constants[name] * slower(fitted.terms, part_terms(of, part.rates, stack))
    matrices = slower(fitted.terms, matrix_terms(part.rates, stack))
    waiting = layers_of(part.rates, work, one)
    return float(prompt_seconds(**inputs, **constants, pass_seconds=waiting, slower=factor, slower_matrices=matrices))


def _sent_seconds(setting: Setting, part: Part, card: Rates, fitted: Fitted, at_once: int) -> float:
    """Time to send what lies on the host to the card, pass by pass [s]: of routed experts those that the pass visits."""
    tokens = setting.prompt_tokens
    link = card.link_bandwidth or pcie_bandwidth(generation=USUAL_SLOT[0], lanes=USUAL_SLOT[1])
    times = expert_passes(share=part.work.expert_share, prompt_tokens=tokens, ubatch=at_once)
    host_bytes = part.work.dense_bytes * ceil(tokens / at_once) + part.work.expert_bytes * times
    return float(
        streaming_seconds(
            host_bytes=host_bytes,
            link_bandwidth=link,
            link_share=fitted.terms["link_share"],
            host_bandwidth=part.rates.bandwidth,
            passes=1,
        )
    )


def _cache_sent_seconds(setting: Setting, parts: Sequence[Part], catalogue: Catalogue, depth: int) -> float:
    """Time in which cards get what lies in RAM of one user's cache, and send states back and forth, for one pass [s]."""
    if one_memory(setting):
        return 0.0
    seconds = 0.0
    asked = replace(setting, depth=depth)
    most = host_rates(setting, catalogue, []).bandwidth
    for part in parts:
        if not part.rates.is_processor:
            link = part.rates.link_bandwidth or pcie_bandwidth(generation=USUAL_SLOT[0], lanes=USUAL_SLOT[1])
            share = fitted_of(catalogue.calibration["prefill"]).terms["link_share"]
            held = _cache_bytes(asked, part) + 2 * FLOAT * part.work.state_values
            # Caches lie in locked memory, which the card reads itself: they pass memory once.
            once = STAGED * most
            seconds += float(streaming_seconds(host_bytes=held, link_bandwidth=link, link_share=share, host_bandwidth=once, passes=1))
    return seconds


def _ranged(
    timed: Sequence[tuple[Part, float]],
    more: float,
    fitted: Fitted,
    tokens: int,
    widen: float,
    of: str,
    stack: Stack,
    doubt: Doubt,
    *,
    most: float | None = None,
    passes: int = 1,
    far: float = 1.0,
) -> dict[str, Any]:
    """Tokens over seconds, and the range: each part's seconds divided by how far measured values lie from predicted ones, of which a
    share goes by the memory of a host that nobody described."""
    ranges = [
        ends(fitted, of, part.rates, stack, widen * (1.0 if measured(fitted, of, part.rates, stack) else LESS_CERTAIN)) for part, _ in timed
    ]
    ranges = [
        (low * part.least / (1 + share * (1 / doubt.slower - 1)), high / (1 + share * (1 / doubt.faster - 1)))
        for (low, high), share, (part, _) in zip(ranges, doubt.shares, timed, strict=True)
    ]

    def speed(ratios: Sequence[float]) -> float:
        times = [own / ratio for (_, own), ratio in zip(timed, ratios, strict=True)]
        seconds = more + float(added(times))
        if passes > 1:
            seconds = float(pipelined_seconds(whole=seconds, slowest=max(times), passes=passes, factor=fitted.terms["pipeline_factor"]))
        found = tokens / seconds
        return found if most is None else min(found, most)

    if most is not None:
        # Each token reads all weights: where they lie badly, it waits for them.
        ranges = [(low * far if part.rates.sockets > 1 else low, high) for (low, high), (part, _) in zip(ranges, timed, strict=True)]
    resting = [basis(fitted, of, part.rates, stack) for part, _ in timed]
    return {
        "tokens_per_second": speed([1.0 for _ in timed]),
        "low": speed([low for low, _ in ranges]),
        "high": speed([high for _, high in ranges]),
        "basis": _weakest(resting),
    }


def _load(setting: Setting, placement: Placement, catalogue: Catalogue, parts: Sequence[Part]) -> dict[str, float]:
    """Time to load the file: from the drive, and once the page cache holds it [s]."""
    drive = catalogue.drives[setting.drive or ""]
    size = placement.weights.bytes
    link = min((part.rates.link_bandwidth for part in parts if part.rates.link_bandwidth), default=parts[0].rates.bandwidth)
    memory = host_rates(setting, catalogue, []).bandwidth
    cached = cached_load_seconds(file_bytes=size, memory_bandwidth=memory, link_bandwidth=link)
    return {
        "seconds": max(cold_load_seconds(file_bytes=size, drive_bandwidth=drive.read_mb_per_s * MB), cached),
        "cached_seconds": cached,
    }


def device_doubts(rates: Rates, catalogue: Catalogue) -> list[Notice]:
    """Why the speed of a device is less certain than that of others.

    Args:
        rates: the device
        catalogue: all records

    Returns:
        Nothing, or one notice.
    """
    group, _ = fitted_of(catalogue.calibration["decode"]).group(rates)
    if group != rates.family and group == "all":
        return [Notice("extrapolated-from-all", {"device": rates.name})]
    if group != rates.family and rates.family is not None:
        vendor = catalogue.device_families[rates.family].vendor
        return [Notice("extrapolated", {"device": rates.name, "family": rates.family, "vendor": vendor})]
    return [] if rates.matrix_rate else [Notice("matrix-rate-unknown", {"device": rates.name})]


def _limit_doubts(setting: Setting) -> list[Notice]:
    """What a limit of power does not do."""
    found: list[Notice] = []
    limit = setting.power_limit_w
    if limit is None:
        return found
    for device in setting.gpus:
        watts = device.gpu.limit_w
        if watts is None:
            found.append(Notice("power-unknown", {"device": device.id, "limit": f"{limit:g}"}))
        elif limit > watts:
            found.append(Notice("power-limit-unused", {"device": device.id, "watts": f"{watts:g}", "limit": f"{limit:g}"}))
        elif limit < LEAST_LIMIT * watts:
            found.append(Notice("power-limit-unmeasured", {"device": device.id, "watts": f"{watts:g}", "limit": f"{limit:g}"}))
    return found


def _doubts(setting: Setting, parts: Sequence[Part], catalogue: Catalogue) -> list[Notice]:
    """Why a speed is less certain than others."""
    found: list[Notice] = []
    for part in parts:
        found += device_doubts(part.rates, catalogue)
        if part.rates.is_processor and setting.quant.id.startswith(("iq1", "iq2", "iq3")):
            found.append(Notice("slow-unpacking", {"quant": setting.quant.id}))
        if setting.engine.fitted and not all(
            measured(fitted_of(catalogue.calibration[kind]), _cell(setting, 0), part.rates, stack_of(setting))
            for kind in ("decode", "prefill")
        ):
            found.append(Notice("unmeasured-class", {"device": part.rates.name, "engine": setting.engine.id}))
    if not setting.engine.fitted:
        found.append(Notice("another-engine", {"engine": setting.engine.id}))
    if _unlike(setting, catalogue, "decode") or _unlike(setting, catalogue, "prefill"):
        found.append(Notice("unmeasured-parts"))
    found += _limit_doubts(setting)
    if setting.users > 1:
        found.append(Notice("several-users"))
    if len(setting.gpus) > 1:
        found.append(Notice("several-devices"))
    return found
