"""The dump of this repository: what the report of a pull request is made from."""

from macros.publish import untrusted
from tests.site.conftest import ROOT


def test_it_has_the_form_that_the_reporter_accepts(catalogue, dumped):
    """With every file of data behind it, and no path of this machine."""
    found = untrusted.dump(dumped.encode())
    assert str(ROOT) not in dumped
    assert set(found["inputs"]) == {file.path for (kind, _), file in catalogue.files.items() if kind != "sources"}
