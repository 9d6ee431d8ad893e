"""The search as readers use it: the page that answers stands among the first results."""

from pathlib import Path

import pytest
import yaml

QUERIES = yaml.safe_load(Path(__file__).with_name("queries.yaml").read_text("utf-8"))
FIRST = 5
ASK = """async ([module, queries]) => {
  const search = await import(module);
  const found = {};
  for (const query of queries) {
    const pages = await search.read((await search.find(query)).slice(0, 12), query);
    found[query] = pages.map((page) => page.url);
  }
  return found;
}"""


@pytest.mark.parametrize(("language", "home"), [("zh", ""), ("en", "en/")])
def test_queries_lead_to_their_pages(page, address, language, home):
    page.goto(home)
    queries = {str(query): path for query, path in QUERIES[language].items()}
    assert len(queries) >= 20
    found = page.evaluate(ASK, [f"{address}{home}js/search.js", list(queries)])
    missed = {
        query: [url.removeprefix(f"/guide/{home}") for url in found[query][:FIRST]]
        for query, path in queries.items()
        if f"/guide/{home}{path}" not in found[query][:FIRST]
    }
    assert missed == {}


@pytest.mark.parametrize(("home", "query", "kind"), [("", "4090", "设备"), ("en/", "gpt-oss", "Model")])
def test_results_say_what_they_are_and_keep_their_spaces(page, home, query, kind):
    page.goto(home)
    page.keyboard.press("/")
    page.fill("dialog.search input", query)
    page.wait_for_selector("dialog.search li a")
    assert kind in [small.inner_text() for small in page.query_selector_all("dialog.search li small")]
    if home:
        text = " ".join(span.inner_text() for span in page.query_selector_all("dialog.search li span"))
        assert "gpt-oss20B" not in text
