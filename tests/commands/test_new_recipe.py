"""xser new-recipe: from a folder of recordings to a recipe that runs, as a user types it."""

import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import yaml

from tests.support import CHECKOUT
from tests.support.official_lists import lay_out
from xser.commands import new_recipe
from xser.commands.command_line import parser_of
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus

PATTERN = "{speaker}/{emotion}_{take}.wav"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the checkout, in a folder with a space and an umlaut."""
    root = tmp_path_factory.mktemp("a") / "my chéckout ü"
    for name in ("recipes", "xser", "tools", "egs_data"):
        shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("setup.py", "pyproject.toml", *(path.name for path in CHECKOUT.glob("requirements*"))):
        shutil.copy(CHECKOUT / name, root)
    (root / "tests" / "recipes").mkdir(parents=True)
    shutil.copy(CHECKOUT / "tests" / "conftest.py", root / "tests")
    return root


def shell(checkout, script, *words, home=None, cwd=None):
    environment = {**os.environ, "XSER_PYTHON": sys.executable, "HOME": str(home or checkout.parent)}
    environment.pop("PYTHONPATH", None)
    command = ["bash", *([str(checkout / script)] if script else []), *map(str, words)]
    return subprocess.run(
        command, cwd=cwd or checkout.parent, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def cross(*lists):
    return ["".join(parts) for parts in itertools.product(*lists)]


def record(folder, paths):
    """Make tenths of a second of noise, each of its own."""
    chance = np.random.default_rng(0)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / path, chance.integers(-3000, 3000, 1600).astype(np.int16), 16000)
    return folder


IDS = [f"{number * 7919 % 100003:05x}" for number in range(1, 61)]
ROWS = [(id, ["愤怒", "快乐", "悲伤", "中性"][at % 4], f"spk{at // 4 % 5}") for at, id in enumerate(IDS)]
LAYOUTS = {  # name of the recipe: options, recordings, other files, speakers
    "swahili": (
        ["--pattern", PATTERN],
        cross(["amina/", "juma/", "neema/", "baraka/"], ["hasira_", "furaha_", "huzuni_", "kawaida_"], "123", [".wav"]),
        {},
        4,
    ),
    "flat": (
        ["--language", "eng", "--pattern", "{speaker}-{emotion}-{text}-{take}.flac"],
        cross(["a", "b", "c", "d", "e"], ["-HAP", "-ANG", "-SAD", "-NEU"], ["-s03", "-s04"], ["-t1.flac"]),
        {},
        5,
    ),
    "codes": (
        ["--language", "tur", "--pattern", r"{emotion}-{speaker}-{take:\d+}.wav"]
        + ["--labels", "01=angry,02=mutlu,03=sad,04=neutral"],
        cross(["01-", "02-", "03-", "04-"], ["01-", "02-", "03-", "04-", "05-"], ["01.wav", "02.wav"]),
        {},
        5,
    ),
    "listed": (
        ["--language", "Mandarin", "--table", "metadata.csv", "--columns", "file=name,emotion=label,speaker=who"],
        [f"clips/{id}.wav" for id in IDS],
        {"metadata.csv": "name,label,who\n" + "".join(f"clips/{a}.wav,{b},{c}\n" for a, b, c in ROWS)},
        5,
    ),
}
SLOW = pytest.mark.slow


@pytest.mark.parametrize("name", ["swahili", *(pytest.param(name, marks=SLOW) for name in [*LAYOUTS][1:])])
def test_a_folder_becomes_a_recipe_that_runs(name, checkout, tmp_path):
    options, recordings, files, speakers = LAYOUTS[name]
    data = record(tmp_path / "dïe data" / name, recordings)
    for path, text in files.items():
        (data / path).write_text(text, encoding="utf-8")
    before = sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*"))
    made = shell(checkout, "tools/new_recipe.sh", name, "--from", data, *options)
    assert made.returncode == 0, made.stderr
    corpus = read_corpus(checkout / "recipes" / name / "corpus.yaml")
    assert set(corpus.labels.values()) == {"angry", "happy", "sad", "neutral"}
    assert corpus.speakers == speakers and corpus.total == len(recordings)
    last = ["--stop-stage", "1"] if name != "flat" else ["--steps", "2", "--embedding_size", "16", "--blocks", "1"]
    words = ["--data-root", data.parent, "--work-dir", tmp_path / "exp", "--jobs", "1", *last]
    ran = shell(checkout, f"recipes/{name}/run.sh", *words)
    assert ran.returncode == 0, ran.stderr[-3000:]
    (prepared,) = (tmp_path / "exp").glob("audio/*/prepared.json")
    found = json.loads(prepared.read_text(encoding="utf-8"))
    assert found["complete"] and found["found"] == len(recordings)
    assert list((tmp_path / "exp").glob("results/**/table.csv")) or name != "flat"
    assert sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*")) == before
    test = checkout / "tests" / "recipes" / f"test_{name}.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", test]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    tested = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    assert "1 passed" in tested.stdout, tested.stdout


@SLOW
def test_the_page_can_be_typed_as_it_stands(checkout, tmp_path):
    text = (CHECKOUT / "docs" / "new_language.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) >= 6
    shutil.rmtree(checkout / "recipes" / "swahili", ignore_errors=True)
    script = tmp_path / "typed.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(blocks), encoding="utf-8")
    done = shell(checkout, "", script, home=tmp_path, cwd=checkout)
    assert done.returncode == 0, done.stderr[-3000:]
    shutil.rmtree(checkout / "recipes" / "swahili")
    look = shell(checkout, "tools/new_recipe.sh", "swahili", "--from", tmp_path / "try" / "swahili")
    assert look.returncode == 1 and len(look.stderr.splitlines()) == 1
    for shown in re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL):
        assert [line for line in shown.splitlines() if line not in look.stdout + done.stdout] == []


# What it shows, asks and refuses. -------------------------------------------------------------------------------------


@pytest.fixture
def few(tmp_path):
    """Return a folder for recipes that is not there yet, and a folder of recordings (empty files: nobody listens)."""
    names = cross(["ann/", "bob/", "cyd/"], ["hasira_", "furaha_", "huzuni_", "kawaida_"], "123", [".wav"])
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine" / "recipes", lay_out(tmp_path / "data", names)


def make(recipes, folder, *words, name="swahili"):
    words = [name, "--from", str(folder), "--recipes", str(recipes), *words]
    new_recipe.main(parser_of("new-recipe", new_recipe).parse_args(words))


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def answers(monkeypatch):
    """Answer what is asked on a terminal."""

    def answer(*lines):
        terminal = io.StringIO("".join(f"{line}\n" for line in lines))
        terminal.isatty = lambda: True
        monkeypatch.setattr("sys.stdin", terminal)

    return answer


def test_without_a_pattern_a_log_gets_the_look_and_the_option_to_give(few, capsys, monkeypatch):
    recipes, folder = few
    before = everything(recipes.parent)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(XserError, match=r"--pattern '\{a\}/\{b\}_\{c\}.wav' with speaker, emotion .* or --table FILE"):
        make(recipes, folder)
    assert "  b: 4 values: furaha 9, hasira 9, huzuni 9, kawaida 9" in capsys.readouterr().out.splitlines()
    assert everything(recipes.parent) == before


def test_a_terminal_is_asked_until_the_user_takes_what_is_read(few, capsys, answers):
    recipes, folder = few
    answers("{a}_{b}", "{emotion}/{speaker}_{take}.wav", "n", "ann/{emotion}_{take}.wav", "more", PATTERN, "y")
    make(recipes, folder)
    assert "no field is called `emotion`" in capsys.readouterr().err
    corpus = read_corpus(recipes / "swahili" / "corpus.yaml")
    assert [pattern.text for pattern in corpus.files] == ["ann/{emotion}_{take}.wav", PATTERN]
    answers("")
    with pytest.raises(XserError, match="no pattern was taken: nothing is written"):
        make(recipes, folder, "--language", "swa", name="another")
    assert not (recipes / "another").exists()


def test_a_terminal_is_asked_what_labels_mean(few, answers):
    recipes, folder = few
    answers("huzuni=cross", "other=sad", "huzuni=sad,kawaida=drop")
    make(recipes, folder, "--pattern", PATTERN, "--language", "eng", "--labels", "hasira=anger,furaha=happy")
    labels = read_corpus(recipes / "swahili" / "corpus.yaml").labels
    assert labels == {"furaha": "happy", "hasira": "angry", "huzuni": "sad", "kawaida": None}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Swahili"], "a recipe cannot be called 'Swahili': use small letters"),
        (["zero_shot"], "a recipe cannot be called 'zero_shot'"),
        (["emodb"], "there is a recipe emodb, and it is left as it is: choose another name"),
        (["mine"], "in which language is mine\\? give --language"),
        (["mine", "--language", "Swahly"], "unknown language 'Swahly': is it swa"),
        (["swahili", "--labels", "hasira=cross"], "--labels hasira=cross: write LABEL=EMOTION"),
        (
            ["swahili", "--pattern", PATTERN, "--labels", "x=angry"],
            "--labels names 'x', but the labels found are furaha",
        ),
        (["swahili", "--pattern", "{emotion}.mp3"], "no recording is called like {emotion}.mp3"),
        (["swahili", "--pattern", "{x}/{emotion}_1.wav", "--labels", "furaha=1"], "--labels furaha=1: write LABEL"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(words, said, few):
    recipes, folder = few
    before = everything(recipes.parent)
    with pytest.raises(XserError, match=said.replace("{", r"\{")) as caught:
        make(recipes, folder, *words[1:], name=words[0])
    assert "\n" not in str(caught.value)
    assert everything(recipes.parent) == before


def test_folders_that_hold_no_new_corpus(few, tmp_path):
    recipes, _ = few
    (tmp_path / "empty").mkdir()
    with pytest.raises(XserError, match="empty is empty: give --from the folder"):
        make(recipes, tmp_path / "empty")
    with pytest.raises(XserError, match="does not exist: give --from the folder"):
        make(recipes, tmp_path / "nowhere")
    with pytest.raises(XserError, match="holds no recordings .found e.g. notes.txt.: give --from"):
        make(recipes, lay_out(tmp_path / "texts", ["notes.txt"]))
    emotions = [f"03-01-{emotion:02}-{strength}" for emotion in range(1, 9) for strength in ("01", "02")]
    takes, actors = cross(["-01", "-02"], ["-01", "-02"]), [f"-{actor:02}.wav" for actor in range(1, 25)]
    known = lay_out(
        tmp_path / "known", cross([emotion for emotion in emotions if "01-02" not in emotion[6:]], takes, actors)
    )
    with pytest.raises(XserError, match="looks like RAVDESS: there is a recipe, xser run ravdess --data-root"):
        make(recipes, known, "--language", "eng", name="mine")


def test_a_dry_run_prints_a_corpus_yaml_and_writes_nothing(few, capsys):
    recipes, folder = few
    before = everything(recipes.parent)
    make(recipes, folder, "--pattern", PATTERN, "--dry-run")
    printed = capsys.readouterr().out
    written = yaml.safe_load(printed[printed.index("# Written") :])
    assert written["labels"] == {"hasira": "angry", "furaha": "happy", "kawaida": "neutral", "huzuni": "sad"}
    assert written["counts"] == dict.fromkeys(written["labels"], 9) and written["speakers"] == 3
    assert everything(recipes.parent) == before


def test_a_kill_leaves_no_half_recipe(few):
    recipes, folder = few
    words = ["swahili", "--from", str(folder), "--recipes", str(recipes), "--pattern", PATTERN]
    for moment in ("os.rename", "xser.commands.new_recipe.readme"):
        code = f"import os, signal, sys; import xser.commands.new_recipe\n{moment} = lambda *_: os.kill(os.getpid(), "
        code += f"signal.SIGKILL)\nsys.argv[1:] = ['new-recipe', *{words!r}]\nimport xser.__main__ as it; it.main()"
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
        assert process.returncode == -signal.SIGKILL, process.stderr
        assert not list(recipes.glob("*")) and not list(recipes.parent.glob("[!.]*/swahili"))
    make(recipes, folder, "--pattern", PATTERN)
    assert everything(recipes) == ["swahili", "swahili/README.md", "swahili/corpus.yaml"]
    with pytest.raises(XserError, match="there is a recipe swahili, and it is left as it is"):
        make(recipes, folder, "--pattern", PATTERN)


def test_a_recipe_of_a_checkout_is_like_the_others_and_says_what_is_to_do(few):
    recipes, folder = few
    (recipes.parent / "tools").mkdir()
    (recipes.parent / "tools" / "xser.sh").touch()
    make(recipes, folder, "--pattern", PATTERN)
    made, other = recipes / "swahili", CHECKOUT / "recipes" / "emodb"
    assert os.access(made / "run.sh", os.X_OK)
    assert (made / "run.sh").read_text() == (other / "run.sh").read_text().replace("emodb", "swahili")
    content = yaml.safe_load((made / "corpus.yaml").read_text(encoding="utf-8"))
    left = [key for key, value in content.items() if "TO DO" in str(value)]
    assert left == ["licence", "url", "citation", "obtain"]
    headings = [re.findall(r"\*\*(.+?)\.?\*\*", (place / "README.md").read_text()) for place in (made, other)]
    assert headings[0] == headings[1]
