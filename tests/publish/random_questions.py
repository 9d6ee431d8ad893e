"""Random questions for the calculator: every model, format and device has its turn, with all the keys that the page sets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from macros.specs import Catalogue

CACHE_TYPES = ("f16", "f16", "f16", "q8_0", "q4_0", "q5_1", "bf16", "f32", "iq4_nl")


def questions(catalogue: Catalogue, count: int, seed: int = 20231121) -> Iterator[dict[str, Any]]:
    """So many questions; some of them cannot be answered, which the answer must say."""
    rng = random.Random(seed)
    models, formats, gpus = sorted(catalogue.models), sorted(catalogue.quantizations), sorted(catalogue.gpus)
    for index in range(count):
        question: dict[str, Any] = {
            "model": models[index % len(models)],
            "quant": formats[index // len(models) % len(formats)]
            if rng.random() < 0.5
            else rng.choice(["q4_k_m", "q8_0", "iq2_xs", "f16"]),
            "context": rng.choice([1, 512, 2048, 8192, 32768, 131072, rng.randrange(1, 1 << 20)]),
            "gpus": [rng.choice(gpus) for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3, 8]))],
            "users": rng.choice([1, 1, 1, 2, 4, 16]),
            "prompt_tokens": rng.choice([512, rng.randrange(1, 40_000)]),
            "depth": rng.choice([0, 0, rng.randrange(40_000)]),
        }
        if rng.random() < 0.3:
            question["gpus"] = [question["gpus"][0]] * len(question["gpus"]) if question["gpus"] else []
        if rng.random() < 0.3:
            question["kv_type"] = rng.choice(CACHE_TYPES)
        if rng.random() < 0.1:
            question |= {"kv_type_k": rng.choice(CACHE_TYPES), "kv_type_v": rng.choice(CACHE_TYPES)}
        for key, share in (("flash_attention", 0.1), ("swa_full", 0.1), ("experts_on_host", 0.15), ("imatrix", 0.2)):
            if rng.random() < share:
                question[key] = key != "flash_attention"
        if rng.random() < 0.2:
            question["profile"] = rng.choice(["cli", "server"])
        if rng.random() < 0.1:
            question["slots"] = rng.randrange(1, 9)
        if rng.random() < 0.2:
            question["ubatch"] = rng.choice([1, 128, 1024, rng.randrange(1, 4096)])
        if rng.random() < 0.2:
            question["gpu_layers"] = rng.randrange(0, 100)
        if rng.random() < 0.5:
            cpu = rng.choice(sorted(catalogue.cpus))
            question["cpu"] = cpu
            if rng.random() < 0.5:
                question["memory"] = rng.choice(catalogue.cpus[cpu].memory_kinds)
            if rng.random() < 0.3:
                question["memory_channels"] = rng.randrange(1, 13)
        if rng.random() < 0.3:
            question["drive"] = rng.choice(sorted(catalogue.drives))
        if rng.random() < 0.1:
            question["engine"] = rng.choice(["llama.cpp", "vllm"])
        yield question
