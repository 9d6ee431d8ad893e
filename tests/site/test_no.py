"""A "no" on a page is one: the command line, asked the same, finds no way either."""

import json
import random

from macros.estimate import Refused, estimate
from macros.formulas.units import GIB
from macros.tables import pairs
from macros.tables.headlines import quant_of

RAM_GIB = 32


def runs_with_ram(catalogue, model, gpu):
    """Whether the calculator runs a model on a card with 32 GiB of RAM beside it, in either of its two ways."""
    question = {"model": model, "quant": quant_of(catalogue, model), "context": pairs.trained_context(catalogue, model)}
    question |= {"gpus": [gpu], **pairs.HOST}
    for way in ({}, {"experts_on_host": True}):
        try:
            found = estimate(question | way, catalogue)
        except Refused:
            return False
        host = found["host"]
        taken = host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]
        if found["fits"] and found["gpu_layers"] > 0 and taken <= RAM_GIB * GIB:
            return True
    return False


def test_no_page_says_no_to_what_runs_with_32_gb_of_ram(catalogue, site):
    def told_no(table):
        rows = json.loads((site / "api" / "v1" / "tables" / f"{table}.json").read_text("utf-8"))["rows"]
        own = [row for row in rows if catalogue.gpus[row["gpu"]].kind in ("card", "laptop", "accelerator")]
        return [(row["model"], row["gpu"]) for row in own if row["way"] == "no"]

    pages = random.Random(21).sample(told_no("device-models") + told_no("model-devices"), 60)
    assert [pair for pair in pages if runs_with_ram(catalogue, *pair)] == []
