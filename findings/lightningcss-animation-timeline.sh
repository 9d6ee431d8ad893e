#!/usr/bin/env bash
# lightningcss (Python binding of the CSS minifier) writes a scroll timeline into the `animation` shorthand.
# Expected: `animation-timeline` is a reset-only longhand of `animation` (CSS Animations 2): the shorthand resets it and cannot set it, so
#   a minifier keeps `animation-timeline` as a declaration of its own.
# Seen (2026-11-29): with targets unset, `animation: edge linear; animation-timeline: scroll(self inline)` becomes
#   `animation:linear edge scroll(self inline)`, which Chromium 156 drops as invalid, so that the animation is lost. The longhands
#   animation-name, animation-timing-function and animation-timeline are left alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lightningcss==0.3.2
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import lightningcss

both = lightningcss.process_stylesheet(".a { animation: edge linear; animation-timeline: scroll(self inline); }")
apart = lightningcss.process_stylesheet(
    ".a { animation-name: edge; animation-timing-function: linear; animation-timeline: scroll(self inline); }"
)
print("lightningcss", version("lightningcss"))
print("shorthand and timeline:", both)
print("longhands:             ", apart)
assert "animation:" in both and "scroll(" in both.split("animation:")[1].split(";")[0], "the timeline stays apart now"
assert "animation-timeline:scroll(" in apart, "longhands are merged now"
P
