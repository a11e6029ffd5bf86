"""Settings compared on held-out languages: a column for a language holds nothing of that language."""

import itertools
import shutil

import numpy as np
import pytest

from tests.support.made_runs import make_rows, make_run
from xser.core.document import to_markdown
from xser.core.errors import XserError
from xser.evidence.figures.differences import uar_figure
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.pages.material import Material
from xser.evidence.pages.settings import setting_rows, settings_page, settings_table

LANGUAGES = {"alpha": "deu", "beta": "eng", "gamma": "tur", "delta": "urd"}


def make_tasks(root, system, accuracy_of, key="0", **info):
    """Runs on every pair of sources and third language; `accuracy_of` takes sources and target."""
    for pair in itertools.combinations(LANGUAGES, 2):
        for target in LANGUAGES.keys() - set(pair):
            rows = make_rows(200, corpus=target, language=LANGUAGES[target])
            accuracy = accuracy_of(pair, target)
            make_run(root, system, accuracy, rows=rows, key=key, sources=list(pair), target=target, **info)


def table_of(root, reference="proposed"):
    rows = setting_rows(pool_runs(find_runs(root)))
    table = settings_table(rows, {row.name: row for row in rows}[reference])
    return table.header, {row[0].strip("`"): row[1:] for row in table.rows}


def page_of(root):
    return to_markdown(settings_page(Material(pool_runs(find_runs(root)), "Choices", ["Why."]), "proposed"))


def test_a_column_averages_the_tasks_without_its_language(tmp_path):
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.5)
    hot = {"temperature": 0.5}
    # better only where Turkish takes part
    make_tasks(tmp_path, "proposed", lambda p, t: 0.9 if "gamma" in (*p, t) else 0.3, key="1", hyperparameters=hot)
    header, rows = table_of(tmp_path)
    assert header[3:7] == ["for German", "for English", "for Turkish", "for Urdu"]
    cells = dict(zip(header[1:], rows["proposed, temperature=0.5"], strict=True))
    assert cells["for Turkish"].startswith("−") and cells["for German"].startswith("+")
    assert cells["unanimous"] == ""
    by_name = {row.name: row for row in setting_rows(pool_runs(find_runs(tmp_path)))}
    without = [task for task in by_name["proposed"].systems if "gamma" not in task]
    assert len(without) == 3
    expected = np.mean(
        [
            uar_figure(by_name["proposed, temperature=0.5"].systems[task], "whole").value
            - uar_figure(by_name["proposed"].systems[task], "whole").value
            for task in without
        ]
    )
    assert cells["for Turkish"] == f"{expected:+.1f}".replace("-", "−")


def test_a_column_of_which_a_task_is_not_run_says_nothing(tmp_path):
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.4)
    make_tasks(tmp_path / "other", "baseline2", lambda pair, target: 0.2)
    shutil.rmtree(tmp_path / "other" / "runs" / "alpha+beta-to-delta")
    header, rows = table_of(tmp_path)
    cells = dict(zip(header[1:], rows["baseline2"], strict=True))
    assert cells["UAR %"].endswith("(11 of 12 tasks)") and cells["unanimous"] == ""
    assert cells["for Turkish"] == "–" and cells["for Urdu"].startswith("−")


def test_what_is_better_without_each_language_is_unanimous(tmp_path):
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.4)
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.8, key="1", hyperparameters={"speaker_weight": 1.0})
    make_tasks(tmp_path, "baseline2", lambda pair, target: 0.2)
    _, rows = table_of(tmp_path)
    assert rows["proposed, speaker_weight=1.0"][-1] == "better" and rows["baseline2"][-1] == "worse"
    assert rows["proposed"][1] == "reference"


def test_what_all_settings_share_is_not_repeated(tmp_path):
    base = {"steps": 150, "crop_seconds": 1.0}
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.5, hyperparameters=base)
    make_tasks(tmp_path, "baseline2", lambda pair, target: 0.5, hyperparameters=base)
    longer = {**base, "crop_seconds": 2.0}
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.5, key="1", hyperparameters=longer)
    assert list(table_of(tmp_path)[1]) == ["baseline2", "proposed", "proposed, crop_seconds=2.0"]
    page = page_of(tmp_path)
    assert "`crop_seconds=1.0`, `steps=150`" in page and page.startswith("# Choices\n\nWhy.\n")


def test_a_value_may_hold_any_character(tmp_path):
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.5)
    named = {"encoder_source": "/my models/a=b, tiny"}
    make_tasks(tmp_path, "proposed", lambda pair, target: 0.5, key="1", hyperparameters=named)
    assert list(table_of(tmp_path)[1]) == ["proposed", "proposed, encoder_source=/my models/a=b, tiny"]


def test_a_reference_that_is_not_there_is_told(tmp_path):
    make_tasks(tmp_path, "baseline2", lambda pair, target: 0.5)
    with pytest.raises(XserError, match="no setting 'proposed'"):
        page_of(tmp_path)


def test_each_way_of_fine_tuning_has_a_table_and_a_reference_of_its_own(tmp_path):
    for finetuning, accuracy in (("frozen", 0.2), ("peft", 0.8)):
        folder = tmp_path / finetuning
        make_tasks(folder, "proposed", lambda pair, target: 0.5, finetuning=finetuning)
        make_tasks(folder, "baseline2", lambda pair, target, accuracy=accuracy: accuracy, finetuning=finetuning)
    page = page_of(tmp_path)
    tables = page.split("\n## Encoder ")[1:]
    assert [("frozen" in table, "worse" in table, "better" in table) for table in tables] == [
        (True, True, False),
        (False, False, True),
    ]


def test_what_was_known_of_the_target_is_never_mixed_in_a_column(tmp_path):
    for statistics in ("none", "speaker"):
        folder = tmp_path / statistics
        make_tasks(folder, "proposed", lambda pair, target: 0.5, target_statistics=statistics)
    page = page_of(tmp_path)
    assert page.count("| `proposed` |") == 2 and page.count("\n## Encoder ") == 2
    assert "blind" in page.split("\n## Encoder ")[1] and "unlabelled (by speaker)" in page.split("\n## Encoder ")[2]


def test_runs_within_a_corpus_are_refused(tmp_path):
    make_run(tmp_path, "baseline2", kind="within", sources=["alpha"])
    with pytest.raises(XserError, match="zero-shot"):
        setting_rows(pool_runs(find_runs(tmp_path)))
