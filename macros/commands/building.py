"""What is made of records and pages: the site, its editions, what a release has."""

from __future__ import annotations

import argparse
from pathlib import Path

from macros.commands import Declare, Mistake
from macros.commands.values import WHOLE


def site(arguments: argparse.Namespace, root: Path) -> int:
    """Build site/: Chinese at the root, English under en/, the numbers for machines under api/."""
    from macros.generator.build import renewed

    renewed()
    return 0


def serve(arguments: argparse.Namespace, root: Path) -> int:
    """Serve both languages and reload on every edit."""
    import socket

    try:
        if not 0 <= arguments.port <= 65535:
            raise OSError("there is no such port")
        with socket.create_server((arguments.host, arguments.port)):
            pass
    except OSError as error:
        got = f"{arguments.host[:80]}:{arguments.port} ({error})"
        raise Mistake(f"serve: expected an address of this machine and a free port up to 65535, got {got}. Fix: name others") from None
    from macros.generator.server import serve as until_stopped

    until_stopped(arguments.host, arguments.port)
    return 0


def _built(root: Path) -> Path:
    """The built site, of which the editions are made."""
    made = root / "site"
    lacking = [name for name in ("index.html", "en/index.html", "api/v1/tables/index.json") if not (made / name).is_file()]
    if lacking:
        raise Mistake(f"{made.name}: expected a built site, got one without {lacking[0]}. Fix: make site")
    return made


def pdf(arguments: argparse.Namespace, root: Path) -> int:
    """Set the built site as a PDF, in each language."""
    from macros.publish import pdf
    from macros.publish.edition import edition
    from macros.publish.typesetting import CannotSet
    from macros.specs import load

    try:
        pdf.fonts()
        if not arguments.check:
            pdf.write(_built(root), root / "dist", edition(root, load(root / "data")))
    except CannotSet as error:
        raise Mistake(f"make pdf: {error}") from None
    return 0


def offline(arguments: argparse.Namespace, root: Path) -> int:
    """Pack the built site as a copy that opens from a folder."""
    from macros.publish import offline
    from macros.publish.archive import write_zip
    from macros.publish.edition import NAME, edition
    from macros.specs import load

    made, now = _built(root), edition(root, load(root / "data"))
    files = {f"{NAME}/{name}": content for name, content in offline.files(made, now.version).items()}
    write_zip(files, root / "dist" / f"{NAME}-offline.zip", now.timestamp)
    return 0


def release(arguments: argparse.Namespace, root: Path) -> int:
    """Collect what a release has: both PDFs, the offline copy, the data, and their checksums."""
    from macros.publish import sbom
    from macros.publish.archive import write_zip
    from macros.publish.edition import NAME, edition, write_checksums
    from macros.specs import load

    data, now, dist = _built(root) / "api" / "v1", edition(root, load(root / "data")), root / "dist"
    files = {f"api/v1/{path.relative_to(data).as_posix()}": path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file()}
    write_zip(files, dist / f"{NAME}-data.zip", now.timestamp)
    (dist / "sbom.cdx.json").write_text(sbom.text((root / "requirements.txt").read_text("utf-8"), now.version, now.timestamp), "utf-8")
    (dist / "third-party.txt").write_bytes((root / "docs" / "theme" / "third-party.txt").read_bytes())
    made = [dist / "sbom.cdx.json", dist / "third-party.txt"]
    write_checksums([*dist.glob("*.pdf"), *dist.glob("*.zip"), *made], dist / "SHA256SUMS")
    return 0


def declare(command: Declare) -> None:
    """Their options."""
    command("site", site)
    of_serve = command("serve", serve)
    of_serve.add_argument("--host", default="127.0.0.1")
    of_serve.add_argument("--port", type=WHOLE, default=8000)
    command("pdf", pdf).add_argument("--check", action="store_true", help="only look whether everything that it needs is there")
    command("offline", offline)
    command("release", release)
