"""Recordings of noise, and their preparation in one call."""

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from xser.core.digests import samples_digest
from xser.corpora.audio.preparation import prepare_recordings


def write(path, seed=0, seconds=0.1, rate=16000, **options):
    samples = np.random.default_rng(seed).integers(-3000, 3000, int(seconds * rate), dtype=np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)


def sixteen_bits(samples):
    """Samples as a recording of 16 bits holds them, float32."""
    return (np.rint(samples * 32768) / 32768).astype(np.float32)


def digest_of(path):
    """The digest that stage 0 would give a prepared recording."""
    return samples_digest(soundfile.read(path, dtype="int16")[0].tobytes())


def rows_of(folder):
    sources = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    return pd.DataFrame({"utterance": [f"x-{Path(it).stem}" for it in sources], "source": sources}, dtype=str)


def prepare(folder, destination, **options):
    return prepare_recordings(rows_of(folder), folder, destination, **{"jobs": 1, **options})
