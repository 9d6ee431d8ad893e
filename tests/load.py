"""How the web door bears use: `make load`. Loopback only, bounded, no part of `make test`.

python -m tests.load serve                 500 requests a second for a minute against a plain server of site/: errors, slowest answers
python -m tests.load calculator            an hour of random use of the calculator in a browser: memory of the page and of its worker
python -m tests.load calculator --in-page  the same as from a folder, where no worker starts: the formulas run in the page
python -m tests.load serve --seconds 10    shorter; likewise calculator --minutes 5
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import http.server
import json
import random
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
HOST = "127.0.0.1"
CONNECTIONS = 50
MOST_RATE, MOST_SECONDS, MOST_MINUTES = 2000, 300, 120
GROWN = 1.3
"""Memory after garbage is collected may end so far above where it stood after the first tenth."""


async def _serve(files: dict[str, bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: GET after GET, as a host's cache answers them."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ", 2)[1].decode("ascii", "replace").partition("?")[0]
            content = files.get(path)
            status = b"200 OK" if content is not None else b"404 Not Found"
            body = content or b""
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _client(
    port: int, paths: list[str], start: float, number: int, rate: float, until: float, seen: list[tuple[float, bool]]
) -> None:
    """One of CONNECTIONS: its share of the requests, each at its time, whether the one before was answered late or not."""
    reader, writer = await asyncio.open_connection(HOST, port)
    chance, at = random.Random(number), start + number / rate
    while at < until:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        sent = time.monotonic()
        writer.write(f"GET {chance.choice(paths)} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        seen.append((time.monotonic() - sent, head.startswith(b"HTTP/1.1 200") and length > 0))
        at += CONNECTIONS / rate
    writer.close()


async def serve(rate: int, seconds: int) -> int:
    """Ask for pages, data and search files at random; print what came back."""
    files = {
        f"/{path.relative_to(SITE).as_posix()}": path.read_bytes() for path in SITE.rglob("*") if path.is_file() and path.stat().st_size
    }
    pages = {name.removesuffix("index.html"): content for name, content in files.items() if name.endswith("/index.html")}
    paths = sorted(pages) + [name for name in sorted(files) if not name.endswith(".html")]
    server = await asyncio.start_server(functools.partial(_serve, {**files, **pages}), HOST, 0)
    port, seen, start = server.sockets[0].getsockname()[1], list[tuple[float, bool]](), time.monotonic() + 0.5
    clients = [_client(port, paths, start, number, rate, start + seconds, seen) for number in range(CONNECTIONS)]
    failed = [error for error in await asyncio.gather(*clients, return_exceptions=True) if error is not None]
    server.close()
    times = sorted(duration for duration, _ in seen)
    wrong = sum(not good for _, good in seen) + len(failed)
    took = time.monotonic() - start
    print(f"{len(seen)} requests in {took:.1f} s ({len(seen) / took:.0f} a second), {wrong} errors, {len(paths)} addresses")
    told = (1e3 * times[int(share * (len(times) - 1))] for share in (0.5, 0.99, 1.0))
    print("median {:.1f} ms, 99 % within {:.1f} ms, slowest {:.1f} ms".format(*told))
    return 1 if wrong else 0


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a word on each."""

    def log_message(self, *told: object) -> None:
        """Silent."""


class Heaps:
    """What the page and the workers that it started hold, after garbage is collected."""

    def __init__(self, session: Any) -> None:
        """Attach to each worker that the page starts."""
        self.session, self.workers, self.number = session, list[str](), 0
        self.answers: dict[int, dict[str, Any]] = {}
        session.on("Target.attachedToTarget", lambda event: self.workers.append(event["sessionId"]))
        session.on("Target.detachedFromTarget", lambda event: self.workers.remove(event["sessionId"]))
        session.on("Target.receivedMessageFromTarget", self._heard)
        session.send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False})

    def _heard(self, event: dict[str, Any]) -> None:
        said = json.loads(event["message"])
        self.answers[said.get("id", -1)] = said

    def _worker(self, page: Any, worker: str, method: str) -> dict[str, Any]:
        self.number += 1
        number, message = self.number, json.dumps({"id": self.number, "method": method})
        self.session.send("Target.sendMessageToTarget", {"sessionId": worker, "message": message})
        for _ in range(3000):
            if number in self.answers:
                return dict(self.answers.pop(number)["result"])
            page.wait_for_timeout(10)
        raise TimeoutError(f"{method}: no answer of the worker within 30 s")

    def used(self, page: Any) -> dict[str, float]:
        """MiB by place."""
        self.session.send("HeapProfiler.collectGarbage")
        found = {"page": self.session.send("Runtime.getHeapUsage")["usedSize"] / 2**20}
        for worker in self.workers:
            self._worker(page, worker, "HeapProfiler.collectGarbage")
            held = self._worker(page, worker, "Runtime.getHeapUsage")["usedSize"] / 2**20
            found["worker"] = found.get("worker", 0.0) + held
        return found


def calculator(minutes: float, in_page: bool) -> int:
    """Choose at random in the calculator's form for so long; memory of the page and of its worker as it goes."""
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer((HOST, 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    chance, thrown = random.Random(1), list[str]()
    names = {kind: [record["name"] for record in json.loads((SITE / f"api/v1/{kind}s.json").read_text("utf-8"))] for kind in NAMED}
    used: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        if in_page:
            page.add_init_script("delete globalThis.Worker")
        heaps = Heaps(page.context.new_cdp_session(page))
        page.goto(f"http://{HOST}:{server.server_address[1]}/en/calculator/")
        page.locator("[data-calculator] [data-verdict]").wait_for()
        begun, turns, next_look = time.monotonic(), 0, 0.0
        while time.monotonic() - begun < 60 * minutes:
            page.evaluate(TURN, [chance.random(), names])
            turns += 1
            page.wait_for_timeout(20)
            if time.monotonic() - begun >= next_look:
                found = heaps.used(page)
                for place, held in found.items():
                    used.setdefault(place, []).append(held)
                told = ", ".join(f"{place} {held:.1f} MiB" for place, held in found.items())
                print(f"after {(time.monotonic() - begun) / 60:.0f} minutes and {turns} changes: {told}", flush=True)
                next_look += 60 * minutes / 20
        browser.close()
    server.shutdown()
    print(f"{turns} changes in {minutes:g} minutes, {len(thrown)} errors")
    grown = False
    for place, heap in used.items():
        settled, last = heap[len(heap) // 10], heap[-1]
        grown |= last > GROWN * settled
        print(f"{place}: {settled:.1f} MiB after a tenth of the time, {last:.1f} MiB at the end, {max(heap):.1f} MiB at most")
    for told in sorted(set(thrown))[:5]:
        print(f"  {told}")
    return 1 if thrown or grown or (not in_page and "worker" not in used) else 0


NAMED = ("model", "gpu", "cpu")
"""Fields that take the name of a record."""
TURN = """([chance, names]) => {
  const fields = [...document.querySelectorAll("[data-calculator] select, [data-calculator] input")].filter((field) => !field.disabled);
  const field = fields[Math.floor(chance * fields.length)];
  const other = Math.floor(chance * 7919);
  if (field.tagName === "SELECT") field.selectedIndex = other % field.options.length;
  else if (field.type === "checkbox" || field.type === "radio") field.checked = !field.checked;
  else if (field.type === "number") field.value = String([1, 4, 16, 512, 8192, 32768][other % 6]);
  else if (field.getAttribute("role") === "combobox") {
    const known = names[Object.keys(names).find((kind) => field.id.includes(kind))] ?? [""];
    field.value = known[other % known.length];
  }
  for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
}"""
"""One change of one field of the form."""


def main() -> int:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["serve", "calculator"])
    parser.add_argument("--rate", type=int, default=500, help="requests a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--in-page", action="store_true", help="without a worker")
    arguments = parser.parse_args()
    if not (SITE / "index.html").exists():
        print("site/: expected a built site, got none. Fix: make site", file=sys.stderr)
        return 1
    if arguments.what == "serve":
        return asyncio.run(serve(min(arguments.rate, MOST_RATE), min(arguments.seconds, MOST_SECONDS)))
    return calculator(min(arguments.minutes, MOST_MINUTES), arguments.in_page)


if __name__ == "__main__":
    sys.exit(main())
