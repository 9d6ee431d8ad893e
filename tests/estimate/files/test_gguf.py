"""Headers of GGUF files: read back to the shapes that they were written from, to the same plans, and refused by name where they are bad."""

import json
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from macros.commands import telling
from macros.estimate import Refused, check_setting, estimate, opened
from macros.estimate.config_json import read_config
from macros.estimate.engines.llama_cpp.placing import placed
from macros.estimate.files import gguf
from macros.estimate.files.gguf import MOST_KEPT, Cut, Header, read_header, stored_bytes
from macros.estimate.files.model import file_header, file_model, numbered
from macros.estimate.files.read import read_gguf
from macros.estimate.weights import model_weights
from macros.formulas.units import GIB
from macros.formulas.weights.recipe import typed_tensors
from macros.specs import load
from macros.specs.models import architecture_of
from tests.estimate.files import written

CATALOGUE = load(Path(__file__).resolve().parents[3] / "data")
TYPES = numbered(CATALOGUE.tensor_types)
NO_WEIGHTS = ("i8", "i16", "i32", "i64", "f64", "q8_1", "q8_k")
"""Types that no model's weights have."""
OF_LLAMA_CPP = [kind for kind in CATALOGUE.tensor_types.values() if "llama.cpp" in kind.read_by and kind.id not in NO_WEIGHTS]
ALL = [model.id for model in CATALOGUE.models.values() if model.architecture is not None]
UNREAD = [name for name in ALL if not CATALOGUE.architectures[CATALOGUE.models[name].architecture.engine_name].file.read]
ALL = [name for name in ALL if name not in UNREAD]
CLASSES = {CATALOGUE.models[name].architecture.engine_name: name for name in ALL}


def others():
    """A small model of each class that no listed model is of; one whose attention shows in its file, if the class has any."""
    found = {}
    for line in (Path(__file__).parents[1] / "transformers_configs.jsonl").read_text("utf-8").splitlines():
        try:
            a = read_config(json.loads(line)["config"], CATALOGUE)
        except Refused:
            continue
        shown = a.engine_name.startswith("mamba") or any(a.attends(layer) for layer in range(a.layers))
        own = CATALOGUE.architectures.get(a.engine_name)
        if shown and own is not None and own.file.read and own.file.holds is None and a.engine_name not in CLASSES:
            found.setdefault(a.engine_name, a)
    return found


OTHER_CLASSES = others()
RWKV = {"hidden_size": 128, "num_hidden_layers": 3, "intermediate_size": 512, "vocab_size": 256}
RANKS = {"decay_low_rank_dim": 32, "a_low_rank_dim": 64, "v_low_rank_dim": 96, "gate_low_rank_dim": 160}
OTHER_CLASSES |= {
    kind: read_config({"model_type": kind, **RWKV, **(RANKS if kind == "rwkv7" else {})}, CATALOGUE) for kind in ("rwkv6", "rwkv7")
}

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}


def shapes(model):
    return architecture_of(CATALOGUE.models[model], CATALOGUE.models)


def listed(a, kind_of):
    """Every tensor with the type that a function of its group, row and name chooses."""
    found = []
    for name, shape, group in written.tensors(a):
        kind = kind_of(group, shape, name)
        found.append((name, shape, kind.number, stored_bytes(shape, kind)))
    return found


def mixed(seed, kinds=OF_LLAMA_CPP):
    """Any type whose blocks fit, for what is ever quantized."""
    choose = random.Random(seed)

    def kind_of(group, shape, name):
        if group.role in ("kept", "kept_matrix") or len(shape) == 1:
            return CATALOGUE.tensor_types["f16" if group.role == "kept_matrix" else "f32"]
        return choose.choice([kind for kind in kinds if shape[0] % kind.block == 0])

    return kind_of


def of_preset(a, quant):
    """The types that a preset gives, by group and layer."""
    found = {}
    for tensors in typed_tensors(a, CATALOGUE.quantizations[quant].recipe, CATALOGUE.tensor_types):
        for layer in tensors.layers:
            found[tensors.group.name, layer] = CATALOGUE.tensor_types[tensors.type]

    def kind_of(group, shape, name):
        layer = int(name.split(".")[1]) if name.startswith("blk.") else group.layers[0]
        return found[group.name, layer]

    return kind_of


def file_of(a, kind_of, said=None):
    return written.header(written.values(a) | (said or {}), listed(a, kind_of))


def model_in(data, size=None):
    header = read_header(data, size or 1 << 49, TYPES)
    return file_model(header, CATALOGUE.tensor_types, CATALOGUE.architectures)


@pytest.mark.parametrize("kind", [one.id for one in CATALOGUE.architectures.values() if not one.file.read])
def test_a_class_whose_files_are_not_read_is_refused_by_name(kind):
    """Never answered with the shapes of another class."""
    with pytest.raises(Refused, match=kind):
        model_in(written.header({"general.architecture": kind}, [("token_embd.weight", (32, 32), 0, 4096)]))


@pytest.mark.parametrize("model", ALL)
def test_shapes_come_back(model):
    a = shapes(model)
    found = model_in(file_of(a, mixed(model))).architecture
    assert told(found) == told(a)


@pytest.mark.parametrize("name", OTHER_CLASSES)
def test_classes_that_no_listed_model_has(name):
    a = OTHER_CLASSES[name]
    assert told(model_in(file_of(a, mixed(name))).architecture) == told(a)


def told(a):
    """The shapes; a window's own heads say nothing where they are those of the other layers."""
    shown = a.model_dump()
    window = shown["attention"]["window"]
    for name in ("heads", "kv_heads", "head_dim") if window else ():
        window[name] = window[name] or shown["attention"][name]
    return shown


PRESETS = ("q4_k_m", "iq4_xs", "q8_0", "q2_k", "f16")


@pytest.mark.parametrize("model", CLASSES.values())
def test_a_preset_as_a_file_is_the_preset(model):
    """The same tensors, whether a recipe names them or a file: the same weights, cache, compute buffers, layers and speed."""
    a, quant = shapes(model), PRESETS[len(model) % len(PRESETS)]
    question = {"context": 8192, "gpus": ["rtx-3090"], "prompt_tokens": 512}
    header = read_header(file_of(a, of_preset(a, quant)), 1 << 49, TYPES)
    file = estimate(question | {"gguf": header}, CATALOGUE)
    preset = estimate(question | {"model": model, "quant": quant}, CATALOGUE)
    for key in ("parameters", "weights", "kv_cache", "compute_buffer", "total", "devices", "host", "gpu_layers", "fits"):
        assert file[key] == preset[key], key


@pytest.mark.parametrize("number", range(40))
def test_any_mix_of_types_is_counted_to_the_byte(number):
    model = list(CLASSES.values())[number % len(CLASSES)]
    tensors = listed(shapes(model), mixed(number))
    header = read_header(written.header(written.values(shapes(model)), tensors), 1 << 49, TYPES)
    found = estimate({"gguf": header, "context": 4096}, CATALOGUE)
    assert found["weights"]["bytes"] == sum(size for *_, size in tensors)


LOADER = yaml.safe_load(Path(__file__).with_name("loader.yaml").read_text("utf-8"))
ROOMY = {"memory_gib": 4000, "bandwidth_gb_per_s": 1000, "family": "ada-pro"}


@pytest.mark.parametrize("model", LOADER["plans"])
def test_weights_and_cache_are_those_of_the_engine_s_own_loader(model):
    kinds = [CATALOGUE.tensor_types[name] for name in LOADER["types"]]
    for number, plan in enumerate(LOADER["plans"][model]):
        header = read_header(file_of(shapes(model), mixed(f"{model} {number}", kinds)), 1 << 49, TYPES)
        found = estimate({"gguf": header, "context": 4096, "gpus": [ROOMY], "gpu_layers": 9999}, CATALOGUE)
        device, host = found["devices"][0], found["host"]
        held = [device["weights_bytes"], device["kv_cache_bytes"], host["weights_bytes"], host["kv_cache_bytes"]]
        assert [found["weights"]["bytes"], *held] == plan


SMALL_FILES = yaml.safe_load(Path(__file__).with_name("small_files.yaml").read_text("utf-8"))


def small_file(kind):
    small, tensors, kind = SMALL_FILES[kind], [], kind.partition("#")[0]
    for where, listed_there in [("", small["outside"]), *[(f"blk.{n}.", small["kinds"][which]) for n, which in enumerate(small["layers"])]]:
        for name, type_id, *shape in [line.split() for line in listed_there]:
            shape, type_of = tuple(int(length) for length in shape), CATALOGUE.tensor_types[type_id]
            tensors.append((where + name, shape, type_of.number, stored_bytes(shape, type_of)))
    said = {key[1:] if key.startswith("@") else f"{kind}.{key}": value for key, value in small["values"].items()}
    return read_header(written.header({"general.architecture": kind, **said}, tensors), 1 << 49, TYPES)


@pytest.mark.parametrize("kind", SMALL_FILES)
def test_a_small_file_of_each_class_is_planned_as_the_engine_plans_it(kind):
    found = estimate({"gguf": small_file(kind), "context": 4096, "gpus": [ROOMY], "gpu_layers": 9999}, CATALOGUE)
    for place, plan in ((found["devices"][0], SMALL_FILES[kind]["device"]), (found["host"], SMALL_FILES[kind]["host"])):
        assert [place["weights_bytes"], place["kv_cache_bytes"], place["compute_buffer_bytes"]][: len(plan)] == plan


OTHER_FILES = [one.id for one in CATALOGUE.architectures.values() if one.file.holds is not None]


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_what_is_no_model_of_text_is_told_as_what_it_is(kind):
    with pytest.raises(Refused, match=f"writes token by token, got '{kind}, an? "):
        model_in(written.header({"general.architecture": kind}, [("token_embd.weight", (32, 32), 0, 4096)]))


def test_a_file_needs_no_format_beside_it(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(file_of(shapes("qwen3-0.6b"), mixed(1)))
    for key, value in (("quant", "q4_k_m"), ("model", "qwen3-0.6b"), ("config", {})):
        with pytest.raises(Refused, match=f"{key}: expected nothing beside `gguf`"):
            estimate({"gguf": str(path), "context": 512, key: value}, CATALOGUE)


# Files


def write(path, data, size):
    with path.open("wb") as file:
        file.write(data)
        file.truncate(size)


def test_a_terabyte_of_nothing_is_read_by_its_header(tmp_path):
    data = file_of(shapes("qwen3-0.6b"), mixed(2))
    path = tmp_path / "model.gguf"
    write(path, data, 1 << 40)
    assert read_gguf(path, TYPES) == read_header(data, 1 << 40, TYPES)


def test_parts_are_one_file(tmp_path):
    a = shapes("qwen3-0.6b")
    tensors, said = listed(a, mixed(3)), written.values(a) | {"split.count": 3}
    for number in range(3):
        part = tensors[number::3]
        data = written.header(said if number == 0 else {"split.count": 3}, part)
        write(tmp_path / f"m-0000{number + 1}-of-00003.gguf", data, len(data) + sum(-(-size // 32) * 32 for *_, size in part))
    found = estimate({"gguf": str(tmp_path / "m-00002-of-00003.gguf"), "context": 512}, CATALOGUE)
    assert found["weights"]["bytes"] == sum(size for *_, size in tensors)
    assert "file-not-whole" not in [notice["code"] for notice in found["notices"]]
    (tmp_path / "m-00003-of-00003.gguf").unlink()
    with pytest.raises(Refused, match="m-00003-of-00003"):
        estimate({"gguf": str(tmp_path / "m-00001-of-00003.gguf"), "context": 512}, CATALOGUE)


def test_a_file_that_is_still_coming_is_told(tmp_path):
    path = tmp_path / "model.gguf"
    data = file_of(shapes("qwen3-0.6b"), mixed(4))
    write(path, data, len(data) + 1000)
    found = estimate({"gguf": str(path), "context": 512}, CATALOGUE)
    assert "file-not-whole" in [notice["code"] for notice in found["notices"]]


def test_a_long_vocabulary_is_passed_over():
    a = shapes("qwen3-0.6b")
    tokens = {"tokenizer.ggml.tokens": ["x" * (number % 300) for number in range(20_000)]}
    data = file_of(a, mixed(5), tokens)
    assert read_header(data, 1 << 49, TYPES).tensors == read_header(file_of(a, mixed(5)), 1 << 49, TYPES).tensors
    with pytest.raises(Cut):
        read_header(data[: len(data) // 2], 1 << 49, TYPES)


def test_long_texts_undo_the_quick_way(tmp_path):
    """Texts of 256 bytes or more are found out, and the header is read again the exact way."""
    path = tmp_path / "model.gguf"
    write(path, file_of(shapes("qwen3-0.6b"), mixed(6), {"tokenizer.ggml.tokens": ["a", "b" * 5000, "c"]}), 1 << 33)
    assert len(read_gguf(path, TYPES).tensors) == len(list(written.tensors(shapes("qwen3-0.6b"))))


def test_an_unknown_type_is_named_and_counted_by_its_place():
    a = shapes("qwen3-0.6b")
    tensors = listed(a, mixed(7))
    at = next(index for index, (name, *_) in enumerate(tensors) if name == "blk.3.ffn_up.weight")
    name, shape, _, size = tensors[at]
    size = -(-size // 32) * 32
    tensors[at] = (name, shape, 66, size)
    found = estimate({"gguf": read_header(written.header(written.values(a), tensors), 1 << 49, TYPES), "context": 512}, CATALOGUE)
    assert found["weights"]["bytes"] == sum(size for *_, size in tensors)
    assert {"code": "unknown-types", "values": {"types": "66"}} in found["notices"]


def test_types_of_ik_llama_cpp_keep_a_scale_beside_each_row():
    """iq4_ks: blocks of 136 bytes for 256 values, and 4 bytes a row."""
    assert stored_bytes((1024, 10), CATALOGUE.tensor_types["iq4_ks"]) == 10 * (4 * 136 + 4)
    a = shapes("qwen3-0.6b")
    tensors = listed(a, lambda group, shape, name: CATALOGUE.tensor_types["iq4_ks" if len(shape) > 1 else "f32"])
    found = estimate({"gguf": read_header(written.header(written.values(a), tensors), 1 << 49, TYPES), "context": 512}, CATALOGUE)
    assert found["weights"]["bytes"] == sum(size for *_, size in tensors)
    assert [notice["values"] for notice in found["notices"] if notice["code"] == "types-of-another-engine"] == [
        {"types": "IQ4_KS", "engine": "ik_llama.cpp"}
    ]


# What is no language model


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"general.type": "mmproj", "general.architecture": "clip"}, "a projector"),
        ({"general.architecture": "clip"}, "a projector"),
        ({"general.type": "adapter", "general.architecture": "llama"}, "a LoRA adapter"),
        ({"general.type": "imatrix"}, "an importance matrix"),
        ({"imatrix.chunk_count": 4}, "an importance matrix"),
        ({"general.architecture": "flux"}, "'flux; 1 tensors, 4096 bytes"),
    ],
)
def test_other_files_are_recognized(said, kind):
    data = written.header(said, [("v.blk.0.attn_q.weight", (32, 32), 0, 4096)])
    with pytest.raises(Refused, match=kind):
        model_in(data)


def changed(data, at, text):
    return data[:at] + text + data[at + len(text) :]


GOOD = file_of(shapes("qwen3-0.6b"), mixed(8))
TENSORS = GOOD.index(b"token_embd.weight") - 8


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "begins with GGUF"),
        (b"GG", "begins with GGUF"),
        (b"PK\x03\x04" + GOOD[4:], "begins with GGUF"),
        (GOOD[:16], "bytes for the number of values"),
        (changed(GOOD, 4, struct.pack("<I", 1)), "version 2 or 3, got 1"),
        (changed(GOOD, 4, struct.pack(">I", 3)), "a big-endian file"),
        (changed(GOOD, 8, struct.pack("<Q", 1 << 63)), "tensors, got .more than 9007199254740992"),
        (changed(GOOD, 16, struct.pack("<Q", 1 << 63)), "values, got .more than 9007199254740992"),
        (changed(GOOD, 24, struct.pack("<Q", 1 << 62)), "bytes for key 1 of"),
        (GOOD[: len(GOOD) // 2], "read so far"),
        (changed(GOOD, TENSORS + 8 + 17, struct.pack("<I", 9)), "dimensions of token_embd.weight"),
        (changed(GOOD, TENSORS + 8 + 17 + 4, struct.pack("<Q", 1 << 62)), "a shape of token_embd.weight"),
        (changed(GOOD, TENSORS + 8 + 17 + 4, struct.pack("<Q", 0)), "a shape of token_embd.weight"),
        (changed(GOOD, TENSORS + 8 + 17 + 4 + 16 + 4, struct.pack("<Q", 1 << 60)), "token_embd.weight at 0"),
        (written.header({"general.alignment": 3}, []), "general.alignment"),
        (written.header(written.values(shapes("qwen3-0.6b")), [("a", (32,), 0, 128)] * 2), "each tensor once"),
    ],
)
def test_bad_headers_are_refused_by_name(tmp_path, data, expected):
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with pytest.raises(Refused, match=expected):
        read_gguf(path, TYPES)


def test_no_file_is_refused_by_name(tmp_path):
    for name in (tmp_path, tmp_path / "none.gguf", Path("/dev/null")):
        with pytest.raises(Refused, match="gguf: expected a"):
            read_gguf(name, TYPES)


def test_lists_in_lists_and_huge_lists_are_refused():
    inner = struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 9, 1)
    for kind, body in ((9, inner), (9, struct.pack("<IQ", 4, 1 << 62)), (9, struct.pack("<IQ", 8, 1 << 62)), (77, b"")):
        data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + written.text("a.list") + struct.pack("<I", kind) + body
        with pytest.raises(Refused, match=r"a\.list"):
            read_header(data, len(data), TYPES)


def test_ten_thousand_damaged_headers():
    """Whatever is changed, the header is read or refused; nothing else is raised, and never more read than is there."""
    data = GOOD[: TENSORS + 2000] + GOOD[-500:]
    choose = random.Random(0)
    read = 0
    for _ in range(10_000):
        damaged = bytearray(data)
        for _ in range(choose.randint(1, 6)):
            at = choose.randrange(len(damaged) - 8)
            damaged[at : at + 8] = choose.choice(
                [
                    struct.pack("<Q", choose.choice([0, 1, 255, 1 << 31, 1 << 32, 1 << 62, (1 << 64) - 1])),
                    damaged[at : at + 8][::-1],
                    bytes([choose.randrange(256)]),
                ]
            )
        if choose.random() < 0.3:
            del damaged[choose.randrange(len(damaged)) :]
        try:
            header = read_header(bytes(damaged), len(damaged), TYPES, short=choose.random() < 0.5)
            file_model(header, CATALOGUE.tensor_types, CATALOGUE.architectures)
            read += 1
        except Refused:
            pass
    assert read < 10_000


def test_damaged_files_of_whole_models():
    """Values that fit their kind and not each other: read, or refused by name."""
    choose = random.Random(1)
    for model in CLASSES.values():
        said, tensors = written.values(shapes(model)), listed(shapes(model), mixed(9))
        for _ in range(4):
            given, kept = dict(said), list(tensors)
            key = choose.choice(list(given))
            given[key] = choose.choice([0, 1, 2**31, -1.5, "x", True, [1, 2], [0] * 200])
            if choose.random() < 0.5:
                del kept[choose.randrange(len(kept))]
            try:
                header = read_header(written.header(given, kept), 1 << 49, TYPES)
                estimate({"gguf": header, "context": 512, "gpus": ["rtx-3090"]}, CATALOGUE)
            except Refused:
                pass


def test_a_terminal_is_told_what_the_file_holds(tmp_path):
    path = tmp_path / "model.gguf"
    write(path, GOOD, 1 << 33)
    found = estimate({"gguf": str(path), "context": 512}, CATALOGUE)
    first = telling.told(found, CATALOGUE).splitlines()[0]
    assert first.startswith(f"file            {found['file']['tensors']} tensors, {found['weights']['bytes'] / GIB:.3f} GiB: ")
    parts = dict(part.rsplit(" ", 1) for part in first.split(": ")[1].split(", "))
    assert parts == {name: f"{size / GIB:.3f}" for name, size in found["file"]["types"].items()}


def test_slices_give_what_the_file_gives(tmp_path):
    path = tmp_path / "model.gguf"
    write(path, GOOD, 1 << 33)
    assert file_header([(GOOD, 1 << 33)], CATALOGUE.tensor_types) == read_gguf(path, TYPES)
    assert isinstance(opened({"gguf": str(path)}, CATALOGUE)["gguf"], Header)


def test_a_file_is_answered_without_the_library_that_checks(tmp_path):
    """The command line imports no pydantic where records were checked before; rules between the values of a file hold all the same."""
    path = tmp_path / "model.gguf"
    write(path, GOOD, 1 << 33)
    told = tmp_path / "told.py"
    told.write_text(
        "import sys\nfrom macros.__main__ import program\n"
        f"sys.argv = ['macros', 'estimate', '--gguf', {str(path)!r}, '--context', '512', '--json']\n"
        "code = program()\nprint('pydantic' in sys.modules, file=sys.stderr)\nsys.exit(code)\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = [
        subprocess.run([sys.executable, str(told)], cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=True) for _ in range(2)
    ]
    assert done[1].stderr == "False\n"
    found = estimate({"gguf": str(path), "context": 512}, CATALOGUE, whole=True)
    assert json.loads(done[1].stdout) == json.loads(json.dumps(found))
    damaged = written.values(shapes("qwen3-30b-a3b")) | {"qwen3moe.expert_used_count": 1000}
    write(path, written.header(damaged, listed(shapes("qwen3-30b-a3b"), mixed(1))), 1 << 33)
    refused = subprocess.run([sys.executable, str(told)], cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.splitlines()[0].startswith("gguf: expected at most 128 experts used")) == (1, True)


def test_a_long_text_is_neither_kept_nor_repeated():
    """A key's text may be as long as the file likes: only its length is kept, and a message says no more than it must."""
    data = written.header({"general.architecture": "x" * (1 << 20)}, [("token_embd.weight", (32, 32), 0, 4096)])
    assert read_header(data, 1 << 40, TYPES).values["general.architecture"].count == 1 << 20
    with pytest.raises(Refused) as refused:
        read_header(written.header({}, [("y" * 1000, (0,), 0, 0)]), 1 << 40, TYPES)
    assert len(str(refused.value)) < 2500


def test_many_lists_are_not_kept_together_either():
    """2,400 lists of 4,096 numbers are 39 MB of header: kept one by one they took seven seconds and 200 MB."""
    lists = {f"list {number}": list(range(4000)) for number in range(60)}
    found = read_header(written.header({"general.architecture": "qwen3", **lists}, []), 1 << 40, TYPES).values
    kept = [value for value in found.values() if isinstance(value, list)]
    assert sum(len(value) for value in kept) <= MOST_KEPT < 60 * 4000
    assert {value.count for value in found.values() if isinstance(value, gguf.Length)} == {4000}
    assert kept[0] == list(range(4000))


def test_what_is_wrong_is_read_a_second_time_only_where_the_quick_way_may_have_erred(monkeypatch, tmp_path):
    begun = []
    monkeypatch.setattr(gguf.Reader, "opening", lambda reader, first=gguf.Reader.opening: begun.append(reader.short) or first(reader))
    twice = [("a", (32,), 0, 128), ("a", (32,), 0, 128)]
    for said, times in (({}, [True]), ({"tokenizer.ggml.tokens": ["a"]}, [True, False])):
        begun.clear()
        write(tmp_path / "x.gguf", written.header(said, twice), 1 << 33)
        with pytest.raises(Refused, match="each tensor once"):
            read_gguf(tmp_path / "x.gguf", TYPES)
        assert begun == times


def test_one_norm_for_two_blocks_needs_attention_in_every_layer():
    """A recurrent model whose second norms are missing ended in a traceback (a mutated header)."""
    a = OTHER_CLASSES["rwkv6"]
    tensors = [tensor for tensor in listed(a, mixed(1)) if "attn_norm_2" not in tensor[0]]
    with pytest.raises(Refused, match="gguf: expected attention in all layers"):
        estimate({"gguf": read_header(written.header(written.values(a), tensors), 1 << 49, TYPES), "context": 512}, CATALOGUE)


@pytest.mark.parametrize("kind", ["name", "count", "shape"])
def test_a_number_beyond_what_a_page_knows_is_said_alike_in_both_doors(kind):
    good = written.header({}, [("x", (32,), 0, 128)])
    at = {"name": 24, "count": 8, "shape": 37}[kind]
    with pytest.raises(Refused, match="more than 9007199254740992"):
        read_header(good[:at] + struct.pack("<Q", 2**60 + 5) + good[at + 8 :], 1 << 62, TYPES)


@pytest.mark.parametrize("model", ["qwen3-30b-a3b", "gpt-oss-20b", "gemma-3-27b"])
def test_buffers_are_known_roughly_before_they_are_planned(model):
    """A file whose tensors are of any types: few layers show about what all of them take, hardly ever more."""
    header = read_header(file_of(shapes(model), mixed(5)), 1 << 49, TYPES)
    setting = check_setting({"gguf": header, "context": 8192, "gpus": ["rtx-3090"], "ram_gib": 1024}, CATALOGUE)
    weights = model_weights(setting.architecture, setting.quant, CATALOGUE.tensor_types, imatrix=False, gguf=True)
    for gpu_layers in range(1, setting.architecture.layers, 7):
        both = [placed(setting, weights, gpu_layers, CATALOGUE, roughly=one) for one in (True, False)]
        roughly, exactly = (one.devices[0].compute_buffer_bytes for one in both)
        assert 0.8 * exactly <= roughly <= 1.05 * exactly
