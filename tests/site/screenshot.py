"""The pictures of the READMEs, made from the built site: `make screenshot`."""

from __future__ import annotations

import functools
import http.server
import io
import shutil
import socketserver
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {"zh": "gpu/", "en": "en/gpu/"}


def main() -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(ROOT / "site"))
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 850})
        for language, path in SHOWN.items():
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/{path}", wait_until="networkidle")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(64)
            picture.save(ROOT / "docs" / f"screenshot-{language}.png", optimize=True)
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
