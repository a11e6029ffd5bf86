"""Libraries that only some commands need."""

import re

import pytest

from tests.support import CHECKOUT
from xser.core import extras
from xser.core.errors import XserError


@pytest.mark.parametrize("library", extras.EXTRA_OF)
def test_a_missing_library_is_one_line_with_the_remedy(library, monkeypatch):
    assert extras.optional(library, "this").__name__ == library
    monkeypatch.setattr(extras, "is_installed", lambda name: False)
    distribution = library.replace("_", "-")
    remedy = f"^this needs {distribution}: pip install '.*\\[{extras.EXTRA_OF[library]}\\]'"
    with pytest.raises(XserError, match=remedy) as told:
        extras.optional(f"{library}.something", "this")
    assert "\n" not in str(told.value)


def test_setup_py_has_the_distribution_and_each_library_in_its_extra():
    setup = (CHECKOUT / "setup.py").read_text(encoding="utf-8")
    assert f'name="{extras.DISTRIBUTION}"' in setup
    for library, extra in extras.EXTRA_OF.items():
        assert re.search(rf'"{extra}": \[.*"{library.replace("_", "-")}[<>=]', setup), (library, extra)
