"""What the calculator page loads: the formulas as a script, and the records that they need, without sources and notes.

Both are classic scripts, so that the page works from the file system too, where a browser fetches nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from functools import cache
from typing import Any

from macros.estimate.config_json import read
from macros.estimate.files import safetensors
from macros.estimate.files.model import file_header, file_model, summary
from macros.estimate.files.quantized import format_of
from macros.estimate.overview import by_itself, file_size, overview, room_trials
from macros.estimate.rates import published
from macros.estimate.ways import way
from macros.publish.javascript import translate
from macros.specs import Catalogue
from macros.specs.devices import Gpu
from macros.specs.kinds import KINDS as FOLDERS
from macros.specs.kinds import SINGLE_FILES

KINDS = (
    "architectures",
    "composites",
    "models",
    "families",
    "quantizations",
    "tensor-types",
    "gpus",
    "cpus",
    "memory",
    "drives",
    "shared-memory",
    "device-families",
    "engines",
    "other-engines",
    "other-formats",
    "calibration",
    "checkpoints",
    "unread-classes",
)
"""Kinds of records that an answer is computed from."""

HEADERS = {
    "safetensors_length": safetensors.header_length,
    "safetensors_count": safetensors.check_count,
    "safetensors_header": safetensors.read_safetensors,
    "safetensors_together": safetensors.together,
    "safetensors_index": safetensors.index_alone,
    "safetensors_summary": safetensors.summary,
}
"""What the page reads safetensors files with."""
READERS = (read, format_of, file_header, file_model, summary, safetensors.weighed, safetensors.float_format, *HEADERS.values())
"""What reads a model that is not listed: a third of it all, which few readers of the page need."""

SHOWN = {
    "name",
    "name_zh",
    "publisher",
    "also_called",
    "memory_gib",
    "memory_sizes_gib",
    "native_quant",
    "headline",
    "released",
    "launch_price_usd",
    "modified",
}
"""Fields that the page shows, besides those that a formula reads."""

UNREAD = {"notes", "scores", "left_out", "covers"}
"""Fields whose names formulas read of other things; of a record only its own check and the pages read them."""
UNREAD_OF = {
    "gpus": {"vendor", "boost_mhz", "architecture"},
    "cpus": {"vendor"},
    "architectures": {"name"},
    "checkpoints": {"bytes", "imatrix"},
}
"""Kind -> such fields of its records alone."""
UNREAD_WITHIN = {"calibration": {"rows"}}
"""Kind -> such fields wherever they stand in its records."""

READ: dict[str, Set[str] | None] = {"composites": None, "unread-classes": None, "architectures": {"classes", "file"}}
"""Kind -> fields that only the readers need, and bring along; None: all of it."""

MATRIX_RATES = ("fp16_tensor_tflops", "int8_tensor_tops")
"""Fields with rates of matrix products, of which a speed is computed from one at most."""

RECORDS = {**FOLDERS, **SINGLE_FILES}

WITH_TRAITS = """for (const { architecture } of Object.values(guide.models)) {
  const own = architecture && guide.architectures[architecture.engine_name];
  if (own && own.traits) architecture.traits = own.traits;
}
"""
"""A model has the traits of its class, which are written once."""

DEFAULTS = {"model": "qwen3.5-9b", "quant": "q4_k_m", "gpu": "rtx-3090"}
"""The question that the page opens with."""


@cache
def _program(*, configs: bool) -> tuple[str, frozenset[str]]:
    """The functions, and the record of each kind under the name of its folder; the names of the fields that they read.

    Args:
        configs: with what reads config.json and the header of a file
    """
    doors = {
        "overview": overview,
        "room_trials": room_trials,
        "by_itself": by_itself,
        "file_size": file_size,
        "way": way,
        "file_header": file_header,
        "file_summary": summary,
        **HEADERS,
    }
    roots = doors | {kind.replace("-", "_"): RECORDS[kind] for kind in KINDS}
    return translate(roots, without=() if configs else READERS)


def data(catalogue: Catalogue) -> dict[str, Any]:
    """Records by kind and id, without what only the readers need."""
    found = _all_data(catalogue)
    for kind, fields in READ.items():
        records = found.pop(kind)
        if fields is not None:
            found[kind] = {key: {name: value for name, value in one.items() if name not in fields} for key, one in records.items()}
            for key, one in records.items():
                found[kind][key] |= _unknown(one.get("classes", {}))
    return found


def _unknown(classes: Mapping[str, Any]) -> dict[str, Any]:
    """Of the classes that a class of the engine reads, what is told of listed models: which engines know none of them."""
    told = {name: {"unknown_to": one["unknown_to"]} if "unknown_to" in one else {} for name, one in classes.items()}
    return {"classes": told} if any(told.values()) else {}


def read_data(catalogue: Catalogue) -> dict[str, Any]:
    """What only the readers need of records: fields that the others lack."""
    found = _all_data(catalogue)
    return {
        kind: {key: {name: value for name, value in one.items() if fields is None or name in fields} for key, one in found[kind].items()}
        for kind, fields in READ.items()
    }


def _all_data(catalogue: Catalogue) -> dict[str, Any]:
    """Records by kind and id; fields that nothing reads are left out, and those at their default, which the script's records know."""
    needed = (SHOWN | _program(configs=True)[1]) - UNREAD
    records = {kind: catalogue.records[kind] for kind in KINDS}
    # A mix is not what was asked: of it only its rules are of use. They are looked for by model and format, never by their names.
    told = [one for _, one in sorted(catalogue.checkpoints.items()) if one.rules or not one.mix]
    records["checkpoints"] = {f"{number:03d}": one for number, one in enumerate(told)}
    found = {kind: _records(records[kind], needed - UNREAD_OF.get(kind, set())) for kind in KINDS}
    for one in found["checkpoints"].values():
        # Of a file's name a command takes the format's, where that is in it.
        name = catalogue.quantizations[one["quant"]].name
        if name.lower() in one.get("file", "").lower():
            one["file"] = name
    found["gpus"] = {key: _rated(gpu, catalogue.gpus[key], catalogue) for key, gpu in found["gpus"].items()}
    return {"defaults": DEFAULTS} | {kind: _without(found[kind], UNREAD_WITHIN.get(kind, set())) for kind in KINDS}


def _rated(gpu: dict[str, Any], record: Gpu, catalogue: Catalogue) -> dict[str, Any]:
    """A device without the matrix rates that its speed is not computed from: those without which its rates are the same."""
    family = catalogue.device_families.get(record.family)
    for name in MATRIX_RATES:
        without = record.model_copy(update={name: None})
        if published(without, family) == published(record, family):
            gpu, record = {key: value for key, value in gpu.items() if key != name}, without
    return gpu


def _without(value: Any, names: Set[str]) -> Any:
    """A value without what stands under these names, at any depth."""
    if not names or not isinstance(value, Mapping):
        return value
    return {key: _without(inner, names) for key, inner in value.items() if key not in names}


def _records(records: Mapping[str, Any], needed: Set[str]) -> dict[str, Any]:
    """What is needed of each; of the day of release the month, which puts the newest first."""
    return {
        key: {
            name: value[:7] if name == "released" and value else value
            for name, value in record.model_dump(mode="json", exclude_defaults=True).items()
            if name in needed
        }
        for key, record in sorted(records.items())
    }


IN_COLUMNS = ("gpus", "models", "cpus")
"""Kinds with many records of the same few fields: their values, one field after another, pack into less."""

UNPACKED = """(({ columns, ...guide }) => {
  for (const [kind, { ids, always, some }] of Object.entries(columns)) {
    guide[kind] = Object.fromEntries(ids.map((id, i) => [id, Object.fromEntries([
      ...Object.entries(always).map(([field, values]) => [field, values[i]]),
      ...Object.entries(some).map(([field, values]) => [field, values[i]]).filter(([, value]) => value !== null),
    ])]));
  }
  return guide;
})"""
"""What makes records of columns."""


def _columns(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Fields that all records have, and those that some have: null there is none, as what is at its default is left out."""
    fields = dict.fromkeys(field for record in records.values() for field in record)
    always = [field for field in fields if all(field in record for record in records.values())]
    some = [field for field in fields if field not in always]
    listed = {field: [record.get(field) for record in records.values()] for field in fields}
    return {"ids": list(records), "always": {name: listed[name] for name in always}, "some": {name: listed[name] for name in some}}


def data_script(catalogue: Catalogue) -> bytes:
    """`globalThis.guide = …;`: as text to be parsed, which a browser does faster than reading a literal."""
    found = data(catalogue)
    for model in found["models"].values():
        model.get("architecture", {}).pop("traits", None)
    columns = {kind: _columns(found.pop(kind)) for kind in IN_COLUMNS}
    text = json.dumps(found | {"columns": columns}, ensure_ascii=False, separators=(",", ":"))
    return f"globalThis.guide = {UNPACKED}(JSON.parse({json.dumps(text, ensure_ascii=False)}));\n{WITH_TRAITS}".encode()


def formulas_script(*, configs: bool) -> bytes:
    """`globalThis.formulas`, with or without what reads config.json and the header of a file."""
    return _program(configs=configs)[0].encode()


READ_ALONG = """for (const [kind, records] of Object.entries(JSON.parse({text}))) {{
  guide[kind] ??= {{}};
  for (const [id, fields] of Object.entries(records)) guide[kind][id] = {{ ...guide[kind][id], ...fields }};
}}
"""
"""Fields that records lacked."""


def reading_script(catalogue: Catalogue) -> bytes:
    """The formulas with the readers, and what those need of records."""
    text = json.dumps(read_data(catalogue), ensure_ascii=False, separators=(",", ":"))
    return formulas_script(configs=True) + READ_ALONG.format(text=json.dumps(text, ensure_ascii=False)).encode()
