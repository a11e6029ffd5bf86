"""A scheme of one's own, in a YAML file, goes through every command, from whatever folder."""

import json
import os
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, stages
from tests.support.made_corpora import make_root
from xser.commands import report
from xser.commands.command_line import run_command
from xser.core.errors import XserError

MOVING = "emotions: [moved, still]\nmerges: {angry: moved, happy: moved, neutral: still, sad: still}\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


def test_every_verb_takes_it_by_a_relative_path(root, tmp_path, monkeypatch, capsys):
    (tmp_path / "my schemes").mkdir()
    (tmp_path / "my schemes" / "arousal of mine.yaml").write_text(MOVING)
    monkeypatch.chdir(tmp_path)
    words = stages.options(
        root, tmp_path / "exp", "--scheme", "my schemes/arousal of mine.yaml", "--system", "baseline2"
    )
    stages.run("prepare manifests train evaluate", words)
    said = capsys.readouterr().out
    assert "scheme arousal of mine, split speaker" in said and "moved" in said
    assert (
        "urdu: merged: A (angry) 6 counts as moved, H (happy) 6 counts as moved, N (neutral) 6 counts as still" in said
    )
    made = sorted(path.name.rpartition("-")[0] for path in (tmp_path / "exp" / "manifests").iterdir())
    assert made == [f"{corpus}-arousal of mine-speaker" for corpus in ("cafe", "emodb", "urdu")]
    tables = tmp_path / "exp" / "results" / "cafe+urdu-to-emodb" / "compact-arousal of mine-speaker"
    assert "moved" in (tables / "table.md").read_text(encoding="utf-8")
    runs = [json.loads(path.read_text()) for path in sorted((tmp_path / "exp" / "runs").rglob("run.json"))]
    assert runs and all(run["emotions"] == ["moved", "still"] for run in runs)
    run_command("report", report, [str(tmp_path / "exp" / "runs"), "--output", str(tmp_path / "report")])
    assert "arousal of mine" in (tmp_path / "report" / "results.md").read_text(encoding="utf-8")


def test_another_content_of_the_file_is_another_manifest(root, tmp_path, capsys):
    scheme = tmp_path / "mine.yaml"
    words = stages.options(root, tmp_path / "exp", "--scheme", str(scheme))
    scheme.write_text(MOVING)
    stages.run("prepare manifests", words)
    scheme.write_text(MOVING.replace("sad: still", "sad: moved"))
    stages.run("manifests", words)
    assert len(list((tmp_path / "exp" / "manifests").glob("emodb-mine-speaker-*"))) == 2


def test_a_recipe_takes_it_from_another_folder(root, tmp_path):
    (tmp_path / "mine.yaml").write_text(MOVING)
    command = ["bash", str(CHECKOUT / "recipes" / "emodb" / "run.sh"), "--scheme", "mine.yaml", "--stop-stage", "1"]
    command += ["--data-root", str(root), "--work-dir", str(tmp_path / "exp"), "--jobs", "1"]
    environment = {**os.environ, "XSER_PYTHON": sys.executable}
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    assert "scheme mine: " in run.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("four.yaml", MOVING, "there is a scheme four already"),
        ("mine.yaml", MOVING + "merges_in: {emdb: {calm: still}}\n", "`merges_in` names 'emdb'; the corpora are"),
        ("mine.yaml", "emotions: [happy\n", "mine.yaml, line 2: not valid YAML"),
        ("mine.yml", "emotions: [happy]\n", "`emotions` needs 2 or more"),
        ("mine.json", MOVING, "there is no scheme"),
        ("nowhere/mine.yaml", None, "cannot be read"),
    ],
)
def test_what_cannot_be_a_scheme_is_told_in_one_line(tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(XserError, match=said) as error:
        stages.experiment_of(["--corpus", "emodb", "--scheme", str(tmp_path / name)])
    assert "\n" not in str(error.value) and name in str(error.value)
