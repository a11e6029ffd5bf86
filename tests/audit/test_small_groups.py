"""Which emotions, speakers and parts are called too small, and which are not."""

import numpy as np
import pandas as pd
import pytest

from xser.audit.small_groups import FEWEST_SPEAKERS, small_groups
from xser.evidence.figures import intervals


def crossed(emotions="abcd", speakers=20, copies=3):
    cells = [(emotion, f"s{speaker:02d}") for emotion in emotions for speaker in range(speakers) for _ in range(copies)]
    return pd.DataFrame(cells, columns=["emotion", "speaker"])


def thirds(rows):
    number = rows["speaker"].str[1:].astype(int) % 4
    return np.where(number == 0, "valid", np.where(number == 1, "test", "train"))


def test_an_ample_corpus_is_not_accused():
    rows = crossed()
    for parts in (None, thirds(rows)):
        finding = small_groups(rows, parts)
        assert (finding.name, finding.severity, finding.value, finding.cases) == ("small-groups", "fine", 0, ())


@pytest.mark.parametrize("utterances, found", [(4, True), (5, False)])
def test_a_rare_emotion_is_named(utterances, found):
    rows = pd.concat([crossed(), crossed("e", utterances, 1)])
    finding = small_groups(rows)
    assert (finding.severity == "warning") == found
    if found:
        assert finding.cases == ({"emotion": "e", "utterances": 4, "why": "4 utterances"},)
        assert finding.sentence == "too small to judge: emotion e: 4 utterances"


def test_an_emotion_of_one_speaker_of_several_is_named():
    rows = pd.concat([crossed(), crossed("e", 1, 30)])
    finding = small_groups(rows)
    assert finding.severity == "warning" and [case["emotion"] for case in finding.cases] == ["e"]
    assert "emotion e: by speaker s00 alone" in finding.sentence
    unknown = rows.assign(speaker=np.where(np.arange(len(rows)) == 0, "", rows["speaker"]))
    assert small_groups(unknown).severity == "fine"  # the unknown speaker may have spoken it


@pytest.mark.parametrize("speakers, copies, points", [(8, 1, 3.125), (6, 2, 100 / 48), (13, 1, None), (20, 1, None)])
def test_a_part_where_one_utterance_is_more_than_two_points_is_named(speakers, copies, points):
    train, test = crossed(copies=5), crossed(speakers=speakers, copies=copies)
    finding = small_groups(pd.concat([train, test]), ["train"] * len(train) + ["test"] * len(test))
    assert [case.get("points") for case in finding.cases] == pytest.approx([] if points is None else [points] * 4)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_an_emotion_that_a_part_lacks_is_named(part):
    rows = crossed(copies=5)
    parts = thirds(rows)
    kept = ~((parts == part) & (rows["emotion"] == "c"))
    finding = small_groups(rows[kept], parts[kept])
    assert finding.severity == "warning"
    assert finding.cases == ({"part": part, "emotion": "c", "utterances": 0, "why": "no utterance"},)


def test_few_speakers_are_noted():
    rows = crossed(speakers=12, copies=10)
    finding = small_groups(rows, thirds(rows))
    assert finding.severity == "note" and [case["part"] for case in finding.cases] == ["valid", "test"]
    assert "part test: 3 speakers, too few for an interval over speakers" in finding.sentence


def test_few_speakers_are_those_that_no_interval_is_made_of():
    assert FEWEST_SPEAKERS == intervals.FEWEST_SPEAKERS


def test_one_speaker_is_noted_once():
    finding = small_groups(crossed(speakers=1, copies=50))
    assert finding.severity == "note" and len(finding.cases) == 1
    assert finding.sentence == "too small to judge: speaker s00: the only one, nothing is known of others"


def test_speakers_heard_seldom_are_counted_in_the_sentence_and_listed_in_the_cases():
    rows = pd.concat([crossed(), crossed("a", 3, 2).assign(speaker=["x", "x", "y", "y", "z", "z"])])
    finding = small_groups(rows)
    assert finding.severity == "note" and finding.value == 3
    assert finding.sentence == "too small to judge: 3 of 23 speakers: fewer than 5 utterances"
    assert finding.cases[0] == {"speaker": "x", "utterances": 2, "why": "2 utterances"}


def test_nothing_is_fine():
    for rows in (crossed()[:0], crossed().assign(emotion="")):
        assert small_groups(rows, ["train"] * len(rows)).severity == "fine"
