"""Folders as Hugging Face's datasets and audformat write them, made by hand: neither package is needed."""

import json

import pyarrow
import pyarrow.parquet
import yaml

from tests.support.made_tables import EMOTIONS, utterances, wav_bytes, write_audio, write_csv

NAMES = list(EMOTIONS.values())  # of the numbers that stand for labels
FEATURES = {
    "audio": {"sampling_rate": 16000, "_type": "Audio"},
    "label": {"names": NAMES, "_type": "ClassLabel"},
    "speaker": {"dtype": "string", "_type": "Value"},
}
CARD = {
    "language": ["de"],
    "license": "cc0-1.0",
    "pretty_name": "My Data",
    "dataset_info": {
        "features": [
            {"name": "audio", "dtype": "audio"},
            {"name": "label", "dtype": {"class_label": {"names": {str(at): name for at, name in enumerate(NAMES)}}}},
        ]
    },
}


def arrow_table(rows, inside=True, named=True):
    """A table with audio inside, or the paths of it; with the names of labels in its schema or without."""
    cells = [{"bytes": wav_bytes(row["emotion"], row["seed"]) if inside else None, "path": row["file"]} for row in rows]
    kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    table = pyarrow.table(
        {
            "audio": pyarrow.array(cells, kind),
            "label": pyarrow.array([NAMES.index(row["label"]) for row in rows], pyarrow.int64()),
            "speaker": pyarrow.array([row["speaker"] for row in rows], pyarrow.string()),
            "vector": pyarrow.array([[0.0]] * len(rows)),
        }
    )
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})} if named else {})


def by_part(rows):
    """Rows of each part: a speaker each."""
    return {part: [row for row in rows if row["speaker"] == speaker] for part, speaker in PARTS.items()}


PARTS = {"train": "A", "validation": "B", "test": "C"}


def write_card(folder):
    folder.mkdir(parents=True, exist_ok=True)
    head = yaml.safe_dump(CARD)
    (folder / "README.md").write_text(f"---\n{head}---\n# My data\n")


def parquet_shards(folder):
    """``data/train-00000-of-00001.parquet`` and so on; labels are named in README.md."""
    write_card(folder)
    (folder / "data").mkdir()
    for part, rows in by_part(utterances()).items():
        table = arrow_table(rows, named=False)
        pyarrow.parquet.write_table(table, folder / "data" / f"{part}-00000-of-00001.parquet", row_group_size=3)
    return folder


def saved_to_disk(folder):
    """What ``DatasetDict.save_to_disk`` writes."""
    write_card(folder)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(PARTS)}))
    for part, rows in by_part(utterances()).items():
        (folder / part).mkdir()
        table, name = arrow_table(rows), "data-00000-of-00001.arrow"
        with pyarrow.ipc.new_stream(str(folder / part / name), table.schema) as stream:
            stream.write_table(table)
        (folder / part / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
        (folder / part / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    return folder


def with_metadata(folder, suffix="csv"):
    """Recordings in a folder for each part, with a table in each."""
    write_card(folder)
    for part, rows in by_part(utterances()).items():
        write_audio(folder / part, rows)
        cells = [{"file_name": row["file"], "emotion": row["label"], "speaker_id": row["speaker"]} for row in rows]
        if suffix == "csv":
            write_csv(folder / part / "metadata.csv", list(cells[0]), [list(row.values()) for row in cells])
        elif suffix == "jsonl":
            (folder / part / "metadata.jsonl").write_text("\n".join(map(json.dumps, cells)))
        else:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(cells), folder / part / "metadata.parquet")
    return folder


def folders_of_labels(folder):
    """``train/Joy/A1.wav`` and so on."""
    write_card(folder)
    for part, rows in by_part(utterances()).items():
        write_audio(folder / part, [{**row, "file": f"{row['label']}/{row['file'][4:]}"} for row in rows])
    return folder


HEADER = """
name: mydb
usage: research
languages: [deu]
schemes:
  emotion: {dtype: str, labels: [ANG, Joy, neutral, Sadness]}
  speaker: {dtype: str, labels: speaker}
  words: {dtype: str, labels: {t1: guten Tag}}
splits:
  train: {type: train}
  dev: {type: dev}
  test: {type: test}
tables:
  files:
    type: filewise
    columns:
      speaker: {scheme_id: speaker}
      transcription: {scheme_id: words}
  emotion.train:
    type: filewise
    split_id: train
    columns: &columns
      emotion: {scheme_id: emotion}
  emotion.dev: {type: filewise, split_id: dev, columns: *columns}
  emotion.test: {type: segmented, split_id: test, columns: *columns}
misc_tables:
  speaker:
    levels: {speaker: str}
    columns:
      sex: {}
"""


def audformat_database(folder, suffix="csv"):
    """Two tables of whole files, one of segments, speakers in a table of their own."""
    rows = utterances()
    write_audio(folder, rows)
    (folder / "db.yaml").write_text(HEADER)
    emotions = {
        part: [{"file": row["file"], "emotion": row["label"]} for row in rows if row["speaker"] == speaker]
        for part, speaker in {"train": "A", "dev": "B", "test": "C"}.items()
    }
    for at, row in enumerate(emotions["test"]):
        times = {"start": "0 days 00:00:00.050000", "end": "0 days 00:00:00.300000" if at % 2 else ""}
        emotions["test"][at] = {"file": row["file"], **times, "emotion": row["emotion"]}
    tables = {f"emotion.{part}": rows for part, rows in emotions.items()}
    tables["files"] = [{"file": r["file"], "speaker": r["speaker"], "transcription": "t1"} for r in rows]
    tables["speaker"] = [{"speaker": speaker, "sex": "female"} for speaker in "ABC"]
    for name, cells in tables.items():
        if suffix == "csv":
            write_csv(folder / f"db.{name}.csv", list(cells[0]), [list(row.values()) for row in cells])
        else:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(cells), folder / f"db.{name}.parquet")
    return folder
