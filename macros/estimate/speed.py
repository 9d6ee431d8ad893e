"""Speed of a placement: decode, prefill and load, each with the range that held-out measurements leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from macros.estimate.away import layers_away, moved_work
from macros.estimate.constants import Fitted, decode_constants, fitted_of, prefill_constants
from macros.estimate.notices import Notice, told
from macros.estimate.ram import one_memory, ram_gib
from macros.estimate.rates import Rates, core_rate, core_tflops, cpu_rates, gpu_rates
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement
from macros.estimate.speed_features import decode_features, prefill_features, slower
from macros.estimate.work import OUTPUT, Work, layer_work, total
from macros.formulas.bandwidth import pcie_bandwidth, ram_bandwidth
from macros.formulas.decode import all_reduce_seconds, decode_ceiling, experts_touched, more_users_seconds, token_seconds
from macros.formulas.elementwise import added, ceil
from macros.formulas.engine_constants import OFFLOADED_ROWS
from macros.formulas.load_time import cached_load_seconds, cold_load_seconds
from macros.formulas.prefill import pipelined_seconds, prompt_seconds, streaming_seconds
from macros.formulas.remember import by_identity
from macros.formulas.units import MB
from macros.specs import Catalogue

LESS_CERTAIN = 2.0
"""Several users, a slice of each layer on every card, or another engine: few measurements fix them, so the range is so much wider."""

SPLIT = 1.3
"""Layers spread over several cards: hundreds of measurements hold to it."""

USUAL_CHANNELS = 2
USUAL_MEMORY = "ddr5-5600"
USUAL_CORES = 8
USUAL_CLOCK_MHZ = 4500
"""What a machine is taken to have where the question names no processor and no memory."""


@dataclass(frozen=True)
class Part:
    """What one device does of the work."""

    rates: Rates
    work: Work
    state_bytes: float
    """States of recurrent layers [bytes]."""

    @property
    def held_bytes(self) -> float:
        """Weights that lie there, read or not [bytes]."""
        return self.work.dense_bytes + self.work.expert_bytes


def answer(setting: Setting, placement: Placement, catalogue: Catalogue) -> dict[str, Any]:
    """Decode, prefill and load of a placement, as the door names them.

    Args:
        setting: a checked question
        placement: where everything goes
        catalogue: all records

    Returns:
        `decode` and `prefill` {tokens_per_second, low, high}, `load` where a drive is named, `notices`.
    """
    notices = list(setting.notices)
    parts = _parts(setting, placement, catalogue, notices)
    decode = _decode(setting, parts, layers_away(placement), catalogue)
    result: dict[str, Any] = {"decode": decode, "prefill": _prefill(setting, parts, catalogue)}
    if setting.drive is not None:
        result["load"] = _load(setting, placement, catalogue, parts)
    result["notices"] = told(notices + _doubts(setting, parts, catalogue))
    return result


def decode_speed(setting: Setting, placement: Placement, catalogue: Catalogue) -> float:
    """Tokens of all users together each second, to compare placements [tokens/s]."""
    return _decode(setting, _parts(setting, placement, catalogue, []), layers_away(placement), catalogue)["tokens_per_second"]


def _parts(setting: Setting, placement: Placement, catalogue: Catalogue, notices: list[Notice]) -> list[Part]:
    """The devices that have something to do, in the order that a token passes them."""
    work = layer_work(
        setting.architecture, setting.quant, catalogue.records["tensor-types"], importance_matrix=setting.imatrix, gguf=setting.engine.gguf
    )
    moved = moved_work(placement, work)
    host_work = _work_of(work, placement.host.layers, placement.host.has_output) + moved[-1]
    parts = []
    for share, more in zip(placement.devices, moved[:-1], strict=True):
        assert share.device is not None
        own = _work_of(work, share.layers, share.has_output) + more
        if own.layers or own.output_parameters:
            parts.append(Part(gpu_rates(share.device.gpu, catalogue), own, share.state_bytes))
    if host_work.layers or host_work.output_parameters:
        rates = _host_rates(setting, catalogue, notices)
        if setting.ram_gib is None and not one_memory(setting):
            notices.append(Notice("ram-assumed", {"ram_gib": f"{ram_gib(setting, catalogue):g}"}))
        parts.insert(0, Part(rates, host_work, placement.host.state_bytes))
    return parts


@by_identity
def _work_of(work: dict[int, Work], layers: tuple[int, ...], has_output: bool) -> Work:
    pieces = [work[layer] for layer in layers]
    return total([*pieces, work[OUTPUT]] if has_output else pieces)


def _host_rates(setting: Setting, catalogue: Catalogue, notices: list[Notice]) -> Rates:
    """The processor that computes what is on the host; assumed, and said so, where the question names none."""
    if setting.cpu is not None:
        return cpu_rates(catalogue.cpus[setting.cpu], catalogue, memory=setting.memory, channels=setting.memory_channels)
    unified = next((device.gpu for device in setting.gpus if device.gpu.shares_memory), None)
    if unified is not None and setting.memory is None:
        bandwidth = gpu_rates(unified, catalogue).bandwidth
        notices.append(Notice("host-shares-memory"))
    else:
        kind = catalogue.memory[setting.memory or USUAL_MEMORY]
        channels = setting.memory_channels or USUAL_CHANNELS
        bandwidth = ram_bandwidth(
            channels=channels, transfer_rate=kind.transfer_rate_mt_per_s, bus_bits_per_channel=kind.bus_bits_per_channel
        )
        notices.append(Notice("host-assumed", {"channels": channels, "memory": kind.id}))
    family = "cpu-desktop"
    return Rates(
        "host",
        family,
        catalogue.device_families[family].wider,
        True,
        bandwidth,
        fp32_tflops=core_tflops(cores=USUAL_CORES, clock_mhz=USUAL_CLOCK_MHZ),
        prefill_rate=core_rate(cores=USUAL_CORES, clock_mhz=USUAL_CLOCK_MHZ),
    )


def _cache_bytes(setting: Setting, work: Work) -> float:
    """Keys and values read for one user's token [bytes]."""
    key = setting.kv_type_k.block_bytes / setting.kv_type_k.block
    value = setting.kv_type_v.block_bytes / setting.kv_type_v.block
    latent = setting.architecture.attention.latent is not None
    return work.cache_bytes(setting.depth, key if latent else (key + value) / 2)


def _token_seconds(setting: Setting, part: Part, fitted: Fitted, *, slices: int = 1, users: int = 1, depth: bool = True) -> float:
    """Time that a part takes for one step [s]."""
    experts = setting.architecture.experts
    share = None if experts is None else experts_touched(used=experts.used, count=experts.count, users=users)
    cache = _cache_bytes(setting, part.work) * users / slices if depth else 0.0
    inputs = decode_features(
        part.rates,
        part.work,
        cache_bytes=cache,
        weight_bytes=(part.work.weight_bytes(share) + 2 * part.state_bytes * users) / slices,
        flash_attention=setting.flash_attention,
    )
    factor = slower(fitted.terms, part.rates.wider, setting.built, setting.backend)
    return float(token_seconds(**inputs, **decode_constants(fitted, part.rates), slower=factor))


def _step_seconds(setting: Setting, part: Part, catalogue: Catalogue, slices: int) -> float:
    """Time that a part takes for one step of all users [s]."""
    users = setting.users
    seconds = _token_seconds(setting, part, fitted_of(catalogue.calibration["decode"]), slices=slices, users=users)
    if users > 1:
        seconds += more_users_seconds(
            parameters=(part.work.parameters + part.work.output_parameters) / slices,
            users=users,
            rate=part.rates.prefill_rate,
            utilisation=prefill_constants(fitted_of(catalogue.calibration["prefill"]), part.rates)["utilisation"],
        )
    return seconds


def _shared(setting: Setting) -> int:
    """Cards that each hold a slice of every layer; 1: layers are split among them, or there is one."""
    return len(setting.gpus) if setting.engine.splits == "slices" and len(setting.gpus) > 1 else 1


def _decode(setting: Setting, parts: Sequence[Part], away: int, catalogue: Catalogue) -> dict[str, float]:
    """Speed of all users together, with its range."""
    fitted = fitted_of(catalogue.calibration["decode"])
    users, slices = setting.users, _shared(setting)
    if slices > 1:
        whole = replace(parts[0], state_bytes=sum(part.state_bytes for part in parts))
        times = [_step_seconds(setting, replace(whole, rates=part.rates), catalogue, slices) for part in parts]
        slowest = max(range(len(parts)), key=lambda index: times[index])
        exchange = all_reduce_seconds(layers=whole.work.layers, devices=slices, exchange_time=fitted.terms["exchange_time"])
        timed = [(parts[slowest], times[slowest] + exchange)]
        ceiling = min(decode_ceiling(bytes_read=_read(setting, whole) / slices, bandwidth=part.rates.bandwidth) for part in parts)
    else:
        timed = [(part, _step_seconds(setting, part, catalogue, 1)) for part in parts]
        ceiling = 1 / added([_read(setting, part) / part.rates.bandwidth for part in parts])
    crossings = (len(parts) - 1) * fitted.terms["boundary_time"] if slices == 1 else 0.0
    if away > 0:
        crossings += all_reduce_seconds(layers=away, devices=2, exchange_time=fitted.terms["exchange_time"])
    widen = LESS_CERTAIN if users > 1 or not setting.engine.fitted else SPLIT if len(setting.gpus) > 1 else 1.0
    return _ranged(timed, crossings, fitted, users, widen, most=ceiling * users)


def _read(setting: Setting, part: Part) -> float:
    """Bytes that one step of all users must at least read [bytes]."""
    return part.work.weight_bytes() + _cache_bytes(setting, part.work) * setting.users


def _prefill(setting: Setting, parts: Sequence[Part], catalogue: Catalogue) -> dict[str, float]:
    """Speed of reading one prompt, with its range."""
    decode, fitted = fitted_of(catalogue.calibration["decode"]), fitted_of(catalogue.calibration["prefill"])
    tokens, slices = setting.prompt_tokens, _shared(setting)
    card = gpu_rates(setting.gpus[0].gpu, catalogue) if setting.gpus else None
    timed = []
    for part in parts:
        streams = part.rates.is_processor and card is not None and min(tokens, setting.ubatch) >= OFFLOADED_ROWS
        worker = replace(part, rates=card) if streams and card is not None else part
        inputs = prefill_features(
            worker.rates, worker.work, prompt_tokens=tokens, ubatch=setting.ubatch, flash_attention=setting.flash_attention
        )
        factor = slower(fitted.terms, worker.rates.wider, setting.built, setting.backend)
        step = _token_seconds(setting, worker, decode, depth=False)
        constants = prefill_constants(fitted, worker.rates)
        seconds = float(prompt_seconds(**inputs, **constants, step_seconds=step, slower=factor)) / slices
        if streams:
            link = worker.rates.link_bandwidth or pcie_bandwidth(generation=4, lanes=8)
            seconds += streaming_seconds(
                host_bytes=part.held_bytes, link_bandwidth=link, prompt_tokens=tokens, ubatch=min(setting.ubatch, tokens)
            )
        timed.append((worker, seconds))
    if slices > 1:
        timed = [max(timed, key=lambda one: one[1])]
    widen = LESS_CERTAIN if not setting.engine.fitted else SPLIT if len(parts) > 1 else 1.0
    # Cards that share the layers work on several passes at a time, if nothing is left to the host.
    piped = slices == 1 and len(parts) > 1 and not any(part.rates.is_processor for part in parts)
    return _ranged(timed, 0.0, fitted, tokens, widen, passes=ceil(tokens / min(setting.ubatch, tokens)) if piped else 1)


def _ranged(
    timed: Sequence[tuple[Part, float]],
    more: float,
    fitted: Fitted,
    tokens: int,
    widen: float,
    *,
    most: float | None = None,
    passes: int = 1,
) -> dict[str, float]:
    """Tokens over seconds, and the range: each part's seconds divided by how far measured values lie from predicted ones."""

    def speed(end: str) -> float:
        times = []
        for part, own in timed:
            group = fitted.group(part.rates)[1]
            ratio = 1.0 if end == "middle" else (group.low if end == "low" else group.high)
            times.append(own / (1 + (ratio - 1) * widen if ratio > 1 else 1 / (1 + (1 / ratio - 1) * widen)))
        seconds = more + float(added(times))
        if passes > 1:
            seconds = float(pipelined_seconds(whole=seconds, slowest=max(times), passes=passes, factor=fitted.terms["pipeline_factor"]))
        found = tokens / seconds
        return found if most is None else min(found, most)

    return {"tokens_per_second": speed("middle"), "low": speed("low"), "high": speed("high")}


def _load(setting: Setting, placement: Placement, catalogue: Catalogue, parts: Sequence[Part]) -> dict[str, float]:
    """Time to load the file: from the drive, and once the page cache holds it [s]."""
    drive = catalogue.drives[setting.drive or ""]
    size = placement.weights.bytes
    link = min((part.rates.link_bandwidth for part in parts if part.rates.link_bandwidth), default=parts[0].rates.bandwidth)
    kind = catalogue.memory[setting.memory or USUAL_MEMORY]
    memory = ram_bandwidth(channels=setting.memory_channels or USUAL_CHANNELS, transfer_rate=kind.transfer_rate_mt_per_s)
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


def _doubts(setting: Setting, parts: Sequence[Part], catalogue: Catalogue) -> list[Notice]:
    """Why a speed is less certain than others."""
    found: list[Notice] = []
    for part in parts:
        found += device_doubts(part.rates, catalogue)
        if part.rates.is_processor and setting.quant.id.startswith(("iq1", "iq2", "iq3")):
            found.append(Notice("slow-unpacking", {"quant": setting.quant.id}))
    if not setting.engine.fitted:
        found.append(Notice("another-engine", {"engine": setting.engine.id}))
    if setting.users > 1:
        found.append(Notice("several-users"))
    if len(setting.gpus) > 1:
        found.append(Notice("several-devices"))
    return found
