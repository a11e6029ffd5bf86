"""What is known of real corpora: clips of URDU that overlap in time, and the recording of RAVDESS with two names."""

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate, decimate

from xser.audit.shared_audio.search import find_shared_segments
from xser.corpora.audio.decoding import read_recording, to_pcm

RATE = 16000
SLOW = 4  # times slower sampling is enough for voices, and many times as fast


def prepared(folder, recordings):
    """Write the 16 kHz audio of recordings as stage 0 does."""
    paths = []
    for recording in recordings:
        pcm, _ = to_pcm(*read_recording(recording))
        paths.append(folder / f"{recording.stem}.wav")
        soundfile.write(paths[-1], pcm, RATE, subtype="PCM_16")
    return paths


def likeness(one, other):
    """Normalised cross-correlation at the lag where it is largest, over nearly a second or more."""
    products = correlate(one, other, method="fft")
    lags = np.arange(len(products)) - (len(other) - 1)
    squares, squares_other = (np.r_[0, np.cumsum(it**2)] for it in (one, other))
    first, last = np.maximum(lags, 0), np.minimum(len(one), len(other) + lags)
    energy = (squares[last] - squares[first]) * (squares_other[last - lags] - squares_other[first - lags])
    enough = last - first >= 0.95 * RATE / SLOW
    return np.abs(products[enough] / np.sqrt(np.maximum(energy[enough], 1e-9))).max()


@pytest.fixture(scope="module")
def urdu(shared, tmp_path_factory):
    """Recordings of URDU by speaker and file, and the pairs that were found."""
    folder = tmp_path_factory.mktemp("urdu")
    paths = prepared(folder, sorted((shared / "corpora" / "urdu").rglob("*.flac")))
    found = find_shared_segments(paths, jobs=1)
    names = [path.stem for path in paths]
    return paths, {(names[pair.one], names[pair.other]): pair for pair in found.itertuples()}


def test_urdus_clips_overlap_also_across_speakers(urdu):
    _, pairs = urdu
    across = {pair for pair in pairs if pair[0].split("_")[0] != pair[1].split("_")[0]}
    assert across == {("SF1_F4_H04", "SF4_F3_H019"), ("SF1_F4_H04", "SF4_F4_H020")}
    assert len(pairs) == 10 and all(pair.similarity > 0.98 for pair in pairs.values())


def test_brute_force_finds_what_was_found_and_no_more(urdu):
    """All pairs of the happy clips, in which a stretch is shared across speakers, by correlation at every lag."""
    paths, pairs = urdu
    happy = [path for path in paths if "_H" in path.stem]
    waves = [decimate(soundfile.read(path)[0], SLOW) for path in happy]
    waves = [wave - wave.mean() for wave in waves]
    alike = set()
    for at, one in enumerate(waves):
        for behind, other in enumerate(waves[at + 1 :], start=at + 1):
            if likeness(one, other) > 0.8:
                alike.add((happy[at].stem, happy[behind].stem))
    assert alike == {pair for pair in pairs if "_H" in pair[0]}


def test_ravdess_has_one_recording_under_two_names(shared, tmp_path):
    actor = sorted((shared / "corpora" / "ravdess").rglob("03-01-0[34]-*-07.flac"))
    names = [path.stem for path in actor]
    found = find_shared_segments(prepared(tmp_path, actor), jobs=1)
    assert [(names[pair.one], names[pair.other]) for pair in found.itertuples()] == [
        ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
    ]
    assert found["near"].all() and found["similarity"].min() > 0.999
