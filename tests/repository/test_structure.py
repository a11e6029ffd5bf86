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
from xser.commands import COMMANDS
from xser.core.extras import EXTRA_OF

LIBRARY = CHECKOUT / "xser"
MODULES = sorted(LIBRARY.rglob("*.py"))
RECIPES = sorted(path.parent for path in (CHECKOUT / "recipes").glob("*/run.sh"))
CORPORA = [recipe for recipe in RECIPES if (recipe / "corpus.yaml").is_file()]

FLOORS = (  # from the ground; those of one floor do not import each other
    ("core",),
    ("corpora",),
    ("protocol",),
    ("model", "evidence", "audit"),
    ("experiments",),
    ("grid", "demo"),
    ("commands",),
)
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}


def name_of(path):
    return path.relative_to(CHECKOUT).as_posix()


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


def imported_by(path):
    package = ".".join(path.relative_to(CHECKOUT).parent.parts)
    return parts_imported(path.read_text(encoding="utf-8"), package)


def test_no_file_imports_upwards():
    upwards = []
    for path in MODULES:
        own, *below = path.relative_to(LIBRARY).parts
        if not below:
            continue  # the two files at the top: the public face and the command
        allowed = {name for name, floor in FLOOR_OF.items() if floor < FLOOR_OF[own]} | {own}
        upwards += [f"{name_of(path)} -> {name}" for name in sorted(imported_by(path) - allowed)]
    assert upwards == []


def test_nothing_but_the_public_face_and_the_command_stands_at_the_top():
    assert [path.name for path in sorted(LIBRARY.glob("*.py"))] == ["__init__.py", "__main__.py"]
    assert {path.name for path in LIBRARY.iterdir() if path.is_dir() and any(path.glob("*.py"))} == set(FLOOR_OF)


def test_there_is_no_circle():
    """Modules can be put in an order in which each imports only earlier ones."""
    dotted = {".".join(path.relative_to(CHECKOUT).with_suffix("").parts): path for path in MODULES}
    names = {name.removesuffix(".__init__"): path for name, path in dotted.items()}
    wanted = {name: modules_imported(path, names) - {name} for name, path in names.items()}
    while wanted:
        free = [name for name, needs in wanted.items() if not needs & wanted.keys()]
        assert free, f"a circle among {sorted(wanted)}"
        for name in free:
            del wanted[name]


def modules_imported(path, names):
    """Modules of the library that a module imports when it is imported itself, not within its functions."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            of_module = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= of_module & names.keys() or {node.module}
    return found & names.keys()


def test_every_folder_of_the_library_is_a_package():
    folders = {path.parent for path in MODULES}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_module_says_what_it_is():
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [name_of(path) for path in silent] == []


def test_every_library_that_is_imported_is_required():
    named_otherwise = {"sklearn": "scikit_learn", "yaml": "pyyaml", "ruamel": "ruamel_yaml"}
    text = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8") + "\n" + "\n".join(EXTRA_OF)
    required = {re.sub(r"[-.]", "_", name.lower()) for name in re.findall(r"^([\w.-]+)", text, flags=re.MULTILINE)}
    imported = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"xser", "markupsafe"}  # which comes with jinja2
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


def test_the_library_knows_no_corpus_by_name():
    names = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(map(re.escape, corpus_names()))})(?![A-Za-z])")
    found = {name_of(path): names.findall(outside_docstrings(path.read_text(encoding="utf-8"))) for path in MODULES}
    assert {name: named for name, named in found.items() if named} == {}


def test_docstrings_are_told_from_code():
    source = '"""emodb"""\nclass A:\n    # why\n    """emodb\n    emodb"""\n\n    def f(self):\n        """emodb"""\n'
    assert "emodb" not in outside_docstrings(source)
    assert outside_docstrings("x = 'emodb'  # emodb").count("emodb") == 2


def test_there_are_recipes():
    assert {recipe.name for recipe in RECIPES} >= {
        "zero_shot", "emodb", "urdu", "ravdess", "turevdb", "esd", "cafe", "meld", "cremad"
    }  # fmt: skip


def test_a_recipe_is_a_run_sh_of_three_lines_a_corpus_yaml_and_a_readme():
    for recipe in CORPORA:
        assert sorted(file.name for file in recipe.iterdir()) == ["README.md", "corpus.yaml", "run.sh"]
        assert os.access(recipe / "run.sh", os.X_OK)
    texts = {recipe: (recipe / "run.sh").read_text(encoding="utf-8") for recipe in CORPORA}
    assert len({text.replace(f" run {recipe.name} ", " run C ") for recipe, text in texts.items()}) == 1
    assert len(next(iter(texts.values())).splitlines()) == 3


# Importing is light. --------------------------------------------------------------------------------------------------


def test_importing_xser_is_quick_and_imports_nothing_but_the_standard_library():
    code = """
import sys, time
start = time.perf_counter()
import xser
print(time.perf_counter() - start)
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"__main__", "xser"}
print(*sorted(name for name in foreign if not name.startswith(("_", "sitecustomize", "distutils"))))
"""
    seconds, foreign = zip(*(python(code).split("\n")[:2] for _ in range(3)), strict=True)
    assert min(map(float, seconds)) < 0.2
    assert set(foreign) == {""}


def test_what_stands_below_the_model_and_resolving_an_experiment_need_no_heavy_library():
    paths = [path for name in ("core", "corpora", "protocol") for path in (LIBRARY / name).rglob("*.py")]
    modules = [".".join(path.relative_to(CHECKOUT).with_suffix("").parts) for path in paths]
    code = f"import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)\n{SAY_HEAVY}"
    assert python(code, *modules, "xser.experiments.request") == "heavy:\n"


COMMAND = f"""
import sys
from xser.__main__ import main
sys.argv[0] = "xser"
try:
    main()
except SystemExit as end:
    assert not end.code, end
{SAY_HEAVY}
"""


def test_the_command_lists_its_subcommands_without_importing_any():
    listed = python(COMMAND + "print(len([name for name in sys.modules if name.startswith('xser.')]))")
    for name in COMMANDS:
        assert f"xser {name}" in listed
    assert "heavy:\n" in listed and int(listed.splitlines()[-1]) <= 2


HELP_OF_ALL = f"""
import sys
from xser.__main__ import main
for name in sys.argv[1:]:
    sys.argv = ["xser", name, "--help"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end
    {SAY_HEAVY}
"""


def test_the_help_of_a_command_needs_no_heavy_library():
    """One interpreter asks for all: what none of them has imported in the end, none needs."""
    told = python(HELP_OF_ALL, *COMMANDS).split("heavy:")
    assert len(told) == len(COMMANDS) + 1
    for name, help_of in zip(COMMANDS, told, strict=False):
        assert f"usage: xser {name}" in help_of
    assert [imported.partition("\n")[0] for imported in told[1:]] == [""] * len(COMMANDS)


# The package. ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as `pip install` makes it of a checkout, in a folder of its own."""
    pytest.importorskip("setuptools", reason="building a package needs setuptools")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("xser", "recipes", "egs_data"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in CHECKOUT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", target, source], check=True, capture_output=True, cwd=source.parent)
    return target


def test_the_package_has_all_modules_recipes_and_made_up_corpora(installed):
    modules = {path.relative_to(installed).as_posix() for path in (installed / "xser").rglob("*.py")}
    assert modules >= {name_of(path) for path in MODULES}
    for folder in ("recipes", "egs_data"):
        there = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / folder).rglob("*") if path.is_file()}
        here = installed / "xser" / "data"
        assert there - {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()} == set()


def test_an_installed_xser_works_without_a_checkout(installed, tmp_path):
    def xser(*words):
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        command = [sys.executable, "-m", "xser", *words]
        ended = subprocess.run(command, env=environment, cwd=tmp_path, text=True, capture_output=True)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout + ended.stderr

    assert "xser run" in xser()
    assert "emodb" in xser("labels", "emodb")
    told = xser("run", "emodb", "--stop-stage", "1")
    assert "emodb: EMO-DB (made up)" in told and (tmp_path / "exp" / "manifests").is_dir()
