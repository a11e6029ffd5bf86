"""What the parts of a split share is found, wherever it stands, and is as bad as what it spoils."""

import itertools

import pandas as pd
import pytest

from tests.support.audit_rows import no_pairs
from tests.support.made_rows import evenly, rows_of
from xser.audit.shared_audio.pairs import COLUMNS
from xser.audit.splits import between_findings, split_findings

COUNTS = {"angry": 60, "happy": 60, "sad": 60}


@pytest.fixture
def rows():
    """Ten speakers: seven in train, one in valid, two in test; no text twice."""
    made = rows_of(evenly(COUNTS, 10), texts=None)
    part = made["speaker"].map({f"made-s{n:03}": "train" if n < 7 else "valid" if n < 8 else "test" for n in range(10)})
    return made.assign(part=part, text="made-" + made["utterance"])


def pairs(*named, near=False):
    return pd.DataFrame(
        [dict(zip(COLUMNS, (one, other, 0.1, 0.2, 1.5, 0.99, 0.8, near), strict=True)) for one, other in named]
    )


def one_of(rows, part, at=0):
    return rows.loc[rows["part"] == part, "utterance"].iloc[at]


def found(rows, shared=None, split="speaker"):
    tables = rows if isinstance(rows, list) else [rows]
    return {
        finding.name: finding for finding in split_findings(tables, no_pairs() if shared is None else shared, split)
    }


def severities(findings):
    return {name: finding.severity for name, finding in findings.items() if finding.severity not in ("fine", "note")}


def test_a_clean_split_is_not_accused(rows):
    wide = rows_of(evenly({"angry": 400, "happy": 400}, 20), texts=None)
    wide["text"] = "made-" + wide["utterance"]
    numbers = wide["speaker"].str[-3:].astype(int)
    wide["part"] = numbers.map(lambda n: "train" if n < 10 else "valid" if n < 15 else "test")
    assert {finding.severity for finding in found(wide).values()} == {"fine"}


@pytest.mark.parametrize(("near", "name"), [(False, "split-stretches"), (True, "split-near-duplicates")])
@pytest.mark.parametrize("parts", list(itertools.combinations_with_replacement(("train", "valid", "test"), 2)))
def test_shared_sound_is_severe_between_train_and_test_alone(rows, parts, near, name):
    expected = {("train", "test"): "severe"}.get(parts, "fine" if parts[0] == parts[1] else "warning")
    for one, other in (parts, parts[::-1]):
        finding = found(rows, pairs((one_of(rows, one, 1), one_of(rows, other, 2)), near=near))[name]
        assert finding.severity == expected
        if expected != "fine":
            (case,) = finding.cases
            assert (case["part_one"], case["part_other"]) == (one, other)


def test_the_test_recordings_that_are_known_are_counted_once(rows):
    tested = one_of(rows, "test")
    finding = found(rows, pairs((one_of(rows, "train"), tested), (tested, one_of(rows, "train", 5))))["split-stretches"]
    assert (finding.value, finding.details["test_recordings"]) == (2, 1)
    assert "2 pairs" in finding.sentence and "1 test recording is known" in finding.sentence


def test_the_same_recording_on_two_sides_is_found_by_its_digest(rows):
    rows.loc[rows["utterance"] == one_of(rows, "test"), "digest"] = rows["digest"].iloc[0]
    finding = found(rows)["split-duplicates"]
    assert (finding.severity, finding.value) == ("severe", 1)
    assert {finding.cases[0]["one"], finding.cases[0]["other"]} == {rows["utterance"].iloc[0], one_of(rows, "test")}


def test_unknown_digests_are_no_duplicates(rows):
    assert found(rows.assign(digest=""))["split-duplicates"].severity == "fine"


@pytest.mark.parametrize(
    ("split", "severity"),
    [("speaker", "severe"), ("folds:5", "severe"), ("loso", "severe"), ("paper", "warning"), ("", "warning")],
)
def test_shared_speakers_are_as_bad_as_the_promise_that_they_break(rows, split, severity):
    rows.loc[rows["utterance"] == one_of(rows, "test"), "speaker"] = "made-s000"
    finding = found(rows, split=split)["split-speakers"]
    assert (finding.severity, finding.value, finding.cases) == (severity, 1, ({"speaker": "made-s000"},))


def test_unknown_speakers_are_told_and_unknown_texts_are_not_held_against_a_split(rows):
    unknown = found(rows.assign(speaker="", text=""))
    assert (unknown["split-speakers"].severity, unknown["split-speakers"].value) == ("note", None)
    assert (unknown["split-texts"].severity, unknown["split-texts"].value) == ("fine", None)


def test_shared_texts_are_a_note(rows):
    finding = found(rows.assign(text=rows["utterance"].str[-1].map("made-{}".format)))["split-texts"]
    assert (finding.severity, finding.value, len(finding.cases)) == ("note", 6, 6)  # six takes of each class a speaker


def test_of_folds_every_one_is_looked_at_and_a_pair_counted_once(rows):
    speakers = sorted(set(rows["speaker"]))
    folds = [rows.assign(part=["test" if s == tested else "train" for s in rows["speaker"]]) for tested in speakers]
    one, other = (rows.loc[rows["speaker"] == speaker, "utterance"].iloc[0] for speaker in speakers[:2])
    finding = found(folds, pairs((one, other)), "loso")["split-stretches"]
    assert (finding.severity, finding.value) == ("severe", 1)
    assert [case["fold"] for case in finding.cases] == [1, 2]
    assert found(folds, split="loso")["split-stretches"].severity == "fine"


def test_small_parts_are_told_but_small_folds_are_judged_together(rows):
    small = found(rows.groupby("part").head(12))["split-small-groups"]
    assert small.severity == "warning" and "points of UAR" in small.sentence
    speakers = sorted(set(rows["speaker"]))
    folds = [rows.assign(part=["test" if s == tested else "train" for s in rows["speaker"]]) for tested in speakers]
    assert found(folds, split="loso")["split-small-groups"].severity == "fine"


# Between corpora. -----------------------------------------------------------------------------------------------------


@pytest.fixture
def other():
    return rows_of(evenly(COUNTS, 3), corpus="target")


@pytest.mark.parametrize(("part", "severity"), [("train", "severe"), ("valid", "severe"), ("test", "warning")])
def test_a_stretch_of_the_target_is_severe_in_what_is_learned_or_selects(rows, other, part, severity):
    pair = (one_of(rows, part), other["utterance"].iloc[4])
    for named in (pair, pair[::-1]):
        for near, name in ((False, "corpora-stretches"), (True, "corpora-near-duplicates")):
            found = {each.name: each for each in between_findings(rows, other, pairs(named, near=near))}
            assert (found[name].severity, found[name].value) == (severity, 1)
            assert "made and target" in found[name].sentence


def test_pairs_within_a_corpus_are_not_shared_by_two(rows, other):
    within = pairs((one_of(rows, "train"), one_of(rows, "test")), tuple(other["utterance"].iloc[:2]))
    assert {each.severity for each in between_findings(rows, other, within)} == {"fine"}


def test_the_same_recording_in_two_corpora(rows, other):
    other.loc[3, "digest"] = rows["digest"].iloc[0]
    found = {each.name: each for each in between_findings(rows, other, no_pairs())}
    assert (found["corpora-duplicates"].severity, found["corpora-duplicates"].value) == ("severe", 1)
