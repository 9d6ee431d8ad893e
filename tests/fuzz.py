"""Hostile and clumsy input at every door, drawn anew from a seed: `make fuzz SEED=7`, no part of `make test`.

Counts what was answered, what was refused in words, what ended in another exception (a traceback for the user), what took longer than
ten seconds, and answers that cannot be: more than the memory holds and "fits", or faster than the memory reads.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import string
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from macros.calibrate import import_bench
from macros.estimate import Refused, estimate
from macros.estimate.question import KEYS
from macros.publish import new_record, untrusted
from macros.specs import Catalogue, SpecErrors, aside, load, yaml_file
from macros.specs.catalogue import _record
from macros.specs.kinds import KINDS
from macros.specs.models import architecture_of
from macros.specs.record import numbers_in
from tests import fuzz_doors

ROOT = Path(__file__).resolve().parent.parent
DEVICE_PARTS = ("weights", "kv_cache", "compute_buffer", "runtime", "companion")
SLOW = 10.0
"""Seconds of the processor."""

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 7, 64, 512, 8192, 131072, 10**9, 10**18, 10**400, -(10**30), 0.5, 1e308, 1e-320,
    float("inf"), float("nan"),
    "", " ", "x", "auto", "f16", "q8_0", "Q4_K_M", "..", "/etc/passwd", "a" * 5000, "\ud800", "\u202e", "１２", "<script>", "{{ x }}", "%s",
    [], [[]], ["x"], [1], {}, {"a": 1}, {"id": "rtx-3090"}, [None], ["rtx-3090"] * 40, "[" * 1000, "1e400", "0x10", "1_000",
]  # fmt: skip


PLAUSIBLE: dict[str, list[Any]] = {
    "engine": ["llama.cpp", "vllm", "mlx"], "kv_type": ["q8_0", "q4_0", "fp8"], "users": [2, 8, 64], "profile": ["cli", "server"],
    "gpu_layers": [0, 1, 9, 999], "n_cpu_moe": [0, 1, 9], "n_cpu_ffn": [3], "experts_on_host": [True], "mtp": [True], "mmproj": [True],
    "kv_offload": [False], "op_offload": [False], "split_mode": ["tensor", "none"], "override_tensor": [["exps=CPU"], ["attn_q=GPU0"]],
    "ram_gib": [4, 32, 512], "system": ["windows"], "depth": [100], "ubatch": [64, 2048], "flash_attention": [False], "margin_mib": [0],
    "lora": [16], "moe_cache_mib": [512], "embedding": [True], "swa_full": [True], "built": ["2025-06-01"], "fit": [True], "slots": [2],
    "memory_utilization": [0.5], "max_batched_tokens": [512], "tensor_parallel": [1, 2], "prefix_caching": [False],
}  # fmt: skip
"""Keys with values that many questions may have."""


def question(chance: random.Random, catalogue: Catalogue) -> Any:
    """A question that is nearly one."""
    if chance.random() < 0.05:
        return chance.choice(ODD)
    asked: dict[str, Any] = {
        "model": chance.choice(list(catalogue.models)), "quant": chance.choice(list(catalogue.quantizations)),
        "context": chance.choice([512, 4096, 32768, 131072]), "gpus": [chance.choice(list(catalogue.gpus))] * chance.randint(0, 4),
    }  # fmt: skip
    if chance.random() < 0.5:
        asked["cpu"] = chance.choice(list(catalogue.cpus))
    for key in chance.sample(list(PLAUSIBLE), chance.choice([0, 1, 2, 4])):
        asked[key] = chance.choice(PLAUSIBLE[key])
    for _ in range(chance.choice([0, 0, 0, 1, 3])):
        asked[chance.choice([*KEYS, "contxt", "gpu", ""])] = chance.choice(ODD)
    if chance.random() < 0.2:
        asked["gpus"] = [{key: chance.choice(ODD) for key in ("memory_gib", "bandwidth_gb_per_s", "family", "int8_tensor_tops", "name")}]
    if chance.random() < 0.1:
        asked.pop("model")
        asked["config"] = {
            "model_type": chance.choice(["llama", "qwen3", "mixtral", "x"]),
            "hidden_size": chance.choice(ODD),
            "num_hidden_layers": chance.choice(ODD),
        }
    if chance.random() < 0.1:
        asked.pop(chance.choice(list(asked)))
    return asked


def absurd(asked: Any, found: dict[str, Any], catalogue: Catalogue) -> str | None:
    """Why an answer cannot be; None: it can."""
    numbers = json.dumps(found)
    if "NaN" in numbers or "Infinity" in numbers:
        return "not finite"
    negative = [at for at, value in numbers_in(found) if value < 0 and at[0] != "notices"]
    if negative:
        return f"negative: {negative[0]}"
    if found["weights"]["bytes"] <= 0 or found["total"]["bytes"] < found["kv_cache"]["bytes"]:
        return "no weights, or a total below its parts"
    if (least := _least_bits(asked, catalogue)) and 8 * found["weights"]["bytes"] < 0.9 * least * found["parameters"]:
        return f"{8 * found['weights']['bytes'] / found['parameters']:.3g} bits a parameter, of at least {least:g}"
    if sum(device["memory_bytes"] for device in found["devices"]) + found["ram"]["bytes"] != found["total"]["bytes"]:
        return "devices and RAM are not the total"
    for device in found["devices"]:
        if sum(device[f"{part}_bytes"] for part in DEVICE_PARTS) != device["memory_bytes"]:
            return "parts of a device are not what it holds"
        if found["fits"] and device["memory_bytes"] + device["margin_bytes"] > device["usable_bytes"]:
            return "fits in a device that is smaller"
    if found["fits"] and found["ram"]["bytes"] > found["ram"]["usable_bytes"]:
        return "fits in RAM that is smaller"
    cpu = catalogue.cpus.get(asked.get("cpu") or "")
    if found["devices"] and all(
        device["id"] in catalogue.gpus and catalogue.gpus[device["id"]].shares_memory for device in found["devices"]
    ):
        cpu = None  # the memory is that of the chip, whatever processor is named
    host = sum(found["host"].values())
    if found["fits"] and cpu is not None and cpu.max_memory_gib and host > cpu.max_memory_gib * 2**30 * 1.01:
        return "fits in a machine whose processor takes less"
    if found["fits"] is False and ("decode" in found or "prefill" in found) and "spill" not in numbers:
        return "a speed beside what does not fit"
    for kind in ("decode", "prefill"):
        if kind in found and not 0 < found[kind]["low"] <= found[kind]["tokens_per_second"] <= found[kind]["high"] < 1e8:
            return f"{kind} {found[kind]}"
    return _too_fast(asked, found, catalogue)


def _least_bits(asked: Any, catalogue: Catalogue) -> float | None:
    """Bits that the smallest type of a named format has."""
    quant = catalogue.quantizations.get(asked.get("quant") or "")
    if quant is None or quant.recipe is not None or quant.per_weight is None:
        return None
    return float(min([quant.per_weight.weight_bits, *(rule.weight_bits for rule in quant.per_weight.rules)]))


def _too_fast(asked: Any, found: dict[str, Any], catalogue: Catalogue) -> str | None:
    """Dense weights that lie on devices of the guide are read once a token, no faster than all of their memory gives."""
    named, model = asked.get("gpus"), catalogue.models.get(asked.get("model") or "")
    if "decode" not in found or not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named) or model is None:
        return None
    shapes = architecture_of(model, catalogue.models)
    if shapes.experts is not None or shapes.per_layer_embeddings is not None or set(asked) & {"users", "draft", "mtp", "draft_tokens"}:
        return None
    read = sum(device["weights_bytes"] for device in found["devices"])
    most = sum(catalogue.gpus[one].bandwidth_gb_per_s for one in named) * 1e9
    if read > 0.7 * found["weights"]["bytes"] and found["decode"]["tokens_per_second"] * 0.7 * read > most:
        return f"{found['decode']['tokens_per_second']:.4g} tokens/s, above what memory gives"
    return None


def mutated(text: str, chance: random.Random) -> str:
    """A text with a piece missing, doubled, replaced, swapped or strange."""
    for _ in range(chance.randint(1, 3)):
        at, size = chance.randrange(len(text) + 1), chance.randint(0, 20)
        before, piece, after = text[:at], text[at : at + size], text[at + size :]
        match chance.randrange(6):
            case 0:
                text = before + after
            case 1:
                text = before + piece * 3 + after
            case 2:
                text = before + chance.choice(STRANGE) + piece + after
            case 3:
                text = before + "".join(chance.choices(string.printable, k=5)) + piece + after
            case 4:
                text = "\n".join(chance.sample(lines := text.split("\n"), len(lines)))
            case _:
                text = before
    return text


STRANGE = ["\0", "\t", "&a ", "*a", "<<: ", "!!python/none ", "{", "[", "- ", ": ", "\ufeff", "1:30", "0x1", "~"]
"""Pieces that mean something to a reader of YAML or JSON."""


def record(chance: random.Random, folder: Path) -> None:
    """Read a mutated record."""
    kind = chance.choice(list(KINDS))
    source = chance.choice(sorted((ROOT / "data" / kind).glob("*.yaml")))
    if source.stat().st_size > 60_000:
        return
    path = folder / "x.yaml"
    path.write_bytes(mutated(source.read_text("utf-8"), chance).encode("utf-8", "surrogatepass"))
    file = yaml_file.read(path, f"data/{kind}/x.yaml")
    _record("x", file, KINDS[kind])


BENCH = {
    "build_commit": "abc", "build_number": 9000, "cpu_info": "AMD Ryzen 5 3600", "gpu_info": "NVIDIA GeForce RTX 3090", "backends": "CUDA",
    "model_filename": "llama-3.1-8b-q4_k_m.gguf", "model_type": "llama 8B Q4_K - Medium", "model_size": 4912898304,
    "model_n_params": 8030261312,
    "n_threads": 8, "n_gpu_layers": 99, "split_mode": "layer", "flash_attn": True, "n_prompt": 0, "n_gen": 128, "n_depth": 0,
    "test_time": "2026-10-01T00:00:00Z", "avg_ts": 120.5,
}  # fmt: skip


def bench(chance: random.Random, catalogue: Catalogue) -> None:
    """Import a mutated measurement."""
    if chance.random() < 0.2:
        text = chance.choice(["[" * 200_000, "", "null", "[{}]", mutated(json.dumps([BENCH]), chance)])
    else:
        entry: dict[str, Any] = dict(BENCH)
        for _ in range(chance.randint(1, 3)):
            entry[chance.choice(list(BENCH))] = chance.choice(ODD)
        text = json.dumps([entry])
    import_bench.rows(text, catalogue)


def archive(chance: random.Random, folder: Path) -> None:
    """Unpack a strange archive."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as made, contextlib.suppress(UnicodeEncodeError):
        for _ in range(chance.randint(0, 5)):
            name = chance.choice(
                [
                    "index.html",
                    "../x",
                    "a" * chance.randint(1, 400),
                    "目" * chance.randint(1, 120),
                    "CON",
                    "a/b/c.html",
                    "_headers",
                    "a\\b",
                    "/x",
                ]
            )
            made.writestr(name, chance.randbytes(chance.randint(0, 200)))
    content = bytearray(raw.getvalue())
    for _ in range(chance.choice([0, 0, 1, 5])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    with tempfile.TemporaryDirectory(dir=folder) as target:
        untrusted.site(bytes(content), Path(target) / "site", "banner")


def dump(chance: random.Random) -> None:
    """Read a strange dump."""
    text = json.dumps(
        {
            "schema": 1,
            "tables": {
                "t": {"key": ["a"], "columns": [{"id": "a", "unit": None, "digits": None}], "rows": [{"a": chance.choice(ODD[:20])}]}
            },
            "inputs": {},
        }
    )
    untrusted.dump(mutated(text, chance).encode("utf-8", "surrogatepass"))


def made(chance: random.Random, folder: Path) -> None:
    """Make a record of a strange kind and id."""
    new_record.write(
        folder,
        chance.choice(["gpu", "model", "x", "", "../gpu"]),
        chance.choice(["a", "x" * 300, "..", "A", "a/b", "", "ａ", "a\0b", "-"]) + str(chance.randrange(10**6)),
    )


def main() -> int:
    """Try every door so often, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", action="append", help="of these doors; without: all")
    parser.add_argument("--times", type=float, default=1.0, help="so many times the usual number")
    arguments = parser.parse_args()
    chance, catalogue, wrong = random.Random(arguments.seed), load(ROOT / "data"), 0
    with aside.folder(ROOT / ".cache" / "fuzz") as folder:

        def ask() -> str | None:
            asked = question(chance, catalogue)
            return absurd(asked, estimate(asked, catalogue), catalogue)

        doors: dict[str, tuple[int, Callable[[], Any]]] = {
            "estimate": (1200, ask), "records": (2000, lambda: record(chance, folder)),
            "import-bench": (300, lambda: bench(chance, catalogue)),
            "archives": (300, lambda: archive(chance, folder)), "dumps": (300, lambda: dump(chance)),
            "new": (60, lambda: made(chance, folder)),
            "commands": (400, lambda: fuzz_doors.words(chance, catalogue, ODD, folder)),
            "files": (300, lambda: fuzz_doors.files(chance, catalogue, folder, lambda asked: estimate(asked, catalogue))),
            "trees": (20, lambda: fuzz_doors.trees(chance, folder)),
            "reports": (300, lambda: fuzz_doors.reports(chance)),
        }  # fmt: skip
        for name, (times, door) in doors.items():
            if arguments.door and name not in arguments.door:
                continue
            counts: Counter[str] = Counter()
            for _ in range(int(times * arguments.times)):
                state, begun = chance.getstate(), time.process_time()
                try:
                    found = door()
                    outcome = found if found in ("answered", "refused") else "absurd" if found and name == "estimate" else "answered"
                except (Refused, SpecErrors, untrusted.Refused):
                    found, outcome = None, "refused"
                except fuzz_doors.Wrong as error:
                    found, outcome = str(error), "absurd"
                except Exception as error:
                    found, outcome = f"{type(error).__name__}: {error}"[:160], "traceback"
                outcome = "slow" if time.process_time() - begun > SLOW else outcome
                counts[outcome] += 1
                if outcome in ("absurd", "traceback", "slow"):
                    wrong += 1
                    again = random.Random()
                    again.setstate(state)
                    told = str(question(again, catalogue))[:300] if name == "estimate" else ""
                    print(f"  {name}: {outcome}: {found} {told}".encode("utf-8", "backslashreplace").decode())
            print(f"{name:14} {sum(counts.values()):6} tried: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
