"""The picture: counts, panels, and the same bytes for the same runs."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from sklearn.metrics import confusion_matrix

from tests.support.made_runs import EMOTIONS, make_rows, make_run
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.figures.scores import confusion_over_seeds, score_table
from xser.evidence.pages.pictures import _rows_of_panels, confusion_picture


def test_counts_are_summed_over_seeds_and_the_uar_is_that_of_the_table(tmp_path):
    folders = [make_run(tmp_path, "proposed", seed=seed) for seed in range(3)]
    (system,) = pool_runs(find_runs(tmp_path))
    counts, uar = confusion_over_seeds(system, "whole")
    frames = [pd.read_csv(folder / "predictions.csv") for folder in folders]
    expected = sum(confusion_matrix(one["emotion"], one["prediction"], labels=EMOTIONS) for one in frames)
    assert np.array_equal(counts, expected)
    assert 100 * uar == pytest.approx(score_table([system])["uar"].iloc[0])


def test_the_same_runs_give_the_same_picture_and_a_missing_emotion_is_no_obstacle(tmp_path):
    make_run(tmp_path, "proposed", rows=make_rows(occurring=("angry", "sad")))
    pooled = pool_runs(find_runs(tmp_path))
    for name in ("a.png", "b.png"):
        confusion_picture(tmp_path / name, pooled)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    picture = imread(tmp_path / "a.png")[..., :3]
    assert picture.std() > 0.05 and picture.shape[0] > 200
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["a.png", "b.png"]


def test_a_setting_has_a_row_and_single_systems_share_one(tmp_path):
    for system in ("baseline2", "proposed"):
        make_run(tmp_path, system)
    for number in range(5):
        make_run(tmp_path, "baseline2", target=f"t{number}")
    rows = _rows_of_panels(pool_runs(find_runs(tmp_path)))
    assert [len(row) for row in rows] == [2, 4, 1]
