"""The rule itself: who learns from what, and that nothing of a target is opened before its evaluation."""

import pandas as pd
import pytest

from tests.support import CHECKOUT
from tests.support.made_rows import evenly, rows_of, shuffled
from xser.core.errors import XserError
from xser.core.rows import write_rows
from xser.corpora.description.corpus import read_corpus
from xser.protocol.isolation import (
    chosen_by,
    evaluation_recordings,
    evaluation_rows,
    learned_from,
    refuse_shared_recordings,
    refuse_target_rows,
    training_rows,
    training_selections,
)
from xser.protocol.splits.splits import split_rows
from xser.protocol.tasks import Selection, Task

RECIPES = CHECKOUT / "recipes"


def selection(corpus, language=None):
    return Selection(read_corpus(RECIPES / corpus / "corpus.yaml"), language)


A, B, C = selection("emodb"), selection("esd", "cmn"), selection("cafe")
TARGET = selection("cremad")
LANGUAGES = {A: "deu", B: "cmn", C: "fra", TARGET: "eng"}
ZERO_SHOT = Task((A, B, C), TARGET)
NAMED = Task((B, A, C), TARGET, "cn-en")
WITHIN = Task((A,))
ALL, EACH, BOUND = "sources", "source", "target"


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    """A manifest of every selection: selection -> path."""
    folder = tmp_path_factory.mktemp("manifests")
    paths = {}
    for selection, language in LANGUAGES.items():
        rows = rows_of(evenly({"angry": 40, "sad": 30}, 6), selection.corpus.id, language)
        paths[selection] = folder / f"{selection.corpus.id}.csv"
        write_rows(paths[selection], rows.assign(part=split_rows(rows, "speaker", 0, None)[0]))
    return paths


def seen(rows):
    return {(corpus, part) for corpus, part in zip(rows["corpus"], rows["part"], strict=True)}


@pytest.mark.parametrize(
    ("task", "system", "runs", "compared"),
    [
        (ZERO_SHOT, ALL, [(A, B, C)], (A, B, C)),
        (ZERO_SHOT, EACH, [(A,), (B,), (C,)], (A, B, C)),
        (ZERO_SHOT, BOUND, [(TARGET,)], (TARGET,)),
        (NAMED, ALL, [(B, A, C)], (B, A, C)),
        (NAMED, EACH, [(B,)], (B, A, C)),
        (NAMED, BOUND, [(TARGET,)], (TARGET,)),
        (WITHIN, ALL, [(A,)], (A,)),
        (WITHIN, EACH, [(A,)], (A,)),
        (WITHIN, BOUND, [(A,)], (A,)),
    ],
)
def test_what_each_run_learns_from_and_is_compared_by(task, system, runs, compared, manifests):
    assert learned_from(task, system) == runs
    assert chosen_by(task, system) == compared
    for run in runs:
        rows = training_rows(task, system, run, manifests.__getitem__)
        assert seen(rows.learning) == {(selection.corpus.id, "train") for selection in run}
        assert seen(rows.selecting) == {(selection.corpus.id, "valid") for selection in run}
        assert seen(rows.choosing) == {(selection.corpus.id, "valid") for selection in compared}
        opened = {selection.corpus.id for selection in (*run, *compared)}
        assert set(rows.recorded["corpus"]) == opened and rows.recorded["utterance"].is_unique
        assert not {"emotion", "native_label", "part"} & set(rows.recorded)
        assert len(rows.recorded) < 70 * len(opened)  # without the parts test
        assert set(rows.recorded["utterance"]) >= {*rows.learning["utterance"], *rows.choosing["utterance"]}
        assert rows.learning["utterance"].is_unique and len(rows.learning) > 40 * len(run)


@pytest.mark.parametrize("system", [ALL, EACH])
def test_training_neither_needs_nor_opens_the_target_s_manifest(system, manifests, monkeypatch):
    """The target's file is gone, and nobody so much as asks for its path."""
    without = {selection: path for selection, path in manifests.items() if selection != TARGET}
    opened = []
    read_csv = pd.read_csv
    monkeypatch.setattr(pd, "read_csv", lambda path, **options: opened.append(path) or read_csv(path, **options))
    for run in learned_from(ZERO_SHOT, system):
        assert set(training_selections(ZERO_SHOT, system, run)) == {A, B, C}
        training_rows(ZERO_SHOT, system, run, without.__getitem__)
    assert set(opened) == set(without.values())


def test_a_system_trained_on_the_target_opens_nothing_else():
    assert training_selections(ZERO_SHOT, BOUND, (TARGET,)) == (TARGET,)


@pytest.mark.parametrize("system", [ALL, EACH])
def test_the_whole_target_is_reported_on_and_its_parts_are_known(system, manifests):
    rows = evaluation_rows(ZERO_SHOT, system, manifests.__getitem__)
    assert seen(rows) == {("cremad", part) for part in ("train", "valid", "test")}
    assert len(rows) == 70


@pytest.mark.parametrize(("task", "system"), [(ZERO_SHOT, BOUND), (WITHIN, ALL), (WITHIN, EACH), (WITHIN, BOUND)])
def test_who_learned_from_a_corpus_is_reported_on_its_test_part_alone(task, system, manifests):
    rows = evaluation_rows(task, system, manifests.__getitem__)
    corpus = "cremad" if task is ZERO_SHOT else "emodb"
    assert seen(rows) == {(corpus, "test")}
    (run,) = learned_from(task, system)
    training = training_rows(task, system, run, manifests.__getitem__)
    touched = pd.concat([training.learning, training.selecting, training.choosing])
    assert not set(rows["utterance"]) & set(touched["utterance"])
    assert not set(rows["speaker"]) & set(touched["speaker"])


@pytest.mark.parametrize("task", [ZERO_SHOT, WITHIN])
def test_what_an_evaluation_may_have_statistics_of_has_all_parts_and_no_label(task, manifests):
    rows = evaluation_recordings(task, manifests.__getitem__)
    assert len(rows) == rows["utterance"].nunique() == 70
    assert set(rows["corpus"]) == {"cremad" if task is ZERO_SHOT else "emodb"}
    assert list(rows) == ["utterance", "corpus", "language", "speaker", "audio", "digest"]


@pytest.mark.parametrize("part", ["train", "valid"])
@pytest.mark.parametrize("change", [{"corpus": "cremad"}, {"language": "eng"}])
@pytest.mark.parametrize("system", [ALL, EACH])
def test_a_target_row_in_a_source_s_manifest_is_noticed(part, change, system, manifests, tmp_path):
    rows = pd.read_csv(manifests[B], dtype=str, keep_default_na=False)
    at = rows.index[rows["part"] == part][3]
    for column, value in change.items():
        rows.loc[at, column] = value
    rows["seconds"] = rows["seconds"].astype(float)
    write_rows(tmp_path / "changed.csv", rows)
    with pytest.raises(XserError, match=f"1 training rows belong to the target cremad .first: {rows['utterance'][at]}"):
        training_rows(ZERO_SHOT, system, (B,), {**manifests, B: tmp_path / "changed.csv"}.__getitem__)


def test_the_other_language_of_the_target_s_corpus_may_be_learned():
    target = selection("esd", "eng")
    counts = evenly({"sad": 5}, 1)
    refuse_target_rows(rows_of(counts, "esd", "cmn"), target)
    with pytest.raises(XserError, match="5 training rows"):
        refuse_target_rows(rows_of(counts, "esd", "eng"), target)
    with pytest.raises(XserError, match="5 training rows"):
        refuse_target_rows(rows_of(counts, "cremad", "eng"), target)


def test_a_recording_under_two_names_is_noticed():
    learned, recognised = rows_of(evenly({"sad": 9}, 3), "a"), rows_of(evenly({"sad": 9}, 3), "b")
    refuse_shared_recordings(learned, recognised)
    recognised.loc[4, "digest"] = learned.loc[7, "digest"]
    said = f"1 recordings .*first: {recognised.loc[4, 'utterance']} is {learned.loc[7, 'utterance']}"
    with pytest.raises(XserError, match=said):
        refuse_shared_recordings(shuffled(learned, 0), shuffled(recognised, 1))
