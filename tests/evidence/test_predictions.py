"""The prediction file and run.json: what is written is read, and what is damaged is refused with a remedy."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.support.made_runs import EMOTIONS, make_rows, make_run, predict
from xser.core.errors import XserError
from xser.evidence.figures.predictions import (
    find_runs,
    prediction_table,
    read_predictions,
    read_run,
    write_predictions,
    write_run,
)


@pytest.fixture
def table():
    return predict(np.random.default_rng(0), make_rows(24), 0.5)


def test_what_is_written_is_read_and_float32_scores_exactly(tmp_path, table):
    scores = [f"score_{name}" for name in EMOTIONS]
    table[scores] = table[scores].astype(np.float32)
    table.loc[0, "speaker"], table.loc[1, "speaker"], table.loc[2, "text"] = "NA", "Colère, ‘ü’", "01"
    write_predictions(tmp_path / "predictions.csv", table)
    back = read_predictions(tmp_path / "predictions.csv", EMOTIONS)
    assert list(back.columns) == list(table.columns)
    assert np.array_equal(back[scores].to_numpy(np.float32), table[scores].to_numpy())
    texts = [column for column in table.columns if column not in scores]
    assert back[texts].to_numpy().tolist() == table[texts].to_numpy().tolist()


def test_the_prediction_is_the_highest_score_whatever_the_index_of_the_rows():
    rows = make_rows(3).set_index(pd.Index([7, 5, 9]))
    table = prediction_table(rows, np.array([[0.1, 0.7, 0.1, 0.1], [0.4, 0.1, 0.4, 0.1], [0, 0, 0, 1]]), EMOTIONS)
    assert list(table["prediction"]) == ["happy", "angry", "sad"]
    assert list(table["score_sad"]) == [0.1, 0.1, 1]
    assert list(table["utterance"]) == list(rows["utterance"])


DAMAGES = {
    "stands twice": lambda t: t.assign(utterance="alpha-0000"),
    "without a name": lambda t: t.assign(utterance=""),
    "part 'dev' of alpha-0000": lambda t: t.assign(part="dev"),
    "emotion 'bored' of alpha-0000 is none of angry, happy": lambda t: t.assign(emotion="bored"),
    "prediction 'bored'": lambda t: t.assign(prediction="bored"),
    "column part is missing": lambda t: t.drop(columns="part"),
    "the columns are not": lambda t: t.assign(more=1),
    "no utterances": lambda t: t[:0],
    "sum to 1": lambda t: t.assign(score_sad=t["score_sad"] + 0.1),
    "not numbers": lambda t: t.assign(score_sad=np.nan),
    "has not the highest score": lambda t: t.assign(prediction=np.roll(t["prediction"], 1)),
}


@pytest.mark.parametrize("message", DAMAGES)
def test_damaged_tables_are_neither_written_nor_read(tmp_path, table, message):
    path = tmp_path / "predictions.csv"
    damaged = DAMAGES[message](table)
    with pytest.raises(XserError, match=message):
        write_predictions(path, damaged)
    assert list(tmp_path.iterdir()) == []
    damaged.to_csv(path, index=False)
    with pytest.raises(XserError, match=f"predictions.csv: .*{message}.*run stage 3"):
        read_predictions(path, EMOTIONS)


def test_another_scheme_is_noticed(tmp_path, table):
    write_predictions(tmp_path / "predictions.csv", table)
    with pytest.raises(XserError, match="column score_fear is missing"):
        read_predictions(tmp_path / "predictions.csv", (*EMOTIONS, "fear"))


def test_files_that_are_no_tables(tmp_path):
    path = tmp_path / "predictions.csv"
    with pytest.raises(XserError, match="predictions.csv is missing: .*stage 3"):
        read_predictions(path)
    for content in (b"", b"\xff\xfe\x00", b'a,b\n"', b"a,b\n1,2,3\n"):
        path.write_bytes(content)
        with pytest.raises(XserError, match="predictions.csv.*stage 3"):
            read_predictions(path)


@pytest.mark.parametrize("cut", [1, 30, 200, 2000])
def test_a_file_that_was_cut_is_noticed_wherever(tmp_path, cut):
    path = make_run(tmp_path, "baseline2") / "predictions.csv"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(XserError, match="predictions.csv.*run stage 3"):
        _ = read_run(path.parent).predictions


def test_a_file_that_was_cut_at_the_end_of_a_line_or_edited_is_noticed(tmp_path):
    path = make_run(tmp_path, "baseline2") / "predictions.csv"
    lines = path.read_text().splitlines(keepends=True)
    for edited in (lines[:-1], [line.replace("alpha-3", "alpha-4") for line in lines]):
        path.write_text("".join(edited))
        with pytest.raises(XserError, match="not what evaluation wrote.*delete run.json beside it and run stage 3"):
            _ = read_run(path.parent).predictions


def test_runs_are_found_in_order_when_they_are_finished(tmp_path):
    made = [make_run(tmp_path, system, seed=seed) for system in ("proposed", "baseline2") for seed in (1, 0)]
    (tmp_path / "runs" / "unfinished").mkdir()
    (made[0] / "checkpoints").mkdir()
    found = find_runs(tmp_path)
    assert [run.folder for run in found] == sorted(made)
    assert [run.folder for run in find_runs(made[0])] == [made[0]]
    assert found[0].info.system == "baseline2" and len(found[0].predictions) == 120
    assert found[0].name == "beta+gamma-to-alpha/compact/baseline2/seed0-00000000"
    assert find_runs(made[0] / "checkpoints") == []
    with pytest.raises(XserError, match="there is no folder"):
        find_runs(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("task", None), ("kind", "both"), ("seed", "0"), ("fold", True), ("emotions", ["sad"]), ("emotions", "sad"),
        ("emotions", ["sad", "sad"]), ("left_out", "x"), ("complete", "yes"), ("validation", {"mean": float("inf")}),
        ("versions", []),
    ],
)  # fmt: skip
def test_run_json_is_checked_when_written_and_when_read(tmp_path, key, value):
    folder = make_run(tmp_path, "baseline2")
    info = json.loads((folder / "run.json").read_text())
    damaged = {name: content for name, content in info.items() if name != key} | ({} if value is None else {key: value})
    with pytest.raises(XserError, match=f"run.json: .*{key}"):
        write_run(folder, damaged)
    assert json.loads((folder / "run.json").read_text()) == info
    (folder / "run.json").write_text(json.dumps(damaged))
    with pytest.raises(XserError, match=f"run.json: .*{key}.*stage 3"):
        find_runs(tmp_path)


def test_a_single_source_needs_the_mean_it_is_chosen_by(tmp_path):
    folder = make_run(tmp_path, "baseline1", source="beta")
    info = json.loads((folder / "run.json").read_text())
    with pytest.raises(XserError, match="validation has no mean"):
        write_run(folder, {**info, "validation": {}})


def test_run_json_is_written_after_the_predictions(tmp_path):
    with pytest.raises(XserError, match="predictions.csv is missing"):
        write_run(tmp_path, {})
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(XserError, match="not valid JSON"):
        read_run(tmp_path)
    with pytest.raises(XserError, match="no finished run"):
        read_run(tmp_path / "other")


def test_keys_of_a_newer_version_are_kept_and_those_of_an_older_one_are_not_missed(tmp_path):
    folder = make_run(tmp_path, "baseline2", of_tomorrow=[1, 2], hyperparameters={"target_statistics": "corpus"})
    info = read_run(folder).info
    assert info.without_places()["of_tomorrow"] == [1, 2]
    assert info.finetuning is None and "finetuning" not in info.without_places()
    assert info.regime == "corpus"  # before it was an option
