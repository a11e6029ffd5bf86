"""The corpora's official file lists, laid out as people have them, give the official counts and labels."""

import functools
import itertools
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

import pandas as pd
import pytest

from tests.support.laid_out_tables import lay_out_tables
from tests.support.layouts import COUNTS, IEMOCAP_OTHERS, NAMES, VARIANTS, nested, ravdess_by_rule, same
from tests.support.official_lists import lay_out, meld_tables, read_list
from xser.core.errors import XserError
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.description.emotions import SCHEMES
from xser.corpora.folders import real_path, writable
from xser.corpora.scanning import scan
from xser.protocol.splits.splits import split_rows

MELD = {"anger": 1607, "disgust": 361, "fear": 358, "joy": 2308, "neutral": 6434, "sadness": 1002, "surprise": 1636}


@pytest.fixture
def tmp_path():
    """Return a folder for many thousand files: in memory where the system has such a place, gone after the test."""
    memory = "/dev/shm"
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    yield Path(folder)
    shutil.rmtree(os.fsencode(folder), ignore_errors=True)


@pytest.fixture(scope="module")
def official():
    """Return a function that reads a corpus's official list as (path, native label)."""

    def read(id):
        return read_list(id) + (turns_of_iemocap_beside_the_list() if id == "iemocap" else [])

    return functools.cache(read)


def turns_of_iemocap_beside_the_list():
    folder = "Session1/sentences/wav/Ses01F_impro09/Ses01F_impro09"
    labels = [label for label, number in IEMOCAP_OTHERS.items() for _ in range(number)]
    return [(f"{folder}_M{number:04}.wav", label) for number, label in enumerate(labels)]


CASES = [(id, variant) for id, variants in VARIANTS.items() for variant in range(len(variants))]


@pytest.mark.parametrize("id, variant", CASES)
def test_official_list(official, recipes, tmp_path, id, variant):
    change = VARIANTS[id][variant]
    files = [(change(path), label) for path, label in official(id)]
    folder = lay_out(tmp_path / "data", [path for path, _ in files])
    lay_out_tables(id, folder, files)
    corpus = read_corpus(recipes / id / "corpus.yaml")
    found = scan(corpus, folder)
    counts, speakers = COUNTS[id]
    faulty = len(found.left_out)
    assert faulty == (id == "cremad")
    assert (found.found, found.expected, found.complete) == (len(files), sum(counts.values()), True)
    assert found.notes == found.left_out
    assert (found.rows.speaker == "").all() if speakers is None else found.rows.speaker.nunique() == speakers
    assert (found.rows.speaker == "").any() == (speakers is None)
    assert corpus.speakers == (speakers or 0)
    assert found.rows.utterance.is_unique and len(found.rows) == len(files) - faulty
    labels = {writable(path): label for path, label in files}
    assert found.rows.source.map(labels).tolist() == found.rows.native_label.tolist()
    counted = found.rows.native_label.value_counts().to_dict()
    assert counted == counts | ({"SAD": 1270} if faulty else {})
    first = found.rows.source.iloc[0]
    assert real_path(folder, first).is_file() and first.encode("utf-8")
    if id == "esd":
        check_texts_and_languages_of_esd(found.rows)
    if variant == 0:
        check_the_split_by_speaker(found.rows, corpus)


def check_the_split_by_speaker(rows, corpus):
    """A corpus can be split by speakers, in its own scheme, unless it has too few of them or does not name them."""
    scheme = SCHEMES[corpus.scheme]
    emotions = [scheme.emotion_of(corpus.labels[label], corpus.id) for label in rows.native_label]
    rows = rows.assign(emotion=emotions)[pd.notna(emotions)].reset_index(drop=True)
    if corpus.speakers < 3:
        worth = "upper bound" if corpus.speakers == 0 else "says nothing of another"
        with pytest.raises(XserError, match=f"choose --split (loso or )?stratified .*{worth}.*use it as a source"):
            split_rows(rows, "speaker", 0, corpus)
        [parts] = split_rows(rows, "stratified", 0, corpus)
        assert (rows.emotion.groupby(parts).nunique() == rows.emotion.nunique()).all()
        return
    [parts] = split_rows(rows, "speaker", 0, corpus)
    assert set(parts) == {"train", "valid", "test"}
    assert (parts.groupby(rows.speaker).nunique() == 1).all()
    assert (rows.emotion.groupby(parts).nunique() == rows.emotion.nunique()).all()


def check_texts_and_languages_of_esd(rows):
    assert rows.language.value_counts().to_dict() == {"cmn": 17500, "eng": 17500}
    assert (rows.groupby("language").speaker.nunique() == 10).all()
    assert rows.groupby("language").text.nunique().to_dict() == {"cmn": 350, "eng": 350}
    assert rows.text.nunique() == 700
    assert (rows.groupby("text").utterance.count() == 5 * 10).all()  # each by ten speakers in five emotions
    assert rows.groupby("gender").speaker.nunique().to_dict() == {"female": 10, "male": 10}


def test_ravdess_zips_hold_every_file_twice(official, recipes, tmp_path):
    paths = [path.removeprefix("audio/Audio_Speech_Actors_01-24/") for path, _ in official("ravdess")]
    folder = lay_out(tmp_path, paths + [f"audio_speech_actors_01-24/{path}" for path in paths])
    found = scan(read_corpus(recipes / "ravdess" / "corpus.yaml"), folder)
    assert (found.found, found.complete) == (1440, True)
    assert found.rows.source.str.startswith("Actor_").all()
    assert len(found.left_out) == 1 and "1440 files at a second path" in found.left_out[0]


def test_the_known_zip_of_tess_holds_every_file_twice(official, recipes, tmp_path):
    paths = [f"{path[:4]}{path.rpartition('_')[2][:-4]}/{path}" for path, _ in official("tess")]
    folder = lay_out(tmp_path, paths + [f"tess toronto emotional speech set data/{path}" for path in paths])
    found = scan(read_corpus(recipes / "tess" / "corpus.yaml"), folder)
    assert (found.found, found.complete) == (2800, True)
    assert not found.rows.source.str.startswith("tess").any()
    assert len(found.left_out) == 1 and "2800 files at a second path" in found.left_out[0]


def test_the_archive_of_jl_corpus_holds_a_part_twice(official, recipes, tmp_path):
    paths = [path for path, _ in official("jlcorpus")]
    folder = lay_out(tmp_path, paths + [path.replace("Raw JL", "raw jl") for path in paths[::7]])
    found = scan(read_corpus(recipes / "jlcorpus" / "corpus.yaml"), folder)
    assert (found.found, found.complete, len(found.left_out)) == (2400, True, 1)
    assert found.rows.source.str.startswith("Raw").all()


def test_two_copies_of_a_corpus_are_refused(official, recipes, tmp_path):
    paths = [path for path, _ in official("cafe")]
    folder = lay_out(tmp_path, paths + [path.replace("48k", "192k_1") for path in paths])
    with pytest.raises(XserError, match=r"cafe-01-C-1-1: .*192k_1.* and .*48k.* \(and 935 more files"):
        scan(read_corpus(recipes / "cafe" / "corpus.yaml"), folder)


MELD_LAYOUTS = {  # how a path changes, and where each table lies
    "beside the folders": (same, {"train": "train/", "dev": "", "test": ""}),
    "in the top folder": (same, {"train": "", "dev": "", "test": ""}),
    "in the repository's folder": (nested, dict.fromkeys(("train", "dev", "test"), "download/data/MELD/")),
    "above": (lambda path: path.removeprefix("train/"), {"train": "../", "dev": "../", "test": "../"}),
}


@pytest.mark.parametrize(
    "layout, encoding", [*itertools.product(MELD_LAYOUTS, ["utf-8"]), ("in the top folder", "cp1252")]
)
def test_official_list_of_meld(official, recipes, tmp_path, layout, encoding):
    change, places = MELD_LAYOUTS[layout]
    files = official("meld")
    folder = lay_out(tmp_path / "meld", [change(path) for path, _ in files])
    for name, text in meld_tables(files, speakers=304):
        place = folder / places[name.partition("_")[0]]
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(text.encode(encoding))
    clutter = ["final_videos_testdia0_utt0.mp4", "._dia0_utt0.mp4"]
    lay_out(folder, [change(f"output_repeated_splits_test/{name}") for name in clutter])
    lay_out(folder, [change("train/train_splits/dia125_utt3.mp4")])
    found = scan(read_corpus(recipes / "meld" / "corpus.yaml"), folder)
    assert (found.found, found.expected, found.complete) == (13706, 13706, True)
    assert found.notes == found.left_out == []
    assert found.doubtful == {"meld-train_dia125_utt3": "broken"}  # whether it is here, stage 0 sees
    rows = found.rows[~found.rows.utterance.isin(list(found.doubtful))]
    assert rows.native_label.value_counts().to_dict() == MELD
    assert rows.official_part.value_counts().to_dict() == {"train": 9988, "valid": 1108, "test": 2610}
    four = rows[rows.native_label.isin(["anger", "joy", "neutral", "sadness"])]
    assert four.official_part.value_counts().to_dict() == {"train": 8244, "valid": 896, "test": 2211}
    assert rows.utterance.is_unique and "meld-dev_dia0_utt1" in set(rows.utterance)
    assert rows.speaker.nunique() == 304 == read_corpus(recipes / "meld" / "corpus.yaml").speakers
    assert "meld-Speaker 0" in set(rows.speaker)
    assert set(rows.transcript) == {"Well, isn’t it…"}


PLAIN = ("gender", "age", "intensity", "take", "official_part")


@pytest.mark.parametrize("id, path, expected", NAMES, ids=[f"{id}:{path}" for id, path, _ in NAMES])
def test_what_a_name_says(recipes, tmp_path, id, path, expected):
    lay_out(tmp_path, [path])
    corpus = read_corpus(recipes / id / "corpus.yaml")
    [row] = scan(corpus, tmp_path, allow_incomplete=True).rows.to_dict("records")
    prefixed = {name: f"{id}-{expected[name]}" if name in expected else "" for name in ("speaker", "text")}
    plain = {name: expected.get(name, "") for name in PLAIN}
    assert row == {
        "utterance": f"{id}-{expected.get('utterance', PurePosixPath(path).stem)}",
        "corpus": id,
        "language": expected.get("language", corpus.language),
        **prefixed,
        **plain,
        "native_label": expected["label"],
        "transcript": "",
        "source": path,
    }


def test_what_a_row_of_meld_says(recipes, tmp_path):
    lay_out(tmp_path, ["dev_splits_complete/dia7_utt12.mp4", "train/train_splits/dia7_utt12.mp4"])
    heading = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    (tmp_path / "dev_sent_emo.csv").write_text(heading + '1,"No, no.",Monica,joy,positive,7,12,1,1,"0:1,0","0:2,0"\n')
    (tmp_path / "train_sent_emo.csv").write_text(heading + "1,Yes.,The Waiter,fear,negative,7,12,1,1,,\n")
    rows = scan(read_corpus(recipes / "meld" / "corpus.yaml"), tmp_path, allow_incomplete=True).rows
    columns = ["utterance", "speaker", "gender", "transcript", "native_label", "official_part", "text"]
    assert rows[columns].to_numpy().tolist() == [
        ["meld-dev_dia7_utt12", "meld-Monica", "female", "No, no.", "joy", "valid", ""],
        ["meld-train_dia7_utt12", "meld-The Waiter", "", "Yes.", "fear", "train", ""],
    ]


def test_esd_number_and_folder_must_agree(recipes, tmp_path):
    corpus = read_corpus(recipes / "esd" / "corpus.yaml")
    emotions = ("Neutral", "Angry", "Happy", "Sad", "Surprise")
    paths = [f"0011_{number:06}.wav" for number in range(1, 1751)]
    rows = scan(corpus, lay_out(tmp_path / "flat", paths), allow_incomplete=True).rows
    assert rows.native_label.tolist() == [emotion for emotion in emotions for _ in range(350)]
    lay_out(tmp_path / "wrong", ["0011/Angry/0011_000350.wav"])
    with pytest.raises(XserError, match="0011_000350.wav: emotion 'Angry/000350' has no entry"):
        scan(corpus, tmp_path / "wrong", allow_incomplete=True)
    lay_out(tmp_path / "beyond", ["0011_001751.wav"])
    with pytest.raises(XserError, match="001751"):
        scan(corpus, tmp_path / "beyond", allow_incomplete=True)


def test_trees_made_by_rule(recipes, tmp_path):
    """RAVDESS and CaFE are full crossings, and so can be made without their lists."""
    cafe = [
        f"{letter}/{speaker:02}-{letter}-{intensity}-{text}.wav"
        for speaker, letter, intensity, text in itertools.product(range(1, 13), "CDJNPST", (1, 2), range(1, 7))
        if (letter, intensity) != ("N", 2)
    ]
    for id, paths in (("ravdess", ravdess_by_rule()), ("cafe", cafe)):
        found = scan(read_corpus(recipes / id / "corpus.yaml"), lay_out(tmp_path / id, paths))
        counts, speakers = COUNTS[id]
        assert found.complete and not found.notes and found.rows.native_label.value_counts().to_dict() == counts
        assert found.rows.speaker.nunique() == speakers


@pytest.mark.parametrize("id, other", [("emodb", "urdu"), ("cafe", "ravdess"), ("urdu", "turevdb"), ("meld", "esd")])
def test_a_folder_of_another_corpus(recipes, tmp_path, id, other):
    lay_out(tmp_path, [path for name, path, _ in NAMES if name == other])
    corpus = read_corpus(recipes / id / "corpus.yaml")
    with pytest.raises(XserError, match=f"is not {corpus.title}: no file like {corpus.example}; found e.g. "):
        scan(corpus, tmp_path, allow_incomplete=True)


def test_known_twins_are_declared(recipes):
    corpus = read_corpus(recipes / "ravdess" / "corpus.yaml")
    assert corpus.same_recording == (("ravdess-03-01-03-01-02-01-07", "ravdess-03-01-03-01-02-02-07"),)


def test_exact_sizes_and_masks_are_declared(recipes):
    corpora = {id: read_corpus(recipes / id / "corpus.yaml") for id in corpus_ids(recipes)}
    sizes = {id: tuple(corpus.stratified.values()) for id, corpus in corpora.items() if corpus.stratified}
    assert sizes == {
        "emodb": (266, 35, 38),
        "cafe": (420, 42, 42),
        "urdu": (300, 20, 80),
        "esd": (11200, 1400, 1400),
        "meld": (8245, 897, 2211),
    }
    faults = {id: [fault.part for fault in corpus.faults if fault.part] for id, corpus in corpora.items()}
    assert {id: parts for id, parts in faults.items() if parts} == {"meld": ["train", "valid"]}
    for id, (train, valid, test) in sizes.items():
        corpus = corpora[id]
        four = sum(n for label, n in corpus.counts.items() if corpus.labels[label] in SCHEMES["four"].emotions)
        assert train + valid + test == four // len(corpus.languages) + len(faults[id])
    assert [id for id, corpus in corpora.items() if corpus.speaker_loss["masked"]] == ["resd", "urdu"]
    assert [id for id, corpus in corpora.items() if corpus.official_parts] == [
        "m3ed", "meld", "mer2023", "msppodcast", "resd"
    ]  # fmt: skip
