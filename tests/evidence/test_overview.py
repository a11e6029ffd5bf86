"""The page that compares systems over targets."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score

from tests.support.made_runs import EMOTIONS, make_rows, make_run
from xser.core.document import to_markdown
from xser.evidence.figures.differences import difference_figure, mean_figure, uar_figure
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.pages.material import Material
from xser.evidence.pages.overview import overview_page
from xser.evidence.pages.wording import signed

TARGETS = {"alpha": "deu", "omega": "tur"}


def make_all(root, accuracies, targets=TARGETS, seeds=(0, 1), **info):
    for target, language in targets.items():
        rows = make_rows(160, corpus=target, language=language)
        for system, accuracy in accuracies.items():
            for seed in seeds:
                chosen = rows[rows["part"] == "test"] if system == "upper_bound" else rows
                make_run(root, system, accuracy, seed=seed, rows=chosen, target=target, **info)


def page_of(folder):
    pooled = pool_runs(find_runs(folder))
    return to_markdown(overview_page(Material(pooled, "Title", ["First.", "Second."], "xser report x")))


def rows_of(page, heading):
    """The first table below a line that starts with `heading`: {first cell: other cells}."""
    lines = page[page.index(heading) :].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return {row[0]: row[1:] for row in table if row[0] != "---"}


def uars(folder, system, target):
    read = [pd.read_csv(path) for path in sorted(folder.glob(f"runs/*-to-{target}/*/{system}/*/predictions.csv"))]
    return [100 * recall_score(one["emotion"], one["prediction"], average="macro") for one in read]


def test_regimes_have_sections_and_summaries_of_their_own(tmp_path):
    make_all(tmp_path, {"baseline2": 0.4, "proposed": 0.7})
    make_all(tmp_path, {"baseline2": 0.6, "proposed": 0.9}, target_statistics="speaker", key="1")
    page = page_of(tmp_path)
    for words in ("blind", "unlabelled (by speaker)"):
        assert f"## Unseen language, {words}, encoder `compact`" in page
        assert page.count(f"| unseen language, {words} |") == 1
        assert list(rows_of(page, f"| unseen language, {words}"))[1:] == ["`compact`"]


def test_cells_and_means_are_those_of_the_prediction_files(tmp_path):
    make_all(tmp_path, {"baseline2": 0.4, "proposed": 0.7})
    rows = rows_of(page_of(tmp_path), "**All recordings")
    assert rows["system"] == ["German `alpha`", "Turkish `omega`", "mean"]
    assert rows["chance"] == ["25.0"] * 3
    assert rows["utterances (speakers)"] == ["160 (8)", "160 (8)", ""]
    found = {
        system: np.array([uars(tmp_path, system, target) for target in TARGETS]) for system in ("baseline2", "proposed")
    }
    for system, by_seed in found.items():
        by_seed = np.vstack([by_seed, by_seed.mean(axis=0)])
        for cell, values in zip(rows[f"`{system}`"], by_seed, strict=True):
            assert cell.startswith(f"**{values.mean():.1f}** ± {values.std(ddof=1):.1f} [")
    difference = (found["proposed"] - found["baseline2"]).mean(axis=1)
    for cell, value in zip(rows["**`proposed` − `baseline2`**"], [*difference, difference.mean()], strict=True):
        assert cell.startswith(f"**▲** +{value:.1f} [+")
    assert "`proposed` − `baseline2`, over speakers" in rows and "**`proposed` − `no_supcon`**" not in rows


@pytest.mark.parametrize(("accuracy", "sign", "verdict"), [(0.8, "**▲**", "above `baseline2` 2 times (2 "),
                                                           (0.2, "**▼**", "below 2 times (2)")])  # fmt: skip
def test_the_summary_says_who_wins(tmp_path, accuracy, sign, verdict):
    make_all(tmp_path, {"baseline2": 0.5, "proposed": accuracy})
    page = page_of(tmp_path)
    assert verdict in " ".join(page.split())
    summary = rows_of(page, "## `proposed` against `baseline2`")
    assert all(cell.startswith(sign) for cell in summary["`compact`"])
    assert summary["`compact`"] == rows_of(page, "**All recordings")["**`proposed` − `baseline2`**"]


def test_equal_systems_differ_by_nothing(tmp_path):
    make_all(tmp_path, {"baseline2": 1.0, "proposed": 1.0})
    assert rows_of(page_of(tmp_path), "**All")["**`proposed` − `baseline2`**"] == ["≈ 0.0 [0.0, 0.0]"] * 3


def test_the_test_part_is_shown_for_a_system_that_knows_no_other(tmp_path):
    make_all(tmp_path, {"baseline2": 0.4, "proposed": 0.5})
    assert "test part alone" not in page_of(tmp_path)
    make_all(tmp_path, {"upper_bound": 0.9})
    page = page_of(tmp_path)
    assert "`upper_bound`" not in rows_of(page, "**All recordings")
    test = rows_of(page, "**The target's test part alone")
    assert list(test)[2:5] == ["`baseline2`", "`proposed`", "`upper_bound`"]
    assert test["utterances (speakers)"][0] == "40 (2)"
    assert test["`proposed` − `baseline2`, over speakers"] == ["–"] * 3  # two speakers a target


def test_a_system_missing_on_a_target_has_no_mean(tmp_path):
    make_all(tmp_path, {"baseline2": 0.4})
    make_all(tmp_path, {"proposed": 0.4}, targets={"omega": "tur"})
    rows = rows_of(page_of(tmp_path), "**All recordings")
    assert rows["`proposed`"][0] == "–" and rows["`proposed`"][2] == "–" and rows["`proposed`"][1] != "–"


def test_single_sources_are_named_and_targets_without_an_emotion_have_their_own_chance(tmp_path):
    rows = make_rows(occurring=("angry", "sad"))
    make_run(tmp_path, "baseline1", source="beta", validation=0.3, rows=rows)
    make_run(tmp_path, "baseline1", source="gamma", validation=0.4, rows=rows)
    found = rows_of(page_of(tmp_path), "**All recordings")
    assert found["`baseline1`"][0].endswith("] from gamma") and found["chance"] == ["50.0"]
    assert found["system"] == ["German `alpha`"]  # one target: no mean


def test_one_table_per_encoder_and_one_for_each_corpus_by_itself(tmp_path):
    make_all(tmp_path, {"baseline2": 0.4, "proposed": 0.5})
    make_all(tmp_path, {"baseline2": 0.5, "proposed": 0.5}, encoder="frozen")
    for fold in (1, 2):
        rows = make_rows(60, first=60 * fold).assign(part="test")
        within = {"kind": "within", "task": "alpha", "sources": ["alpha"], "split": "folds:2", "command": "bash within"}
        make_run(tmp_path, "baseline2", 0.8, fold=fold, rows=rows, **within)
    page = page_of(tmp_path)
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == [
        "# Title",
        "## `proposed` against `baseline2`, at a glance",
        "## How to read the tables",
        "## Unseen language, blind, encoder `compact`",
        "## Unseen language, blind, encoder `frozen`",
        "## Each corpus by itself, blind, encoder `compact`",
        "## What was left out, and what else to know",
        "## How these figures were made",
    ]
    assert list(rows_of(page, "## `proposed` against")) == ["unseen language, blind", "`compact`", "`frozen`"]
    assert "2 folds, each utterance tested once" in page
    assert rows_of(page, "## Each corpus by itself")["utterances (speakers)"] == ["120 (8)"]
    for said in (
        "First.\n\nSecond.",
        "Nothing was left out.",
        "bash within",
        "torch 2.13.0",
        "xser report x",
    ):
        assert said in page


def test_seeds_that_differ_between_systems_are_said(tmp_path):
    make_all(tmp_path, {"baseline2": 0.4}, seeds=(0, 1, 2))
    make_all(tmp_path, {"proposed": 0.4}, seeds=(0,), targets={"omega": "tur"})
    page = page_of(tmp_path)
    assert "training seeds 0 1 2; but 0 for beta+gamma-to-omega proposed" in page


@pytest.mark.parametrize("seed", range(3))
def test_a_paired_difference_is_that_of_a_loop(tmp_path, seed):
    make_all(tmp_path, {"baseline2": 0.5, "proposed": 0.6}, targets={"alpha": "deu"}, seeds=(seed, seed + 1))
    baseline2, proposed = pool_runs(find_runs(tmp_path))
    figure = difference_figure(uar_figure(proposed, "whole"), uar_figure(baseline2, "whole"))
    emotion = baseline2.outcomes("whole").reference
    hits = [system.predicted == emotion[:, None] for system in (proposed, baseline2)]
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(800):
        drawn = rng.integers(160, size=160)
        uar = [np.mean([one[drawn][emotion[drawn] == k].mean() for k in range(len(EMOTIONS))]) for one in hits]
        draws.append(100 * (uar[0] - uar[1]))
    assert figure.interval == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=1.6)
    assert figure.over_utterances.std() == pytest.approx(np.std(draws), rel=0.12)


def test_the_mean_over_targets_is_narrower_than_its_parts(tmp_path):
    make_all(tmp_path, {"proposed": 0.5})
    figures = [uar_figure(system, "whole") for system in pool_runs(find_runs(tmp_path))]
    mean = mean_figure(figures)
    assert mean.value == pytest.approx(np.mean([figure.value for figure in figures]))
    spread = [figure.over_utterances.std() for figure in figures]
    assert mean.over_utterances.std() == pytest.approx(np.hypot(*spread) / 2, rel=0.1)  # independent targets
    assert mean.by_seed == pytest.approx(np.mean([figure.by_seed for figure in figures], axis=0))


def test_signs():
    assert [signed(value) for value in (0.04, -0.04, 0.06, -12.34)] == ["0.0", "0.0", "+0.1", "−12.3"]
