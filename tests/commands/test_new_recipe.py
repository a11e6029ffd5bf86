"""tools/new_recipe.sh: from a folder of recordings to a recipe that runs, as a user types it."""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from tests.support import CHECKOUT
from tests.support.layouts import ravdess_by_rule
from tests.support.official_lists import lay_out
from tests.support.recipe_checks import what_a_recipe_lacks, what_is_left_to_do
from xser.commands import new_recipe
from xser.core.errors import XserError
from xser.corpora.description.corpus import corpus_ids, read_corpus


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the checkout, in a folder with a space and an umlaut."""
    root = tmp_path_factory.mktemp("a") / "my chéckout ü"
    for name in ("recipes", "xser", "tools", "egs_data"):
        shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("requirements.txt", "requirements-test.txt"):
        shutil.copy(CHECKOUT / name, root)
    (root / "tests").mkdir()
    shutil.copy(CHECKOUT / "tests" / "official_lists.py", root / "tests")
    shutil.copy(CHECKOUT / "tests" / "conftest.py", root / "tests")
    return root


def shell(checkout, script, *words, home=None, cwd=None):
    environment = {**os.environ, "XSER_PYTHON": sys.executable, "HOME": str(home or checkout.parent)}
    environment.pop("PYTHONPATH", None)
    command = ["bash", *([str(checkout / script)] if script else []), *map(str, words)]
    return subprocess.run(
        command, cwd=cwd or checkout.parent, env=environment, capture_output=True, text=True, timeout=600
    )


def record(folder, paths):
    """Make tenths of a second of noise, each of its own."""
    chance = np.random.default_rng(0)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / path, chance.integers(-3000, 3000, 1600).astype(np.int16), 16000)
    return folder


def cross(*lists):
    return ["".join(parts) for parts in itertools.product(*lists)]


SPEAKERS = [f"spk{number:02}" for number in range(1, 6)]
IDS = [f"{number * 7919 % 100003:05x}" for number in range(1, 61)]
LABELS = ["愤怒", "快乐", "悲伤", "中性"]


def table(form):
    """A table of IDS, one line each."""
    return "".join(form(id, LABELS[at % 4], SPEAKERS[at // 4 % 5]) for at, id in enumerate(IDS))


LAYOUTS = {  # name of the recipe: options, recordings, other files
    "swahili": (
        [],
        cross(["amina/", "juma/", "neema/", "baraka/"], ["hasira_", "furaha_", "huzuni_", "kawaida_"], "123", [".wav"]),
        {},
    ),
    "flat": (
        ["--language", "eng"],
        cross(SPEAKERS, ["-HAP", "-ANG", "-SAD", "-NEU"], ["-s03", "-s04"], ["-t1.flac"]),
        {},
    ),
    "hindi": ([], cross(["गुस्सा/", "खुशी/", "उदास/", "तटस्थ/"], ["राम_", "सीता_", "गीता_", "मोहन_"], "123", [".wav"]), {}),
    "listed": (
        ["--language", "Mandarin"],
        [f"clips/{id}.wav" for id in IDS],
        {"metadata.csv": "file,emotion,speaker\n" + table(lambda id, label, who: f"clips/{id}.wav,{label},{who}\n")},
    ),
    "parts": (
        ["--language", "eng"],
        [
            f"{part}/{speaker}{number:03}{'AHSN'[number % 4]}.wav"
            for part, speakers in (("train", "ABC"), ("dev", "DE"), ("test", "FG"))
            for speaker in speakers
            for number in range(1, 9)
        ],
        {},
    ),
    "codes": (
        ["--language", "tur"],
        cross(["01-", "02-", "03-", "04-"], ["01-", "02-", "03-", "04-", "05-"], ["01.wav", "02.wav"]),
        {"README.txt": "Duygu: 01 = kızgın, 02 = mutlu, 03 = üzgün, 04 = nötr\n"},
    ),
    "told": (
        ["--language", "eng", "--emotion", "1", "--speaker", "2", "--labels", "01=angry,02=joy,03=huzuni,04=neutral"],
        cross(["01-", "02-", "03-", "04-"], ["01-", "02-", "03-", "04-", "05-"], ["01.wav", "02.wav", "03.wav"]),
        {},
    ),
    "lines": (
        ["--language", "cmn"],
        [f"{id}.wav" for id in IDS],
        {"labels.tsv": table(lambda id, label, who: f"{id}\t{label}\t{who}\n")},
    ),
    "objects": (
        ["--language", "cmn"],
        [f"{id}.wav" for id in IDS],
        {
            "index.jsonl": table(
                lambda id, *said: json.dumps({"audio": id, "label": said[0], "speaker": said[1]}) + "\n"
            )
        },
    ),
}
NUMBER_OF_SPEAKERS = {"swahili": 4, "hindi": 4, "parts": 7}
SLOW = pytest.mark.slow


@pytest.mark.parametrize("name", ["swahili", *(pytest.param(name, marks=SLOW) for name in [*LAYOUTS][1:])])
def test_a_folder_becomes_a_recipe_that_runs(name, checkout, tmp_path):
    options, recordings, files = LAYOUTS[name]
    data = record(tmp_path / "dïe data" / name, recordings)
    for path, text in files.items():
        (data / path).write_text(text, encoding="utf-8")
    before = sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*"))
    made = shell(checkout, "tools/new_recipe.sh", name, "--from", data, *options)
    assert made.returncode == 0, made.stderr
    corpus = read_corpus(checkout / "recipes" / name / "corpus.yaml")
    assert set(corpus.labels.values()) == {"angry", "happy", "sad", "neutral"}
    assert corpus.speakers == NUMBER_OF_SPEAKERS.get(name, 5)
    assert corpus.total == len(recordings)
    last = ["--stop-stage", "1"] if name != "flat" else ["--steps", "2", "--embedding_size", "16", "--blocks", "1"]
    words = ["--data-root", data.parent, "--work-dir", tmp_path / "exp", "--jobs", "1", *last]
    ran = shell(checkout, f"recipes/{name}/run.sh", *words)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert f"found {len(recordings)} of {len(recordings)} recordings" in ran.stdout
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
    assert len(blocks) >= 7
    shutil.rmtree(checkout / "recipes" / "swahili", ignore_errors=True)
    shutil.copy(CHECKOUT / "tools" / "test.sh", checkout / "tools")
    shutil.copy(CHECKOUT / "pyproject.toml", checkout)
    script = tmp_path / "typed.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(blocks), encoding="utf-8")
    done = shell(checkout, "", script, home=tmp_path, cwd=checkout)
    assert done.returncode == 0, done.stderr[-3000:]
    said = re.search(r"```text\n(.*?)```", text, flags=re.DOTALL)[1]
    assert [line for line in said.splitlines() if line not in done.stdout] == []


# What it refuses, and what it leaves. ---------------------------------------------------------------------------------


@pytest.fixture
def few(tmp_path):
    """Return a checkout with two recipes, and a folder of recordings (empty files: nothing listens to them)."""
    for id in ("emodb", "ravdess"):
        shutil.copytree(CHECKOUT / "recipes" / id, tmp_path / "checkout" / "recipes" / id)
    shutil.copy(CHECKOUT / "recipes" / "run_stages.sh", tmp_path / "checkout" / "recipes")
    names = cross(["ann/", "bob/", "cyd/"], ["hasira_", "furaha_", "huzuni_", "kawaida_"], "123", [".wav"])
    return tmp_path / "checkout" / "recipes", lay_out(tmp_path / "data", names)


def make(recipes, folder, *words, name="swahili"):
    new_recipe.main([name, "--from", str(folder), "--recipes", str(recipes), *words])


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Swahili"], "a recipe cannot be called 'Swahili': use small letters"),
        (["zero_shot"], "a recipe cannot be called 'zero_shot'"),
        (["emodb"], "emodb exists and is left as it is: choose another name"),
        (["mine"], "in which language is mine\\? give --language"),
        (["mine", "--language", "Swahly"], "unknown language 'Swahly': is it swa"),
        (["swahili", "--labels", "hasira=cross"], "--labels hasira=cross: write LABEL=EMOTION"),
        (["swahili", "--labels", "qonk=angry"], "--labels names 'qonk', but the labels found are furaha, hasira"),
        (
            ["swahili", "--emotion", "9"],
            "--emotion 9: the parts of ann/furaha_1.wav are 1 'furaha', 2 '1', folder1 'ann'",
        ),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(words, said, few):
    recipes, folder = few
    before = everything(recipes.parent)
    with pytest.raises(XserError, match=said) as caught:
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
    known = lay_out(tmp_path / "known", ravdess_by_rule())
    with pytest.raises(XserError, match="looks like RAVDESS: a recipe exists, bash recipes/ravdess/run.sh --data-root"):
        make(recipes, known, "--language", "eng", name="mine")


def test_a_dry_run_prints_a_corpus_yaml_and_writes_nothing(few, capsys):
    recipes, folder = few
    before = everything(recipes.parent)
    make(recipes, folder, "--dry-run")
    said = capsys.readouterr().out
    written = yaml.safe_load(said[said.index("# Proposed") :])
    assert written["labels"] == {"hasira": "angry", "furaha": "happy", "kawaida": "neutral", "huzuni": "sad"}
    assert written["counts"] == dict.fromkeys(written["labels"], 9) and written["speakers"] == 3
    assert everything(recipes.parent) == before


def test_a_kill_leaves_no_half_recipe(few):
    recipes, folder = few
    arguments = ["swahili", "--from", str(folder), "--recipes", str(recipes)]
    for moment in ("os.rename", "xser.commands.new_recipe.readme"):
        code = (
            f"import os, signal, xser.commands.new_recipe\n{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        command = [sys.executable, "-c", f"{code}xser.commands.new_recipe.main({arguments!r})"]
        process = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, capture_output=True)
        assert process.returncode == -signal.SIGKILL
        assert corpus_ids(recipes) == ["emodb", "ravdess"] and not (recipes / "swahili").exists()
        assert sorted(path.name for path in recipes.iterdir()) == ["emodb", "ravdess", "run_stages.sh"]
    make(recipes, folder)
    assert everything(recipes / "swahili") == ["README.md", "corpus.yaml", "run.sh"]


def test_a_new_recipe_lacks_only_what_nobody_can_guess(few):
    """The checks of recipes refuse what is left to do, and are content when it is done."""
    recipes, folder = few
    make(recipes, folder)
    shutil.copytree(CHECKOUT / "recipes" / "hparams", recipes / "hparams")
    assert what_a_recipe_lacks(recipes, "swahili") and what_is_left_to_do(recipes, "swahili")
    for path in (recipes / "swahili").glob("*.*"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("'TO DO: the licence, as its publisher calls it'", "CC-BY-4.0")
        path.write_text(re.sub("TO DO(: .*')?", "done in 2025'" if path.suffix == ".yaml" else "done", text))
    written = (recipes / "swahili" / "corpus.yaml").read_text(encoding="utf-8")
    (recipes / "swahili" / "corpus.yaml").write_text(written.replace("'done", "'Done"), encoding="utf-8")
    assert what_a_recipe_lacks(recipes, "swahili") == what_is_left_to_do(recipes, "swahili") == []
    assert os.access(recipes / "swahili" / "run.sh", os.X_OK)
    own = (recipes / "swahili" / "run.sh").read_text()
    assert own == (CHECKOUT / "recipes" / "emodb" / "run.sh").read_text().replace("emodb", "swahili")


def test_the_shell_needs_a_name_and_a_folder(checkout):
    for words in ([], ["swahili"], ["--from", "x"], ["swahili", "--from", "x", "--fast"]):
        process = shell(checkout, "tools/new_recipe.sh", *words)
        assert process.returncode == 2 and len(process.stderr.splitlines()) == 1 and "--help" in process.stderr
    process = shell(checkout, "tools/new_recipe.sh", "--help")
    assert process.returncode == 0 and "--dry-run" in process.stdout
    assert Path(checkout / "tools" / "new_recipe.sh").is_file()
