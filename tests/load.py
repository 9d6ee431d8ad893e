"""How the web door bears use: `make load`. Loopback only, bounded, no part of `make test`.

python -m tests.load serve                 500 requests a second for a minute against a plain server of site/: errors, slowest answers
python -m tests.load calculator            an hour of random use of the calculator in a browser: memory of the page as it goes
python -m tests.load serve --seconds 10    shorter; likewise calculator --minutes 5
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import http.server
import random
import shutil
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
HOST = "127.0.0.1"
CONNECTIONS = 50
MOST_RATE, MOST_SECONDS, MOST_MINUTES = 2000, 300, 120
GROWN = 1.3
"""The page's memory after garbage is collected may end so far above where it stood after the first tenth."""


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


def calculator(minutes: float) -> int:
    """Choose at random in the calculator's form for so long; memory of the page after garbage is collected."""
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer((HOST, 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    chance, used, thrown = random.Random(1), list[float](), list[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.add_init_script("delete globalThis.Worker")  # so that the formulas run where their memory is seen
        session = page.context.new_cdp_session(page)
        page.goto(f"http://{HOST}:{server.server_address[1]}/en/calculator/")
        page.locator("[data-calculator] [data-verdict]").wait_for()
        begun, turns, next_look = time.monotonic(), 0, 0.0
        while time.monotonic() - begun < 60 * minutes:
            page.evaluate(TURN, chance.random())
            turns += 1
            page.wait_for_timeout(20)
            if time.monotonic() - begun >= next_look:
                session.send("HeapProfiler.collectGarbage")
                used.append(session.send("Runtime.getHeapUsage")["usedSize"] / 2**20)
                next_look += 60 * minutes / 20
        browser.close()
    server.shutdown()
    settled, last = used[len(used) // 10], used[-1]
    print(f"{turns} changes in {minutes:g} minutes, {len(thrown)} errors")
    print(f"heap: {settled:.1f} MiB after a tenth of the time, {last:.1f} MiB at the end, {max(used):.1f} MiB at most")
    for told in sorted(set(thrown))[:5]:
        print(f"  {told}")
    return 1 if thrown or last > GROWN * settled else 0


TURN = """(chance) => {
  const fields = [...document.querySelectorAll("[data-calculator] select, [data-calculator] input")].filter((field) => !field.disabled);
  const field = fields[Math.floor(chance * fields.length)];
  const other = Math.floor(chance * 7919);
  if (field.tagName === "SELECT") field.selectedIndex = other % field.options.length;
  else if (field.type === "checkbox" || field.type === "radio") field.checked = !field.checked;
  else if (field.type === "number") field.value = String([1, 4, 16, 512, 8192, 32768][other % 6]);
  else if (field.list) field.value = field.list.options[other % Math.max(field.list.options.length, 1)]?.value ?? "";
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
    arguments = parser.parse_args()
    if not (SITE / "index.html").exists():
        print("site/: expected a built site, got none. Fix: make site", file=sys.stderr)
        return 1
    if arguments.what == "serve":
        return asyncio.run(serve(min(arguments.rate, MOST_RATE), min(arguments.seconds, MOST_SECONDS)))
    return calculator(min(arguments.minutes, MOST_MINUTES))


if __name__ == "__main__":
    sys.exit(main())
