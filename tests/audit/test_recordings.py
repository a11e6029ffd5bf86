"""Faults of recordings are found by name, each with the recordings that have it, and sound ones are not accused."""

import numpy as np
import pandas as pd
import pytest

from tests.support.audit_rows import no_pairs
from tests.support.made_audit import speech_like
from tests.support.made_rows import evenly, rows_of
from xser.audit.recordings import quiet_share, recording_findings
from xser.audit.shared_audio.pairs import COLUMNS


@pytest.fixture
def rows():
    return rows_of(evenly({"angry": 50, "sad": 50}, 5))


@pytest.fixture
def recorded(rows):
    return pd.DataFrame({"rate": 16000, "channels": 1, "clipped": 0.0}, index=range(len(rows)))


@pytest.fixture
def prepared(rows):
    return pd.DataFrame({"quiet": 0.3}, index=range(len(rows)))


def found(rows, recorded, prepared, pairs=None):
    findings = recording_findings(rows, no_pairs() if pairs is None else pairs, recorded, prepared)
    return {finding.name: finding for finding in findings}


def pair(one, other, near=False):
    return pd.DataFrame([dict(zip(COLUMNS, (one, other, 0.1, 0.2, 1.5, 0.99, 0.8, near), strict=True))])


def test_sound_recordings_are_not_accused(rows, recorded, prepared):
    assert {finding.severity for finding in found(rows, recorded, prepared).values()} == {"fine"}


def test_without_measures_as_recorded_nothing_is_said_of_them(rows, prepared):
    names = set(found(rows, None, prepared))
    assert names == {"duplicates", "near-duplicates", "shared-stretches", "silence", "too-short"}


@pytest.mark.parametrize(("near", "name"), [(False, "shared-stretches"), (True, "near-duplicates")])
def test_shared_sound_is_severe_across_labels_and_speakers(rows, recorded, prepared, near, name):
    by = {key: list(group["utterance"]) for key, group in rows.groupby(["speaker", "emotion"])}
    one, same = by["made-s000", "angry"][:2]
    cases = {
        same: ("warning", 0, 0),
        by["made-s000", "sad"][0]: ("severe", 1, 0),
        by["made-s001", "angry"][0]: ("severe", 0, 1),
        by["made-s001", "sad"][0]: ("severe", 1, 1),
    }
    for other, expected in cases.items():
        finding = found(rows, recorded, prepared, pair(one, other, near))[name]
        across = finding.details["across_emotions"], finding.details["across_speakers"]
        assert (finding.severity, *across) == expected and finding.value == 1


def test_pairs_with_recordings_of_no_emotion_of_the_scheme_are_not_counted(rows, recorded, prepared):
    finding = found(rows, recorded, prepared, pair(rows["utterance"].iloc[0], "made-dropped"))["shared-stretches"]
    assert finding.severity == "fine"


def test_duplicates_by_digest(rows, recorded, prepared):
    rows.loc[[1, 2], "digest"] = rows.loc[0, "digest"]
    finding = found(rows, recorded, prepared)["duplicates"]
    assert finding.value == 3 and finding.details["recordings"] == 3


@pytest.mark.parametrize(
    ("name", "plant", "many"),
    [
        (
            "silence",
            lambda rows, recorded, prepared, n: prepared.__setitem__("quiet", [0.9] * n + [0.3] * (100 - n)),
            2,
        ),
        (
            "too-short",
            lambda rows, recorded, prepared, n: rows.__setitem__("seconds", [0.2] * n + [1.0] * (100 - n)),
            2,
        ),
        (
            "clipping",
            lambda rows, recorded, prepared, n: recorded.__setitem__("clipped", [0.01] * n + [0] * (100 - n)),
            6,
        ),
    ],
)
def test_a_fault_of_few_is_a_note_and_of_many_a_warning(rows, recorded, prepared, name, plant, many):
    for number, severity in ((1, "note"), (many, "warning")):
        plant(rows, recorded, prepared, number)
        findings = found(rows, recorded, prepared)
        assert (findings[name].severity, findings[name].value) == (severity, number)
        assert [case["utterance"] for case in findings[name].cases] == list(rows["utterance"][:number])
        assert [other for other, finding in findings.items() if finding.severity != "fine"] == [name]


@pytest.mark.parametrize(
    ("name", "column", "value"), [("mixed-rates", "rate", 8000), ("mixed-channels", "channels", 2)]
)
def test_mixed_formats_are_a_warning_where_they_go_with_the_emotion(rows, recorded, prepared, name, column, value):
    recorded.loc[np.flatnonzero(rows["utterance"].str.endswith("00001")), column] = value  # of each class alike
    finding = found(rows, recorded, prepared)[name]
    assert (finding.severity, finding.value) == ("note", 2) and len(finding.cases) == 10
    recorded[column] = np.where(rows["emotion"] == "sad", value, recorded[column].iloc[0])
    finding = found(rows, recorded, prepared)[name]
    assert finding.severity == "warning" and "goes with the emotion" in finding.sentence


def test_mixed_formats_by_chance_are_rarely_accused(rows, recorded, prepared):
    accused = 0
    for seed in range(40):
        recorded["rate"] = np.random.default_rng(seed).choice([16000, 44100], len(rows))
        accused += found(rows, recorded, prepared)["mixed-rates"].severity == "warning"
    assert accused <= 1  # p is 0.001


def test_pauses_are_told_from_speech_at_any_level():
    speech, hiss = speech_like(0, 1.0), np.random.default_rng(1).standard_normal(64000).astype(np.float32)
    for gain in (1.0, 0.01):
        mostly = np.concatenate([gain * speech, gain * 1e-4 * hiss])
        assert quiet_share(mostly) == pytest.approx(0.8, abs=0.05)
        assert quiet_share(gain * speech) < 0.3
    assert quiet_share(np.zeros(5000)) == 1.0 and quiet_share(np.zeros(0)) == 1.0
