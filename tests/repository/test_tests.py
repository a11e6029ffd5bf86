"""What keeps the tests in order: a test file stands alone, and shares through tests/support."""

import ast

from tests.support import CHECKOUT

TESTS = CHECKOUT / "tests"


def imported(source):
    """Dotted names that a module imports, wherever in it the import stands."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module or ''}.{alias.name}" for alias in node.names)
    return names


def imports_a_test(source):
    return any(part.startswith("test_") for name in imported(source) for part in name.split("."))


def test_imports_of_tests_are_found_in_every_form():
    for source in ("import tests.a.test_b", "from tests.a import test_b", "from .test_b import c", "import test_b"):
        assert imports_a_test(source), source
    assert not imports_a_test("from tests.support.made_audio import prepare\nimport contest_")


def test_no_test_imports_another():
    paths = sorted(TESTS.rglob("*.py"))
    importing = [path for path in paths if imports_a_test(path.read_text(encoding="utf-8"))]
    assert len(paths) > 100 and [path.relative_to(TESTS).as_posix() for path in importing] == []
