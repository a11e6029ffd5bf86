"""Fingerprints stay the same where the sound does, and like ones are paired across recordings, in crowds as well."""

import numpy as np
import pytest

from tests.support.made_speech import noise, speech, tones, with_noise
from xser.audit.shared_audio.fingerprints import (
    FRAMES_AT_ONCE,
    HOP,
    LENGTH,
    PARTNERS,
    find_like_frames,
    fingerprint_frames,
)


def share_of_bits_turned(one, other):
    (a, changing), (b, _) = fingerprint_frames(one), fingerprint_frames(other)
    return np.bitwise_count(a ^ b)[changing].mean() / 64


@pytest.mark.parametrize("seed", range(3))
def test_bits_do_not_depend_on_gain_and_hardly_on_noise_and_half_a_hop(seed):
    voice = speech(seed, 3.0)
    assert share_of_bits_turned(voice, -0.2 * voice) < 0.01
    assert share_of_bits_turned(voice, with_noise(voice, 20)) < 0.1
    assert share_of_bits_turned(voice[HOP // 2 :], voice[: -HOP // 2]) < 0.1
    assert share_of_bits_turned(voice, speech(seed + 100, 3.0)) > 0.35


def test_a_frame_is_there_for_every_hop_that_fits():
    for size, frames in [(0, 0), (LENGTH - 1, 0), (LENGTH, 1), (LENGTH + HOP - 1, 1), (LENGTH + 5 * HOP, 6)]:
        fingerprints, changing = fingerprint_frames(np.zeros(size))
        assert len(fingerprints) == len(changing) == frames


def test_long_recordings_are_signed_in_parts_without_a_seam():
    voice = speech(1, (FRAMES_AT_ONCE + 50) * HOP / 16000)
    whole, changing = fingerprint_frames(voice)
    start = FRAMES_AT_ONCE - 30
    part, changing_part = fingerprint_frames(voice[start * HOP :])
    assert len(part) > 40
    assert np.array_equal(whole[start:], part) and np.array_equal(changing[start:], changing_part)


def test_steady_sound_gives_no_fingerprints_and_speech_does():
    for steady in [np.zeros(32000), np.full(32000, 0.3), tones(1, 2, (440,)), tones(1, 2, range(50, 1000, 50))]:
        assert not fingerprint_frames(steady)[1].any()
    assert fingerprint_frames(speech(1, 2.0))[1].mean() > 0.9
    assert not fingerprint_frames(noise(1, 2.0) / 1e6)[1].any()


def brute_force(fingerprints, changing, recording):
    """All frames of different recordings with the same 64 bits."""
    frames = np.flatnonzero(changing)
    return {
        (i, j) for i in frames for j in frames if recording[i] < recording[j] and fingerprints[i] == fingerprints[j]
    }  # fmt: skip


def test_like_frames_are_those_of_a_loop():
    random = np.random.default_rng(0)
    fingerprints = random.integers(0, 2**63, 200, dtype=np.uint64)
    fingerprints[130:160] = fingerprints[20:50]  # of the third and the first recording
    fingerprints[30:40] ^= np.uint64(1)
    changing = random.random(200) < 0.8
    ends = np.array([70, 70, 120, 200])  # the second is empty
    recording = np.repeat([0, 1, 2, 3], [70, 0, 50, 80])
    pairs = find_like_frames(fingerprints, changing, ends)
    assert {tuple(pair) for pair in pairs} >= brute_force(fingerprints, changing, recording) != set()
    assert set(pairs[:, 1] - pairs[:, 0]) == {110}


def test_each_of_hundreds_that_hold_a_sound_is_paired():
    recordings, frames = 5 * PARTNERS, 30
    sound = np.random.default_rng(0).integers(0, 2**63, frames, dtype=np.uint64)
    ends = frames * np.arange(1, recordings + 1)
    pairs = find_like_frames(np.tile(sound, recordings), np.ones(recordings * frames, bool), ends) // frames
    assert set(np.unique(pairs)) == set(range(recordings))
    assert len(np.unique(pairs, axis=0)) >= recordings * PARTNERS / 2
    assert (pairs[:, 0] < pairs[:, 1]).all()
