"""Runs put together: chosen sources, folds, and what must not be put together."""

import numpy as np
import pytest

from tests.support.made_runs import make_rows, make_run
from xser.core.errors import XserError
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.figures.scores import score_table
from xser.evidence.pages.system_table import system_tables


def pool(folder):
    return pool_runs(find_runs(folder))


def make_folds(root, seeds=(0, 1), folds=(1, 2, 3), **info):
    for seed in seeds:
        for fold in folds:
            rows = make_rows(40, first=40 * (fold - 1)).assign(part="test")
            make_run(root, "baseline2", seed=seed, fold=fold, rows=rows, **{**WITHIN, **info})


WITHIN = {"kind": "within", "task": "alpha", "sources": ["alpha"], "split": "folds:3"}


def test_seeds_stand_side_by_side_in_the_order_of_utterances(tmp_path):
    for seed in (2, 0):
        make_run(tmp_path, "baseline2", seed=seed, rows=make_rows().sample(frac=1, random_state=seed))
    (pooled,) = pool(tmp_path)
    assert pooled.seeds == (0, 2) and pooled.predicted.shape == (120, 2) and pooled.folds == (0,)
    for column, run in enumerate(find_runs(tmp_path)):
        by_name = run.predictions.set_index("utterance")["prediction"]
        found = [pooled.emotions[code] for code in pooled.predicted[:, column]]
        assert found == list(by_name[pooled.utterances["utterance"]])


def test_blind_and_unlabelled_never_stand_together(tmp_path):
    make_run(tmp_path, "baseline2", key="1")  # of before this was an option
    make_run(tmp_path, "proposed", key="1", target_statistics="none")
    for key, name in (("2", "corpus"), ("3", "speaker")):
        for system in ("baseline2", "proposed"):
            make_run(tmp_path, system, key=key, target_statistics=name)
    found = {}
    for pooled in pool(tmp_path):
        found.setdefault(pooled.setting, []).append(pooled.system)
    assert {setting.target_statistics: systems for setting, systems in found.items()} == dict.fromkeys(
        ("none", "corpus", "speaker"), ["baseline2", "proposed"]
    )
    headings = [table.title for table in system_tables(score_table(pool(tmp_path)))]
    for words in (", blind:", ", unlabelled (by corpus):", ", unlabelled (by speaker):"):
        assert sum(words in heading for heading in headings) == 1


def test_whole_and_test_part(tmp_path):
    rows = make_rows()
    make_run(tmp_path, "proposed", rows=rows)
    make_run(tmp_path, "upper_bound", rows=rows[rows["part"] == "test"])
    proposed, upper_bound = pool(tmp_path)
    assert proposed.parts == ("whole", "test") and upper_bound.parts == ("test",)
    number = (rows["part"] == "test").sum()
    assert [len(proposed.outcomes(part).reference) for part in ("whole", "test")] == [120, number]
    assert list(proposed.rows("test")["utterance"]) == list(upper_bound.rows("test")["utterance"])


def test_the_single_source_with_the_best_mean_validation_is_taken_whatever_it_does_on_the_target(tmp_path):
    validation = {"beta": (0.50, 0.60), "gamma": (0.58, 0.56), "delta": (0.7, 0.3)}
    accuracy = {"beta": 0.9, "gamma": 0.3, "delta": 0.9}
    for source, means in validation.items():
        for seed, mean in enumerate(means):
            make_run(tmp_path, "baseline1", accuracy[source], seed=seed, source=source, validation=mean)
    (pooled,) = pool(tmp_path)
    assert pooled.source == "gamma" and pooled.label == "baseline1 (gamma)"
    assert pooled.candidates == pytest.approx({"beta": 0.55, "gamma": 0.57, "delta": 0.5})
    assert {run.info.source for run in pooled.runs} == {"gamma"}


def test_sources_are_compared_on_the_seeds_that_all_of_them_have(tmp_path):
    for source, seeds in {"beta": {0: 0.5, 1: 0.99}, "gamma": {0: 0.6}}.items():
        for seed, mean in seeds.items():
            make_run(tmp_path, "baseline1", seed=seed, source=source, validation=mean)
    assert pool(tmp_path)[0].source == "gamma"
    make_run(tmp_path, "baseline1", seed=7, source="delta")
    with pytest.raises(XserError, match="beta, delta, gamma have no seed in common"):
        pool(tmp_path)


def test_test_parts_of_folds_make_one_set_a_seed(tmp_path):
    make_folds(tmp_path)
    (pooled,) = pool(tmp_path)
    assert pooled.folds == (1, 2, 3) and pooled.parts == ("test",)
    assert list(pooled.utterances["utterance"]) == [f"alpha-{i:04d}" for i in range(120)]
    for column, seed in enumerate(pooled.seeds):
        for run in find_runs(tmp_path):
            if run.info.seed == seed:
                at = pooled.utterances["utterance"].isin(run.predictions["utterance"]).to_numpy()
                found = np.array(pooled.emotions)[pooled.predicted[at, column]]
                assert list(found) == list(run.predictions["prediction"])


@pytest.mark.parametrize("split", ["folds:3", "folds:4", "loso"])
def test_a_missing_fold_is_named(tmp_path, split):
    make_folds(tmp_path, split=split)
    missing = "seed 0 lacks fold 4" if split == "folds:4" else "seed 1 lacks fold 2"
    for file in tmp_path.glob("runs/*/*/*/seed1-fold2-*/run.json"):
        file.unlink()
    with pytest.raises(XserError, match=f"alpha compact baseline2: {missing}; train and evaluate it"):
        pool(tmp_path)


def test_an_utterance_tested_in_two_folds_is_refused(tmp_path):
    for fold in (1, 2):
        rows = make_rows(40, first=20 * fold).assign(part="test")
        make_run(tmp_path, "baseline2", fold=fold, rows=rows, **{**WITHIN, "split": "loso"})
    with pytest.raises(XserError, match="alpha-0040 is tested in two folds"):
        pool(tmp_path)


def test_a_run_counts_once_and_the_same_seed_twice_is_refused(tmp_path):
    make_run(tmp_path, "baseline2")
    assert len(pool_runs(find_runs(tmp_path) + find_runs(tmp_path / "runs"))[0].runs) == 1
    make_run(tmp_path, "baseline2", key="1")
    with pytest.raises(XserError, match="seed 0 stands twice: .*seed0-00000000 and .*seed0-00000001"):
        pool(tmp_path)


def test_other_hyperparameters_are_another_table(tmp_path):
    make_run(tmp_path, "baseline2")
    make_run(tmp_path, "baseline2", key="1", hyperparameters={"epochs": 3, "alpha": 0.5})
    assert [pooled.setting.hyperparameters for pooled in pool(tmp_path)] == ["", "alpha=0.5 epochs=3"]


def relabelled():
    rows = make_rows()
    rows.loc[5, "emotion"] = "sad" if rows.loc[5, "emotion"] != "sad" else "angry"
    return rows


@pytest.mark.parametrize("other", [make_rows(116), relabelled(), make_rows().assign(part="test")])
def test_seeds_and_systems_on_other_data_are_not_compared(tmp_path, other):
    make_run(tmp_path / "seeds", "baseline2")
    make_run(tmp_path / "seeds", "baseline2", seed=1, rows=other)
    with pytest.raises(XserError, match="seeds 0 and 1 were evaluated on different utterances, parts or labels"):
        pool(tmp_path / "seeds")
    make_run(tmp_path / "systems", "baseline2")
    make_run(tmp_path / "systems", "proposed", rows=other)
    with pytest.raises(XserError, match="baseline2 and proposed were evaluated on different utterances or labels"):
        pool(tmp_path / "systems")


def test_runs_that_differ_in_their_emotions_and_no_runs_are_refused(tmp_path):
    make_run(tmp_path, "baseline2")
    make_run(tmp_path, "baseline2", seed=1, emotions=["sad", "angry", "happy", "neutral"])
    with pytest.raises(XserError, match="differ in their emotions"):
        pool(tmp_path)
    with pytest.raises(XserError, match="no finished run"):
        pool_runs([])


def test_order_is_that_of_the_field_whatever_the_order_of_runs(tmp_path):
    for system in ("zebra", "upper_bound", "proposed", "baseline2", "ant"):
        make_run(tmp_path, system)
    make_folds(tmp_path)
    runs = find_runs(tmp_path)
    names = [(pooled.setting.kind, pooled.system) for pooled in pool_runs(runs[::-1])]
    assert [name for _, name in names] == ["baseline2", "proposed", "upper_bound", "ant", "zebra", "baseline2"]
    assert names[-1][0] == "within"


def test_within_a_corpus_only_the_test_part_counts_whatever_else_was_predicted(tmp_path):
    for fold in (1, 2):
        rows = make_rows(40).assign(part="train")
        rows.loc[20 * (fold - 1) : 20 * fold - 1, "part"] = "test"
        make_run(tmp_path, "baseline2", fold=fold, rows=rows, **{**WITHIN, "split": "folds:2"})
    (pooled,) = pool(tmp_path)
    assert pooled.parts == ("test",) and len(pooled.utterances) == 40
    tested = [run.predictions[run.predictions["part"] == "test"] for run in find_runs(tmp_path)]
    assert sorted(pooled.utterances["utterance"]) == sorted(name for frame in tested for name in frame["utterance"])
