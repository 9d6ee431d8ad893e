"""Benchmarks other than llama-bench -> rows: llama-batched-bench, `vllm bench serve`, `mlx_lm.benchmark`. None says what ran on what."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from macros.estimate import Refused
from macros.estimate.refused import why
from macros.specs import Catalogue
from macros.specs.errors import nearest

MOST = 1e18
"""No benchmark prints a larger number."""

MARKS = {"speed_tg": "llama-batched-bench", "output_throughput": "vllm bench serve", "generation_tps": "mlx_lm.benchmark"}
"""A key that only one benchmark prints -> its name."""

PRINTED = re.compile(r"(\w+)=([-\w.]+)")
"""`key=value`, as mlx_lm.benchmark prints it."""


@dataclass(frozen=True)
class Named:
    """What the command line says of a run."""

    gpu: str | None
    cpu: str | None
    model: str | None
    quant: str | None


def parsed(text: str, expected: str) -> Any:
    """JSON, or Refused."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("file", expected, why(error), "give the file as it was printed") from None


def number(value: Any, field: str, least: float, fix: str) -> Any:
    """A finite number of a benchmark, or Refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(field, f"a number of at least {least:g}", value, fix)
    if not (isinstance(value, int) or math.isfinite(value)) or not least <= value <= MOST:
        raise Refused(field, f"a number from {least:g} to {MOST:g}", _short(value), fix)
    return value


def _short(value: float) -> Any:
    return value if abs(value) < 1e300 else "one of hundreds of digits" if isinstance(value, int) else f"{value}"


def day(text: str, field: str, got: Any, expected: str) -> date:
    """A day that has come, or Refused."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Refused(field, expected, got) from None
    if found > date.today() + timedelta(days=1):  # at the other end of the world it may be tomorrow
        raise Refused(field, "a day that has come", got, "set the clock of that machine, or correct the day")
    return found


def entries(text: str) -> tuple[str, list[Mapping[str, Any]]] | None:
    """Which benchmark a text is of, and its results; None: none of these."""
    if "generation_tps=" in text:
        return "mlx_lm.benchmark", [_printed(text)]
    mark = next((mark for mark in MARKS if f'"{mark}"' in text), None)
    if mark is None:
        return None
    lines = [line for line in text.splitlines() if line.lstrip().startswith("{")]
    whole = len(lines) > 1 and all(line.rstrip().endswith("}") for line in lines)
    found = [parsed(line, "a JSON object a line") for line in lines] if whole else parsed(text, "JSON")
    listed = found if isinstance(found, list) else [found]
    if not listed or not all(isinstance(one, Mapping) and mark in one for one in listed):
        raise Refused("file", f"results of {MARKS[mark]}, each with `{mark}`", found)
    return MARKS[mark], listed


def _printed(text: str) -> Mapping[str, Any]:
    """The lines of mlx_lm.benchmark that count: what was timed, and the averages."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith(("Timing", "Averages")):
            for key, value in PRINTED.findall(line):
                try:
                    found[key] = float(value.rstrip("."))
                except ValueError:
                    raise Refused(key, "a number", value) from None
    return found


def rows_of(program: str, entry: Mapping[str, Any], index: int, named: Named, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Rows of one result, not checked yet.

    Args:
        program: name of the benchmark
        entry: what it printed
        index: which of its results
        named: what the command line says
        catalogue: all records

    Yields:
        Rows as data/measurements holds them, without a source.
    """

    def of(key: str, least: float = 0) -> Any:
        return number(entry.get(key), f"{index}.{key}", least, f"print it with {program} of 2025 or later")

    shared = _shared(entry, index, named, catalogue)
    if program == "llama-batched-bench":
        yield from _batched(entry, of, shared)
    elif program == "vllm bench serve":
        yield _served(entry, index, of, shared)
    else:
        yield from _mlx(of, shared)


def _batched(entry: Mapping[str, Any], of: Any, shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Its speeds are totals over the sequences."""
    users, prompt, answer = int(of("pl", 1)), int(of("pp")), int(of("tg"))
    more = {"engine": "llama.cpp", "flash_attention": bool(entry.get("flash_attn", False)), "ubatch": int(of("n_ubatch", 1))}
    many = {"users": users, "rate": "total"} if users > 1 else {}
    if answer:
        yield {
            "kind": "decode",
            **shared,
            **more,
            **many,
            "tokens_per_second": float(of("speed_tg")),
            "generated_tokens": answer,
            "depth": prompt,
        }
    if prompt:
        yield {"kind": "prefill", **shared, **more, **many, "tokens_per_second": float(of("speed_pp")), "prompt_tokens": prompt, "depth": 0}


def _served(entry: Mapping[str, Any], index: int, of: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """Its rate is of all tokens generated, over the whole run."""
    requests = int(of("completed", 1))
    row = {
        "kind": "serving", **shared, "engine": "vllm", "tokens_per_second": float(of("output_throughput")), "rate": "total",
        "prompt_tokens": round(of("total_input_tokens") / requests), "generated_tokens": round(of("total_output_tokens") / requests),
    }  # fmt: skip
    if entry.get("max_concurrency") is not None:
        row["users"] = int(of("max_concurrency", 1))
    else:
        row["workload"] = f"{requests} requests, {entry.get('request_rate', 'inf')} a second"
    if entry.get("mean_tpot_ms") is not None and of("mean_tpot_ms") > 0:
        row["per_stream_tokens_per_second"] = 1000 / float(of("mean_tpot_ms"))
    if entry.get("date") is not None:
        stamp = str(entry["date"])
        row["built"] = day(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}", f"{index}.date", stamp, "a time like 20261121-080000")
    return row


def _mlx(of: Any, shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Averages over its trials; with several sequences they are of all of them together."""
    prompt, answer, users = int(of("prompt_tokens", 1)), int(of("generation_tokens", 1)), int(of("batch_size", 1))
    many = {"users": users, "rate": "total"} if users > 1 else {}
    more = {**shared, "engine": "mlx-lm", "backend": "metal", **many}
    yield {"kind": "decode", **more, "tokens_per_second": float(of("generation_tps")), "generated_tokens": answer, "depth": prompt}
    yield {"kind": "prefill", **more, "tokens_per_second": float(of("prompt_tps")), "prompt_tokens": prompt, "depth": 0}


def _shared(entry: Mapping[str, Any], index: int, named: Named, catalogue: Catalogue) -> dict[str, Any]:
    """Model, format and device: as the command line says; vLLM's results name the model."""
    repository = str(entry.get("model_id", ""))
    told = named.model or next((name for name, model in catalogue.models.items() if repository and model.hugging_face == repository), None)
    found: dict[str, Any] = {}
    for key, name, option, kind in (("model", told, "--model", "models"), ("quant", named.quant, "--quant", "quantizations")):
        known = catalogue.records[kind]
        if name not in known:
            fix = nearest(str(name), known) if name else f"name it with {option}"
            raise Refused(f"{index}.{key}", f"the id of a record in data/{kind}: {option} ID", name or repository or "none", fix)
        found[key] = name
    device = named.gpu or named.cpu
    records = catalogue.gpus if named.gpu else catalogue.cpus
    if device not in records:
        fix = nearest(str(device), records) if device else "name it with --gpu or --cpu"
        raise Refused(f"{index}.gpus", "a device of the guide: --gpu ID or --cpu ID", device or "none", fix)
    return {**found, **({"gpus": [device]} if named.gpu else {"cpu": device, "backend": "cpu"})}
