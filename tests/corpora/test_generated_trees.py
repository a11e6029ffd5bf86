"""Corpora without an official list: trees made by rule, of as many files and speakers as the corpora have."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.laid_out_tables import lay_out_tables
from tests.support.layouts import COUNTS
from tests.support.official_lists import lay_out
from xser.core.errors import XserError
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.scanning import scan


@pytest.fixture
def folder():
    """Return a folder for many thousand files: in memory where the system has such a place, gone after the test."""
    memory = "/dev/shm"
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


def baved():
    for record in range(1935):
        speaker, word, level = record % 60, record % 7, record // 7 % 3
        gender = "mf"[speaker % 4 == 3] if speaker % 8 else "M"
        yield f"{word}/{speaker}-{gender}-{18 + speaker}-{word}-{level}-{record}.wav", str(level)


def emouerj():
    for take, emotion, speaker in itertools.product(range(1, 13), "hasn", range(1, 9)):
        yield f"{'mw'[speaker % 2]}{speaker:02}{emotion}{take:02}.wav", emotion


def jvnv():
    emotions = ("anger", "disgust", "fear", "happy", "sad", "surprise")
    for number, session, emotion, speaker in itertools.product(
        range(1, 36), ("regular", "free"), emotions, ("F1", "F2", "M1", "M2")
    ):
        yield f"jvnv_v1/{speaker}/{emotion}/{session}/{speaker}_{emotion}_{session}_{number:02}.wav", emotion


def m3ed():
    labels = ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
    for turn, series, letter in itertools.product(range(1, 41), range(313), "AB"):
        yield f"modality_speech/{letter}_series{series}_{turn % 3}_{2 * turn + (letter == 'B')}.wav", labels[turn % 7]


def mead():
    emotions = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
    levels = [pair for pair in itertools.product(emotions, (1, 2, 3)) if pair[0] != "neutral" or pair[1] == 1]
    speakers = [f"{'MW'[number % 2]}{number:03}" for number in range(3, 51)]
    for number, speaker, (emotion, level) in itertools.product(range(1, 32), speakers, levels):
        yield f"{speaker}/audio/{emotion}/level_{level}/{number:03}.m4a", emotion


def msppodcast():
    for number in range(73042):
        yield f"Audios/MSP-PODCAST_{number // 50:04}_{number % 50:04}.wav", "ASHUFDCNOX"[number % 10]


def nemo():
    emotions = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
    speakers = ("EB0", "IC0", "KD0", "MK0", "KS0", "MP0", "SM0", "TP0", "WR0")
    for number, emotion, speaker in itertools.product(range(1, 91), emotions, speakers):
        yield f"samples/{speaker}_{emotion}_{number}.wav", emotion.replace("surprised", "surprise")


TREES = {  # files, and the speakers that names or tables show
    baved: (1935, 59),
    emouerj: (377, 8),
    jvnv: (1615, 4),
    m3ed: (24437, 626),
    mead: (31729, 48),
    msppodcast: (73042, 1273),
    nemo: (4481, 9),
}


CASES = [pytest.param(make, marks=[pytest.mark.slow] * (make is msppodcast), id=make.__name__) for make in TREES]


@pytest.mark.parametrize("make", CASES)
def test_generated_tree(recipes, folder, make):
    number, speakers = TREES[make]
    id = make.__name__
    corpus = read_corpus(recipes / id / "corpus.yaml")
    files = list(itertools.islice(make(), number))
    lay_out(folder, [path for path, _ in files])
    lay_out_tables(id, folder, files)
    found = scan(corpus, folder)
    assert (found.found, found.expected, found.complete, found.notes) == (number, number, True, [])
    rows = found.rows
    assert rows.utterance.is_unique and rows.source.map(dict(files)).tolist() == rows.native_label.tolist()
    assert set(rows.native_label) == set(corpus.labels)
    assert rows.speaker[rows.speaker != ""].nunique() == speakers == corpus.speakers
    assert set(rows.gender) <= {"female", "male", ""} and {"female", "male"} <= set(rows.gender)
    if corpus.official_parts:
        assert set(rows.official_part) == {"train", "valid", "test"}
    if number > 5000:
        return  # what is missing is told by the same lines whatever the number of files
    (folder / rows.source[0]).unlink()
    with pytest.raises(
        XserError, match=rf"found {number - 1} of {number} files of .* \(all {number - 1} of {number}\)"
    ):
        scan(corpus, folder)


def test_what_tables_say(recipes, folder):
    files = {
        "m3ed": ("modality_speech/B_rucikeaidewomen_1_2.wav", "Happy"),
        "msppodcast": ("Audios/MSP-PODCAST_0001_0008.wav", "U"),
        "nemo": ("samples/EB0_surprised_1.wav", "surprise"),
        "emns": ("cleaned_webm/recorded_audio_RF6OuQ4.webm", "Surprise"),
        "emozionalmente": ("audio/1613655062436.wav", "joy"),
        "iemocap": ("Session1/sentences/wav/Ses01F_impro04/Ses01F_impro04_M000.wav", "fru"),
        "mer2023": ("mer2023train/train/sample_00002721.avi", "worried"),
    }
    rows = {}
    for id, (path, label) in files.items():
        lay_out(folder / id, [path])
        lay_out_tables(id, folder / id, [(path, label)])
        [row] = scan(read_corpus(recipes / id / "corpus.yaml"), folder / id, allow_incomplete=True).rows.to_dict(
            "records"
        )
        columns = ("utterance", "speaker", "gender", "age", "text", "transcript", "intensity", "official_part")
        rows[id] = [row[column].removeprefix(f"{id}-") for column in columns]
        assert row["native_label"] == label
    sentence = "Vorrei il numero, grazie."
    assert rows == {
        "m3ed": ["rucikeaidewomen_1_2", "rucikeaidewomen_name B", "male", "mid", "", "你好", "", "train"],
        "msppodcast": ["MSP-PODCAST_0001_0008", "", "female", "", "", "", "", "train"],  # the speaker is "Unknown"
        "nemo": ["EB0_surprised_1", "EB0", "female", "24", "1", "„Ród smoka” to serial.", "", ""],
        "emns": ["recorded_audio_RF6OuQ4", "3", "female", "24", "", 'A "fine", quiet day.', "7", ""],
        "emozionalmente": ["1613655062436", "user0", "male", "18", sentence, sentence, "", ""],
        "iemocap": ["Ses01F_impro04_M000", "Ses01M", "male", "", "", "", "", ""],
        "mer2023": ["sample_00002721", "", "", "", "", "", "", "train"],
    }


def test_films_of_mer2023_without_a_label_are_no_utterances(recipes, folder):
    files = [("train/sample_00000001.avi", "happy"), ("test3/samplenew_00000002.mp4", "sad")]
    lay_out(folder, [path for path, _ in files] + ["test3/samplenew_00000003.mp4", "test3/samplenew_00000004.mp4"])
    lay_out_tables("mer2023", folder, files)
    found = scan(read_corpus(recipes / "mer2023" / "corpus.yaml"), folder, allow_incomplete=True)
    assert found.rows.native_label.tolist() == ["happy", "sad"]
    assert found.left_out[0] == "2 files without a row in the table left out, e.g. test3/samplenew_00000003.mp4"


def test_speakers_of_iemocap_are_not_those_of_the_dialogues(recipes, folder):
    """The letter in a dialogue's name is that of the actor with the markers, who speaks half the turns."""
    dialogues = [f"Session1/sentences/wav/Ses01{markers}_impro01/Ses01{markers}_impro01" for markers in "FM"]
    files = [(f"{dialogue}_{who}000.wav", "neu") for dialogue in dialogues for who in "FM"]
    lay_out(folder, [path for path, _ in files])
    lay_out_tables("iemocap", folder, files)
    rows = scan(read_corpus(recipes / "iemocap" / "corpus.yaml"), folder, allow_incomplete=True).rows
    assert rows.set_index("utterance").speaker.to_dict() == {
        "iemocap-Ses01F_impro01_F000": "iemocap-Ses01F",
        "iemocap-Ses01F_impro01_M000": "iemocap-Ses01M",
        "iemocap-Ses01M_impro01_F000": "iemocap-Ses01F",
        "iemocap-Ses01M_impro01_M000": "iemocap-Ses01M",
    }


def test_every_corpus_is_scanned_by_a_test(recipes):
    """A recipe without an official list or a generated tree would be one that nobody has run."""
    assert set(corpus_ids(recipes)) == {*COUNTS, "meld", "pavoque", *(make.__name__ for make in TREES)}
