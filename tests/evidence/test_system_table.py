"""The small table against scikit-learn on the prediction files themselves, and its files."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score

from tests.support.made_runs import EMOTIONS, make_rows, make_run
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.figures.scores import score_table
from xser.evidence.pages.material import notes
from xser.evidence.pages.report import write_table
from xser.evidence.pages.system_table import system_tables


def tabulate(folder):
    pooled = pool_runs(find_runs(folder))
    return pooled, score_table(pooled)


def frames(folder, system):
    return [pd.read_csv(path) for path in sorted(folder.glob(f"runs/*/*/{system}*/*/predictions.csv"))]


@pytest.mark.parametrize("seeds", [1, 3])
def test_every_figure_of_a_row_comes_from_the_prediction_files(tmp_path, seeds):
    for seed in range(seeds):
        make_run(tmp_path, "proposed", 0.6, seed=seed)
    table = tabulate(tmp_path)[1].set_index("evaluated_on")
    for part, row in table.iterrows():
        each = [frame[frame["part"] == "test"] if part == "test" else frame for frame in frames(tmp_path, "proposed")]
        uars = [100 * recall_score(one["emotion"], one["prediction"], average="macro") for one in each]
        assert row["uar"] == pytest.approx(np.mean(uars), abs=1e-9)
        if seeds == 1:
            assert np.isnan(row["uar_sd"])
        else:
            assert row["uar_sd"] == pytest.approx(np.std(uars, ddof=1), abs=1e-9)
        f1 = [100 * f1_score(one["emotion"], one["prediction"], average="macro") for one in each]
        assert row["macro_f1"] == pytest.approx(np.mean(f1), abs=1e-9)
        for name in EMOTIONS:
            recall = [100 * np.mean(one["prediction"][one["emotion"] == name] == name) for one in each]
            assert row[f"recall_{name}"] == pytest.approx(np.mean(recall), abs=1e-9)
        assert row["low"] < row["uar"] < row["high"]
        assert (row["utterances"], row["speakers"]) == (len(each[0]), each[0]["speaker"].nunique())
        assert (row["seeds"], row["classes"]) == (" ".join(map(str, range(seeds))), 4)
    assert np.isnan(table.loc["test", "speakers_low"])  # two speakers are too few
    assert table.loc["whole", "speakers_low"] < table.loc["whole", "uar"] < table.loc["whole", "speakers_high"]


def test_the_interval_of_several_seeds_is_that_of_their_mean(tmp_path):
    for seed in range(3):
        make_run(tmp_path, "proposed", 0.6, seed=seed)
    row = tabulate(tmp_path)[1].iloc[0]
    each = frames(tmp_path, "proposed")
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(600):
        drawn = rng.integers(120, size=120)
        hit = np.mean([(one["emotion"] == one["prediction"]).to_numpy()[drawn] for one in each], axis=0)
        emotion = each[0]["emotion"].to_numpy()[drawn]
        draws.append(100 * np.mean([hit[emotion == name].mean() for name in EMOTIONS]))
    assert [row["low"], row["high"]] == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=1.2)


def test_folds_are_scored_as_one_set_not_as_a_mean_of_folds(tmp_path):
    for fold, accuracy in ((1, 0.9), (2, 0.3)):
        rows = make_rows(80 if fold == 1 else 20, first=100 * fold, occurring=EMOTIONS[: 2 * fold]).assign(part="test")
        within = {"kind": "within", "task": "alpha", "sources": ["alpha"], "split": "loso"}
        make_run(tmp_path, "baseline2", accuracy, fold=fold, rows=rows, **within)
    row = tabulate(tmp_path)[1].iloc[0]
    both = pd.concat(frames(tmp_path, "baseline2"))
    assert row["uar"] == pytest.approx(100 * recall_score(both["emotion"], both["prediction"], average="macro"))
    assert (row["folds"], row["evaluated_on"], row["utterances"]) == (2, "test", 100)


def test_a_target_without_neutral_has_a_uar_over_three(tmp_path):
    make_run(tmp_path, "proposed", rows=make_rows(occurring=("angry", "happy", "sad")))
    pooled, table = tabulate(tmp_path)
    row = table.iloc[0]
    assert row["classes"] == 3 and np.isnan(row["recall_neutral"])
    assert row["uar"] == pytest.approx(row[["recall_angry", "recall_happy", "recall_sad"]].mean())
    assert "alpha has no utterance of neutral: UAR and macro-F1 are means over its other classes." in notes(pooled)
    assert "neutral" not in system_tables(table)[0].header


def test_a_target_of_one_emotion_is_warned_of(tmp_path):
    make_run(tmp_path, "proposed", accuracy=1.0, rows=make_rows(occurring=("sad",)))
    pooled, _ = tabulate(tmp_path)
    (warning,) = [note for note in notes(pooled) if note.startswith("WARNING")]
    assert "every utterance of alpha is sad" in warning and "xser predict" in warning
    assert not any("means over its other classes" in note for note in notes(pooled))


def test_only_where_a_system_needs_the_test_part_is_it_printed(tmp_path):
    rows = make_rows()
    make_run(tmp_path, "proposed", rows=rows)
    table = tabulate(tmp_path)[1]
    assert list(table["evaluated_on"]) == ["whole", "test"]
    (printed,) = system_tables(table)
    assert "on" not in printed.header and [row[0] for row in printed.rows] == ["proposed"]
    assert printed.rows[0][-2] == "120"
    make_run(tmp_path, "upper_bound", rows=rows[rows["part"] == "test"])
    (printed,) = system_tables(tabulate(tmp_path)[1])
    assert printed.header[1] == "on"
    assert [row[:2] for row in printed.rows] == [["proposed", "whole"], ["proposed", "test"], ["upper_bound", "test"]]


def test_what_is_printed_is_what_stands_in_the_table(tmp_path):
    make_run(tmp_path, "baseline1", source="beta", validation=0.61)
    make_run(tmp_path, "baseline1", source="gamma", validation=0.6)
    make_run(tmp_path, "proposed")
    table = tabulate(tmp_path)[1]
    row = table[(table["system"] == "proposed") & (table["evaluated_on"] == "whole")].iloc[0]
    terminal = write_table(find_runs(tmp_path), tmp_path / "out", "t")
    for text in (terminal, (tmp_path / "out" / "t.md").read_text(encoding="utf-8")):
        assert f"{row['uar']:.1f} [{row['low']:.1f}, {row['high']:.1f}]" in text
        assert "baseline1 (beta)" in text and "baseline1 (gamma)" not in text
        assert "single source chosen by validation" in text and "beta 61.0, gamma 60.0" in text
        assert (
            "beta+gamma-to-alpha, blind: encoder compact, scheme four, split speaker (seed 0), training seeds 0" in text
        )
    lines = terminal.splitlines()
    assert len({len(line) for line in lines[1:4]}) == 1  # columns stand below one another


def test_notes_name_what_was_left_out_once_and_what_cannot_be_believed(tmp_path):
    make_run(tmp_path, "proposed")
    assert notes(tabulate(tmp_path)[0]) == []
    left_out = ["beta: 3 of 400 recordings are silent"]
    for seed in (1, 2):
        make_run(tmp_path, "proposed", seed=seed, left_out=left_out, complete=False, made_up=True)
    pooled, table = tabulate(tmp_path)
    said = notes(pooled)
    assert said[0] == left_out[0] and len(said) == 3
    assert "incomplete" in said[1] and "nothing about real speech" in said[2]
    assert not table["complete"].any() and table["made_up"].all()


def test_recalls_of_several_schemes_stand_side_by_side(tmp_path):
    make_run(tmp_path, "proposed")
    levels = {"scheme": "arousal", "emotions": ["low", "high"], "target": "omega"}
    make_run(tmp_path, "proposed", rows=make_rows(occurring=("low", "high"), corpus="omega"), **levels)
    table = tabulate(tmp_path)[1]
    recalls = [column for column in table.columns if column.startswith("recall_")]
    assert recalls == [f"recall_{name}" for name in (*EMOTIONS, "low", "high")]
    assert list(table.columns).index("classes") == list(table.columns).index("recall_high") + 1
    assert [printed.header[4:-2] for printed in system_tables(table)] == [list(EMOTIONS), ["low", "high"]]


def test_csv_and_json_hold_the_table_and_what_it_rests_on(tmp_path):
    for seed in range(2):
        make_run(tmp_path, "proposed", seed=seed)
        make_run(tmp_path, "baseline1", seed=seed, source="beta", command="bash other")
    table = tabulate(tmp_path)[1]
    write_table(find_runs(tmp_path), tmp_path, "t", "xser report x")
    written = pd.read_csv(tmp_path / "t.csv")
    assert np.allclose(written["uar"], table["uar"], atol=1e-4) and len(written) == 4
    data = json.loads((tmp_path / "t.json").read_text())
    assert [row["uar"] for row in data["rows"]] == pytest.approx(list(table["uar"]), abs=1e-4)
    assert data["rows"][1]["speakers_low"] is None
    assert {run["command"] for run in data["runs"]} == {"bash recipes/zero_shot/run.sh", "bash other"}
    assert data["all_runs"]["fingerprints"] == {"alpha": "0123"} and data["all_runs"]["versions"] == {"torch": "2.13.0"}
    assert not any(set(run) & set(data["all_runs"]) for run in data["runs"])
    assert data["chosen_sources"][0]["chosen"] == "beta" and data["command"] == "xser report x"
