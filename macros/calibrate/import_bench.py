"""`python -m macros import-bench FILE`: what benchmarks print, llama-bench's JSON above all -> rows for data/measurements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from macros.calibrate import import_others
from macros.calibrate.plausible import implausible, same, undecided
from macros.estimate import Refused
from macros.estimate.question import GGUF_CACHE_TYPES
from macros.formulas.weights.file import weight_bytes
from macros.specs import Catalogue
from macros.specs.errors import in_words, nearest
from macros.specs.measurements import AnyRow
from macros.specs.models import architecture_of

BACKENDS = {
    "CUDA": "cuda",
    "ROCm": "rocm",
    "HIP": "rocm",
    "Vulkan": "vulkan",
    "SYCL": "sycl",
    "Metal": "metal",
    "MTL": "metal",
    "CPU": "cpu",
    "BLAS": "cpu",
}
WORDS_BESIDE_A_NAME = {"nvidia", "amd", "intel", "geforce", "radeon", "graphics", "gpu", "corporation", "laptop", "r", "tm", "edition"}
BESIDE_A_PROCESSOR = re.compile(r"\b\d+(-core|(st|nd|rd|th) gen)\b|\b(processor|cpu)\b|@.*")
"""What an operating system adds to a processor's name: cores, generation, clock."""

SIZE_AGREES = 0.06
"""llama-bench's size of a model is that of its tensors; another model is further off than this."""

EVERY_EXPERT = re.compile(r"[\\.*]*(ffn_(\.[*+]|\((?=.*up)(?=.*down)(?=.*gate)[a-z_|]+\)))?_?(\(ch\|\))?exps[\\.*$]*=CPU")
"""Values of `-ot` that leave the routed experts of every layer in system memory."""

ROW: TypeAdapter[Any] = TypeAdapter(AnyRow)


def rows(
    text: str,
    catalogue: Catalogue,
    *,
    gpu: str | None = None,
    cpu: str | None = None,
    model: str | None = None,
    quant: str | None = None,
) -> list[dict[str, Any]]:
    """The rows of one run of a benchmark; raises Refused, which says what is wrong with which entry.

    Args:
        text: what llama-bench printed with `-o json`, llama-batched-bench with `--output-format jsonl`, the file of `vllm bench serve
            --save-result`, or what `mlx_lm.benchmark` printed
        catalogue: all records
        gpu: id of the GPU, where its name does not tell it
        cpu: id of the processor, for a run without a GPU
        model: id of the model, where its size does not tell it
        quant: id of the format, where the benchmark does not say it

    Returns:
        Rows as data/measurements holds them, without a source.
    """
    made = list(_made(text, catalogue, gpu, cpu, model, quant))
    known = {same(row) for file in catalogue.measurements.values() for row in file.rows}
    for number, one in enumerate(made):
        try:
            row = ROW.validate_python(one)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            expected, fix = in_words(detail["msg"])
            raise Refused(f"{number}.{'.'.join(map(str, detail['loc'][1:]))}", expected, detail["input"], fix) from None
        for key, expected, got, guess in [*implausible(row, catalogue), *undecided(row, catalogue)]:
            raise Refused(f"{number}.{key}", expected, got, guess)
        if same(row) in known:
            raise Refused(str(number), "a measurement that is not there yet", "one that is", "leave it out")
        known.add(same(row))
    return made


def _made(
    text: str, catalogue: Catalogue, gpu: str | None, cpu: str | None, model: str | None, quant: str | None
) -> Iterator[dict[str, Any]]:
    """Rows before they are checked, by what the text is of."""
    other = import_others.entries(text)
    if other is not None:
        program, found = other
        named = import_others.Named(gpu, cpu, model, quant)
        for number, entry in enumerate(found):
            yield from import_others.rows_of(program, entry, number, named, catalogue)
        return
    entries = import_others.parsed(text, "the output of `llama-bench -o json`")
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries) or not entries:
        raise Refused("file", "a list of results, as `llama-bench -o json` prints it", entries)
    for number, entry in enumerate(entries):
        yield _row(entry, number, catalogue, gpu, cpu, model)


def _row(
    entry: Mapping[str, Any], number: int, catalogue: Catalogue, gpu: str | None, cpu: str | None, model: str | None
) -> dict[str, Any]:
    def number_of(key: str, least: float = 0) -> Any:
        return import_others.number(entry.get(key), f"{number}.{key}", least, "print it with a llama-bench of 2024 or later")

    prompt, generated = int(number_of("n_prompt")), int(number_of("n_gen"))
    if (prompt > 0) == (generated > 0):
        raise Refused(
            f"{number}.n_gen", "either n_prompt or n_gen above zero (pp or tg, not pg)", [prompt, generated], "run it without -pg"
        )
    backend = _backend(str(entry.get("backends", "")))
    quant = _quant(str(entry.get("model_type", "")), number, catalogue)
    size = int(number_of("model_size", 1))
    chosen = model or _model(size, int(number_of("model_n_params", 1)), str(entry.get("model_filename", "")), quant, number, catalogue)
    row: dict[str, Any] = {"kind": "decode" if generated else "prefill", "model": chosen, "quant": quant}
    row |= _devices(entry, number, catalogue, backend, gpu, cpu)
    row |= {
        "engine": "llama.cpp",
        "backend": backend,
        "build": f"b{entry['build_number']}" if entry.get("build_number") else str(entry.get("build_commit", "unknown")),
        "built": _day(entry.get("test_time"), number),
        "file_bytes": size,
        "tokens_per_second": float(number_of("avg_ts")),
        "flash_attention": _flag(entry, "flash_attn", number),
    }
    for key in ("no_kv_offload", "embeddings"):
        if _flag(entry, key, number):
            raise Refused(f"{number}.{key}", "false, as a row has no key for it", entry[key], "run it without")
    row |= {"generated_tokens": generated} if generated else {"prompt_tokens": prompt}
    # Versions without the key could measure an empty cache only.
    row["depth"] = int(number_of("n_depth")) if "n_depth" in entry else 0
    row |= _settings(entry, number, architecture_of(catalogue.models[chosen], catalogue.models).layers if chosen in catalogue.models else 0)
    layers = int(number_of("n_gpu_layers", -1)) if entry.get("n_gpu_layers") is not None else -1
    every = architecture_of(catalogue.models[chosen], catalogue.models).layers + 1 if chosen in catalogue.models else 0
    if row.get("gpus") and 0 <= layers < every:
        row["gpu_layers"] = layers
    if "offload" in row and "cpu" not in row:
        row |= _host(cpu or str(entry.get("cpu_info") or ""), catalogue)
    if len(row.get("gpus", [])) > 1:
        row["split"] = entry.get("split_mode", "layer")
    if "cpu" in row:
        row["threads"] = int(number_of("n_threads", 1))
    return row


def _flag(entry: Mapping[str, Any], key: str, number: int) -> bool:
    value = entry.get(key, False)
    if value not in (0, 1):  # True and False are among these
        raise Refused(f"{number}.{key}", "true or false", value)
    return bool(value)


def _settings(entry: Mapping[str, Any], number: int, layers: int) -> dict[str, Any]:
    """Scatter, batches, type of the cache, and what stays in system memory."""
    row: dict[str, Any] = {}
    for key, name in (("n_ubatch", "ubatch"), ("n_batch", "batch")):
        if entry.get(key) is not None:
            row[name] = int(import_others.number(entry[key], f"{number}.{key}", 1, "leave it out"))
    if entry.get("stddev_ts") is not None:
        row["standard_deviation"] = float(import_others.number(entry["stddev_ts"], f"{number}.stddev_ts", 0, "leave it out"))
    for key in ("type_k", "type_v"):
        if entry.get(key) and entry[key] not in GGUF_CACHE_TYPES:
            raise Refused(f"{number}.{key}", f"a type of the cache ({', '.join(GGUF_CACHE_TYPES)})", entry[key])
    kinds = [str(entry[key]) for key in ("type_k", "type_v") if entry.get(key)]
    if set(kinds) - {"f16"}:
        row["kv_type"] = kinds[0] if len(set(kinds)) == 1 else "/".join(kinds)
    moved = str(entry.get("tensor_buft_overrides") or "none")
    if entry.get("n_cpu_moe"):
        count = int(import_others.number(entry["n_cpu_moe"], f"{number}.n_cpu_moe", 0, "leave it out"))
        row |= {"n_cpu_moe": min(count, layers) if layers else count, "offload": f"--n-cpu-moe {count}"}
    elif moved != "none":
        row["offload"] = f"-ot {moved}"
        if EVERY_EXPERT.fullmatch(moved):
            row["n_cpu_moe"] = layers
    return row


def _backend(names: str) -> str:
    return next((BACKENDS[name] for name in BACKENDS if name.lower() in names.lower()), "other")


def _quant(model_type: str, number: int, catalogue: Catalogue) -> str:
    """`llama 8B Q4_K - Medium` -> q4_k_m."""
    sizes = {"small": "s", "medium": "m", "large": "l"}
    matched = re.search(r"\b((?:I?Q\d|TQ\d|MXFP4|BF16|F16|F32)\w*)(?: - (Small|Medium|Large|\d[\d.]* bpw))?", model_type)
    name = matched.group(1).lower() if matched else ""
    suffix = sizes.get((matched.group(2) or "").lower()) if matched else None
    name = {"mxfp4": "mxfp4_moe"}.get(name, f"{name}_{suffix}" if suffix and not name.endswith(f"_{suffix}") else name)
    if name not in catalogue.quantizations:
        raise Refused(f"{number}.model_type", "a format of data/quantizations", model_type, nearest(name, catalogue.quantizations))
    return name


def _model(size: int, parameters: int, file: str, quant: str, number: int, catalogue: Catalogue) -> str:
    """The model whose tensors have that size in that format; of several such, the one that the file is named after."""
    close: dict[str, float] = {}
    for name, record in catalogue.models.items():
        if record.architecture is not None:
            expected = weight_bytes(record.architecture, catalogue.quantizations[quant], catalogue.records["tensor-types"])
            if abs(size / expected - 1) <= SIZE_AGREES:
                close[name] = abs(size / expected - 1)
    if not close:
        fix = "GB, GiB or MiB for bytes? Otherwise enter the model in data/models, or name it with --model"
        raise Refused(f"{number}.model_size", f"the size of a known model in {quant}", f"{size:,} bytes, {parameters:,} parameters", fix)
    best = min(close, key=close.__getitem__)
    alike = sorted(name for name in close if abs(close[name] - close[best]) < 1e-4)
    named = max((name for name in alike if name in file.lower()), key=len, default=None)
    if named is not None:
        return named
    if len(alike) > 1:
        raise Refused(f"{number}.model_size", "the size of one model", f"that of {', '.join(alike)}", "name it with --model")
    return best


def _devices(entry: Mapping[str, Any], number: int, catalogue: Catalogue, backend: str, gpu: str | None, cpu: str | None) -> dict[str, Any]:
    if backend == "cpu":
        return {"cpu": _named(cpu or str(entry.get("cpu_info", "")), number, "cpu_info", catalogue.cpus, "--cpu")}
    names = [name for name in str(entry.get("gpu_info", "")).split(", ") if name] or [""]
    return {"gpus": [_named(gpu or name, number, "gpu_info", catalogue.gpus, "--gpu") for name in names]}


def _host(name: str, catalogue: Catalogue) -> dict[str, Any]:
    """The processor beside a card: its record, or what the driver calls it."""
    matches = [record for record in catalogue.cpus if record == name or _words(catalogue.cpus[record].name) == _words(name)]
    return {"cpu": matches[0]} if len(matches) == 1 else {"host": name} if name else {}


def _named(name: str, number: int, key: str, known: Mapping[str, Any], option: str) -> str:
    """The record that a driver's name means."""
    if name in known:
        return name
    wanted = _words(name)
    matches = sorted(record for record in known if _words(known[record].name) == wanted)
    if len(matches) != 1:
        near = nearest("-".join(sorted(wanted)), known)
        got = f"{name or 'nothing'}" + (f" (one of {', '.join(matches)})" if matches else "")
        raise Refused(f"{number}.{key}", f"a device of the guide; or {option} ID", got, near)
    return matches[0]


def _words(name: str) -> frozenset[str]:
    plain = BESIDE_A_PROCESSOR.sub(" ", name.lower())
    return frozenset(re.findall(r"[a-z0-9]+", plain)) - WORDS_BESIDE_A_NAME


def _day(stamp: Any, number: int) -> date:
    return import_others.day(str(stamp)[:10], f"{number}.test_time", stamp, "a time like 2026-11-21T08:00:00Z")


def written(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rows as lines of a file in data/measurements."""
    for row in found:
        yield "  - {" + ", ".join(f"{key}: {_scalar(value)}" for key, value in row.items()) + "}"


def without_rows(text: str) -> bool:
    """Whether a file of data/measurements still waits for its first row."""
    return not re.search(r"^\s*- ", text, re.M)


def added(text: str, lines: Iterable[str]) -> str:
    """The text of a file of data/measurements with more lines at the end of its rows.

    >>> print(added("title: {zh: a, en: a}\\nrows: []\\nsource: b\\n", ["  - {kind: decode}"]), end="")
    title: {zh: a, en: a}
    rows:
      - {kind: decode}
    source: b
    """
    there = text.splitlines()
    start = next((at for at, line in enumerate(there) if re.fullmatch(r"rows:\s*(\[\s*\]|null|~)?\s*(#.*)?", line)), None)
    if start is None:
        raise Refused("rows", "`rows:` with one row a line below it", "none", "add a line `rows:`")
    end = next((at for at in range(start + 1, len(there)) if there[at][:1] not in ("", " ", "-", "#")), len(there))
    return "\n".join([*there[:start], "rows:", *there[start + 1 : end], *lines, *there[end:]]) + "\n"


def _scalar(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, str) and not re.fullmatch(r"[a-z][\w.-]*", value) else str(value)
