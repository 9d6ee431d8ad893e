"""The copy that opens from a folder: the built site, made to work where a browser allows no request.

From the file system a browser loads no module and answers no fetch. So links name their files; modules travel as text in one plain
script that hands them to the browser as objects in memory; and the search engine is the same one as online, its index in a script
that is loaded at the first search.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from lxml import html

from macros.publish.policy import OFFLINE, policy
from macros.publish.site import THEME

INDEX = "index.html"
LOADER = "js/offline.js"
SEARCH = "pagefind/files.js"
NOT_COPIED = re.compile(r"\.(map|gz)$|^pagefind/pagefind-worker|^og/|^(en/)?(sitemap\.xml|robots\.txt|404\.html)$")
"""What only a server needs."""
IMPORT = re.compile(r"""(\bimport\s*\(\s*|\bfrom\s*|\bimport\s*)(["'])(\.{1,2}/[^"']+\.js)\2""")

SCRIPT = """// Made by the build: modules and search for a copy that opens from the file system.
(() => {
  const modules = %(modules)s;
  const here = document.currentScript;
  const root = new URL(here.dataset.root, location.href).href;
  const made = {};
  const address = (name) => {
    if (!(name in made)) {
      made[name] = "";
      const text = modules[name].map((part) => typeof part === "string" ? part : JSON.stringify(address(part[0]))).join("");
      made[name] = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    }
    return made[name];
  };
  const online = window.fetch.bind(window);
  let files;
  const load = () => files ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: root + "%(search)s", onerror: reject });
    script.onload = () => resolve(window.offlineFiles);
    document.head.append(script);
  });
  window.fetch = async (input, options) => {
    const path = String(input.url ?? input).split("?")[0];
    const at = path.lastIndexOf("pagefind/");
    if (at < 0) return online(input, options);
    const found = (await load())[path.slice(at)];
    return found === undefined ? new Response(null, { status: 404 }) : online("data:application/octet-stream;base64," + found);
  };
  window.offlineModule = (name) => import(address(name));
  for (const name of here.dataset.modules.split(" ").filter(Boolean)) import(address(name));
})();
"""


def files(site: Path, version: str) -> dict[str, bytes]:
    """Path in the copy -> content.

    Args:
        site: the built site, both languages
        version: what the copy says it is
    """
    paths = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*")) if path.is_file()}
    copied = {name: path for name, path in paths.items() if not NOT_COPIED.search(name)}
    result: dict[str, bytes] = {}
    used: set[str] = set()
    for name, path in copied.items():
        if name.endswith(".html"):
            text, modules = page(path.read_text("utf-8"), name, set(paths))
            result[name] = text.encode()
            used |= modules
        elif not name.startswith("pagefind/"):
            result[name] = path.read_bytes()
    texts = {name: paths[name].read_text("utf-8") for name in _with_imports(used | {"pagefind/pagefind.js"} & set(paths), paths)}
    for name in texts:
        result.pop(name, None)
    split = {name: _parts(text, name, set(texts)) for name, text in texts.items()}
    result[LOADER] = (SCRIPT % {"modules": _json(split), "search": SEARCH}).encode()
    index = {name: base64.b64encode(path.read_bytes()).decode() for name, path in paths.items() if name.startswith("pagefind/")}
    index = {name: content for name, content in index.items() if name in copied and not name.endswith((".js", ".css"))}
    result[SEARCH] = f"window.offlineFiles = {_json(index)};\n".encode()
    result["VERSION"] = f"{version}\n".encode()
    return result


def _json(value: object) -> str:
    """JSON that may stand in a script."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")


def _with_imports(names: set[str], paths: dict[str, Path]) -> set[str]:
    """Modules and what they import, and so on."""
    found: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in paths:
            found.add(name)
            waiting += [_resolve(match[3], name) for match in IMPORT.finditer(paths[name].read_text("utf-8"))]
    return found


def _resolve(address: str, page_name: str) -> str:
    """A relative address on a file of the site, as a path of the site."""
    return urlsplit(_join(page_name, address)).path


def _join(base: str, address: str) -> str:
    return urljoin(f"/{base}", address).lstrip("/")


def _parts(text: str, name: str, modules: set[str]) -> list[str | list[str]]:
    """A module's text, cut where it names another module."""
    parts: list[str | list[str]] = []
    start = 0
    for match in IMPORT.finditer(text):
        target = _resolve(match[3], name)
        if target in modules:
            parts += [text[start : match.start()] + match[1], [target]]
            start = match.end()
    return [*parts, text[start:]]


def page(text: str, name: str, paths: set[str]) -> tuple[str, set[str]]:
    """One page with links to files instead of folders, and the modules that it starts.

    Args:
        text: the built page
        name: its path in the site
        paths: every path of the site
    """
    tree = html.document_fromstring(text, parser=html.HTMLParser(encoding="utf-8"))
    for element in tree.xpath("//*[@href]"):
        parts = urlsplit(element.get("href"))
        if parts.scheme or parts.netloc or not parts.path:
            continue
        target = _join(name, parts.path)
        folder = target == "" or target.endswith("/")
        if folder and f"{target}{INDEX}" in paths:
            path = parts.path if parts.path.endswith("/") else parts.path + "/"
            element.set("href", parts._replace(path=path + INDEX).geturl())
        elif f"{target}/{INDEX}" in paths:
            element.set("href", parts._replace(path=f"{parts.path}/{INDEX}").geturl())
    for element in tree.xpath("//link[@rel='canonical' or @rel='alternate' or @rel='modulepreload']"):
        element.drop_tree()
    for element in tree.xpath("//meta[@http-equiv='Content-Security-Policy']"):
        element.set("content", policy(THEME, OFFLINE))
    root = "../" * name.count("/") or "./"
    modules = []
    for script in tree.xpath("//script[@type='module'][@src]"):
        modules.append(_resolve(script.get("src"), name))
        script.drop_tree()
    loader = tree.makeelement("script", {"src": root + LOADER, "data-root": root, "data-modules": " ".join(modules)})
    tree.find("body").append(loader)
    return html.tostring(tree, encoding="unicode", doctype="<!doctype html>"), set(modules)
