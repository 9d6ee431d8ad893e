"""What a release was built with, as a software bill of materials: the packages of the lock, with their hashes.

Source: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from datetime import UTC, datetime
from typing import Any

from macros.publish.edition import NAME


def text(lock: str, version: str, timestamp: int) -> str:
    """The bill as JSON, equal for equal commits.

    Args:
        lock: requirements with hashes
        version: of the guide
        timestamp: when its commit was made [s since 1970]
    """
    components = [
        _component(name, found, re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
        for name, found, rest in re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(.*(?:\n .*)*)", lock, re.MULTILINE)
    ]
    own = {"type": "application", "bom-ref": NAME, "name": NAME, "version": version, "licenses": [{"license": {"id": "MIT"}}]}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "component": own},
        "components": components,
        "dependencies": [{"ref": NAME, "dependsOn": [component["bom-ref"] for component in components]}],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def _component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    """A package; each of its files has a hash of its own, so they stand as properties."""
    address = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    told = {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}
    found = {"properties": [{"name": "sha256 of a file", "value": value} for value in hashes]}
    licence = _licence(name)
    return {**told, **({"licenses": [{"license": {"name": licence}}]} if licence else {}), **found}


def _licence(name: str) -> str | None:
    try:
        told = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None  # a package of another platform
    short = str((told.get_all("License-Expression") or told.get_all("License") or [""])[0])
    classified = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    return short if 0 < len(short) <= 60 else (str(classified[0]) if classified else None)
