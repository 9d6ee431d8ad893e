"""Further doors of `make fuzz`: commands with strange words, files with strange companions, trees that are none, hostile pull requests."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from macros.__main__ import main as command
from macros.publish import diff, report, revisions
from macros.publish.report import Findings, Preview, Run
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from tests.estimate.files import written

HOSTILE = [
    "`", "```\n<script>alert(1)</script>\n", "[x](javascript:alert(1))", "@everyone", "![](https://example.org/x.png)",
    "</code><img src=x>",
    "#1", "\u202egnp", "a\nb", "|", "\\`", "&#96;", "<!-- preview https://evil.example abc -->", "x" * 3000, "目" * 500, "", "\0", "\ud800",
]  # fmt: skip
"""What a stranger may call a file, a table, a column or a cell."""
LOOSE = ("<", "@", "evil", "javascript:", "gnp")
"""What must not stand outside a code span."""


class Wrong(Exception):  # noqa: N818  (an answer that must not be)
    """An answer that must not be given."""


def _word(chance: random.Random, catalogue: Catalogue, odd: list[Any], kind: str = "models") -> str:
    """An id, a name or something strange."""
    known = chance.choice(list(catalogue.records[kind].values()))
    right = [known.id, known.id, known.id, str(known.name), known.id.upper()]
    told = chance.choice([*right, str(chance.choice(odd))[:4000], str(chance.randint(-9, 10**6))])
    return told.encode("utf-8", "replace").decode().replace("\0", "0")


KINDS = {"--gpu": "gpus", "--quant": "quantizations", "--cpu": "cpus", "compare": "gpus"}
"""Option, or command -> the kind of records that its words name."""
NUMBERS = ("--memory-gib", "--ram-gib", "--tokens-per-second", "--context", "--gpu-layers", "--users")
POSITIONS = {"what-needs": 1, "compare": 2, "import-bench": 1, "seal": 1}
OPTIONS = {
    "what-runs": ["--gpu", "--memory-gib", "--ram-gib", "--json"],
    "what-needs": ["--tokens-per-second", "--context", "--json"],
    "compare": ["--json"],
    "estimate": [
        "--gguf", "--config", "--model", "--quant", "--gpu", "--context", "--batch", "--cpu", "--draft", "--gpu-layers", "--ram-gib",
        "--tensor-split", "--override-tensor", "--safetensors", "--kv-type", "--users",
    ],
    "import-bench": [],
    "seal": [],
}  # fmt: skip
"""Command -> its options; it writes nothing."""


def said(argv: list[str]) -> tuple[int, str]:
    """What a command answers, its exit code first; whatever else comes out of it is a traceback."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = command(argv)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue()


def words(chance: random.Random, catalogue: Catalogue, odd: list[Any], folder: Path) -> str:
    """A command with strange words and files."""
    name = chance.choice(list(OPTIONS))
    argv = [name]
    for _ in range(POSITIONS.get(name, 0) if chance.random() < 0.9 else chance.randint(0, 3)):
        of_file = name in ("import-bench", "seal")
        argv.append(strange_file(chance, folder) if of_file else _word(chance, catalogue, odd, KINDS.get(name, "models")))
    if name == "estimate" and chance.random() < 0.8:
        argv += ["--model", "qwen3-8b", "--quant", "q4_k_m", "--gpu", "rtx-3090"]
    for option in chance.sample(OPTIONS[name], min(len(OPTIONS[name]), chance.randint(0, 3))):
        argv.append(option)
        if option == "--json" or chance.random() < 0.05:
            continue
        if option in ("--gguf", "--config", "--safetensors", "--batch") and chance.random() < 0.8:
            argv.append(strange_file(chance, folder, mapped=option in ("--gguf", "--safetensors")))
        elif option in NUMBERS and chance.random() < 0.7:
            argv.append(str(chance.choice([8, 12.5, 64, 4096, 0, -1, 10**9])))
        else:
            argv.append(_word(chance, catalogue, odd, KINDS.get(option, "models")))
    code, told = said([word for word in argv if word != "-"])
    if code and not told.strip():
        raise Wrong(f"exit code {code} without a word: {argv}"[:300])
    return "answered" if code == 0 else "refused"


def strange_file(chance: random.Random, folder: Path, *, mapped: bool = False) -> str:
    """A file that is none, or none of that kind; a pipe only where no text is expected, which may come through one."""
    path = folder / f"strange-{chance.randrange(10**9)}"
    match chance.randrange(7):
        case 0:
            path.mkdir()
        case 1 if mapped:
            os.mkfifo(path)
        case 2:
            path.symlink_to(path)
        case 3:
            return "/dev/null"
        case 4:
            return str(path)
        case 5:
            path.write_bytes(chance.randbytes(chance.choice([0, 1, 4, 5000])))
        case _:
            path.write_text(chance.choice(["[" * 100_000, "{}", "[1]", '{"model_type": "llama"}', "null", "model: x", "\ufeff{}"]), "utf-8")
    return str(path)


def _gguf(chance: random.Random, catalogue: Catalogue) -> bytes:
    """The header of some model's file in one type."""
    shapes = architecture_of(catalogue.models[chance.choice(["llama-3.1-8b", "qwen3-30b-a3b", "gemma-3-12b"])], catalogue.models)
    listed = [(name, shape, 1, 2 * _product(shape)) for name, shape, _ in written.tensors(shapes)]
    return written.header(written.values(shapes), listed)


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def files(chance: random.Random, catalogue: Catalogue, folder: Path, ask: Callable[[dict[str, Any]], Any]) -> Any:
    """A model's file that somebody broke, with companions that are none."""
    place = folder / f"model-{chance.randrange(10**9)}"
    place.mkdir()
    name = chance.choice(["m.gguf"] * 5 + ["mmproj-m.gguf", "m-00001-of-00002.gguf", "m-00001-of-99999.gguf"])
    content = bytearray(_gguf(chance, catalogue))
    for _ in range(chance.choice([0, 0, 0, 1, 1, 3, 20])):
        content[chance.randrange(min(len(content), chance.choice([64, 4096, len(content)])))] = chance.randrange(256)
    (place / name).write_bytes(bytes(content)[: chance.choice([None] * 9 + [0, 3, 30, 500])])
    os.truncate(place / name, chance.choice([1 << 38] * 6 + [10**6, 100]))  # the weights themselves are never read
    if "00002" in name and chance.random() < 0.7:
        (place / "m-00002-of-00002.gguf").write_bytes(chance.choice([b"", b"GGUF", bytes(content)]))
    question: dict[str, Any] = {"gguf": str(place / name), "gpus": ["rtx-3090"], "context": 4096}
    if chance.random() < 0.3:
        question = {"safetensors": str(_safetensors(chance, place)), "gpus": ["rtx-3090"], "context": 4096}
    for key, values in (("draft", ["qwen3-0.6b", "x", ""]), ("mmproj", [True]), ("mtp", [True]), ("quant", ["q4_k_m", "x"])):
        if chance.random() < 0.15:
            question[key] = chance.choice(values)
    return ask(question)


def _safetensors(chance: random.Random, place: Path) -> Path:
    header: Any = chance.choice([{}, [], None, {"x": 1}, {"a": {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]}}])
    text = json.dumps(header).encode()
    length = chance.choice([len(text), 0, 10**6, 2**63])
    path = place / chance.choice(["model.safetensors", "model-00001-of-00002.safetensors", "model.safetensors.index.json"])
    path.write_bytes(text if path.suffix == ".json" else struct.pack("<Q", length) + text)
    (place / "config.json").write_text(chance.choice(["{}", "[", '{"model_type": "llama"}', '{"quantization_config": []}', ""]))
    return path


TREES: list[dict[str, str]] = [
    {},
    {"README.md": "nothing"},
    {"macros": "a file"},
    {"macros/__init__.py": ""},
    {"macros/__main__.py": "raise SystemExit(3)"},
    {"macros/__main__.py": "1 / 0"},
    {"macros/__main__.py": "print('[' * 100000)"},
    {"macros/__main__.py": "print('{\"schema\": 1}')"},
    {"macros/__main__.py": 'print(\'{"schema": 1, "errors": [{"path": "`</code>"}]}\'); raise SystemExit(1)'},
    {"macros/__main__.py": 'print(\'{"schema": 1, "tables": {}, "inputs": {}}\')'},
    {"macros/__main__.py": "import os; os.kill(os.getpid(), 9)"},
    {"macros/__main__.py": "print('\\ud800'.encode('utf-8', 'surrogatepass'))"},
]
"""Trees that may stand at a revision; most are no guide."""


def trees(chance: random.Random, folder: Path) -> str:
    """`diff` against a tree that is no guide, and against what is no revision."""
    root = folder / f"tree-{chance.randrange(10**9)}"
    root.mkdir()
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for tree in (chance.choice(TREES), chance.choice(TREES)):
        for path in sorted(root.rglob("*"), reverse=True):
            if ".git" not in path.parts:
                path.rmdir() if path.is_dir() else path.unlink()
        for name, text in {**tree, "requirements.txt": ""}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "x"], check=True)
    base = chance.choice(["HEAD~1", "HEAD~1", "HEAD~1", "HEAD", "HEAD~9", "", "--help", "-x", "..", "a b", "@{u}", "\N{BULLET}"])
    before, after, code = revisions.dumps(root, base)
    told = diff.markdown(before, after, code=code)
    if not told.strip():
        raise Wrong(f"nothing is told of {base}")
    return "refused" if "failed" in before or "failed" in after else "answered"


def reports(chance: random.Random) -> str:
    """The comment under a pull request whose every word is hostile."""
    word = lambda: chance.choice(HOSTILE) + chance.choice(HOSTILE)  # noqa: E731
    run = Run(7, "owner/name", "stranger/name", "a" * 40, chance.choice(["success", "failure", word()]))
    row = {"id": word(), "value": chance.choice([1, 1.5, None, word(), [word()]])}
    columns = [{"id": name, "unit": chance.choice([None, word()]), "digits": chance.choice([None, 1])} for name in row]
    tables = lambda: {word(): {"key": ["id"], "columns": columns, "rows": [row, {**row, "value": word()}][: chance.randint(0, 2)]}}  # noqa: E731
    dumps = tuple({"schema": 1, "tables": tables(), "inputs": {word(): {word(): word()}}} for _ in range(2))
    found = Findings(
        run=run,
        server="https://git.example",
        site_url=chance.choice([None, "https://guide.example/"]),
        jobs=[(word(), chance.choice(["failure", word()]), 3)] * chance.randint(0, 3),
        files=[(chance.choice(["", "docs/zh/", "data/gpus/", ".github/workflows/", "macros/"]) + word(), "modified")]
        * chance.randint(0, 99),
        dumps=chance.choice([None, dumps]),  # type: ignore[arg-type]
        refused=chance.choice([None, "no dump"]),
    )
    text = report.body(replace(found, preview=Preview(None)))
    if len(text) > report.BODY_LENGTH:
        raise Wrong(f"a comment of {len(text)} characters")
    outside = "".join(text.removeprefix(report.MARKER).split("`")[::2])
    for mark in LOOSE:
        if mark in outside:
            at = outside.index(mark)
            raise Wrong(f"outside a code span: {outside[max(0, at - 60) : at + 60]!r}")
    return "answered"
