"""A recipe for an unknown folder: what it looks like, what patterns and tables make of it, what is told as wrong."""

import itertools
import json

import pytest

from tests.support.official_lists import lay_out
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.emotion_words import emotion_words, plain
from xser.corpora.description.emotions import CANONICAL
from xser.corpora.description.file_patterns import FilePattern
from xser.corpora.description.languages import language_name
from xser.corpora.folders import list_files
from xser.corpora.overview import look, usual_form
from xser.corpora.proposal import checks, meanings, read_layout
from xser.corpora.recipe_text import corpus_entries, corpus_yaml
from xser.corpora.scanning import scan


def cross(*lists):
    """Join every combination, as a full crossing of speakers, emotions and takes is named."""
    return ["".join(parts) for parts in itertools.product(*lists)]


def read(folder, patterns=(), table="", columns="", language="eng", labels=None):
    """Read a folder as a new recipe does: return the recipe's corpus, its rows and the checks."""
    layout = read_layout(folder, list_files(folder), list(patterns), table, columns)
    meant = meanings(layout, language, labels or {})
    entries, found = corpus_entries(folder, layout, meant), checks(layout, meant)
    place = folder.parent / "recipes" / "it"
    place.mkdir(parents=True, exist_ok=True)
    text = corpus_yaml("It", language, entries, dict.fromkeys(meant, 1), 0, found)
    (place / "corpus.yaml").write_text(text, encoding="utf-8")
    corpus = read_corpus(place / "corpus.yaml")
    return corpus, scan(corpus, folder, allow_incomplete=True).rows, found


def test_the_list_of_words_is_of_languages_and_canonical_emotions():
    words = emotion_words()
    assert len(words) >= 100
    for language, emotions in words.items():
        assert language_name(language)
        assert set(emotions.values()) <= set(CANONICAL)
        assert {"angry", "happy", "sad"} <= set(emotions.values()), language
        assert all(word == plain(word) for word in emotions)


# What it looks like. --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "form", "values"),
    [
        (cross(["ann/", "bob/"], ["sad_", "joy_"], "12", [".wav"]), "{a}/{b}_{c}.wav", "b: 2 values: joy 4, sad 4"),
        (
            cross(["03", "08"], ["a01", "b02"], ["Wa", "Fb"], [".WAV"]),
            r"{a:\d{2}}{b:[a-z]}{c:\d{2}}{d:[A-Za-z]{2}}.wav",
            "d: 2 values: Fb 4, Wa 4",
        ),
        (
            cross(["set-1/", "set-2/"], ["खुशी ", "उदास "], "12", [".mp3"]),
            "{a:[^/]+}/{b} {c}.mp3",
            "b: 2 values: उदास 4, खुशी 4",
        ),
    ],
)
def test_the_form_of_names_is_a_pattern_that_matches_them(paths, form, values, tmp_path):
    files = list_files(lay_out(tmp_path / "data", paths))
    shown = look(tmp_path / "data", files)
    assert usual_form(files) == form
    assert f"{len(paths)} recordings like {sorted(paths)[0]}, of the form {form}" in shown
    assert f"  {values}" in shown
    assert all(FilePattern(form).match(path) for path in paths)


def test_other_forms_and_tables_are_shown(tmp_path):
    folder = lay_out(tmp_path / "data", cross(["ann_", "bob_"], ["sad", "joy"], [".wav"]) + ["extra/x1.flac"])
    (folder / "labels.csv").write_text("name;label\nann_sad;sad\n")
    (folder / "index.jsonl").write_text(json.dumps({"audio": "ann_sad", "emotion": "sad"}) + "\n")
    shown = look(folder, list_files(folder))
    assert shown[0].endswith("5 recordings (4 .wav, 1 .flac)")
    assert "1 recordings like extra/x1.flac, of the form {a}/{b:[a-z]}{c:\\d}.flac" in shown
    assert shown[-2:] == ["table index.jsonl, columns: audio, emotion", "table labels.csv, columns: name, label"]


# Patterns. ------------------------------------------------------------------------------------------------------------


def test_names_are_read_with_several_patterns_and_what_none_matches_is_told(tmp_path):
    paths = cross(["F", "M"], ["1_", "2_"], ["wut", "freude"], "12", [".wav"]) + ["train/F3-wut.wav", "x.wav"]
    patterns = [r"{speaker:(?:F|M)\d}_{emotion:[a-z]+}{take}.wav", "{part}/{speaker}-{emotion}.wav"]
    corpus, rows, found = read(lay_out(tmp_path / "data", paths), patterns, language="deu")
    assert corpus.labels == {"freude": "happy", "wut": "angry"} and len(rows) == 17
    row = rows.set_index("source").loc["train/F3-wut.wav"]
    assert (row["speaker"], row["native_label"], row["official_part"]) == ("it-F3", "wut", "train")
    assert found == [("files", "1 of 18 recordings match no pattern: x.wav")]


def test_genders_and_parts_are_read_by_their_words(tmp_path):
    paths = cross(["Train/", "dev/"], ["W_", "m_"], ["p1_", "p2_", "p3_"], ["anger", "joy"], [".wav"])
    patterns = ["{part}/{gender}_{speaker}_{emotion}.wav"]
    corpus, rows, found = read(lay_out(tmp_path / "data", paths), patterns)
    assert set(rows["gender"]) == {"female", "male"} and set(rows["official_part"]) == {"train", "valid"}
    assert len(set(rows["utterance"])) == len(paths) and corpus.official_parts
    ((key, what),) = found
    assert key == "speakers" and "p1 has two genders" in what


@pytest.mark.parametrize(
    ("folders", "what"),
    [
        (("female", "male"), "look like genders, not people"),
        (("F", "M"), "look like genders, not people"),
        (("Session1", "Session2"), "look like sessions or parts, not people"),
        (("train", "test"), "look like sessions or parts, not people"),
    ],
)
def test_what_is_no_person_is_not_silently_taken_for_the_speaker(folders, what, tmp_path):
    folder = lay_out(tmp_path / "data", cross(folders, "/", ["angry_", "sad_"], "123", [".wav"]))
    corpus, _, found = read(folder, ["{speaker}/{emotion}_{take}.wav"])
    assert [key for key, text in found if what in text] == ["speakers"]
    assert f"# check: speaker is {', '.join(sorted(folders))}: these {what}" in corpus.yaml.read_text()


def test_speakers_that_tell_the_emotion_or_count_are_told(tmp_path):
    paths = [f"{speaker}_{'angry' if speaker < 'c' else 'sad'}_{take}.wav" for speaker in "abcd" for take in "12"]
    _, _, found = read(lay_out(tmp_path / "data", paths), ["{speaker}_{emotion}_{take}.wav"])
    assert found == [("speakers", "every speaker has one emotion only: who speaks would tell the emotion")]
    counted = lay_out(tmp_path / "counted", [f"{number}_{'angry' if number % 2 else 'sad'}.wav" for number in range(8)])
    _, _, found = read(counted, ["{speaker}_{emotion}.wav"])
    assert ("speakers", "speaker has 8 values for 8 recordings: is it a number?") in found
    _, _, found = read(counted, ["{number}_{emotion}.wav"])
    assert found == [("speakers", "no field says who speaks: without speakers there is only --split stratified")]


def test_labels_that_are_no_words_are_left_to_do_and_never_guessed(tmp_path):
    paths = cross(["a/", "b/", "c/"], ["angry_", "happy_", "W_", "qonk_"], "123", [".wav"])
    folder, pattern = lay_out(tmp_path / "data", paths), ["{speaker}/{emotion}_{take}.wav"]
    corpus, _, found = read(folder, pattern)
    assert corpus.labels == {"W": "other", "angry": "angry", "happy": "happy", "qonk": "other"}
    assert found[0][0] == "labels" and found[0][1].startswith("TO DO: what is meant by W, qonk?")
    assert "# check: TO DO: what is meant by W, qonk?" in corpus.yaml.read_text()
    corpus, _, found = read(folder, pattern, labels={"W": "angry", "qonk": "drop", "happy": "excited"})
    assert corpus.labels == {"W": "angry", "angry": "angry", "happy": "excited", "qonk": None} and found == []


def test_one_name_in_several_folders(tmp_path):
    paths = cross(["ann/", "bob/"], ["angry/", "sad/"], "123", [".wav"])
    folder = lay_out(tmp_path / "data", paths)
    _, rows, _ = read(folder, ["{speaker}/{emotion}/{take}.wav"])
    assert rows["utterance"].nunique() == len(paths)
    with pytest.raises(XserError, match="ann/angry/1.wav and bob/angry/1.wav would be one utterance: let --pattern"):
        read(folder, ["{emotion}/{take}.wav"])
    for path in cross(["ann_", "bob_"], ["angry_", "sad_"], "12", [".wav"]):
        for top in ("copied", "copied/again"):
            (tmp_path / top).mkdir(exist_ok=True)
            (tmp_path / top / path).write_text(path)
    corpus, rows, _ = read(tmp_path / "copied", ["{speaker}_{emotion}_{take}.wav"])
    assert len(rows) == 8 and not rows["source"].str.startswith("again").any() and corpus.repeated_files


@pytest.mark.parametrize(
    ("patterns", "options", "said"),
    [
        (["{emotion}-{take}.wav"], {}, "no recording is called like {emotion}-{take}.wav: there is e.g. a_angry_1.wav"),
        (["{speaker}_{label}_{take}.wav"], {}, "no field is called `emotion`: name it in --pattern"),
        (["{speaker}_{language}_{emotion}.wav"], {}, "a recipe made here is of one language"),
        (["{speaker}_{emotion}_{take.wav"], {}, "has an opening brace without a closing one"),
        (["{emotion}_{x}_{take}.wav"], {}, "the labels a, b are no known words, .* what they mean, --labels a=angry"),
        (["a_{emotion:angry}_{take}.wav"], {}, "of the labels angry only angry is known, .* give --from the folder"),
        (["{x}_{emotion}_{y}.wav"], {"labels": {"qonk": "sad"}}, "names 'qonk', but the labels found are angry, sad"),
        ([], {"table": "none.csv", "columns": "file=a"}, "has no table none.csv: there is labels.csv"),
        ([], {"table": "labels.csv", "columns": "file"}, "write FIELD=HEADING"),
        ([], {"table": "labels.csv", "columns": "file=who,emotion=emo"}, "no columns emo, who: its first line is name"),
        ([], {"table": "labels.csv", "columns": "emotion=label"}, "nothing tells which row"),
        ([], {"table": "labels.csv", "columns": "file=label,emotion=label"}, "has a row of no recording: is stem the"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(patterns, options, said, tmp_path):
    folder = lay_out(tmp_path / "data", cross("ab", ["_angry_", "_sad_"], "12", [".wav"]))
    (folder / "labels.csv").write_text("name,label\na_angry_1,anger\n")
    with pytest.raises(XserError, match=said.replace("{", r"\{")) as caught:
        read(folder, patterns, **options)
    assert "\n" not in str(caught.value)


# Tables. --------------------------------------------------------------------------------------------------------------

IDS = [f"{number * 7919 % 100003:05x}" for number in range(1, 41)]
WORDS, PEOPLE = ["hasira", "furaha", "huzuni", "kawaida"], ["p1", "p2", "p3", "p 4"]
ROWS = [(id, WORDS[at % 4], PEOPLE[at // 4 % 4]) for at, id in enumerate(IDS)]
NAMED = "file=id,emotion=hisia,speaker=nani"
TABLES = {  # the table's text, its columns, the pattern of the recordings
    "a.csv": ("id,hisia,nani\n" + "".join(f"clips/{a}.wav,{b},{c}\n" for a, b, c in ROWS), NAMED, []),
    "b.csv": ("id;nani;hisia\n" + "".join(f"{a};{c};{b}\n" for a, b, c in ROWS), NAMED, []),
    "c.tsv": ("id\thisia\tnani\n" + "".join(f"{a}\t{b}\t{c}\n" for a, b, c in ROWS), NAMED, []),
    "d.json": (json.dumps([{"id": a, "hisia": b, "nani": c} for a, b, c in ROWS]), NAMED, []),
    "e.jsonl": ("".join(json.dumps({"id": a, "hisia": b, "nani": c}) + "\n" for a, b, c in ROWS), NAMED, []),
    "f.txt": ("".join(f"{a} {b} {c}\n" for a, b, c in ROWS), r"{recording:\w+} {emotion:\w+} {speaker:.+}", []),
    "g.csv": ("id,hisia,nani\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS), "n=id" + NAMED[7:], ["{n}.wav"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_labels_of_a_table(name, tmp_path):
    text, columns, patterns = TABLES[name]
    folder = lay_out(tmp_path / "data", [f"clips/{id}.wav" for id in [*IDS, "zzz"]])
    (folder / name).write_text(text, encoding="utf-8")
    corpus, rows, found = read(folder, patterns, name, columns, "swa")
    assert corpus.labels == {"furaha": "happy", "hasira": "angry", "huzuni": "sad", "kawaida": "neutral"}
    read_rows = rows[["utterance", "native_label", "speaker"]].itertuples(index=False, name=None)
    assert sorted(read_rows) == sorted((f"it-{a}", b, f"it-{c}") for a, b, c in ROWS)
    assert found == [("files", "1 of 41 recordings have no row in the table: clips/zzz.wav")]
