"""The official file lists of tests/fixtures, laid out as folders of files."""

import csv
import io
import lzma
import os

import av
import numpy as np
import soundfile

from tests.support import CHECKOUT

LISTS = CHECKOUT / "tests" / "fixtures" / "official_lists"
IDS = tuple(sorted(path.name.partition(".")[0] for path in LISTS.glob("*.tsv.xz")))

# The published table: tasks, their corpora, and training utterances by target.
CORPORA = ("cafe", "emodb", "esd", "meld", "urdu")
FAULTY = ("train/train_splits/dia125_utt3.mp4", "dev_splits_complete/dia110_utt7.mp4")  # of MELD
TASKS = ("en-de", "cn-de", "fr-de", "en-fr", "cn-fr", "de-fr", "en-cn", "de-cn", "fr-cn")
SUMS = {"de": 20165, "fr": 20011, "cn": 9231}
# How the lists spell a native label where they do not take it from the file name.
SPELLING = {
    "emodb": dict(anger="W", boredem="L", disgust="E", fear="A", happy="F", neutral="N", sad="T"),
    "ravdess": {label.title(): label for label in "neutral calm happy sad angry fearful disgust surprised".split()},
    "cafe": {label.lower(): label for label in "CDJNPST"},
    "ased": {"S": "s"},
    "shemo": dict(angry="A", fearful="F", happy="H", neutral="N", sad="S", surprised="W"),
    "subesco": {label.lower(): label for label in "ANGRY DISGUST FEAR HAPPY NEUTRAL SAD SURPRISE".split()},
}


def read_rows_of_list(id):
    """Read a corpus's official list: dicts of path, label as EmoBox spells it, fold, and segment where there is one."""
    with lzma.open(LISTS / f"{id}.tsv.xz", "rt", encoding="utf-8", newline="\n") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_list(id):
    """Read a corpus's official list as (path, native label)."""
    spelling = SPELLING.get(id, {})
    return [(row["path"], spelling.get(row["label"], row["label"])) for row in read_rows_of_list(id)]


def lay_out(folder, paths):
    """Make empty files; what is in them is not looked at."""
    folders = set()
    for path in paths:
        parent, _, name = path.rpartition("/")
        if parent not in folders:
            (folder / parent).mkdir(parents=True, exist_ok=True)
            folders.add(parent)
        os.close(os.open(folder / parent / name, os.O_CREAT | os.O_WRONLY))
    return folder


def meld_tables(files, speakers):
    """Write the three tables of MELD for a file list, with a row for each of the two known faults."""
    folders = {"train_splits": "train", "dev_splits_complete": "dev", "output_repeated_splits_test": "test"}
    rows = {"train": [(125, 3, "neutral")], "dev": [(110, 7, "neutral")], "test": []}
    for path, label in files:
        folder, name = path.split("/")[-2:]
        dialogue, utterance = name[3:-4].split("_utt")
        rows[folders[folder]].append((int(dialogue), int(utterance), label))
    for part, part_rows in rows.items():
        lines = ["Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"]
        for number, (dialogue, utterance, label) in enumerate(sorted(part_rows)):
            lines.append(
                f'{number},"Well, isn’t it…",Speaker {number % speakers},{label},neutral,{dialogue},{utterance},1,1,'
                '"00:00:01,000","00:00:02,000"'
            )
        yield f"{part}_sent_emo.csv", "\r\n".join(lines)


def lay_out_speech(folder, paths, seed=0):
    """Make tiny recordings of noise, some 60 ms long, each with samples of its own: WAV, or MP4 by the name."""
    made = {".mp4": _movie(), ".wav": _wave()}
    chance = np.random.default_rng(seed)
    folders = set()
    for path in paths:
        parent, _, name = path.rpartition("/")
        if parent not in folders:
            (folder / parent).mkdir(parents=True, exist_ok=True)
            folders.add(parent)
        before, after = made[name[-4:].lower()]
        samples = chance.integers(-3000, 3000, SAMPLES, dtype=np.int16)
        (folder / parent / name).write_bytes(before + samples.tobytes() + after)


SAMPLES = 960  # of a recording


def _wave():
    """What stands before and after the samples of a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(SAMPLES, dtype=np.int16), 16000, subtype="PCM_16", format="WAV")
    content = file.getvalue()
    return content[: -2 * SAMPLES], b""


def _movie():
    """What stands before and after the samples of a film without a picture, whose sound is not compressed."""
    mark = np.arange(1, SAMPLES + 1, dtype=np.int16)
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as container:
        stream = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(mark[None], format="s16", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    before, samples, after = file.getvalue().partition(mark.tobytes())
    assert samples and b"ftyp" in before[:12]
    return before, after
