"""Damaged containers: what can be read is read to the last sample and noted, and the rest is refused in one line."""

import contextlib
import io
import struct

import numpy as np
import pandas as pd
import pytest
import soundfile

from xser.corpora.audio.containers import mend
from xser.corpora.audio.decoding import BadRecording, decode_recording
from xser.corpora.audio.preparation import prepare_recordings

RATE = 16000
SAMPLES = np.random.default_rng(0).integers(-9000, 9000, RATE, dtype=np.int16)
BYTES = SAMPLES.tobytes()
SIZE = len(BYTES)
ENCODING = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)


def chunk(name, content, size=None):
    return name + struct.pack("<I", len(content) if size is None else size) + content


def wav(samples=BYTES, encoding=ENCODING, before=b"", promised=None, after=b"", riff=None):
    chunks = b"WAVE" + chunk(b"fmt ", encoding) + before + chunk(b"data", samples, promised) + after
    return chunk(b"RIFF", chunks, riff)


def soundfile_wav(**options):
    file = io.BytesIO()
    soundfile.write(file, SAMPLES, RATE, **options)
    return file.getvalue()


def read(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    recording = decode_recording(tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == content
    return recording


LIST = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 14) + b"Lavf58.29.100\0")
ODD = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 13) + b"Lavf58.29.100")  # and no byte that makes it even
EXTENSIBLE = struct.pack("<H", 0xFFFE) + ENCODING[2:]
ID3 = b"ID3\x03\x00\x00" + bytes([0, 0, 8, 0]) + bytes(1024)
NO_LENGTH, MORE = "its header does not say how long it is", "its header promises more samples than there are"
WRONG_CHUNK, BEFORE = "a chunk before its samples has a wrong size", "something stands before its header"

WHOLE = {
    "plain": (wav(), ""),
    "riff 0": (wav(riff=0), ""),
    "riff too small": (wav(riff=100), ""),
    "riff too large": (wav(riff=10**9), ""),
    "a chunk before": (wav(before=LIST), ""),
    "a chunk behind": (wav(after=LIST), ""),
    "an odd chunk": (wav(before=ODD + b"\0"), ""),
    "a tag behind": (wav(after=b"TAG" + bytes(125)), ""),
    "extensible": (soundfile_wav(format="WAVEX", subtype="PCM_16"), ""),
    "extensible, 24 bit": (soundfile_wav(format="WAVEX", subtype="PCM_24"), ""),
    "RF64": (soundfile_wav(format="RF64"), ""),
    "written to a pipe": (wav(promised=0xFFFFFFFF, riff=0xFFFFFFFF), NO_LENGTH),
    "written to another pipe": (wav(promised=0x7FFFFF00), NO_LENGTH),
    "data 0": (wav(promised=0), "its header promises no samples"),
    "data 0, riff 0": (wav(promised=0, riff=0), "its header promises no samples"),
    "data 0 behind a chunk": (wav(before=LIST, promised=0), "its header promises no samples"),
    "the header counted too": (wav(promised=SIZE + 44), MORE),
    "an odd chunk without its last byte": (wav(before=ODD), WRONG_CHUNK),
    "a chunk of a huge size": (wav(before=chunk(b"LIST", b"INFO", 10**8)), WRONG_CHUNK),
    "a chunk of a huge size, data 0": (wav(before=chunk(b"LIST", b"INFO", 10**8), promised=0), WRONG_CHUNK),
    "extensible, cut": (wav(encoding=EXTENSIBLE), "its header does not name the encoding"),
    "extensible of nothing": (wav(encoding=EXTENSIBLE + bytes(24)), "its header does not name the encoding"),
    "a byte order mark before": (b"\xef\xbb\xbf" + wav(), BEFORE),
    "a line break before": (b"\r\n" + wav(), BEFORE),
    "zeros before": (bytes(500) + wav(), BEFORE),
    "a tag before": (ID3 + wav(), BEFORE),
    "junk behind": (wav(after=b"garbage" * 500), "more follows its samples than its header tells of"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_damaged_wav_is_read_to_the_last_sample(tmp_path, case):
    content, wrong = WHOLE[case]
    recording = read(tmp_path, content)
    assert (recording.rate, recording.channels, recording.mended) == (RATE, 1, wrong)
    np.testing.assert_array_equal(recording.samples, SAMPLES / np.float32(32768))


def test_a_second_of_which_is_damaged_is_read_as_a_stretch_too(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(promised=0))
    samples = decode_recording(tmp_path / "a.wav", (0.25, 0.75)).samples
    np.testing.assert_array_equal(samples, SAMPLES[4000:12000] / np.float32(32768))


def test_a_header_that_tells_of_a_part_is_believed_and_said(tmp_path):
    recording = read(tmp_path, wav(promised=SIZE // 2))
    assert (
        len(recording.samples) == RATE // 2 and recording.mended == "more follows its samples than its header tells of"
    )


@pytest.mark.parametrize(
    "content, kind",
    [
        (wav()[: -SIZE // 2], "cut off"),
        (wav()[:44], "cut off"),
        (wav(promised=SIZE + 640), "cut off"),
        (wav(b"", after=LIST), "empty"),
        (wav(b""), "empty"),
        (wav(encoding=bytes(16)), "unreadable"),
        (wav(encoding=EXTENSIBLE[:-2] + bytes(2)), "unreadable"),
        (wav(encoding=struct.pack("<HHIIHH", 0xFFFE, 1, RATE, 4 * RATE, 4, 32)), "unreadable"),
        (chunk(b"RIFF", b"WAVE" + chunk(b"data", BYTES)), "unreadable"),
        (b"\r\n" + wav()[:30], "unreadable"),
    ],
)
def test_what_cannot_be_mended_is_refused_in_one_line(tmp_path, content, kind):
    with pytest.raises(BadRecording, match=r"a.wav cannot be used: .*replace it") as error:
        read(tmp_path, content)
    assert error.value.kind == kind and "\n" not in str(error.value)


def test_no_header_ends_in_another_error(tmp_path):
    for seed in range(100):
        chance = np.random.default_rng(seed)
        content = bytearray(wav(before=[b"", LIST, ODD][seed % 3], promised=[None, 0][seed % 2]))
        for at in chance.integers(0, 110, chance.integers(1, 6)):
            content[at] = chance.integers(256)
        with contextlib.suppress(BadRecording):
            read(tmp_path, bytes(content[: chance.integers(20, 200)] if seed % 5 == 0 else content))
        mend(io.BytesIO(bytes(content)))


def mp3(mode="CONSTANT", tells=True):
    """Six seconds of a tone, noise in their middle; the first frame of the MP3 file says how many there are, or not."""
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(6 * RATE) / RATE)
    sound[30000:60000] = np.random.default_rng(0).normal(0, 0.2, 30000)
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="MP3", bitrate_mode=mode, compression_level=0.3)
    content = file.getvalue()
    second = min(at for at in (content.find(start, 4) for start in (b"\xff\xf3", b"\xff\xf2")) if at > 0)
    return content if tells else content[second:]


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE", "AVERAGE"])
@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("before, after", [(b"", b""), (ID3, b""), (b"", b"TAG" + bytes(125))])
def test_an_mp3_is_read_whole_under_the_name_wav(tmp_path, mode, tells, before, after):
    recording = read(tmp_path, before + mp3(mode, tells) + after)
    assert 6 * RATE <= len(recording.samples) < 6.2 * RATE
    assert recording.mended == ("" if tells or mode == "CONSTANT" else NO_LENGTH)
    end = recording.samples[5 * RATE : 5 * RATE + 8000]
    assert np.abs(np.fft.rfft(end)).argmax() == 220, "the tone behind the noise"


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_half_an_mp3_is_refused(tmp_path, mode):
    content = mp3(mode)
    with pytest.raises(BadRecording, match="cut off") as error:
        read(tmp_path, content[: len(content) // 2])
    assert error.value.kind == "cut off"


def test_stage_0_says_what_was_damaged(tmp_path):
    contents = {"a": wav(), "b": wav((-SAMPLES).tobytes(), promised=0), "c": b"\r\n" + wav(BYTES[::-1])}
    for name, content in contents.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
    rows = pd.DataFrame({"utterance": list("abc"), "source": [f"{name}.wav" for name in "abc"]})
    for _ in range(2):
        notes = prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1).notes
        said = "2 recordings in a damaged container, read nevertheless: e.g. b.wav: its header promises no samples"
        assert notes == [said]
