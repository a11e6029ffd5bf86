"""Tiny corpora of buzzing tones under real corpora's names, for tests that run the stages."""

import zlib

import numpy as np
import soundfile
import yaml

PITCH = {"angry": 260, "happy": 330, "neutral": 180, "sad": 120}
SLOPE = {"angry": 0.0, "happy": 0.4, "neutral": 0.0, "sad": -0.3}


def tone(emotion, seed, rate=16000):
    """A harmonic tone of about 0.4 s whose pitch and its movement tell the emotion, at one level, with some noise.

    It wavers as a voice does: two steady tones of one pitch would be nearly the same recording.
    """
    random = np.random.default_rng(seed)
    seconds = random.uniform(0.35, 0.45)
    time = np.arange(int(seconds * rate)) / rate
    pitch = PITCH[emotion] * random.uniform(0.9, 1.1) * (1 + SLOPE[emotion] * time / seconds)
    pitch *= 1 + 0.08 * np.sin(2 * np.pi * (random.uniform(4, 8) * time + random.uniform(0, 1)))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = sum(np.sin(k * phase) / k for k in range(1, 8)) + 0.05 * random.standard_normal(len(time))
    return (0.2 * wave / np.abs(wave).max()).astype(np.float32)


def make_emodb(folder, speakers=("03", "08", "09"), takes="ab"):
    """German: letters in file names."""
    letters = {"W": "angry", "F": "happy", "N": "neutral", "T": "sad"}
    names = {f"wav/{s}a01{letter}{t}.wav": e for letter, e in letters.items() for s in speakers for t in takes}
    return _write(folder, names, {letter: len(speakers) * len(takes) for letter in letters})


def make_cafe(folder, speakers=("01", "02", "03"), takes="12"):
    """French: letters in file names, accents in folders."""
    letters = {
        "C": ("Colère/Fort", "angry"),
        "J": ("Joie/Fort", "happy"),
        "N": ("Neutre", "neutral"),
        "T": ("Tristesse/Fort", "sad"),
    }
    names = {
        f"{place}/{s}-{letter}-{1 if letter == 'N' else 2}-{t}.wav": e
        for letter, (place, e) in letters.items()
        for s in speakers
        for t in takes
    }
    return _write(folder, names, {letter: len(speakers) * len(takes) for letter in letters})


def make_urdu(folder, speakers=("SM1", "SM2", "SF3"), takes=(1, 2)):
    """Urdu: a folder an emotion."""
    names = {
        f"{e.title()}/{s}_F{t}_{e[0].upper()}{number:03}.wav": e
        for e in PITCH
        for number, (s, t) in enumerate(((s, t) for s in speakers for t in takes), start=1)
    }
    return _write(folder, names, {e[0].upper(): len(speakers) * len(takes) for e in PITCH})


def make_root(folder):
    """A data root with three languages; returns `folder`."""
    counts = {
        "emodb": make_emodb(folder / "emodb"),
        "cafe": make_cafe(folder / "cafe"),
        "urdu": make_urdu(folder / "urdu"),
    }
    (folder / "counts.yaml").write_text(yaml.safe_dump({"made_up": True, "counts": counts}))
    return folder


def _write(folder, names, counts):
    for name, emotion in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(emotion, zlib.crc32(f"{folder.name}/{name}".encode())), 16000, subtype="PCM_16")
    return counts
