"""The smaller kinds: builds, formats, losses of quality, rules of other calculators, what engines reserve, the article's figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from macros.formulas.units import GIB
from macros.formulas.weights.file import weight_bytes
from macros.relations.devices import SIZES_SOLD
from macros.relations.ratios import Ratio, Relation, Rule, Slip
from macros.specs import Catalogue
from macros.specs.builds import Build
from macros.specs.calculators import Calculator
from macros.specs.engines import Engine
from macros.specs.models import architecture_of
from macros.specs.quality import Quality
from macros.specs.quantizations import Packing, PerWeight, Quantization, TensorType
from macros.specs.record import numbers_in
from macros.specs.yaml_file import Location


def _field(name: str) -> Callable[[Any], float | None]:
    return lambda record: getattr(record, name) or None


def _all(record: Any) -> str:
    return "any kind"


def _parts(build: Build, catalogue: Catalogue) -> Iterator[Slip]:
    """Memory is modules in channels that the processor has, holds the model, and is no more than the processor takes."""
    cpu, model = catalogue.cpus.get(build.cpu), catalogue.models.get(build.task.model)
    if cpu is None or model is None:
        return
    if build.memory_channels not in (1, 2, cpu.memory_channels) or build.memory_channels > cpu.memory_channels:
        yield Slip(("memory_channels",), f"1, 2 or the {cpu.memory_channels} channels of {cpu.id}", f"{build.memory_channels}")
    if build.ram_gib not in SIZES_SOLD:
        yield Slip(("ram_gib",), "a size that memory is sold in (16, 32, 48, 64 … GiB)", f"{build.ram_gib:g}")
    if cpu.max_memory_gib and build.ram_gib > cpu.max_memory_gib:
        yield Slip(("ram_gib",), f"at most the {cpu.max_memory_gib:g} GiB that {cpu.id} takes", f"{build.ram_gib:g}")
    module = build.ram_gib / build.memory_channels
    if not 8 <= module <= 128:
        yield Slip(("ram_gib",), f"8 to 128 GiB for each of {build.memory_channels} channels", f"{module:g} GiB")
    quantization = catalogue.quantizations.get(build.task.quant)
    if quantization is not None:
        need = weight_bytes(architecture_of(model, catalogue.models), quantization, catalogue.records["tensor-types"]) / GIB
        vram = sum(catalogue.gpus[gpu].largest_memory_gib for gpu in build.gpus if gpu in catalogue.gpus)
        if not need <= build.ram_gib + vram:
            yield Slip(("ram_gib",), f"with the GPUs at least the {need:.3g} GiB of {model.id}", f"{build.ram_gib + vram:g}")
        # A machine is bought for what it is to run: RAM of many times that is a slip, or another machine.
        if build.ram_gib > 3.2 * max(need, vram, 10):
            yield Slip(("ram_gib",), f"at most a few times the {max(need, vram):.3g} GiB that it is for", f"{build.ram_gib:g}")
    longest = architecture_of(model, catalogue.models).context_length
    if not 512 <= build.task.context <= longest or build.task.context & (build.task.context - 1):
        yield Slip(("task", "context"), f"a power of two from 512 to the model's {longest}", f"{build.task.context}")


def _places(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Places in a table are 1, 2, 3 …, each once."""
    places = [other.place for other in catalogue.records[kind].values() if other.id != record.id]
    if record.place in places or record.place > len(places) + 1:
        yield Slip(("place",), f"a place of its own from 1 to {len(places) + 1}", f"{record.place}", "number the records anew")


BUILDS: tuple[Relation, ...] = (Rule(_parts), _places)
ENGINE_SETTINGS: tuple[Relation, ...] = (_places,)


def _rule(calculator: Calculator, catalogue: Catalogue) -> Iterator[Slip]:
    """A calculator that someone uses weighs a common model within a factor of four of its file."""
    if calculator.bytes_per_parameter is not None and not 0.25 <= calculator.bytes_per_parameter <= 2:
        yield Slip(("bytes_per_parameter",), "0.25 to 2 bytes for a parameter at four bits", f"{calculator.bytes_per_parameter:g}")
    for name in ("weights_factor", "cache_factor"):
        if not 0.5 <= getattr(calculator, name) <= 2:
            yield Slip((name,), "a factor of 0.5 to 2", f"{getattr(calculator, name):g}")
    for name, most in (("bytes_per_parameter_more", 0.3), ("bytes_per_token", 10**5)):
        if getattr(calculator, name) > most:
            yield Slip((name,), f"at most {most:g}", f"{getattr(calculator, name):g}")
    rate = calculator.cache_bytes_per_parameter_and_token
    if rate is not None and not 1e-6 <= rate <= 2e-5:
        yield Slip(("cache_bytes_per_parameter_and_token",), "1e-6 to 2e-5: a cache of 0.1 to 2 GB at 16K for 7B", f"{rate:g}")
    if calculator.constant_bytes and not 10**8 <= calculator.constant_bytes <= 3 * 10**9:
        yield Slip(("constant_bytes",), "0, or 100 MB to 3 GB", f"{calculator.constant_bytes}")


UNITS = {"GB": 10**9, "MB": 10**6, "GiB": 2**30, "MiB": 2**20}
WORDS = {"half": 0.5, "twice": 2.0, "three times": 3.0, "four times": 4.0}
THOUSANDS = 4096
"""What a calculator means by four thousand tokens."""


def _told(calculator: Calculator, catalogue: Catalogue) -> Iterator[Slip]:
    """The sentence that tells the rule has its numbers."""
    text = calculator.rule.en
    sizes = [float(number) * UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?) (GB|MB|GiB|MiB)", text)]
    plain = [float(number) for number in re.findall(r"(?<![\d.])\d+(?:\.\d+)?(?! ?(?:GB|MB|GiB|MiB|\d|\.\d))", text)]
    plain += [value for word, value in WORDS.items() if word in text.lower()]
    plain += [value for number in plain for value in (number / 100, 1 + number / 100, number / 8)]
    named = {
        "weights_factor": plain, "cache_factor": plain, "mixture_factor": plain, "bytes_per_parameter_more": plain,
        "constant_bytes": sizes, "bytes_per_token": [size / THOUSANDS for size in sizes],
    }  # fmt: skip
    if re.search(r"a parameter(?!,? 150)", text):
        named["bytes_per_parameter"] = plain
    for key, told in named.items():
        value = getattr(calculator, key)
        if value and value != type(calculator).model_fields[key].default and not any(abs(value / one - 1) < 1e-3 for one in told if one):
            yield Slip((key,), f"a number of its rule: '{text}'", f"{value:g}")


CALCULATORS: tuple[Relation, ...] = (
    Rule(_rule),
    Rule(_told),
    Ratio("bytes for a parameter", ("bytes_per_parameter",), _field("bytes_per_parameter"), (_all,), slack=1.2),
)

WORSE = 1.6
"""From many bits to few, a format loses no more to the next than that."""


def _losses(quality: Quality, catalogue: Catalogue) -> Iterator[Slip]:
    """Perplexity grows as bits fall, from the original's on, in small steps; and so does the divergence."""
    for key, before in (("perplexity", quality.original_perplexity), ("kl_divergence", None)):
        values = [(index, getattr(row, key)) for index, row in enumerate(quality.rows) if getattr(row, key) is not None]
        for at, (index, value) in enumerate(values):
            near = [other for place, (_, other) in enumerate(values) if place != at and abs(place - at) <= 2]
            near += [before] if before is not None and at < 2 else []
            step = _step(key, min(near), quality) if near else 1.0
            if near and not min(near) / step <= value <= max(near) * step:
                expected = f"about {min(near):.4g} to {max(near):.4g}, between the formats beside it"
                yield Slip(("rows", index, key), expected, f"{value:.5g}")
    first = quality.rows[0].perplexity
    if not 0.995 <= first / quality.original_perplexity <= WORSE:
        yield Slip(
            ("original_perplexity",), f"a little below that of the format with most bits, {first:g}", f"{quality.original_perplexity:g}"
        )


def _step(key: str, value: float, quality: Quality) -> float:
    """So far outside its neighbours a format may lie: an importance matrix and noise; more where the model breaks down."""
    if key == "kl_divergence":
        return 4.5 if value < 0.006 else 1.8
    return 1.04 if value < 1.5 * quality.original_perplexity else 2.5


QUALITY: tuple[Relation, ...] = (Rule(_losses),)


def _format(quantization: Quantization, catalogue: Catalogue) -> Iterator[Slip]:
    """A format is made of whole bits, and named by them."""
    per = quantization.per_weight
    if per is not None:
        yield from packing(quantization, per, ("per_weight",))
        for index, stored in enumerate(per.rules):
            yield from packing(quantization, stored, ("per_weight", "rules", index))
            yield from _like_the_rest(quantization, index)
        if per.other_bits != (32 if per.weight_bits == 32 else 16):
            yield Slip(("per_weight", "other_bits"), "16 bits, or 32 where weights have them", f"{per.other_bits}")
        yield from _named(quantization, per)
    for index, rule in enumerate(quantization.recipe.value if quantization.recipe else ()):
        for key, allowed in (("experts_at_least", (4, 8, 16)), ("query_heads_per_kv_head_at_least", (2, 4, 8))):
            told = getattr(rule, key)
            if told is not None and told not in allowed:
                yield Slip(("recipe", "value", index, key), f"one of {', '.join(map(str, allowed))}", f"{told}")


BITS = (1, 2, 3, 4, 5, 6, 8, 16, 32)
DOUBLY_QUANTIZED = 8 + 32 / 256
"""Scales of eight bits, each 256 of which share one of 32."""
GROUPS = (16, 32, 64, 128, 256, 512, 1024)


def packing(quantization: Quantization, packing: Packing, at: Location, *, published: bool = False) -> Iterator[Slip]:
    """What any packing is made of; a publisher may keep scale and bias at 32 bits each, and an index whatever the format says."""
    scales = (0, 8, DOUBLY_QUANTIZED, 16, 32, *((64,) if published else ()))
    indexes = (0, 16, 32) if published else (0, 32) if quantization.kind == "gptq" else (0, 16)
    states = 1400 if quantization.kind == "bitsandbytes" else 16
    unstored = len(at) > 1 and packing.weight_bits == 0
    allowed: tuple[tuple[str, bool, str], ...] = (
        ("weight_bits", packing.weight_bits in BITS or unstored, "1 to 6, 8, 16 or 32 bits"),
        ("scale_bits", packing.scale_bits in scales, "0, 8, 16 or 32 bits of scale, or 8.125 of doubly quantized ones"),
        ("zero_point_bits", packing.zero_point_bits in (0, packing.weight_bits), "no zero point, or one with the bits of a weight"),
        ("group_size", packing.group_size is None or packing.group_size in GROUPS, "a power of two from 16 to 1024"),
        ("group_rows", packing.group_rows is None or packing.group_rows == packing.group_size, "square blocks"),
        ("output_bits", packing.output_bits in (0, packing.input_index_bits), "as many bits as for an input, or none"),
        ("input_index_bits", packing.input_index_bits in indexes, "an index of 32 bits in GPTQ, signs of 16 elsewhere"),
        ("matrix_bytes", packing.matrix_bytes <= states, f"at most {states} bytes for a matrix: its shape, a scale"),
    )  # fmt: skip
    for key, holds, expected in allowed:
        if not holds:
            yield Slip((*at, key), expected, f"{getattr(packing, key)}")


def _like_the_rest(quantization: Quantization, index: int) -> Iterator[Slip]:
    """Tensors with as many bits as the rest are packed like it; others have its group, or that of a format's default."""
    per = quantization.per_weight
    assert per is not None
    rule, at = per.rules[index], ("per_weight", "rules", index)
    if rule.weight_bits >= 16 or rule.weight_bits == 0:
        if rule.scale_bits or rule.group_size:
            yield Slip((*at, "weight_bits"), "from 1 to fewer than 16 bits, as it has scales", f"{rule.weight_bits:g}")
        return
    if rule.weight_bits == per.weight_bits and (rule.group_size, rule.scale_bits) not in {(per.group_size, per.scale_bits), MLX}:
        expected = (
            f"groups of {per.group_size} with {per.scale_bits:g} bits of scale, as the other weights of {per.weight_bits:g} bits have"
        )
        yield Slip((*at, "group_size"), expected, f"{rule.group_size} with {rule.scale_bits:g}")
    elif rule.group_size not in (None, per.group_size, 32, 64):
        yield Slip((*at, "group_size"), f"the {per.group_size} of the other weights, or 32 or 64", f"{rule.group_size}")
    if quantization.kind == "mlx" and rule.scale_bits not in (8, 32):
        yield Slip((*at, "scale_bits"), "8 bits of a shared exponent, or 16 each of scale and bias", f"{rule.scale_bits:g}")


MLX = (64, 32.0)
"""Group and bits of scale and bias that MLX packs by unless told otherwise."""


def _named(quantization: Quantization, per: PerWeight) -> Iterator[Slip]:
    """Bits and group of a name are those of the record; blocks of MX formats and of NVFP4 have the size of their standards."""
    bits = re.search(r"\b(\d+)-bit|\b(?:INT|FP|MXFP|NVFP|W|F|BF|NF|int)(\d+)(?!\d)", quantization.name)
    group = re.search(r"group size (\d+)|-(\d+)g$", f"{quantization.name} {quantization.id}")
    standard = next((size for name, size in (("mxfp", 32), ("nvfp", 16)) if quantization.id.startswith((name, f"mlx-{name}"))), None)
    mixed = "mixed" in quantization.name or "with 8 bits" in quantization.name or "FP4 experts" in quantization.name
    if bits and not mixed and float(bits[1] or bits[2]) != per.weight_bits:
        yield Slip(("per_weight", "weight_bits"), f"{bits[1] or bits[2]}, as its name says", f"{per.weight_bits:g}")
    if group and int(group[1] or group[2]) != per.group_size:
        yield Slip(("per_weight", "group_size"), f"{group[1] or group[2]}, as its name says", f"{per.group_size}")
    if standard and not mixed and per.group_size != standard:
        yield Slip(("per_weight", "group_size"), f"{standard}, as the standard of that format has it", f"{per.group_size}")
    told = {float(number) for number in re.findall(r"\d+", quantization.name)} | {0.0, 8.0, 16.0, 32.0}
    for index, rule in enumerate(per.rules):
        if quantization.kind == "mlx" and rule.weight_bits not in told:
            yield Slip(("per_weight", "rules", index, "weight_bits"), "bits that its name tells, or 8, 16, 32", f"{rule.weight_bits:g}")


QUANTIZATIONS: tuple[Relation, ...] = (Rule(_format),)


def _block(kind: TensorType, catalogue: Catalogue) -> Iterator[Slip]:
    """A block has 1, 32, 64, 128 or 256 weights, and its name tells about how many bits each takes."""
    if kind.block not in (1, 16, 32, 64, 128, 256):
        yield Slip(("block",), "1, 16, 32, 64, 128 or 256 weights", f"{kind.block}")
    bits = 8 * kind.block_bytes / kind.block
    named = re.search(r"\d+", kind.name)
    if named and not 0.98 * int(named[0]) <= bits <= 2.0 + int(named[0]):
        yield Slip(("block_bytes",), f"{named[0]} to {2 + int(named[0])} bits for a weight, as its name says", f"{bits:.4g}")
    if kind.row_bytes not in (0, 2, 4):
        yield Slip(("row_bytes",), "0, or a scale of 2 or 4 bytes", f"{kind.row_bytes}")


INTERLEAVED = 200
"""ik_llama.cpp numbers a type whose rows are interleaved by so many above the type itself."""


def _number(kind: TensorType, catalogue: Catalogue) -> Iterator[Slip]:
    """Types are numbered one after another, each once; interleaved ones above their plain form, with its layout."""
    types, number = catalogue.records["tensor-types"], kind.number
    if number is None:
        return
    others = {other.number for other in types.values() if other.id != kind.id and other.number is not None}
    if number in others:
        yield Slip(("number",), "a number that no other type has", f"{number}")
    plain = types.get(re.sub(r"_r\d+$", "", kind.id))
    if plain is not None and plain.id != kind.id:
        if plain.number is not None and number - plain.number != INTERLEAVED:
            yield Slip(("number",), f"{plain.number + INTERLEAVED}, {INTERLEAVED} above {plain.name}", f"{number}")
        if plain.block == kind.block and plain.block_bytes != kind.block_bytes:
            yield Slip(("block_bytes",), f"{plain.block_bytes}, as {plain.name} has", f"{kind.block_bytes}")
    elif not {number - 1, number + 1, number - 2, number + 2, number + 4} & others and number > 0:
        yield Slip(("number",), "a number next to that of another type", f"{number}")


TENSOR_TYPES: tuple[Relation, ...] = (
    Rule(_block),
    Rule(_number),
    Ratio(
        "bytes of a block",
        ("block_bytes",),
        lambda kind: kind.block_bytes if kind.block > 1 else None,
        (lambda kind: f"{kind.block} weights",),
        slack=1.6,
        few=5,
    ),
)


ENGINE_BOUNDS: dict[str, tuple[float, float, bool]] = {
    "margin_mib": (256, 4096, True), "most_sequences": (32, 2048, True), "sequences": (32, 2048, True), "batches": (1024, 32768, True),
    "pages": (8, 256, True), "latent_hybrid_step": (16, 1024, True), "step": (1, 1024, True), "vocabulary_step": (16, 512, True),
    "bytes": (300, 2000, False), "indexer_scale_bytes": (2, 4, True), "logit_bytes": (2, 16, False), "from_gib": (1, 512, False),
    "chunk_tokens": (256, 8192, True), "cache_step": (32, 1024, True), "quantized_from": (1000, 20_000, False),
    "fused_heads": (48, 576, False), "layers_in_flight": (1, 16, False), "graphs_mib": (50, 2000, False), "hidden_mib": (20, 1000, False),
    "score_copies": (0.5, 4, False), "latent_score_copies": (0.5, 6, False), "host_exchange_us": (20, 500, False),
    "spill_gb_per_s": (1, 30, False), "far_socket_share": (0.1, 0.9, False),
}  # fmt: skip
"""What an engine was given by its makers, or was measured of it: least, most, and whether it is a power of two."""


def _reserves(engine: Engine, catalogue: Catalogue) -> Iterator[Slip]:
    for name, context in engine.contexts.items():
        if context.base_mib and not 10 <= context.base_mib <= 1000:
            yield Slip(
                ("contexts", name, "base_mib"), "10 to 1000 MiB, what back ends take before the first tensor", f"{context.base_mib:g}"
            )
        if context.per_compute_unit_mib and not 0.2 <= context.per_compute_unit_mib <= 6:
            yield Slip(("contexts", name, "per_compute_unit_mib"), "0.2 to 6 MiB for a compute unit", f"{context.per_compute_unit_mib:g}")
        others = {(other.base_mib, other.per_compute_unit_mib) for other in engine.contexts.values() if other.measured}
        if not context.measured and context.base_mib and others and (context.base_mib, context.per_compute_unit_mib) not in others:
            yield Slip(("contexts", name), "the figures of a measured back end, where it is assumed to be alike", f"{context.base_mib:g}")
    for at, value in numbers_in(engine):
        name = next(str(part) for part in reversed(at) if isinstance(part, str))
        bounds = ENGINE_BOUNDS.get(str(at[0]) if name == "tokens" else name)
        if value and bounds is not None:
            least, most, power = bounds
            if not least <= value <= most or (power and int(value) & (int(value) - 1)):
                yield Slip(at, f"{'a power of two from ' if power else ''}{least:g} to {most:g}", f"{value:g}")
    utilization = getattr(engine, "memory_utilization", None)
    if utilization is not None and not 0.5 <= utilization < 1:
        yield Slip(("memory_utilization",), "0.5 to 1: a share of the device", f"{utilization:g}")


ENGINES: tuple[Relation, ...] = (Rule(_reserves),)


HEADER = (20, 70)
"""Bytes of a file's header for each token of its vocabulary: the token, its score or kind, and the merges of some."""


def _header(family: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A header is for the most part the vocabulary of the family's models."""
    of = [one.architecture.vocabulary_size for one in catalogue.models.values() if one.family == family.id and one.architecture]
    if family.header_bytes and of and not HEADER[0] <= family.header_bytes / max(of) <= HEADER[1]:
        least, most = (share * max(of) for share in HEADER)
        yield Slip(("header_bytes",), f"{least} to {most} bytes for {max(of)} tokens", f"{family.header_bytes}")


FAMILIES: tuple[Relation, ...] = (Rule(_header),)
