"""Planted segments are found wherever they stand and whatever was done to them, and nothing else is."""

import numpy as np
import pytest
import soundfile

from tests.support import CHECKOUT, made_speech
from tests.support.made_speech import RATE, noise, speech, tones, with_noise, write_all
from xser.audit.shared_audio.fingerprints import HOP
from xser.audit.shared_audio.search import find_shared_segments
from xser.core.errors import XserError

END = 0.1  # seconds by which the ends of a stretch are known


def find(folder, recordings, **options):
    return find_shared_segments(write_all(folder, recordings), jobs=1, **options)


def planted(piece, seed, before, after=0.7):
    """A recording that holds `piece` after so many samples of other speech."""
    other = speech(seed, before / RATE + 1 + after)
    return np.concatenate([other[:before], piece, other[-int(after * RATE) :]])


def pairs(found):
    return list(zip(found["one"], found["other"], strict=True))


def test_a_second_is_found_at_every_offset(tmp_path):
    random = np.random.default_rng(0)
    recordings, starts = [], []
    for residue in range(HOP):
        piece = speech(1000 + residue, 1.0)
        before = int(random.integers(0, 20000))
        before_other = int(random.integers(0, 150)) * HOP + (before + residue) % HOP
        recordings += [planted(piece, 2 * residue, before), -0.5 * planted(piece, 2 * residue + 1, before_other)]
        starts.append((before / RATE, before_other / RATE))
    assert {round((other - one) * RATE) % HOP for one, other in starts} == set(range(HOP))
    found = find(tmp_path, recordings)
    assert pairs(found) == [(2 * number, 2 * number + 1) for number in range(HOP)]
    assert np.allclose(found[["start_one", "start_other"]], starts, atol=END)
    lags = np.round((found["start_other"] - found["start_one"]) * RATE)
    assert lags.tolist() == [round((other - one) * RATE) for one, other in starts]
    assert np.allclose(found["seconds"], 1.0, atol=2 * END)
    assert found["similarity"].min() > 0.9 and not found["near"].any()
    lengths = [min(len(recordings[one]), len(recordings[other])) / RATE for one, other in pairs(found)]
    assert np.allclose(found["covered"], found["seconds"] / lengths, atol=0.01)


CHANGES = {
    "as it is": lambda piece: piece,
    "20 dB quieter": lambda piece: 0.1 * piece,
    "inverted": lambda piece: -piece,
    "with an offset": lambda piece: piece + 0.2,
    "noise 20 dB below": lambda piece: with_noise(piece, 20),
    "resampled": lambda piece: made_speech.resampled(piece, 13),
    "mp3": lambda piece: made_speech.through_codec(piece, "libmp3lame", "mp3", 32000),
    "aac": lambda piece: made_speech.through_codec(piece, "aac", "adts", 32000),
    "opus": lambda piece: made_speech.through_codec(piece, "libopus", "ogg", 24000),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(tmp_path, change):
    codecs = {"mp3": "libmp3lame", "aac": "aac", "opus": "libopus"}
    if change in codecs and codecs[change] not in pytest.importorskip("av").codecs_available:
        pytest.skip(f"PyAV without {codecs[change]}")
    recordings = []
    for number in range(12):
        piece = speech(2000 + number, 1.1)
        recordings += [planted(piece, 2 * number, 3000 + 777 * number)]
        recordings += [planted(CHANGES[change](piece), 2 * number + 1, 9000 - 555 * number)]
    found = find(tmp_path, recordings)
    assert pairs(found) == [(2 * number, 2 * number + 1) for number in range(12)]
    assert found["similarity"].min() > 0.85


def test_a_whole_copy_that_was_changed_is_a_near_duplicate_however_short(tmp_path):
    recordings = []
    for number, seconds in enumerate(np.linspace(0.4, 0.9, 12)):
        word = speech(3000 + number, seconds)
        cut = int(0.05 * len(word))
        recordings += [word, 0.3 * with_noise(word, 30)[cut:]]
    found = find(tmp_path, recordings)
    assert pairs(found) == [(2 * number, 2 * number + 1) for number in range(12)]
    assert found["near"].all() and found["covered"].min() > 0.9
    assert found["seconds"].max() < 0.95


def test_a_short_word_within_a_sentence_is_a_near_duplicate_but_half_of_it_is_none(tmp_path):
    word = speech(1, 0.6)
    found = find(tmp_path, [word, planted(word, 2, 7001), planted(word[:4800], 3, 5003)])
    assert pairs(found) == [(0, 1)] and found["near"].all()


def test_shorter_stretches_are_found_where_they_are_asked_for(tmp_path):
    piece = speech(1, 0.7)
    recordings = [planted(piece, 2, 5000), planted(piece, 3, 9001)]
    assert find(tmp_path, recordings).empty
    assert pairs(find(tmp_path, recordings, shortest=0.6)) == [(0, 1)]


def test_overlapping_cuts_of_one_recording_are_found(tmp_path):
    whole = speech(5, 7.0)
    found = find(tmp_path, [whole[start : start + 48000] for start in (0, 20011, 40022, 60033)])
    assert pairs(found) == [(0, 1), (1, 2), (2, 3)]
    assert np.allclose(found["seconds"], 3 - 20011 / RATE, atol=0.02)
    assert np.allclose(found["start_one"], 20011 / RATE, atol=0.02) and np.allclose(found["start_other"], 0)


# Not accused. ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_different_speech_and_noise_share_nothing(tmp_path, seed):
    recordings = [speech(100 * seed + number, 2.5) for number in range(40)]
    recordings += [0.05 * noise(100 * seed + number, 2.5, slope) for number in range(20) for slope in (0, 1, 2)]
    assert find(tmp_path, recordings).empty


def test_the_same_words_of_the_same_voice_said_again_are_not_shared(tmp_path):
    recordings = [speech(take, 2.0, words=text, pitch=120) for text in range(8) for take in range(6)]
    assert find(tmp_path, recordings).empty


def test_silence_hum_tones_and_faint_noise_are_not_shared(tmp_path):
    pause = np.zeros(2 * RATE)
    hum = [tones(seed, 3, range(50, 1000, 50)) for seed in range(3)]
    recordings = [pause, pause.copy(), pause + 0.1, pause + 0.1, pause - 0.3]
    recordings += hum + [with_noise(it, 15, seed) for seed, it in enumerate(hum)]
    recordings += [tones(seed, 2.5, frequencies) for seed in range(3) for frequencies in [(440,), (440, 443), (1000,)]]
    recordings += [noise(seed, 3) / 32768 for seed in range(4)]
    recordings += [np.concatenate([speech(seed, 1), pause, speech(seed + 50, 1)]) for seed in range(4)]
    recordings += [speech(seed, 2.5) + 0.3 * tones(seed, 2.5, range(50, 300, 50)) for seed in range(60, 64)]
    assert find(tmp_path, recordings).empty


def test_made_up_corpora_share_nothing():
    paths = sorted((CHECKOUT / "egs_data" / "cafe").rglob("*.wav"))
    assert len(paths) > 100
    assert find_shared_segments(paths, jobs=1).empty


# How it is called. ----------------------------------------------------------------------------------------------------


def test_processes_do_not_change_the_result(tmp_path):
    piece = speech(1, 1.5)
    recordings = [planted(piece, seed, 1000 + 101 * seed) for seed in range(9)]
    recordings += [speech(50 + seed, 1.0) for seed in range(100)]
    paths = write_all(tmp_path, recordings)
    alone, together = (find_shared_segments(paths, jobs=jobs) for jobs in (1, 2))
    assert len(alone) == 36
    assert alone.equals(together)


def test_nothing_and_what_is_too_short_give_an_empty_table(tmp_path):
    columns = ["one", "other", "start_one", "start_other", "seconds", "similarity", "covered", "near"]
    for recordings in ([], [speech(1, 0.1)], [speech(1, 0.1), speech(1, 0.1)]):
        found = find(tmp_path, recordings)
        assert found.empty and found.columns.tolist() == columns


def test_what_is_not_prepared_is_refused(tmp_path):
    soundfile.write(tmp_path / "slow.wav", speech(1, 1), 8000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    for name in ("slow.wav", "broken.wav", "none.wav"):
        with pytest.raises(XserError, match=f"{name}.*stage 0"):
            find_shared_segments([tmp_path / name], jobs=1)
