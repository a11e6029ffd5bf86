"""What keeps the house in order: who imports whom, what a recipe holds, how quickly `import xser` answers."""

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize

import pytest
import yaml

from tests.support import CHECKOUT
from tests.support.fresh_interpreter import SAY_HEAVY, python

LIBRARY = CHECKOUT / "xser"
MODULES = sorted(LIBRARY.rglob("*.py"))
RECIPES = sorted(
    path for path in (CHECKOUT / "recipes").iterdir() if path.is_dir() and path.name not in ("hparams", "schemas")
)
CORPORA = [recipe for recipe in RECIPES if recipe.name != "zero_shot"]
VERBS = sorted(path.stem for path in LIBRARY.glob("*.py") if "\n    run(main" in path.read_text(encoding="utf-8"))

FOUNDATION = {"errors", "files", "command_line"}
MAY_IMPORT = {
    "corpora": FOUNDATION | {"corpora"},
    "protocol": FOUNDATION | {"corpora", "protocol"},
    "evidence": FOUNDATION | {"corpora", "protocol", "evidence"},
    "model": FOUNDATION | {"corpora", "protocol", "model"},
}


def name_of(path):
    return path.relative_to(CHECKOUT).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


def parts_imported(source, package):
    """Names right below ``xser`` that a module imports, wherever in it the import stands.

    Parameters
    ----------
    source : str
        The module's text.
    package : str
        The dotted package that the module is in, for relative imports.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        found.update(name.split(".")[1] for name in names if name.startswith("xser."))
    return {name for name in found if not name.startswith("__")}


def test_imports_are_found_in_every_form():
    source = """
import os, xser.model.supcon
from xser import evidence
from xser import __version__
from ..protocol import splits
def later():
    from xser.corpora.audio.decoding import read_recording
    from . import sibling
    from .. import errors
"""
    expected = {"model", "evidence", "protocol", "corpora", "errors"}
    assert parts_imported(source, "xser.model") == expected
    assert parts_imported("from . import x\nfrom .encoders import y", "xser.model") == {"model"}


@each([path for path in MODULES if path.parent != LIBRARY])
def test_wings_import_only_downwards(path):
    wing = path.relative_to(LIBRARY).parts[0]
    package = ".".join(path.relative_to(CHECKOUT).parent.parts)
    assert parts_imported(path.read_text(encoding="utf-8"), package) <= MAY_IMPORT[wing]


@each([LIBRARY / f"{name}.py" for name in sorted(FOUNDATION)])
def test_the_foundation_imports_no_wing(path):
    assert parts_imported(path.read_text(encoding="utf-8"), "xser") <= FOUNDATION


def test_every_folder_of_the_library_is_a_package():
    folders = {path.parent for path in MODULES}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_module_says_what_it_is():
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [name_of(path) for path in silent] == []


def test_every_library_that_is_imported_is_required():
    named_otherwise = {"sklearn": "scikit_learn", "yaml": "pyyaml", "ruamel": "ruamel_yaml"}
    text = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8")
    required = {re.sub(r"[-.]", "_", name.lower()) for name in re.findall(r"^([\w.-]+)", text, flags=re.MULTILINE)}
    imported = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"xser"}
    assert {named_otherwise.get(name, name) for name in foreign} - required == set()


# Corpora are data. ----------------------------------------------------------------------------------------------------


def outside_docstrings(source):
    """The text of a module without its docstrings, line by line."""
    lines = source.splitlines()
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING and previous in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            lines[token.start[0] - 1 : token.end[0]] = [""] * (token.end[0] - token.start[0] + 1)
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            previous = token.type
    return "\n".join(lines)


def corpus_names():
    titles = [yaml.safe_load((recipe / "corpus.yaml").read_text(encoding="utf-8"))["title"] for recipe in CORPORA]
    return sorted({recipe.name for recipe in CORPORA} | set(titles))


@each(MODULES)
def test_the_library_knows_no_corpus_by_name(path):
    names = "|".join(map(re.escape, corpus_names()))
    source = outside_docstrings(path.read_text(encoding="utf-8"))
    assert re.findall(rf"(?<![A-Za-z])(?:{names})(?![A-Za-z])", source) == []


def test_docstrings_are_told_from_code():
    source = '"""emodb"""\nclass A:\n    # why\n    """emodb\n    emodb"""\n\n    def f(self):\n        """emodb"""\n'
    assert "emodb" not in outside_docstrings(source)
    assert outside_docstrings("x = 'emodb'  # emodb").count("emodb") == 2


def test_there_are_recipes():
    assert {recipe.name for recipe in RECIPES} >= {
        "zero_shot", "emodb", "urdu", "ravdess", "turevdb", "esd", "cafe", "meld", "cremad"
    }  # fmt: skip


@each(CORPORA)
def test_a_recipe_is_a_run_sh_of_a_few_lines_a_corpus_yaml_and_a_readme(path):
    assert sorted(file.name for file in path.iterdir()) == ["README.md", "corpus.yaml", "run.sh"]
    run = path / "run.sh"
    assert os.access(run, os.X_OK)
    text = run.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 10 and f"--corpus {path.name} " in text


def test_recipes_differ_in_nothing_but_their_corpus():
    texts = {recipe: (recipe / "run.sh").read_text(encoding="utf-8") for recipe in CORPORA}
    assert len({text.replace(f"--corpus {recipe.name} ", "--corpus C ") for recipe, text in texts.items()}) == 1


# Importing is light. --------------------------------------------------------------------------------------------------


def test_importing_xser_is_quick_and_imports_nothing_else():
    code = "import sys, time; t = time.perf_counter(); import xser; print(time.perf_counter() - t, len(sys.modules))"
    seconds, modules = zip(*(map(float, python(code).split()) for _ in range(3)), strict=True)
    assert min(seconds) < 0.2
    assert modules[0] <= float(python("import sys, time; print(len(sys.modules))")) + 2


@pytest.mark.parametrize("wing", ["corpora", "protocol"])
def test_the_lower_wings_and_the_check_of_options_import_without_heavy_libraries(wing):
    modules = [".".join(path.relative_to(CHECKOUT).with_suffix("").parts) for path in (LIBRARY / wing).rglob("*.py")]
    code = f"import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)\n{SAY_HEAVY}"
    assert python(code, *modules, "xser.experiments.experiment") == "heavy:\n"


RUN_VERB = f"""
import runpy, sys
verb, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_module("xser." + verb, run_name="__main__")
except SystemExit as end:
    assert not end.code, end
{SAY_HEAVY}
"""


def test_there_are_verbs():
    assert set(VERBS) >= {"prepare", "manifests", "train", "evaluate", "report", "experiment"}


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_needs_no_heavy_library(verb):
    words = ["help", "--corpus", "emodb"] if verb == "experiment" else ["--help"]
    said = python(RUN_VERB, verb, *words)
    assert "usage" in said
    assert said.endswith("heavy:\n")


def test_checking_options_needs_no_heavy_library():
    assert python(RUN_VERB, "experiment", "check", "--corpus", "emodb") == "heavy:\n"


# The package. ---------------------------------------------------------------------------------------------------------


def test_pip_install_gives_the_package_and_its_verbs(tmp_path):
    pytest.importorskip("setuptools", reason="building a package needs setuptools")
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(LIBRARY, source / "xser", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "requirements.txt", "requirements-test.txt"):
        shutil.copy(CHECKOUT / name, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", target, source], check=True, capture_output=True, cwd=tmp_path)
    assert [path.name for path in target.iterdir() if path.suffix != ".dist-info"] == ["xser"]
    installed = sorted(path.relative_to(target).as_posix() for path in (target / "xser").rglob("*.py"))
    assert installed == sorted(path.relative_to(CHECKOUT).as_posix() for path in MODULES)
    assert (target / "xser" / "evidence" / "page.html").is_file()
    for name in ("languages.tsv", "emotion_words.yaml"):
        assert (target / "xser" / "corpora" / name).is_file()
    metadata = next(target.glob("*.dist-info/METADATA")).read_text(encoding="utf-8")
    version = re.search(r'__version__ = "(.+)"', (LIBRARY / "__init__.py").read_text(encoding="utf-8"))[1]
    assert f"Version: {version}\n" in metadata and "Requires-Dist: torch==2.13.0\n" in metadata
    usage = subprocess.run(
        [sys.executable, "-m", "xser.experiments.prepare", "--help"],
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
        text=True,
        capture_output=True,
    )
    assert "usage" in usage.stdout, usage.stderr
