"""Recordings as they come: every codec, odd rates and channels, headers that lie, and nothing wrong without a word."""

import io
import json
import os
import socket
import struct
import time

import numpy as np
import pandas as pd
import pytest
import soundfile

from xser.core.errors import XserError
from xser.corpora.audio import mixing, preparation
from xser.corpora.audio.decoding import BadRecording, decode_recording, read_recording, to_pcm
from xser.corpora.audio.preparation import prepare_recordings
from xser.corpora.audio.resampling import resample, resampler_of

RATE = 16000
SOUND = np.random.default_rng(0).normal(0, 0.1, RATE) + 0.2 * np.sin(np.arange(RATE) * 0.06)
PCM = np.rint(SOUND * 32768).astype("<i2")
KINDS = [  # all that libsndfile writes, but for headerless data
    (container, subtype)
    for container in sorted(soundfile.available_formats())
    for subtype in sorted(soundfile.available_subtypes(container))
    if container not in ("RAW", "SD2") and soundfile.check_format(container, subtype)
]


def chunk(name, content, size=None):
    return name + struct.pack("<I", len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


def wav(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def encoding(tag=1, channels=1, bits=16):
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, RATE, RATE * frame, frame, bits))


def read(tmp_path, content, stretch=None):
    (tmp_path / "a.wav").write_bytes(content)
    return decode_recording(tmp_path / "a.wav", stretch)


def samples_of(recording):
    return np.rint(recording.samples * 32768).astype(int)


# Codecs and containers. -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("container", "subtype"), KINDS)
@pytest.mark.parametrize("rate", [8000, 44100])
def test_whatever_soundfile_reads_is_read_to_the_last_sample(tmp_path, container, subtype, rate):
    try:
        soundfile.write(tmp_path / "a", SOUND, rate, format=container, subtype=subtype)
        expected, rate = soundfile.read(tmp_path / "a", dtype="float32")  # some containers hold other rates
    except soundfile.LibsndfileError:
        pytest.skip("libsndfile itself has no such file")
    recording = decode_recording(tmp_path / "a")
    assert recording.rate == rate
    np.testing.assert_array_equal(recording.samples, expected)
    part = decode_recording(tmp_path / "a", (0.05, 0.1))
    first, last = round(0.05 * rate), round(0.1 * rate)
    if "MP" not in container + subtype and subtype not in ("OPUS", "VORBIS"):  # their parts are not exact to the bit
        np.testing.assert_array_equal(part.samples, expected[first:last])
    assert len(part.samples) == last - first


# Headers. -------------------------------------------------------------------------------------------------------------

LIST, ODD = chunk(b"LIST", b"INFO" + bytes(30)), chunk(b"junk", b"abc")
TAKES = np.array_split(PCM, 3)
SEVERAL = "its samples stand in several chunks"


@pytest.mark.parametrize(
    ("chunks", "there"),
    [
        ([chunk(b"data", take.tobytes()) for take in TAKES], PCM),
        ([chunk(b"data", PCM[:8000].tobytes()), LIST, chunk(b"data", PCM[8000:].tobytes()), ODD], PCM),
        ([chunk(b"data", PCM[:8000].tobytes()), ODD, chunk(b"data", PCM[8000:].tobytes(), 0xFFFFFFFF)], PCM),
        ([chunk(b"data", PCM[:8000].tobytes() + b"x"), chunk(b"data", PCM[8000:].tobytes())], PCM),
    ],
)
@pytest.mark.parametrize("before", [b"", LIST, chunk(b"bext", bytes(6001))])
def test_the_samples_of_all_chunks_are_read(tmp_path, chunks, there, before):
    recording = read(tmp_path, wav(before, encoding(), *chunks))
    assert recording.mended == SEVERAL
    np.testing.assert_array_equal(samples_of(recording), there)
    part = decode_recording(tmp_path / "a.wav", (0.4, 0.9))
    np.testing.assert_array_equal(samples_of(part), there[6400:14400])


@pytest.mark.parametrize("size", [100, 4096, 6000, 70001, 900_000])
@pytest.mark.parametrize("promised", [0, 0xFFFFFFFF])
@pytest.mark.parametrize("name", [b"iXML", b"bext", b"JUNK"])
def test_a_recorder_that_died_behind_a_long_chunk(tmp_path, size, promised, name):
    content = wav(chunk(name, b" " * size), encoding(), chunk(b"data", PCM.tobytes(), promised), size=promised)
    recording = read(tmp_path, content)
    assert recording.mended
    np.testing.assert_array_equal(samples_of(recording), PCM)


@pytest.mark.parametrize("size", [100, 6000, 70001])
@pytest.mark.parametrize("promised", [0, 5, 3_000_000])
def test_a_long_chunk_of_a_wrong_size_before_the_encoding(tmp_path, size, promised):
    content = wav(chunk(b"iXML", b" " * size, promised), encoding(), chunk(b"data", PCM.tobytes()))
    recording = read(tmp_path, content)
    assert recording.mended == "a chunk before its samples has a wrong size"
    np.testing.assert_array_equal(samples_of(recording), PCM)


def flac(count, samples=PCM, rate=RATE):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="FLAC")
    content = bytearray(file.getvalue())
    if count is not None:
        content[18:26] = (int.from_bytes(content[18:26], "big") >> 36 << 36 | count).to_bytes(8, "big")
    return bytes(content)


FEWER = "its header promises fewer samples than there are"


@pytest.mark.parametrize(("count", "mended"), [(None, ""), (0, ""), (1, FEWER), (15999, FEWER), (16001, "")])
def test_a_flac_file_is_read_whatever_count_it_holds(tmp_path, count, mended):
    recording = read(tmp_path, flac(count))
    assert recording.mended == mended
    np.testing.assert_array_equal(samples_of(recording), PCM)


@pytest.mark.parametrize("count", [17000, 2**31, 2**36 - 1])
def test_a_flac_file_without_what_it_promises_is_cut_off(tmp_path, count):
    with pytest.raises(BadRecording, match="cut off .16000 of") as error:
        read(tmp_path, flac(count))
    assert error.value.kind == "cut off"


@pytest.mark.parametrize("count", [None, 0, 2**36 - 1])
def test_a_stretch_of_a_flac_file(tmp_path, count):
    np.testing.assert_array_equal(samples_of(read(tmp_path, flac(count), (0.25, 0.75))), PCM[4000:12000])
    with pytest.raises(BadRecording, match="cut off"):
        read(tmp_path, flac(count), (0.5, 1.5))


@pytest.mark.parametrize("count", [0, 2**36 - 1])
def test_stage_0_leaves_out_what_lies_and_keeps_the_rest(tmp_path, count):
    for name, content in {"a": flac(None), "b": flac(count), "c": flac(None, PCM[::-1])}.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
    rows = pd.DataFrame({"utterance": list("abc"), "source": [f"{name}.wav" for name in "abc"]})
    if count:
        with pytest.raises(XserError, match=r"1 of 3 recordings cannot be used: 1 cut off \(b.wav\)"):
            prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1)
    made = prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1, skip_bad=True)
    assert list(made.rows["utterance"]) == ["a", "c"]


# Length, memory, special files. ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["FLAC", "WAV"])
def test_more_than_half_an_hour_is_no_utterance_but_may_hold_some(tmp_path, container):
    tone = np.tile(np.rint(9000 * np.sin(np.arange(1000) * 0.3)).astype(np.int16), 1801)
    soundfile.write(tmp_path / "a.wav", tone, 1000, format=container)
    with pytest.raises(BadRecording, match="longer than 30 minutes"):
        decode_recording(tmp_path / "a.wav")
    np.testing.assert_array_equal(samples_of(decode_recording(tmp_path / "a.wav", (1790, 1801))), tone[1_790_000:])


def test_only_what_is_kept_of_a_long_recording_is_in_memory():
    mixer = mixing.Mixer(RATE, 100, 300)
    blocks = (np.full((8, 50), number, np.float32) for number in range(1000))
    taken = 0
    for block in blocks:
        taken += 1
        if not mixer.add(block):
            break
    assert taken == 6 and list(np.unique(mixer.samples)) == [2, 3, 4, 5] and len(mixer.samples) == 200


@pytest.mark.parametrize("kind", ["named pipe", "socket", "folder"])
def test_a_special_file_is_refused_at_once(tmp_path, monkeypatch, kind):
    path = tmp_path / "a.wav"
    if kind == "named pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        monkeypatch.chdir(tmp_path)  # a socket's path is short
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind("a.wav")
    with pytest.raises(BadRecording, match="unreadable .no file"):
        decode_recording(path)


@pytest.mark.parametrize("error", [MemoryError(), ValueError("array is too big"), RuntimeError("no"), OverflowError()])
def test_whatever_a_decoder_cannot_bear_names_the_file_and_is_skipped(tmp_path, monkeypatch, error):
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", PCM if name == "a" else PCM[::-1], RATE)
    add = mixing.Mixer.add

    def fails(mixer, block):
        if abs(block[0, 0] * 32768 - PCM[-1]) < 0.5:
            raise error
        return add(mixer, block)

    monkeypatch.setattr(mixing.Mixer, "add", fails)
    rows = pd.DataFrame({"utterance": list("ab"), "source": ["a.wav", "b.wav"]})
    with pytest.raises(XserError, match=r"1 unreadable \(b.wav\)"):
        prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1)
    assert len(prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1, skip_bad=True).rows) == 1
    assert type(error).__name__ in (tmp_path / "out" / "problems.txt").read_text()


# Channels and scale. --------------------------------------------------------------------------------------------------

OTHER = np.random.default_rng(1).normal(0, 0.1, RATE)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize(
    ("channels", "loudest"),
    [
        ([SOUND, -0.95 * SOUND], 0),
        ([0.8 * SOUND, -SOUND], 1),
        ([SOUND + 0.02 * OTHER, -0.9 * SOUND], 0),
        ([0.9 * SOUND, -0.9 * SOUND, SOUND, -SOUND / 1.01], 2),
        ([SOUND + 0.1, -0.9 * SOUND - 0.2], 0),
    ],
)
def test_channels_that_cancel_each_other_out_are_not_mixed(tmp_path, subtype, channels, loudest):
    soundfile.write(tmp_path / "a.wav", np.stack(channels, 1), RATE, subtype=subtype)
    recording = decode_recording(tmp_path / "a.wav")
    assert recording.mended == f"its channels cancel each other out, and channel {loudest + 1} alone is read"
    np.testing.assert_allclose(recording.samples, channels[loudest], atol=1.01 / 32768)
    assert len(decode_recording(tmp_path / "a.wav", (0.25, 0.5)).samples) == RATE // 4


@pytest.mark.parametrize(
    "channels",
    [
        [SOUND, SOUND],
        [SOUND, 0 * SOUND],
        [SOUND, OTHER],
        [SOUND, -0.3 * SOUND],
        [SOUND, OTHER, -SOUND],
        [OTHER, SOUND] * 4,
    ],
)
def test_other_channels_are_mixed_to_their_mean(tmp_path, channels):
    soundfile.write(tmp_path / "a.wav", np.stack(channels, 1), RATE, subtype="FLOAT")
    recording = decode_recording(tmp_path / "a.wav")
    assert recording.mended == ""
    np.testing.assert_allclose(recording.samples, np.mean(channels, axis=0), atol=1e-6)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "AIFF", "CAF"])
def test_floats_of_16_bit_integers_keep_their_loudness(tmp_path, subtype, container):
    levels = {}
    for peak in (32767, 3000, 300, 30):
        soundfile.write(tmp_path / "a", SOUND / np.abs(SOUND).max() * peak, RATE, format=container, subtype=subtype)
        recording = decode_recording(tmp_path / "a")
        assert "divided by 32768" in recording.mended
        pcm, decibels = to_pcm(*read_recording(tmp_path / "a"))
        levels[peak] = np.abs(pcm.astype(int)).max()
        assert decibels == 0
    assert levels == {peak: peak for peak in levels}


@pytest.mark.parametrize("peak", [0.01, 1.0, 1.5, 4.0, 7.9])
def test_floats_near_full_scale_are_what_they_are(tmp_path, peak):
    soundfile.write(tmp_path / "a.wav", SOUND / np.abs(SOUND).max() * peak, RATE, subtype="FLOAT")
    recording = decode_recording(tmp_path / "a.wav")
    assert recording.mended == "" and np.abs(recording.samples).max() == pytest.approx(peak)


@pytest.mark.parametrize("peak", [2.0**23, 2.0**31])
def test_floats_of_other_integers_are_refused(tmp_path, peak):
    soundfile.write(tmp_path / "a.wav", SOUND / np.abs(SOUND).max() * peak, RATE, subtype="FLOAT")
    with pytest.raises(BadRecording, match="floating-point samples of an unknown scale"):
        decode_recording(tmp_path / "a.wav")


# Rates. ---------------------------------------------------------------------------------------------------------------

ODD_RATES = [4001, 11027, 15999, 16001, 22255, 24414, 44099, 47999, 96001, 383987]


@pytest.mark.parametrize("rate", ODD_RATES)
def test_an_odd_rate_costs_no_more_than_others_and_is_resampled_as_well(rate):
    top = min(rate, RATE) / 2
    began = time.monotonic()
    for share in (0.02, 0.3, 0.6, 0.9):
        tone = 0.5 * np.sin(2 * np.pi * share * top * np.arange(2 * rate) / rate)
        resampled = resample(tone.astype(np.float32), rate)
        assert len(resampled) == 2 * RATE
        expected = 0.5 * np.sin(2 * np.pi * share * top * np.arange(2 * RATE) / RATE)
        assert np.abs(resampled - expected)[6000:-6000].max() < 0.5 * (10 ** (0.01 / 20) - 1), f"0.01 dB at {share}"
    if rate > 1.5 * RATE:
        for frequency in (8100, 9000, min(11000, 0.49 * rate)):
            tone = 0.5 * np.sin(2 * np.pi * frequency * np.arange(2 * rate) / rate)
            assert np.abs(resample(tone.astype(np.float32), rate))[6000:-6000].max() < 0.5 * 10 ** (-120 / 20)
    assert time.monotonic() - began < 5, "the filter of all phases took 21 s for 24,414 Hz"


@pytest.mark.parametrize("rate", ODD_RATES)
def test_noise_of_an_odd_rate_is_that_of_its_neighbour(rate):
    """The same sound at a rate near by gives the same samples, but for what lies above the pass band."""
    neighbour = min((8000, 11025, 12000, 22050, 24000, 44100, 48000, 96000, 384000), key=lambda r: abs(r - rate))
    random = np.random.default_rng(rate)
    tones = random.uniform(50, 0.85 * min(rate, neighbour, RATE) / 2, 15)
    phases = random.uniform(0, 2 * np.pi, (15, 1))

    def at(rate):
        return (0.02 * np.sin(2 * np.pi * tones[:, None] * np.arange(rate) / rate + phases)).sum(0)

    one, other = (resample(at(each).astype(np.float32), each)[4000:-4000] for each in (rate, neighbour))
    assert np.sqrt(np.mean((one - other) ** 2)) < 1e-3 * np.sqrt(np.mean(one**2))


@pytest.mark.parametrize(
    "rate", [1000, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 37800, 44100, 48000, 96000, 192000]
)
def test_common_rates_keep_the_resampler_and_the_files_that_they_had(tmp_path, rate):
    assert resampler_of(rate) == ""
    assert "resampler" not in comment_of(tmp_path, rate)


def comment_of(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", PCM[: rate // 10] if rate < 2000 else PCM, rate)
    rows = pd.DataFrame({"utterance": ["a"], "source": ["a.wav"]})
    prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1)
    with soundfile.SoundFile(tmp_path / "out" / "audio" / "a.wav") as sound:
        return json.loads(sound.comment)


def test_audio_of_an_odd_rate_that_an_earlier_version_made_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "resampler_of", lambda rate: "")
    assert "resampler" not in comment_of(tmp_path, 24414)
    monkeypatch.undo()
    rows = pd.DataFrame({"utterance": ["a"], "source": ["a.wav"]})
    assert prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1).made == 1
    assert comment_of(tmp_path, 24414)["resampler"] == "soxr VHQ"
