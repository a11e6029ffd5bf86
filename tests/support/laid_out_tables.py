"""Tables beside the recordings, in the form that the corpora have them, made from a list of files and labels."""

import collections
import json
import re

USERS = 431
IEMOCAP_HEAD = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"


def emns(files):
    lines = ["id|utterance|description|emotion|date_created|status|gender|age|level|audio_recording|user_id"]
    for number, (path, label) in enumerate(files):
        name = path.rpartition("/")[2].replace(".wav", ".webm")
        said = label.replace("Surprise", "Surprised")
        lines.append(f'{number}|A "fine", quiet day.|calm|{said}|2022-01-01|Complete|Female|24|7|wavs/{name}|3')
    yield "metadata.csv", "\n".join(lines)


def emozionalmente(files):
    samples = [
        f'{path.rpartition("/")[2]},user{number % USERS},"Vorrei il numero, grazie.",{label}'
        for number, (path, label) in enumerate(files)
    ]
    users = [f"user{number},{18 + number % 60},{'mf'[number % 2]}" for number in range(USERS)]
    yield "metadata/samples.csv", "\n".join(["file_name,actor,sentence,emotion_expressed", *samples])
    yield "metadata/users.csv", "\n".join(["username,age,gender", *users])


def iemocap(files):
    dialogues = collections.defaultdict(list)
    for path, label in files:
        session, _, _, dialogue, name = path.split("/")[-5:]
        line = f"[6.2901 - 8.2357]\t{name[:-4]}\t{label}\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n"
        dialogues[f"{session}/dialog/EmoEvaluation/{dialogue}.txt"].append(line)
    for path, lines in dialogues.items():
        yield path, IEMOCAP_HEAD + "\n".join(lines)


def m3ed(files):
    content = collections.defaultdict(lambda: collections.defaultdict(lambda: {"SpeakerInfo": {}, "Dialog": {}}))
    for path, label in files:
        letter, series, dialogue, turn = re.fullmatch(r".*/([A-Z])_(\w+)_(\d+)_(\d+)\.wav", path).groups()
        episode = content[series][f"{series}_{dialogue}"]
        episode["SpeakerInfo"][letter] = {"Name": f"name {letter}", "Age": "mid", "Gender": "FM"[letter == "B"]}
        episode["Dialog"][f"{series}_{dialogue}_{turn}"] = {
            "StartTime": "00:00:01:00", "EndTime": "00:00:02:00", "Text": "你好", "Speaker": letter,
            "EmoAnnotation": {"EmoAnnotator1": label, "final_mul_emo": label, "final_main_emo": label},
        }  # fmt: skip
    yield "annotation.json", json.dumps(content)
    for part, number in (("train", 0), ("val", 1), ("test", 2)):
        series = [name for at, name in enumerate(sorted(content)) if at % 3 == number]
        yield f"splitInfo/movie_list_{part}.txt", "\n".join(series) + "\n"


def mer2023(files):
    rows = collections.defaultdict(list)
    for path, label in files:
        part, name = path.split("/")[-2:]
        rows[part].append(f"{name.partition('.')[0]},{label},-1.5")
    for part, lines in rows.items():
        folder = "mer2023train" if part == "train" else "test-labels"
        yield f"{folder}/{part}-label.csv", "\n".join(["name,discrete,valence", *lines])


def msppodcast(files):
    parts = ("Train", "Development", "Test1", "Test2")
    rows = [
        f"{path.rpartition('/')[2]},{label},4.2,4.0,3.9,{'Unknown' if number % 10 == 0 else number % 1273 + 1},"
        f"{('Female', 'Male', 'Unknown')[number % 3]},{parts[number % 4]}"
        for number, (path, label) in enumerate(files)
    ]
    yield (
        "Labels/labels_consensus.csv",
        "\n".join(["FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set", *rows]),
    )


def nemo(files):
    rows = []
    for path, _ in files:
        name = path.rpartition("/")[2]
        speaker, emotion, _ = name.split("_")
        gender = "male" if speaker in ("MP0", "WR0", "KS0", "TP0", "SM0") else "female"
        rows.append(f"{name}\t{emotion}\t„Ród smoka” to serial.\tród smoka to serial\t        {speaker}\t{gender}\t24")
    yield "data.tsv", "\n".join(["file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage", *rows])


TABLES = {
    make.__name__: make for make in (emns, emozionalmente, iemocap, m3ed, mer2023, msppodcast, nemo)
}  # fmt: skip


def lay_out_tables(id, folder, files):
    """Write the tables of a corpus, if it has any, for these files and labels."""
    for name, text in TABLES[id](files) if id in TABLES else ():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
