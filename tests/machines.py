"""Random machines: advice never overfills one, and is never slower than another placement of the same formulas.

python -m tests.machines 10000 1     # so many machines, from a seed; a few minutes
"""

import random
import sys
from dataclasses import replace
from pathlib import Path

from macros.estimate import Refused, check_setting, place
from macros.estimate.speed import decode_speed
from macros.specs import Catalogue, load
from macros.specs.models import architecture_of

OFTEN = 25
"""One of so many machines is tried with other numbers of layers and experts as well."""
TRIED = 6
"""Numbers of layers, and of experts."""


def machines(count: int, seed: int, catalogue: Catalogue):
    """Questions that leave the placement open: listed cards and made-up ones, one to four, little RAM and much."""
    rng = random.Random(seed)
    models, listed = sorted(catalogue.models), sorted(catalogue.gpus)
    for _ in range(count):
        made_up = {
            "memory_gib": round(rng.uniform(2, 96), 1),
            "bandwidth_gb_per_s": rng.uniform(60, 3000),
            "family": rng.choice(["ada-gf", "rdna3"]),
        }
        card = made_up if rng.random() < 0.5 else rng.choice(listed)
        # No machine holds several chips that share their memory with the processor.
        alone = isinstance(card, str) and catalogue.gpus[card].shares_memory
        cards = [card] * (1 if alone else rng.choice([1, 1, 1, 2, 3, 4]))
        if len(cards) > 1 and rng.random() < 0.4:
            cards[-1] = {**made_up, "memory_gib": round(rng.uniform(2, 48), 1)}
        question = {
            "model": rng.choice(models),
            "quant": rng.choice(["q4_k_m", "q8_0", "iq2_xs", "q6_k"]),
            "context": rng.choice([512, 4096, 16384, 65536]),
            "gpus": cards,
            "profile": rng.choice(["cli", "server"]),
            "kv_type": rng.choice(["f16", "f16", "q8_0"]),
        }
        if rng.random() < 0.2 and architecture_of(catalogue.models[question["model"]], catalogue.models).experts is not None:
            question["experts_on_host"] = True
        if rng.random() < 0.7:
            question["ram_gib"] = round(rng.uniform(2, 512), 1)
        yield rng, question


def faults(question, rng, catalogue: Catalogue, *, thoroughly: bool):
    """What is wrong with the advice for a machine, in words."""
    try:
        setting = check_setting(question, catalogue)
        found = place(setting, catalogue)
    except Refused:
        return
    if found.fits:
        for share in found.devices:
            if share.memory_bytes + share.margin_bytes > share.usable_bytes:
                yield f"{share.id} is overfull"
        if found.host.memory_bytes > found.host_room_bytes:
            yield "RAM is overfull"
    if not thoroughly or not found.fits:
        return
    other = found.runner_up() if found.runner_up is not None else None
    if other is not None and not other.fits:
        yield "the runner-up does not fit"
    speed = decode_speed(setting, found, catalogue)
    shapes = architecture_of(catalogue.models[question["model"]], catalogue.models)
    asked = shapes.experts is None or setting.experts_on_host
    for gpu_layers in rng.sample(range(1, shapes.layers + 2), min(TRIED, shapes.layers)):
        for experts in [None] if asked else rng.sample(range(shapes.layers + 1), min(TRIED, shapes.layers)):
            tried = place(replace(setting, gpu_layers=gpu_layers, n_cpu_moe=experts), catalogue)
            if tried.fits and decode_speed(tried.setting, tried, catalogue) > speed * (1 + 1e-9):
                yield f"{gpu_layers} layers with experts of {experts} in RAM are faster"


def main() -> int:
    """Try so many machines."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    catalogue = load(Path(__file__).resolve().parents[1] / "data")
    wrong = 0
    for number, (rng, question) in enumerate(machines(count, seed, catalogue)):
        for fault in faults(question, rng, catalogue, thoroughly=number % OFTEN == 0):
            wrong += 1
            print(number, question, fault)
    print(f"{count} machines from seed {seed}: {wrong} faults")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
