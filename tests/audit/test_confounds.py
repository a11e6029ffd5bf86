"""What besides emotion tells the emotion: planted faults are found, clean corpora are not accused, nothing crashes."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.support.audit_rows import COLUMNS, clean_rows, planted_rows
from tests.support.official_lists import read_list
from xser.audit import confounds as checks
from xser.audit.confounds import FEWEST_PERMUTATIONS, MEASURES, Measure, confounds, measure_emotion

QUICK = {"permutations": FEWEST_PERMUTATIONS}


def check(name, rows, **options):
    measures = {measure.name: measure for measure in MEASURES}
    options = {**QUICK, **options}
    if name in measures:
        return measure_emotion(rows, measures[name], **options)
    return getattr(checks, name.replace("-", "_"))(rows, **options)


# Planted faults. ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_a_planted_fault_is_found_and_the_more_of_it_the_worse(name):
    found = [check(name, planted_rows(1, name, share, utterances=400)) for share in (0.5, 1.0)]
    assert all(finding.name == name and finding.unit == "% UAR" for finding in found)
    assert all(finding.details["p"] <= 0.005 for finding in found)
    assert found[0].value < found[1].value
    if "silence" in name:  # of one emotion in four: 50 % are to be had
        assert found[0].severity in ("note", "warning") and found[1].severity == "warning"
    else:
        assert found[0].severity in ("warning", "severe") and found[1].severity == "severe"


@pytest.mark.parametrize("name", [name for name in COLUMNS if "silence" not in name])
def test_detection_begins_where_a_fifth_of_800_utterances_tell(name):
    findings = [check(name, planted_rows(seed, name, 0.2, utterances=800)) for seed in range(3)]
    assert all(finding.severity in ("note", "warning") for finding in findings)


def test_only_what_was_planted_is_found():
    found = {finding.name for finding in confounds(planted_rows(1, "dc-emotion", 1.0), **QUICK) if is_accused(finding)}
    assert found == {"dc-emotion"}


@pytest.mark.parametrize("joined", ["", " "])
@pytest.mark.parametrize("script", [0x4E00, 0x1200, 0x0430, 0x0C05])  # Chinese, Ethiopic, Cyrillic, Telugu
def test_words_are_found_in_every_script_with_and_without_spaces(script, joined):
    rng = np.random.default_rng(0)
    letters = [chr(script + number) for number in range(24)]
    words = ["".join(rng.choice(letters, size=3)) for _ in range(60)]
    emotion = rng.integers(3, size=240)
    text = [joined.join([*rng.choice(words[6:], size=5), words[2 * at + rng.integers(2)]]) for at in emotion]
    rows = pd.DataFrame({"emotion": np.array(["angry", "happy", "sad"])[emotion], "transcript": text})
    assert check("transcript-emotion", rows).severity in ("warning", "severe")
    mixed = rows.assign(transcript=rng.permutation(rows["transcript"]))
    assert check("transcript-emotion", mixed).severity == "fine"


def test_speakers_with_one_emotion_are_named():
    rows = clean_rows(0)
    rows["speaker"] = rows["emotion"].map({"angry": "a", "happy": "h"}).fillna("s")
    finding = check("speaker-emotion", rows)
    assert {(case["speaker"], case["emotion"]) for case in finding.cases} == {("a", "angry"), ("h", "happy")}
    assert sum(case["utterances"] for case in finding.cases) == rows["emotion"].isin(["angry", "happy"]).sum()


# Clean corpora. -------------------------------------------------------------------------------------------------------


def is_accused(finding):
    return finding.severity != "fine"


def false_alarms(seeds, **options):
    findings = [each for seed in seeds for each in confounds(clean_rows(seed, **options), seed, **QUICK)]
    return sum(map(is_accused, findings)), len(findings)


def test_clean_corpora_are_not_accused():
    accused, made = false_alarms(range(25), utterances=120)
    assert made == 200 and accused <= 5  # at 0.005 each, more than 5 would come once in 1700 times


CLEAN = {
    "even": {},
    "few utterances": {"utterances": 80},
    "unequal emotions": {"utterances": 300, "shares": [0.7, 0.2, 0.07, 0.03]},
    "many speakers and texts": {"utterances": 150, "speakers": 40, "texts": 100},
    "two emotions": {"utterances": 120, "emotions": ("calm", "upset")},
}


@pytest.mark.slow
@pytest.mark.parametrize("options", CLEAN.values(), ids=CLEAN)
def test_clean_corpora_are_not_accused_over_200_seeds(options):
    accused, made = false_alarms(range(200), **options)
    assert made == 1600 and accused <= 18  # 0.005 of 1600 is 8; more than 18 would come once in 1600 times


@pytest.mark.parametrize("copies", [1, 4])
def test_a_crossed_design_is_chance(copies):
    cells = [(e, s, t) for e in "abcd" for s in range(6) for t in range(5) for _ in range(copies)]
    rows = pd.DataFrame(cells, columns=["emotion", "speaker", "text"]).astype(str)
    for name in ("speaker-emotion", "text-emotion"):
        finding = check(name, rows)
        assert finding.severity == "fine" and finding.value == pytest.approx(25)
    assert check("speaker-emotion", rows).details["mutual_information"] == pytest.approx(0, abs=1e-9)


# Real names. ----------------------------------------------------------------------------------------------------------


def listed(id, pattern, labels):
    found = [(re.search(pattern, path)[1], label) for path, label in read_list(id) if label in labels]
    return pd.DataFrame(found, columns=["speaker", "emotion"])


def test_urdus_speakers_tell_the_emotion():
    rows = listed("urdu", r"(S[FM]\d+)_", "AHNS")
    finding = checks.speaker_emotion(rows)
    assert (len(rows), rows["speaker"].nunique()) == (400, 29)
    assert round(finding.value, 2) == 96.00
    assert round(finding.details["mutual_information"], 2) == 0.92
    assert finding.severity == "severe" and finding.details["p"] == 0.001
    assert "UAR 96 %, chance 25 %" in finding.sentence and "0.92" in finding.sentence
    assert len(finding.cases) == 26 and sum(case["utterances"] for case in finding.cases) < 400


@pytest.mark.parametrize("labels, chance", [("FNTW", 25), ("WLEAFNT", 100 / 7)])
def test_emodbs_speakers_do_not(labels, chance):
    finding = checks.speaker_emotion(listed("emodb", r"(\d\d)[ab]\d\d", labels))
    assert finding.severity == "fine"
    assert finding.value == pytest.approx(chance)
    if len(labels) == 4:
        assert round(finding.details["mutual_information"], 2) == 0.02


def test_emodbs_texts_do_not():
    rows = listed("emodb", r"\d\d([ab]\d\d)", "FNTW").rename(columns={"speaker": "text"})
    assert check("text-emotion", rows).value == pytest.approx(25)


# What decides, and what does not. -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_the_order_of_rows_has_no_influence(name):
    rows = planted_rows(0, name, 0.3, utterances=120)
    shuffled = rows.sample(frac=1, random_state=0)
    assert check(name, shuffled) == check(name, rows) == check(name, rows.reset_index(drop=True))


def test_severity_is_that_of_the_table():
    severities = {}
    for share in np.arange(0, 1.01, 0.05):
        finding = check("dc-emotion", planted_rows(0, "dc-emotion", share, utterances=400))
        s, p = finding.details["share"], finding.details["p"]
        expected = "fine" if p > 0.005 or s < 0.05 else "note" if s < 0.2 else "warning" if s < 0.5 else "severe"
        assert finding.severity == expected
        assert s == pytest.approx(
            max(0, (finding.value - finding.details["chance"]) / (100 - finding.details["chance"]))
        )
        severities[expected] = finding.sentence
    assert set(severities) == {"fine", "note", "warning", "severe"} and len(set(severities.values())) == 4


def test_too_few_permutations_to_find_anything_are_refused():
    with pytest.raises(ValueError, match="199 or more"):
        check("dc-emotion", clean_rows(0), permutations=198)


def test_another_measure_can_be_asked_about():
    rows = planted_rows(0, "dc-emotion", 1.0).rename(columns={"dc": "dc_prepared"})
    finding = measure_emotion(
        rows, Measure("dc-prepared-emotion", "dc_prepared", "DC offset as prepared", 1e-5), **QUICK
    )
    assert finding.name == "dc-prepared-emotion" and finding.severity == "severe"
    assert finding.sentence.startswith("the DC offset as prepared alone tells most of the emotion: UAR ")


# Poor corpora. --------------------------------------------------------------------------------------------------------

POOR = {
    "empty": lambda rows: rows[:0],
    "one utterance": lambda rows: rows[:1],
    "no emotions": lambda rows: rows.assign(emotion=""),
    "one emotion": lambda rows: rows.assign(emotion="sad"),
    "each its own emotion": lambda rows: rows.assign(emotion=rows["utterance"]),
    "emotions of one utterance beside one": lambda rows: rows.assign(emotion=["sad"] * 195 + list("abcde")),
    "nothing known": lambda rows: rows.assign(**{column: "" for column in ("speaker", "text", "transcript")}),
    "nothing measured": lambda rows: rows.assign(**{measure.column: np.nan for measure in MEASURES}),
    "all the same": lambda rows: rows.assign(**{column: rows[column].iloc[0] for column in COLUMNS.values()}),
    "each its own": lambda rows: rows.assign(speaker=rows["utterance"], text=rows["utterance"]),
    "infinite": lambda rows: rows.assign(level=-np.inf, dc=np.where(rows.index < 5, np.inf, rows["dc"])),
    "letters": lambda rows: rows.assign(transcript=[chr(0x4E00 + at) for at in range(len(rows))]),
    "odd transcripts": lambda rows: rows.assign(transcript=["\t\n", "a\x00▁😀", "<s></s>", "x" * 40000, "…"] * 40),
}


@pytest.mark.parametrize("poor", POOR.values(), ids=POOR)
def test_a_poor_corpus_is_neither_accused_nor_a_crash(poor):
    findings = confounds(poor(clean_rows(0)), **QUICK)
    assert [finding.name for finding in findings] == list(COLUMNS)
    for finding in findings:
        assert finding.severity == "fine"
        assert finding.sentence and "nan" not in finding.sentence
        assert (finding.value is None) == ("cannot be judged" in finding.sentence)


@pytest.mark.parametrize(
    "name, poor, reason",
    [
        ("speaker-emotion", "nothing known", "speakers are not known"),
        ("speaker-emotion", "all the same", "there is one speaker"),
        ("text-emotion", "each its own", "no text is spoken twice"),
        ("transcript-emotion", "all the same", "all say the same"),
        ("level-emotion", "infinite", "values of the level are not known"),
        ("dc-emotion", "all the same", "it is the same in all recordings"),
        ("dc-emotion", "one emotion", "fewer than two emotions have 5 utterances"),
    ],
)
def test_what_cannot_be_judged_says_why(name, poor, reason):
    finding = check(name, POOR[poor](clean_rows(0)))
    assert finding.value is None and finding.sentence.endswith(f"cannot be judged: {reason}")


def test_traces_that_nobody_hears_do_not_count():
    rows = planted_rows(0, "dc-emotion", 1.0)
    finding = check("dc-emotion", rows.assign(dc=rows["dc"].clip(-1e-3, 1e-3) / 1000))
    assert finding.value is None and finding.sentence.endswith("it is the same in all recordings")


def test_a_measure_that_was_not_made_is_said():
    finding = check("dc-emotion", clean_rows(0).drop(columns="dc"))
    assert finding.value is None and finding.sentence.endswith("the DC offset is not measured")


def test_rare_emotions_and_unknown_values_are_left_out_and_named():
    rows = planted_rows(0, "speaker-emotion", 1.0)
    rows.loc[:3, "emotion"] = "surprised"
    rows.loc[10:59, "speaker"] = ""
    finding = check("speaker-emotion", rows)
    assert finding.severity == "severe" and finding.details["emotions"] == 4 and finding.details["utterances"] == 146
    assert "not judged: surprised" in finding.sentence and "146 of 200 utterances" in finding.sentence
