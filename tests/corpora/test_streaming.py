"""A stream of a recording gives the samples that reading it whole gives, whatever its container, length and rate."""

import io

import av
import numpy as np
import pytest
import soundfile

from xser.corpora.audio import streaming
from xser.corpora.audio.decoding import BadRecording
from xser.corpora.audio.streaming import seconds_told, stream, survey
from xser.corpora.audio.waveforms import Part, read_waveform


def noise(seconds, rate, channels=1, peak=0.5):
    samples = np.random.default_rng(0).standard_normal((round(seconds * rate), channels))
    return (peak * samples / np.abs(samples).max()).astype(np.float32)


def streamed(source):
    return np.concatenate(list(stream(source, survey(source))))


@pytest.mark.parametrize(
    ("rate", "seconds", "channels", "suffix", "subtype"),
    [
        (16000, 3.3, 1, "wav", "PCM_16"),
        (44100, 12.7, 2, "wav", "PCM_16"),
        (8000, 23.1, 1, "flac", "PCM_16"),
        (48000, 11.0, 2, "wav", "FLOAT"),
        (22050, 25.3, 1, "ogg", "VORBIS"),
    ],
)
def test_a_stream_is_the_recording(rate, seconds, channels, suffix, subtype, tmp_path):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(seconds, rate, channels), rate, subtype=subtype)
    whole, pieces = read_waveform(path), streamed(path)
    assert len(pieces) == len(whole)
    assert np.abs(pieces - whole).max() <= 1 / 32768  # a sample may be rounded to its other neighbour
    assert seconds_told(path) == pytest.approx(seconds, abs=0.05)


def test_samples_beyond_full_scale_are_brought_to_it_by_one_factor(tmp_path):
    path = tmp_path / "a.wav"
    samples = noise(21, 16000, peak=0.4)
    samples[-1] = 4.0
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    assert np.abs(streamed(path) - read_waveform(path)).max() <= 1 / 32768


def test_a_part_of_a_file_is_streamed_too(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(70, 8000), 8000)
    part = Part(str(path), 21.5, 60.25)
    assert np.abs(streamed(part) - read_waveform(part)).max() <= 1 / 32768
    assert survey(part).starts_at == 21.5 and survey(part).seconds == pytest.approx(38.75)


@pytest.mark.parametrize("form", ["bytes", "file", "samples"])
def test_other_forms_are_streamed(form, tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(5, 16000), 16000)
    content = path.read_bytes()
    source = {"bytes": content, "file": io.BytesIO(content), "samples": soundfile.read(path)}[form]
    assert np.array_equal(streamed(source), read_waveform(path))


def write_video(path, audio_starts_at):
    """A video whose sound begins later than its picture."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 16
        sound = container.add_stream("aac", rate=16000)
        for number in range(40):
            frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), dtype=np.uint8), "rgb24")
            frame.pts = number
            container.mux(picture.encode(frame))
        container.mux(picture.encode())
        samples = noise(2.0, 16000)[None, :, 0]
        for start in range(0, samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(samples[:, start : start + 1024], "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, round(audio_starts_at * 16000) + start
            container.mux(sound.encode(frame))
        container.mux(sound.encode())


def test_the_time_is_that_of_the_recordings_own_clock(tmp_path):
    write_video(tmp_path / "late.mkv", 1.5)
    write_video(tmp_path / "at_once.mkv", 0.0)
    assert survey(tmp_path / "late.mkv").starts_at == pytest.approx(1.5, abs=0.07)  # a frame of the codec
    assert survey(tmp_path / "at_once.mkv").starts_at == pytest.approx(0.0, abs=0.07)


@pytest.mark.parametrize(
    ("samples", "problem"),
    [(np.zeros(20000), "silent"), (np.full(20000, np.nan), "NaN"), (np.full(100, 0.5), "empty")],
)
def test_what_cannot_be_used_is_refused(samples, problem, tmp_path):
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(BadRecording, match=problem):
        survey(tmp_path / "a.wav")


def test_no_more_than_some_pieces_are_held(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(90, 8000), 8000)
    lengths, resample = [], streaming.resample

    def watched(samples, rate):
        lengths.append(len(samples))
        return resample(samples, rate)

    monkeypatch.setattr(streaming, "resample", watched)
    streamed(path)
    assert max(lengths) <= (streaming.PIECE + 2 * streaming.BESIDE) * 8000
