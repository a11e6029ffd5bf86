"""Every recipe runs on the made-up corpora, all stages, as a newcomer would start it."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from tests.support import CHECKOUT, stages

MADE_UP = yaml.safe_load((CHECKOUT / "egs_data" / "counts.yaml").read_text(encoding="utf-8"))["counts"]

QUICK = ["--steps", "2", "--embedding_size", "16", "--blocks", "1", "--jobs", "1"]


@pytest.mark.parametrize("corpus", MADE_UP)
def test_a_recipe_runs_on_the_made_up_corpus(corpus, tmp_path):
    words = ["--corpus", corpus, "--work-dir", str(tmp_path), *QUICK]
    stages.run("prepare manifests train evaluate", words)
    table = pd.read_csv(next(tmp_path.glob("results/**/table.csv")))
    assert len(table) == 1
    assert 0 <= table["uar"].iloc[0] <= 100
    predictions = pd.read_csv(next(tmp_path.glob("runs/**/predictions.csv")))
    assert set(predictions["part"]) == {"test"}
    assert set(predictions["emotion"]) == {"angry", "happy", "neutral", "sad"}


def test_the_main_job_in_an_odd_folder(tmp_path):
    checkout = tmp_path / "my chéckout ü"
    for name in ("recipes", "xser", "tools", "egs_data"):
        shutil.copytree(CHECKOUT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("requirements.txt", "requirements-test.txt"):
        shutil.copy(CHECKOUT / name, checkout)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "XSER_PYTHON": sys.executable}
    environment.pop("PYTHONPATH", None)
    command = ["bash", str(checkout / "recipes" / "zero_shot" / "run.sh"), *QUICK]
    ended = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-3000:]
    for word in ("baseline2", "proposed", "UAR", "macro-F1", "angry"):
        assert word in ended.stdout
    for kind in ("md", "csv", "json", "png"):
        assert list(checkout.glob(f"exp/results/*/*/table.{kind}"))
    assert list(elsewhere.iterdir()) == []
