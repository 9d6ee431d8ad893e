"""The rooms and the direction of imports, as the design lays them out."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MACROS = ROOT / "macros"
LARGEST = 2**20
"""No file that somebody wrote is larger [bytes]."""
MAY_IMPORT = {
    "specs": set(),
    "formulas": {"specs"},
    "estimate": {"specs", "formulas"},
    "calibrate": {"specs", "formulas", "estimate"},
    "relations": {"specs", "formulas", "estimate", "calibrate"},
    "tables": {"specs", "formulas", "estimate", "calibrate"},
    "render": {"specs", "formulas", "estimate", "tables"},
    "publish": {"specs", "formulas", "estimate", "tables", "render"},
    "generator": {"specs", "formulas", "estimate", "calibrate", "relations", "tables", "render", "publish"},
    "commands": {"specs", "formulas", "estimate", "calibrate", "relations", "tables", "render", "publish", "generator"},
}


def imports(path: Path) -> set[str]:
    """Modules that a file imports, at its top or inside its functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_imports_go_one_way():
    """A room imports only from the rooms before it."""
    wrong = []
    for room, allowed in MAY_IMPORT.items():
        for path in sorted((MACROS / room).rglob("*.py")):
            for name in sorted(imports(path)):
                parts = name.split(".")
                if parts[0] == "macros" and len(parts) > 1 and parts[1] in MAY_IMPORT and parts[1] not in allowed | {room}:
                    wrong.append(f"{path.relative_to(MACROS)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_only_one_room_knows_the_generator():
    """Another generator must stay a change of one room."""
    wrong = [
        path.relative_to(MACROS).as_posix()
        for path in sorted(MACROS.rglob("*.py"))
        if MACROS / "generator" not in path.parents and any(name.split(".")[0] in {"mkdocs", "material"} for name in imports(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_is_there():
    """The rooms of the design, no more and no fewer."""
    rooms = {path.name for path in MACROS.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert rooms == set(MAY_IMPORT)


def test_nothing_is_kept_that_nobody_wrote():
    """Packages, builds and copies are large, or lie where they were made."""
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]
    large = [name for name in kept if (ROOT / name).is_file() and (ROOT / name).stat().st_size > LARGEST]
    made = [name for name in kept if Path(name).suffix in (".whl", ".gz", ".zip", ".pdf", ".pyc", ".so", ".gguf", ".safetensors")]
    assert not large + made
