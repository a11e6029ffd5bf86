"""Splits keep their promises: disjoint speakers, every class in every part, one answer for one seed."""

import itertools

import pandas as pd
import pytest

from tests.support.made_rows import (
    by_utterance,
    corpus_like,
    evenly,
    every_class_is_in_every_part,
    one_split,
    rows_of,
    shuffled,
)
from tests.support.official_lists import read_rows_of_list
from xser.core.errors import XserError
from xser.core.rows import PARTS
from xser.protocol.splits.splits import check_split, has_folds, of_one_corpus, overlaps, split_names_help, split_rows

FOUR = ("angry", "happy", "neutral", "sad")
CORPUS = corpus_like()
EVEN = evenly({"angry": 120, "happy": 100, "neutral": 90, "sad": 60}, 10)
ONE_PART = ("speaker", "stratified")
SPLITS = (*ONE_PART, "loso", "folds:2", "folds:5")
SEEDS = range(20)


def speakers_of(rows, parts, part):
    return set(rows.loc[parts == part, "speaker"])


def assert_disjoint_speakers(rows, parts):
    for this, other in itertools.combinations(PARTS, 2):
        assert not speakers_of(rows, parts, this) & speakers_of(rows, parts, other)


# Names


SEVERAL_FOLDS = ("loso", "folds:2", "folds:10", "emobox")


@pytest.mark.parametrize(
    "name", ["official", "stratified", "paper", "speaker", "emobox:1", "emobox:12", *SEVERAL_FOLDS]
)
def test_names_there_are(name):
    check_split(name)
    assert has_folds(name) == (name in SEVERAL_FOLDS)
    assert of_one_corpus(name) == (name in SEVERAL_FOLDS or name.startswith("emobox"))
    assert name.partition(":")[0] in split_names_help()


NO_NAMES = [
    "",
    "random",
    "Speaker",
    "folds",
    "folds:",
    "folds:1",
    "folds:0",
    "folds:-3",
    "folds:05",
    "folds:²",
    "loso:3",
    "speaker:1",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_there_are_not(name):
    with pytest.raises(XserError, match="folds:5"):
        check_split(name)
    with pytest.raises(XserError):
        split_rows(rows_of(EVEN), name, 0, CORPUS)


@pytest.mark.parametrize("name", ["emobox:", "emobox:0", "emobox:01", "emobox:one", "emobox:-1"])
def test_folds_of_emobox_are_counted_from_one(name):
    with pytest.raises(XserError, match="as in emobox:1"):
        check_split(name)


# One answer for one seed


@pytest.mark.parametrize("name", SPLITS)
def test_the_same_seed_gives_the_same_parts_whatever_the_order_of_the_rows(name):
    rows = rows_of(EVEN)
    for seed in (0, 1, -5, 2**40):
        expected = [by_utterance(rows, parts) for parts in split_rows(rows, name, seed, CORPUS)]
        for order in range(3):
            mixed = shuffled(rows, order)
            found = split_rows(mixed, name, seed, CORPUS)
            assert [by_utterance(mixed, parts) for parts in found] == expected
            assert all(parts.index.equals(mixed.index) for parts in found)
            assert all(parts.isin(PARTS).all() for parts in found)


@pytest.mark.parametrize("name", SPLITS)
def test_another_seed_gives_other_parts(name):
    rows = rows_of(EVEN)
    found = {tuple(tuple(parts) for parts in split_rows(rows, name, seed, CORPUS)) for seed in range(6)}
    assert len(found) >= 5


def test_rows_and_their_columns_stay_as_they_are():
    rows = rows_of(EVEN)
    before = rows.copy()
    for name in SPLITS:
        split_rows(rows, name, 0, CORPUS)
    pd.testing.assert_frame_equal(rows, before)


def test_nothing_to_split_is_told():
    with pytest.raises(XserError, match="no utterance has an emotion of this scheme"):
        split_rows(rows_of(EVEN).iloc[:0], "stratified", 0, CORPUS)


# Official


def test_official_parts_are_the_corpus_s():
    rows = rows_of(EVEN)
    rows["official_part"] = one_split(rows, "speaker", 3)
    assert one_split(rows, "official").tolist() == rows["official_part"].tolist()


def test_no_official_parts_are_told():
    with pytest.raises(XserError, match="MADE has no official parts: choose --split"):
        one_split(rows_of(EVEN), "official")


def test_an_utterance_without_official_part_is_told():
    rows = rows_of(EVEN)
    rows["official_part"] = ["", *one_split(rows, "speaker")[1:]]
    with pytest.raises(XserError, match=f"{rows['utterance'][0]} has no official part"):
        one_split(rows, "official")


def test_a_class_missing_from_an_official_part_is_told():
    rows = rows_of(EVEN)
    rows["official_part"] = one_split(rows, "speaker")
    rows.loc[(rows["emotion"] == "sad") & (rows["official_part"] == "valid"), "official_part"] = "train"
    with pytest.raises(XserError, match="class sad is missing from the official part valid"):
        one_split(rows, "official")


# Speaker-disjoint


@pytest.mark.parametrize(
    "table",
    [
        EVEN,
        evenly({"angry": 30, "happy": 9, "neutral": 12, "sad": 3}, 3),
        {f"{emotion}{n}": {emotion: 10 * n + 1} for emotion in FOUR for n in range(4)},
        {"a": {"sad": 1, "happy": 90}, "b": {"sad": 1}, "c": {"sad": 88, "happy": 1}, "d": {"happy": 3}},
    ],
)
def test_speakers_are_disjoint_and_every_part_has_every_class(table):
    rows = rows_of(table)
    for seed in SEEDS:
        parts = one_split(rows, "speaker", seed)
        assert_disjoint_speakers(rows, parts)
        assert every_class_is_in_every_part(rows, parts)


def test_shares_are_about_70_15_15():
    rows = rows_of(evenly(dict.fromkeys(FOUR, 400), 40))
    for seed in SEEDS:
        parts = one_split(rows, "speaker", seed)
        for emotion in FOUR:
            shares = [((rows["emotion"] == emotion) & (parts == part)).mean() / 0.25 for part in PARTS]
            assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.051)


@pytest.mark.parametrize(
    ("id", "speaker", "classes"),
    [
        ("urdu", r"/(S[FM]\d+)_", "AHNS"),
        ("emodb", r"(\d\d)[ab]\d\d", ("anger", "happy", "neutral", "sad")),
        ("turevdb", r"(?:^|/)(\d+)_", ("Angry", "Calm", "Happy", "Sad")),
        ("cremad", r"(\d{4})_", ("ANG", "HAP", "NEU", "SAD")),
    ],
)
def test_real_tables_of_speakers_and_classes(id, speaker, classes):
    files = pd.DataFrame(read_rows_of_list(id))
    files = files[files["label"].isin(list(classes))]
    table = pd.crosstab(files["path"].str.extract(speaker)[0], files["label"])
    rows = rows_of(table.to_dict(orient="index"), id)
    assert len(rows) == len(files)
    for seed in SEEDS if id == "urdu" else range(3):
        parts = one_split(rows, "speaker", seed)
        assert_disjoint_speakers(rows, parts)
        assert every_class_is_in_every_part(rows, parts)
    folds = split_rows(rows, "folds:5", 0, CORPUS)
    assert sum((parts == "test").astype(int) for parts in folds).eq(1).all()


@pytest.mark.parametrize("name", SPLITS[:1] + SPLITS[2:])
def test_unknown_speakers_are_told(name):
    rows = rows_of({**EVEN, "": {"sad": 4}})
    with pytest.raises(
        XserError, match="MADE: 4 of 374 utterances have no known speaker .*: choose --split stratified"
    ):
        split_rows(rows, name, 0, CORPUS)
    one_split(rows, "stratified")


def test_a_class_with_too_few_speakers_is_named():
    table = {speaker: dict(emotions) for speaker, emotions in EVEN.items()}
    for speaker in list(table)[2:]:
        del table[speaker]["happy"]
    with pytest.raises(XserError, match="MADE: class happy has 2 speakers, 3 are needed"):
        one_split(rows_of(table), "speaker")


def test_classes_that_cannot_be_served_together_are_named():
    """Each class has three speakers, but no class can have a speaker of its own in each part."""
    table = {"a": {"angry": 5, "happy": 5}, "b": {"angry": 5, "sad": 5}, "c": {"happy": 5, "sad": 5}, "d": {}}
    table["d"] = {"angry": 5, "happy": 5, "sad": 5}
    rows = rows_of({**table, "e": {"neutral": 1}, "f": {"neutral": 1}, "g": {"neutral": 1}})
    with pytest.raises(XserError, match="MADE: the classes angry and happy and sad have 4 speakers between them"):
        one_split(rows, "speaker")


def test_a_corpus_with_two_languages_keeps_every_class_of_each():
    rows = pd.concat(
        [rows_of(evenly(dict.fromkeys(FOUR, 40), 4), language, language) for language in ("cmn", "eng")],
        ignore_index=True,
    )
    for seed in SEEDS:
        parts = one_split(rows, "speaker", seed)
        for language in ("cmn", "eng"):
            mine = rows["language"] == language
            assert every_class_is_in_every_part(rows[mine], parts[mine])
    table = {"a": {"sad": 5}, "b": {"sad": 5}}
    with pytest.raises(XserError, match="class sad in English has 2 speakers, 3 are needed"):
        one_split(pd.concat([rows_of(EVEN, "a", "cmn"), rows_of(table, "b", "eng")], ignore_index=True), "speaker")


# Folds


@pytest.mark.parametrize("name", ["loso", "folds:2", "folds:3", "folds:5", "folds:10"])
def test_folds_test_every_utterance_once_with_other_speakers(name):
    rows = rows_of(EVEN)
    for seed in range(5):
        folds = split_rows(rows, name, seed, CORPUS)
        assert len(folds) == (10 if name == "loso" else int(name[6:]))
        assert sum((parts == "test").astype(int) for parts in folds).eq(1).all()
        for parts in folds:
            tested = speakers_of(rows, parts, "test")
            assert tested and not tested & set(rows.loc[parts != "test", "speaker"])
            assert name != "loso" or len(tested) == 1
            for emotion in FOUR:
                left = ((rows["emotion"] == emotion) & (parts != "test")).sum()
                valid = ((rows["emotion"] == emotion) & (parts == "valid")).sum()
                assert 1 <= valid < left and abs(valid - left / 10) <= 0.5


def test_folds_are_balanced():
    rows = rows_of(evenly(dict.fromkeys(FOUR, 200), 20))
    for parts in split_rows(rows, "folds:5", 0, CORPUS):
        assert (parts == "test").sum() == pytest.approx(160, abs=30)


def test_a_class_may_be_missing_from_a_test_part_but_from_no_training_part():
    table = {**EVEN, "x": {"fear": 10}, "y": {"fear": 20}}
    rows = rows_of(table)
    for name in ("loso", "folds:2", "folds:4", "folds:12"):
        for parts in split_rows(rows, name, 0, CORPUS):
            assert {"train", "valid"} <= set(parts[rows["emotion"] == "fear"])


def test_a_class_of_one_speaker_is_refused():
    rows = rows_of({**EVEN, "x": {"fear": 10}})
    with pytest.raises(
        XserError, match="MADE: class fear has 1 speaker, 2 are needed to be in every training part of folds:5"
    ):
        split_rows(rows, "folds:5", 0, CORPUS)
    with pytest.raises(XserError, match="MADE: class fear has 0 utterances without the speakers of fold 11 .made-x."):
        split_rows(rows, "loso", 0, CORPUS)


def test_more_folds_than_speakers_are_refused():
    with pytest.raises(XserError, match="MADE: there are 10 speakers, 11 are needed"):
        split_rows(rows_of(EVEN), "folds:11", 0, CORPUS)


def test_two_folds_of_three_classes_that_share_their_speakers_in_a_ring():
    """Three classes of two speakers each, every pair sharing one: two folds cannot part each class."""
    ring = {"a": {"angry": 5, "happy": 5}, "b": {"happy": 5, "sad": 5}, "c": {"sad": 5, "angry": 5}}
    with pytest.raises(XserError, match="the classes angry and happy and sad have 3 speakers between them"):
        split_rows(rows_of(ring), "folds:2", 0, CORPUS)
    assert len(split_rows(rows_of(ring), "folds:3", 0, CORPUS)) == 3


# Overlaps


@pytest.mark.parametrize("name", ONE_PART)
def test_overlaps_are_what_parts_share_with_train(name):
    rows = rows_of(EVEN, texts=7)
    rows.loc[::5, "text"] = ""
    parts = one_split(rows, name)
    found = overlaps(rows, parts)
    for part in ("valid", "test"):
        for column, key in (("speaker", "speakers"), ("text", "texts")):
            train, other = (set(rows.loc[parts == each, column]) - {""} for each in ("train", part))
            assert found[part][key] == len(train & other)
    assert found["test"]["texts"] > 0
    assert (found["test"]["speakers"] == 0) == (name == "speaker")


def test_unknown_speakers_and_texts_are_no_overlap():
    rows = rows_of({"": {emotion: 30 for emotion in FOUR}}, texts=0)
    assert overlaps(rows, one_split(rows, "stratified")) == {
        part: {"speakers": None, "texts": None} for part in ("valid", "test")
    }
