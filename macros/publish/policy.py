"""What a page may load and run: a content security policy in each page, so that a slip of a reviewer costs little.

Script comes from the site's own files and the one inline script of the theme, known by its hash; nothing is sent anywhere. Styles in
attributes stay, because bars and charts are drawn with them; a style cannot run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Set
from pathlib import Path

INLINE = Path("partials") / "javascripts" / "base.html"
"""Where the one inline script stands, below the theme's folder."""

RULES = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
"""Directive -> sources, for a site behind a server. The search engine is WebAssembly."""

OFFLINE = {
    **RULES,
    "default-src": "'self' file:",
    "script-src": "'self' file: blob: 'wasm-unsafe-eval'",
    "style-src": "'self' file:",
    "img-src": "'self' file: data:",
    "connect-src": "'self' file: data: blob:",
}
"""The same from a folder: files are no common origin there, and modules are made of text."""


def digest(script: str) -> str:
    """A script as a policy names it: the hash of its text.

    >>> digest("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def inline_scripts(html: str) -> list[str]:
    """The texts of the scripts in a page that run and stand in it."""
    found = re.findall(r"<script(?![^>]*\b(?:src|type)=)[^>]*>(.*?)</script>", html, re.DOTALL)
    return [str(text) for text in found]


TAG = re.compile(r"<[A-Za-z][^<>]*>")
HANDLER = re.compile(r"""\son[a-z]+\s*=|(?:href|src|action)\s*=\s*["']?\s*(?:javascript|vbscript|data:text)""", re.IGNORECASE)
SOURCE = re.compile(r"""<script\b[^>]*\bsrc\s*=\s*["']?\s*(?:[a-z]+:|//)[^>]*""", re.IGNORECASE)


def strangers(html: str, known: Set[str]) -> Iterator[str]:
    """Whatever runs in a finished page and is not the theme's.

    Args:
        html: the page
        known: hashes of the theme's inline scripts

    Yields:
        The beginning of each script, handler or address of a script.
    """
    yield from (script.strip()[:80] for script in inline_scripts(html) if digest(script) not in known)
    yield from (found[0][:80] for found in SOURCE.finditer(html))
    if HANDLER.search(html):  # most pages have none, and their tags are not looked at one by one
        yield from (
            tag[0][:80]
            for tag in TAG.finditer(html)
            if HANDLER.search(re.sub(r'"[^"]*"', lambda text: text[0].replace(" on", " _"), tag[0]))
        )


def policy(theme: Path, rules: dict[str, str] = RULES) -> str:
    """The policy of every page.

    Args:
        theme: folder of the theme's own files
        rules: directive -> sources

    Returns:
        What the `meta` element of a page says.
    """
    hashes = " ".join(digest(script) for script in inline_scripts((theme / INLINE).read_text("utf-8")))
    with_hashes = {**rules, "script-src": f"{rules['script-src']} {hashes}"}
    return "; ".join(f"{directive} {sources}" for directive, sources in with_hashes.items())
