"""One voice under two spellings of a name: warned of with the pairs, and one speaker where somebody says so."""

import pandas as pd
import pytest

from tests.support.made_tables import silence, write_csv
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import scan
from xser.corpora.speakers import spelled_alike

PAIRS = [
    ("s1", "S1"), ("1", "01"), ("1", "1.0"), ("3", "3.00"), ("1.", "1"), ("0", "00"), ("s1", "s01"), ("F1", "f 01"),
    ("spk-1", "spk_1"), ("spk 1", "spk1"), ("Anna B.", "anna b"), ("anna  b", "anna b"), ("José", "Jose"),
    ("Straße", "STRASSE"), ("\uff11", "1"),
]  # fmt: skip


@pytest.mark.parametrize("names", PAIRS)
def test_names_that_may_be_one(names):
    assert spelled_alike([*names, "somebody else"]) == [sorted(names)]


@pytest.mark.parametrize(
    "names", [("1", "10"), ("s1", "s11"), ("1-2", "12"), ("1.5", "15"), ("a", "b"), ("f1", "m1"), ("1", "1.1")]
)
def test_names_that_are_two(names):
    assert spelled_alike(names) == []


@pytest.fixture
def table(tmp_path):
    for at in range(4):
        silence(tmp_path / f"{at}.wav", 0.1)
    rows = [["0.wav", "sad", "deu", "s 1"], ["1.wav", "sad", "deu", "S1"], ["2.wav", "sad", "deu", "7"]]
    return write_csv(
        tmp_path / "t.csv", ["path", "label", "language", "speaker"], [*rows, ["3.wav", "sad", "deu", "07"]]
    )


def test_a_table_is_warned_of_and_what_it_offers_merges(table):
    found = scan(read_corpus(table), table.parent)
    (warning,) = found.warnings
    assert "07 and 7, S1 and s 1; if each is the same person" in warning and found.rows["speaker"].nunique() == 4
    entry = warning.partition("`")[2].rstrip("`")
    assert entry == 'same_speaker: [[07, 7], [S1, "s 1"]]'
    table.with_suffix(".yaml").write_text(entry)
    found = scan(read_corpus(table), table.parent)
    assert found.warnings == [] and set(found.rows["speaker"]) == {"t-07", "t-S1"}
    assert read_corpus(table).speakers == 2


def test_a_speaker_whom_no_row_has_is_refused(table):
    table.with_suffix(".yaml").write_text("same_speaker: [[S1, s2]]")
    with pytest.raises(XserError, match="`same_speaker` names 's2', a speaker whom no row has"):
        read_corpus(table)


RECIPE = """
title: Toy
language: deu
licence: none
url: none
citation: none
obtain: none
example: a1_sad.wav
files: ['{speaker:[A-Za-z0-9]+}_{emotion}.wav']
labels: {sad: sad}
counts: 3
"""


def test_a_recipe_is_warned_of_and_merges(tmp_path):
    recipe = tmp_path / "toy" / "corpus.yaml"
    recipe.parent.mkdir()
    for name in ("a1_sad", "A01_sad", "b_sad"):
        silence(tmp_path / "data" / f"{name}.wav", 0.1)
    recipe.write_text(RECIPE)
    found = scan(read_corpus(recipe), tmp_path / "data")
    assert "A01 and a1; if" in found.warnings[0] and found.warnings[0] in found.notes
    recipe.write_text(RECIPE + "same_speaker: [[a1, A01]]\n")
    found = scan(read_corpus(recipe), tmp_path / "data")
    assert found.warnings == [] and set(found.rows["speaker"]) == {"toy-a1", "toy-b"}
    assert isinstance(found.rows, pd.DataFrame) and len(found.rows) == 3
