"""Splits `stratified` and `paper`: exact counts where they are published, shares elsewhere."""

import itertools

import numpy as np
import pandas as pd
import pytest

from tests.support.made_rows import by_utterance, corpus_like, evenly, every_class_is_in_every_part, one_split, rows_of
from xser.core.errors import XserError
from xser.core.rows import PARTS
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.corpus_yaml import Fault
from xser.protocol.splits.exact_counts import published_sizes, stratified_sizes

FOUR = ("angry", "happy", "neutral", "sad")
EVEN = evenly({"angry": 120, "happy": 100, "neutral": 90, "sad": 60}, 10)


@pytest.mark.parametrize(
    ("id", "language", "counts", "totals"),
    [
        ("emodb", "deu", (127, 71, 79, 62), (266, 35, 38)),
        ("cafe", "fra", (144, 144, 72, 144), (420, 42, 42)),
        ("urdu", "urd", (100, 100, 100, 100), (300, 20, 80)),
        ("esd", "cmn", (3500, 3500, 3500, 3500), (11200, 1400, 1400)),
    ],
)
def test_the_published_counts_come_out_exactly(id, language, counts, totals, recipes):
    corpus = read_corpus(recipes / id / "corpus.yaml")
    rows = rows_of(evenly(dict(zip(FOUR, counts, strict=True)), 10), id, language)
    for seed, name in itertools.product(range(3), ("paper", "stratified")):
        parts = one_split(rows, name, seed, corpus)
        assert tuple((parts == part).sum() for part in PARTS) == totals
        for emotion, count in zip(FOUR, counts, strict=True):
            for part, total in zip(PARTS, totals, strict=True):
                found = ((rows["emotion"] == emotion) & (parts == part)).sum()
                assert abs(found - count * total / sum(totals)) <= 1


def test_each_language_of_a_corpus_is_split_to_its_own_counts(recipes):
    corpus = read_corpus(recipes / "esd" / "corpus.yaml")
    counts = dict.fromkeys(FOUR, 3500)
    rows = pd.concat([rows_of(evenly(counts, 10), "esd", language) for language in ("cmn", "eng")], ignore_index=True)
    rows["utterance"] += rows["language"]
    parts = one_split(rows, "stratified", 0, corpus)
    for language in ("cmn", "eng"):
        mine = rows["language"] == language
        assert [(parts[mine] == part).sum() for part in PARTS] == [11200, 1400, 1400]
    alone = rows[rows["language"] == "cmn"]
    assert by_utterance(alone, one_split(alone, "stratified", 0, corpus)) == by_utterance(alone, parts)


def test_other_numbers_than_the_published_are_told_and_refused(recipes):
    corpus = read_corpus(recipes / "esd" / "corpus.yaml")
    rows = rows_of(evenly(dict.fromkeys(FOUR, 3500), 10), "esd", "cmn")
    with pytest.raises(XserError, match=r"ESD: there are 13999 utterances of Mandarin and .* has 14000 \(11200 train"):
        one_split(rows.iloc[1:], "paper", 0, corpus)
    with pytest.raises(XserError, match="MADE has no published sizes for --split paper"):
        one_split(rows_of(EVEN), "paper")
    rows = rows_of(EVEN)
    rows["official_part"] = one_split(rows, "speaker")
    sizes = {part: int((rows["official_part"] == part).sum()) for part in PARTS}
    assert one_split(rows, "paper", 0, corpus_like(stratified=sizes)).tolist() == rows["official_part"].tolist()
    moved = {**sizes, "train": sizes["train"] - 1, "test": sizes["test"] + 1}
    with pytest.raises(
        XserError, match=f"official parts have {sizes['train']} train .* {moved['train']} train"
    ) as told:
        one_split(rows, "paper", 0, corpus_like(stratified=moved))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("here", [(), ("made-lost",), ("made-gone",), ("made-lost", "made-gone")])
def test_a_known_fault_that_is_not_here_makes_its_part_smaller(here):
    faults = (Fault("made-lost", "broken", False, "train"), Fault("made-gone", "missing", False, "valid"))
    corpus = corpus_like(stratified={"train": 266, "valid": 35, "test": 38}, faults=faults)
    every = rows_of(evenly(dict(zip(FOUR, (127, 71, 79, 62), strict=True)), 10))
    rows = every.iloc[2 - len(here) :].reset_index(drop=True)
    rows.loc[range(len(here)), "utterance"] = list(here)
    sizes, lost = published_sizes(corpus, rows["utterance"])
    assert sizes == {"train": 265 + ("made-lost" in here), "valid": 34 + ("made-gone" in here), "test": 38}
    assert {fault.utterance for fault in lost} == {"made-lost", "made-gone"} - set(here)
    parts = one_split(rows, "paper", 0, corpus)
    assert {part: (parts == part).sum() for part in PARTS} == sizes
    lost = f", {2 - len(here)} of them not in the official release" if len(here) < 2 else ""
    said = rf"are {len(rows) - 1} utterances and .* has 339 \(266 train \+ 35 valid \+ 38 test{lost}\)"
    with pytest.raises(XserError, match=said):
        one_split(rows.iloc[:-1], "paper", 0, corpus)


def test_other_numbers_are_split_80_10_10():
    corpus = corpus_like(stratified={"train": 266, "valid": 35, "test": 38})
    rows = rows_of(EVEN)
    parts = one_split(rows, "stratified", 0, corpus)
    expected = {"angry": (96, 12, 12), "happy": (80, 10, 10), "neutral": (72, 9, 9), "sad": (48, 6, 6)}
    for emotion, sizes in expected.items():
        assert tuple(((rows["emotion"] == emotion) & (parts == part)).sum() for part in PARTS) == sizes


def test_official_parts_of_the_published_sizes_are_taken():
    rows = rows_of(EVEN)
    rows["official_part"] = one_split(rows, "speaker")
    sizes = {part: int((rows["official_part"] == part).sum()) for part in PARTS}
    assert one_split(rows, "stratified", 0, corpus_like(stratified=sizes)).tolist() == rows["official_part"].tolist()


@pytest.mark.parametrize("seed", range(30))
def test_sizes_add_up_and_stay_near_their_shares(seed):
    random = np.random.default_rng(seed)
    counts = random.integers(3, 200, random.integers(1, 8))
    total = counts.sum()
    for totals in (None, random.multinomial(total - 9 * len(counts), (0.7, 0.2, 0.1)) + 3 * len(counts)):
        sizes = stratified_sizes(counts, (0.8, 0.1, 0.1), totals)
        assert (sizes.sum(axis=1) == counts).all() and (sizes >= 1).all()
        shares = np.array((0.8, 0.1, 0.1)) if totals is None else totals / total
        if totals is not None:
            assert (sizes.sum(axis=0) == totals).all()
        big = counts >= 60
        assert (np.abs(sizes - counts[:, None] * shares)[big] < 3).all()


@pytest.mark.parametrize("count", [1, 2])
def test_a_class_too_small_for_three_parts_is_told(count):
    rows = rows_of({**EVEN, "rare": {"fear": count}})
    with pytest.raises(XserError, match=f"MADE: class fear has {count} utterances, 3 are needed"):
        one_split(rows, "stratified")


def test_three_utterances_of_a_class_are_enough():
    rows = rows_of({**EVEN, "rare": {"fear": 3}})
    assert every_class_is_in_every_part(rows, one_split(rows, "stratified"))
