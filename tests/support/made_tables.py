"""Tables and folders of a made-up corpus of short noises, in every form that `--corpus FILE` takes."""

import csv
import io

import numpy as np
import soundfile

EMOTIONS = {"angry": "ANG", "happy": "Joy", "neutral": "neutral", "sad": "Sadness"}  # emotion: as the tables say it


def wav_bytes(emotion, seed):
    """Bytes of a WAV file: noise, no two alike, in a band that tells the emotion."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal(int(16000 * random.uniform(0.35, 0.45))))
    band = np.arange(len(spectrum)) * 4 // len(spectrum) == list(EMOTIONS).index(emotion)
    wave = np.fft.irfft(np.where(band, spectrum, 0.3 * spectrum))
    file = io.BytesIO()
    soundfile.write(file, 0.3 * wave / np.abs(wave).max(), 16000, subtype="PCM_16", format="WAV")
    return file.getvalue()


def utterances(speakers="ABC", takes=2):
    """Dicts of file (below a folder wav), label, emotion, speaker and seed."""
    return [
        {"file": f"wav/{speaker}_{emotion}_{take}.wav", "label": label, "emotion": emotion, "speaker": speaker}
        | {"seed": 1000 * ord(speaker) + 10 * number + take}
        for speaker in speakers
        for number, (emotion, label) in enumerate(EMOTIONS.items())
        for take in range(takes)
    ]


def write_audio(folder, rows):
    """Write the recordings of rows below a folder."""
    for row in rows:
        path = folder / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_bytes(row["emotion"], row["seed"]))


def write_csv(path, headings, rows, encoding="utf-8", delimiter=","):
    """Write a table; rows are lists of cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows([headings, *rows])
    return path


def made_csv(folder, name="mine.csv", language="de", **of_rows):
    """A whole corpus: recordings, and a table that says all."""
    rows = utterances(**of_rows)
    write_audio(folder, rows)
    cells = [[row["file"], row["label"], row["speaker"], language] for row in rows]
    return write_csv(folder / name, ["path", "label", "speaker", "language"], cells)


def silence(path, seconds=1.0):
    """A quiet noise, for tests that look at no samples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(str(path))).normal(0, 0.1, round(16000 * seconds))
    soundfile.write(path, noise, 16000, subtype="PCM_16")
