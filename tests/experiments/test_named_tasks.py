"""A named task through every stage: its source comes first, and what was published stands beside what is here."""

import json
import shutil

import pandas as pd
import pytest

from tests.support import stages
from tests.support.made_corpora import make_root
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.experiments.workspace import Workspace

TASKS = """
small:
  tasks:
    fr-de: {source: cafe, non_target: [urdu], target: emodb, training_utterances: 32, training_speakers: 5}
    ur-de: {source: urdu, non_target: [cafe], target: emodb}
"""
PUBLISHED = {"utterances": 32, "published_utterances": 32, "speakers": 6, "published_speakers": 5, "lost": []}


@pytest.fixture(scope="module")
def words(recipes, tmp_path_factory):
    """Options of a recipes folder with two small tasks, all stages run for one of them."""
    folder = tmp_path_factory.mktemp("tasks")
    shutil.copytree(recipes, folder / "recipes")
    (folder / "recipes" / "zero_shot" / "tasks.yaml").write_text(TASKS)
    make_root(folder / "data")
    where = ["--recipes", folder / "recipes", "--data-root", folder / "data", "--work-dir", folder / "exp"]
    systems = ["--system", "baseline1,baseline2,upper_bound", "--split", "stratified", "--jobs", "1"]
    return [*map(str, where), *systems, *stages.TINY]


@pytest.fixture(scope="module")
def runs(words):
    stages.run("prepare manifests train evaluate", ["--task", "fr-de", *words])
    planned = stages.runs_of(["--task", "fr-de", *words])
    return {run.system.name: run for run in planned}


def test_a_system_on_one_source_learns_from_the_source_of_the_task(runs):
    assert {name: [str(each) for each in run.learned_from] for name, run in runs.items()} == {
        "baseline1": ["cafe"],
        "baseline2": ["cafe", "urdu"],
        "upper_bound": ["emodb"],
    }
    rows = runs["baseline1"].read_rows()
    assert set(rows.learning["corpus"]) == set(rows.selecting["corpus"]) == {"cafe"}


def test_run_json_names_the_task_and_what_was_published(runs):
    infos = {name: json.loads((run.folder / "run.json").read_text()) for name, run in runs.items()}
    assert {info["named_task"] for info in infos.values()} == {"fr-de"}
    assert infos["baseline1"]["task_training"] == infos["baseline2"]["task_training"] == PUBLISHED
    assert infos["upper_bound"]["task_training"] is None
    assert infos["baseline2"]["train_utterances"] == 32 and infos["baseline1"]["train_utterances"] == 16
    assert {info["target"] for info in infos.values()} == {"emodb"}


def test_the_table_has_the_test_part_and_the_whole_target(runs):
    table = pd.read_csv(Workspace(runs["baseline1"].experiment).results_folder / "table.csv")
    shown = set(zip(table["system"], table["evaluated_on"], table["utterances"], strict=True))
    assert shown == {
        *(("baseline1", part, number) for part, number in (("whole", 24), ("test", 4))),
        *(("baseline2", part, number) for part, number in (("whole", 24), ("test", 4))),
        ("upper_bound", "test", 4),
    }
    assert set(table["task"]) == {"fr-de"}
    pooled = pool_runs(find_runs(runs["baseline1"].experiment.work_dir / "runs"))
    assert [system.source for system in pooled] == ["cafe", "", ""]


def test_stage_1_says_what_is_here_and_what_was_published(words, runs, capsys):
    stages.run("manifests", ["--task", "fr-de", *words])
    last = capsys.readouterr().out.splitlines()[-1].strip()
    assert last.startswith("fr-de: 32 training utterances, as published; 6 training speakers, published 5; ")
    stages.run("manifests", ["--task", "ur-de", *words, "--target-statistics", "speaker"])
    *_, line, warning = (each.strip() for each in capsys.readouterr().out.splitlines())
    assert line == "ur-de: 32 training utterances; 6 training speakers"  # nothing was published of it
    assert warning.startswith("warning: do not trust --target-statistics speaker with urdu: speakers nearly give")


def test_tasks_of_the_same_corpora_have_runs_of_their_own(words, runs):
    other = stages.runs_of(["--task", "ur-de", *words])
    folders = {run.folder for run in (*other, *runs.values())}
    assert len(folders) == 6
    assert {Workspace(run.experiment).results_folder for run in other} != {
        Workspace(run.experiment).results_folder for run in runs.values()
    }
