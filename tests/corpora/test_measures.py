"""Level, DC offset, clipping and digital silence: what is planted is measured, and what is clean is not accused."""

import dataclasses
import itertools

import numpy as np
import pytest

from tests.support.made_voice import in_16_bit, voice
from xser.core.errors import XserError
from xser.corpora.audio.measures import (
    COLUMNS,
    FLOOR,
    Measures,
    are_written,
    clipped_samples,
    measure,
    read_measures,
    write_measures,
)

RATE = 16000


def normalised(samples, peak=32767 / 32768):
    return samples * peak / np.abs(samples).max()


@pytest.mark.parametrize("rate, channels", [(8000, 1), (44100, 2), (48000, 6)])
def test_what_is_simple_is_measured_as_it_is(rate, channels):
    it = measure(in_16_bit(voice(1.5, rate)), rate, channels)
    assert (it.rate, it.channels, it.seconds) == (rate, channels, 1.5)
    assert it.level == pytest.approx(-20, abs=0.02) and it.dc == pytest.approx(0, abs=2e-5)
    assert (it.silence_start, it.silence_end, it.clipped) == (0, 0, 0)


def test_levels_of_known_signals():
    square = np.tile(np.repeat([1.0, -1.0], 20), 400)
    assert (measure(square, RATE).level, measure(square, RATE).peak) == (0, 0)
    assert measure(square / 10, RATE).level == measure(square / 10, RATE).peak == -20
    assert measure(2 * square, RATE).peak == pytest.approx(6.02)


@pytest.mark.parametrize("offset", [-0.3, -0.01, 0.0004, 0.05])
def test_a_planted_offset_is_found_and_changes_no_level(offset):
    clean, moved = measure(in_16_bit(voice()), RATE), measure(in_16_bit(voice() + offset), RATE)
    assert moved.dc == pytest.approx(offset, abs=2e-5)
    assert moved.level == pytest.approx(clean.level, abs=0.01)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("start, end", [(0, 0.002), (0.002, 0), (0.01, 0.15), (1.2, 0.5), (0, 3.0)])
@pytest.mark.parametrize("constant", [0, 0.02, -0.5])
def test_planted_silence_of_each_length_is_found(rate, start, end, constant):
    sound = in_16_bit(voice(0.7, rate, level=0.2))
    before, after = (np.full(round(seconds * rate), constant, np.float32) for seconds in (start, end))
    it = measure(np.concatenate([before, sound, after]), rate)
    few = 4 / rate  # the sound may start or end with samples like the silence
    assert it.silence_start == pytest.approx(start, abs=few) and it.silence_end == pytest.approx(end, abs=few)
    assert it.level == pytest.approx(measure(sound, rate).level, abs=0.02)
    assert it.dc == pytest.approx(measure(sound, rate).dc, abs=1e-4)
    assert it.seconds == pytest.approx(start + 0.7 + end, abs=2 / rate)


def test_dithered_silence_is_silence_and_faint_noise_is_none():
    chance = np.random.default_rng(0)
    dithered = chance.integers(-1, 2, 4000) / 32768
    noise = np.rint(chance.normal(0, 3, 4000)) / 32768
    assert measure(np.r_[dithered, voice()], RATE).silence_start == pytest.approx(0.25, abs=0.001)
    for seed in range(20):
        assert measure(np.r_[noise, voice(seed=seed), noise], RATE).silence_start == 0


def test_silence_that_drifts_is_silence_and_a_plateau_behind_it_is_none():
    drifting = np.repeat([0, 3, 1, 4, 8], 40) / 32768
    assert measure(np.r_[drifting, voice()], RATE).silence_start == pytest.approx(200 / RATE, abs=4 / RATE)
    assert measure(np.r_[np.zeros(160), np.full(160, 0.5), voice()], RATE).silence_start == 0.01


def test_a_recording_that_is_all_silence():
    it = measure(np.full(8000, 0.25, np.float32), RATE)
    assert (it.silence_start, it.silence_end, it.level, it.peak) == (0.5, 0, FLOOR, -12.04)


# Clipping. ------------------------------------------------------------------------------------------------------------


def in_runs(there):
    """Number of those that stand beside another."""
    lengths = [len(list(group)) for value, group in itertools.groupby(there) if value]
    return sum(length for length in lengths if length > 1)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("over", [1.1, 1.5, 4.0])
@pytest.mark.parametrize("ceiling", [1.0, 0.9, 0.75])
def test_planted_clipping_is_found(rate, over, ceiling):
    for seed in range(3):
        loud = normalised(voice(1, rate, seed), over)
        clipped = in_16_bit(np.clip(loud, -1, 32767 / 32768) * ceiling)
        planted = in_runs(loud >= 32767 / 32768) + in_runs(loud <= -1)
        assert measure(clipped, rate).clipped == pytest.approx(planted / len(loud), abs=2 / rate), seed
        assert planted > 0


def test_clipping_of_one_side_and_of_one_place():
    one_side = np.minimum(1.5 * normalised(voice(seed=1)), 0.95)
    assert measure(in_16_bit(one_side), RATE).clipped > 0.0005
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    tone[8000:8005] = 32767 / 32768
    assert clipped_samples(tone) == 5


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_a_clean_recording_of_full_scale_is_not_accused(rate):
    for seed in range(10):
        assert measure(in_16_bit(normalised(voice(1, rate, seed))), rate).clipped == 0, seed
        assert measure(in_16_bit(normalised(voice(1, rate, seed), 32768 / 32768)), rate).clipped == 0, seed


@pytest.mark.parametrize("hertz", [20, 50, 123, 440, 1000])
def test_a_slow_peak_that_is_flat_is_not_accused(hertz):
    tone = np.sin(2 * np.pi * hertz * np.arange(48000) / 48000 + 0.3)
    assert clipped_samples(in_16_bit(normalised(tone))) == 0


def test_noise_of_full_scale_is_not_accused():
    for seed in range(30):
        assert clipped_samples(in_16_bit(normalised(np.random.default_rng(seed).standard_normal(RATE)))) == 0


def test_a_quiet_plateau_is_not_clipping():
    assert clipped_samples(in_16_bit(0.5 * np.clip(1.5 * normalised(voice()), -1, 1))) == 0


# The table. -----------------------------------------------------------------------------------------------------------


def test_the_table_comes_back_as_it_was_written(tmp_path):
    measures = {f"x-{name}": measure(in_16_bit(voice(seed=seed)), RATE, seed) for seed, name in enumerate("bNAé")}
    measures["x-none"] = Measures(44100, 2, 1e-6, FLOOR, -0.0, -1e-7, 0.25, 0.0, 3.5)
    assert not are_written(tmp_path, measures)
    write_measures(tmp_path, measures)
    table = read_measures(tmp_path)
    assert tuple(table.columns) == COLUMNS and list(table["utterance"]) == sorted(measures)
    for row in table.to_dict("records"):
        assert Measures(**{name: row[name] for name in COLUMNS[1:]}) == measures[row["utterance"]]
    assert are_written(tmp_path, measures)
    measures["x-none"] = dataclasses.replace(measures["x-none"], dc=0.0)
    assert not are_written(tmp_path, measures)


@pytest.mark.parametrize(
    "content", ["", "utterance,rate\nx,1\n", ",".join(COLUMNS) + "\n" + "x,loud" + ",1" * 8, "\xff"]
)
def test_a_table_that_is_none_is_told(tmp_path, content):
    with pytest.raises(XserError, match=r"measures.csv is missing: run stage 0"):
        read_measures(tmp_path)
    (tmp_path / "measures.csv").write_text(content, encoding="latin-1")
    with pytest.raises(XserError, match=r"measures.csv .*delete it and run stage 0 \(prepare\) again") as error:
        read_measures(tmp_path)
    assert "\n" not in str(error.value)
