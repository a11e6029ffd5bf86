import os
import subprocess
import sys

import av
import numpy as np
import pytest
import soundfile
import torch
import torchaudio

from xser.corpora.audio.decoding import SETTINGS, BadRecording, read_recording, to_pcm
from xser.corpora.audio.file_contents import AUDIO_SUFFIXES, contents_of, is_misnamed


def noise(seconds=0.5, rate=16000, channels=1, seed=0, level=0.1):
    samples = np.random.default_rng(seed).standard_normal((int(seconds * rate), channels)) * level
    return np.clip(samples, -1, 1).astype(np.float32)


def write_with_av(path, tracks, rate, codec, sample_format, video=False):
    """Write sound tracks, each (samples, channels), and if asked a picture, with PyAV."""
    layouts = {1: "mono", 2: "stereo", 3: "2.1", 6: "5.1"}
    with av.open(str(path), "w") as container:
        if video:
            picture = container.add_stream("mpeg4", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts = 0
        streams = [container.add_stream(codec, rate=rate, layout=layouts[track.shape[1]]) for track in tracks]
        if video:
            container.mux([*picture.encode(frame), *picture.encode(None)])
        for stream, track in zip(streams, tracks, strict=True):
            planar = sample_format.endswith("p")
            layout = np.ascontiguousarray(track.T) if planar else track.reshape(1, -1)
            sound = av.AudioFrame.from_ndarray(layout, format=sample_format, layout=layouts[track.shape[1]])
            sound.sample_rate, sound.pts = rate, 0
            container.mux([*stream.encode(sound), *stream.encode(None)])


def kind_of(path):
    with pytest.raises(BadRecording) as caught:
        read_recording(path)
    assert str(path.name) in str(caught.value)
    return caught.value.kind


LOSSLESS = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("AIFF", "PCM_16")]
SAMPLES = [("pcm_s16le", "s16", np.int16), ("pcm_f32le", "flt", np.float32)]

# Containers. ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "container, subtype", [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("AIFF", "PCM_16")]
)
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw", "a.vox", "no suffix", "ünï cödé.WAV", "a:b?.wav"])
def test_lossless_recordings_are_read_whatever_their_names(tmp_path, container, subtype, name):
    expected = np.rint(noise() * 32768) / 32768
    soundfile.write(tmp_path / "x", expected, 22050, format=container, subtype=subtype)
    (tmp_path / "x").rename(tmp_path / name)
    samples, rate = read_recording(tmp_path / name)
    assert rate == 22050 and samples.dtype == np.float32 and samples.shape == (len(expected),)
    np.testing.assert_array_equal(samples, expected[:, 0].astype(np.float32))


@pytest.mark.parametrize("container", ["FLAC", "OGG", "MP3", "AU", "CAF"])
def test_other_containers_are_read_under_the_name_wav(tmp_path, container):
    time = np.arange(16000) / 16000
    expected = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    soundfile.write(tmp_path / "x", expected, 16000, format=container)
    (tmp_path / "x").rename(tmp_path / "x.wav")
    samples, rate = read_recording(tmp_path / "x.wav")
    assert rate == 16000 and abs(len(samples) - 16000) < 3000
    assert np.sqrt((samples**2).mean()) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_a_name_that_is_no_utf8_opens(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"Col\xe8re.wav")
    with open(path, "wb") as file:
        soundfile.write(file, noise(), 16000, format="WAV")
    assert len(read_recording(os.fsdecode(path))[0]) == 8000
    with open(path, "wb") as file:
        file.write(b"nothing")
    with pytest.raises(BadRecording, match="Col.re.wav"):
        read_recording(os.fsdecode(path))


@pytest.mark.parametrize("channels", [2, 5])
def test_channels_are_mixed_to_their_mean(tmp_path, channels):
    recorded = noise(channels=channels)
    soundfile.write(tmp_path / "a.wav", recorded, 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_recording(tmp_path / "a.wav")[0], recorded.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
@pytest.mark.parametrize(
    "codec, sample_format, type", [("pcm_s16le", "s16", np.int16), ("pcm_f32le", "flt", np.float32)]
)
def test_pyav_reads_every_channel_exactly(tmp_path, channels, codec, sample_format, type):
    recorded = noise(channels=channels, rate=44100)
    stored = np.rint(recorded * 32768).astype(type) if type is np.int16 else recorded
    write_with_av(tmp_path / "a.mkv", [stored], 44100, codec, sample_format)
    samples, rate = read_recording(tmp_path / "a.mkv")
    expected = (stored / 32768 if type is np.int16 else stored).mean(axis=1)
    assert rate == 44100
    np.testing.assert_allclose(samples, expected, atol=1e-6)


def test_pyav_reads_unsigned_bytes(tmp_path):
    stored = np.random.default_rng(0).integers(0, 256, (8000, 1), dtype=np.uint8)
    write_with_av(tmp_path / "a.mkv", [stored], 16000, "pcm_u8", "u8")
    np.testing.assert_allclose(read_recording(tmp_path / "a.mkv")[0], (stored[:, 0] - 128.0) / 128)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("name", ["video.mp4", "a.m4a"])
def test_aac_of_a_video_is_mixed(tmp_path, name, channels):
    time = np.arange(48000) / 48000
    tones = np.stack([0.2 * np.sin(2 * np.pi * 300 * time)] * channels, axis=1).astype(np.float32)
    write_with_av(tmp_path / name, [tones], 48000, "aac", "fltp", video=name == "video.mp4")
    (tmp_path / name).rename(tmp_path / "any.wav")
    samples, rate = read_recording(tmp_path / "any.wav")
    assert rate == 48000 and 48000 <= len(samples) < 48000 + 3 * 1024
    spectrum = np.abs(np.fft.rfft(samples[:48000]))
    assert spectrum.argmax() == 300
    assert np.sqrt((samples[2000:46000] ** 2).mean()) == pytest.approx(
        0.2 / np.sqrt(2), rel=0.1 if channels < 6 else 0.3
    )


def test_the_first_of_several_sound_tracks_is_read(tmp_path):
    first, second = (np.rint(noise(seed=seed) * 32768).astype(np.int16) for seed in (1, 2))
    write_with_av(tmp_path / "a.mkv", [first, second], 16000, "pcm_s16le", "s16")
    np.testing.assert_array_equal(read_recording(tmp_path / "a.mkv")[0], first[:, 0] / np.float32(32768))


# Recordings that cannot be used. --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"", "empty"),
        (b"<!DOCTYPE html>\n<html><body>Sign in to download</body></html>", "holding an HTML page instead of audio"),
        (b"\xef\xbb\xbf  <html>", "holding an HTML page instead of audio"),
        (b"PK\x03\x04" + bytes(range(256)) * 20, "holding a zip archive instead of audio"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "holding a Git LFS pointer instead of audio"),
        ("#EXTM3U\nhttp://example.org/größe.mp3\n".encode(), "holding text instead of audio"),
        (b"x" + ("ü" * 3000).encode(), "holding text instead of audio"),
        (bytes(5000), "holding nothing but zero bytes instead of audio"),
        (np.random.default_rng(0).bytes(20000), "unreadable"),
        (b"RIFF\x00\x00\x00\x00WAVEjunk", "unreadable"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(100), "unreadable"),
    ],
)
def test_what_is_no_audio_is_told(tmp_path, content, kind):
    (tmp_path / "a.wav").write_bytes(content)
    assert kind_of(tmp_path / "a.wav") == kind


def test_missing_and_unreadable_files_are_unreadable(tmp_path):
    assert kind_of(tmp_path / "gone.wav") == "unreadable"
    (tmp_path / "folder.wav").mkdir()
    assert kind_of(tmp_path / "folder.wav") == "unreadable"


@pytest.mark.parametrize(
    "samples, kind",
    [
        (np.zeros(0), "empty"),
        (noise(0.02), "empty"),
        (np.zeros(16000), "silent"),
        (np.full(16000, 0.25), "silent"),
        (np.tile([0, 1 / 32768], 8000), "silent"),
        (np.r_[noise()[:, 0], np.nan], "with NaN or infinite samples"),
        (np.r_[-np.inf, noise()[:, 0]], "with NaN or infinite samples"),
        (np.tile([[np.inf, -np.inf]], (8000, 1)), "with NaN or infinite samples"),
    ],
)
def test_useless_samples_are_refused(tmp_path, samples, kind):
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    assert kind_of(tmp_path / "a.wav") == kind


def test_a_faint_recording_is_not_silent(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.tile([-2, 0, 2, 0], 4000).astype(np.int16), 16000)
    assert len(read_recording(tmp_path / "a.wav")[0]) == 16000


def test_a_damaged_sampling_rate_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(), 16000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[24:28] = (3).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(content)
    assert kind_of(tmp_path / "a.wav") == "unreadable"


@pytest.mark.parametrize("container", ["WAV", "AIFF"])
def test_a_recording_that_was_cut_off_is_refused(tmp_path, container):
    soundfile.write(tmp_path / "a.wav", noise(1), 16000, format=container, subtype="PCM_16")
    content = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(content[:-40])  # some writers count a few bytes too many
    assert len(read_recording(tmp_path / "a.wav")[0]) == 15980
    (tmp_path / "a.wav").write_bytes(content[: len(content) // 2])
    assert kind_of(tmp_path / "a.wav") == "cut off"


def test_a_half_flac_file_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.flac", noise(2), 16000)
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    assert kind_of(tmp_path / "a.flac") == "unreadable"


def test_a_wav_written_to_a_pipe_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(1), 16000, subtype="PCM_16")
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"  # such a writer cannot go back to say how much it wrote
    (tmp_path / "a.wav").write_bytes(content)
    assert len(read_recording(tmp_path / "a.wav")[0]) == 16000


def test_a_video_without_sound_is_told(tmp_path):
    write_with_av(tmp_path / "a.mp4", [], 16000, "aac", "fltp", video=True)
    assert kind_of(tmp_path / "a.mp4") == "without a sound track"


def test_a_video_that_lost_its_end_is_unreadable(tmp_path):
    write_with_av(tmp_path / "a.mp4", [noise(1)], 16000, "aac", "fltp", video=True)
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])
    assert kind_of(tmp_path / "a.mp4") == "unreadable"


@pytest.mark.parametrize("contents", AUDIO_SUFFIXES)
def test_misnamed_means_the_suffix_of_another_format(contents):
    assert not any(is_misnamed(contents, f"a{suffix.upper()}") for suffix in AUDIO_SUFFIXES[contents])
    assert is_misnamed(contents, "wav/a.wav" if contents != "WAV" else "a.mp3")
    assert not is_misnamed(contents, "a.xyz") and not is_misnamed("", "a.wav") and not is_misnamed("text", "a.wav")


@pytest.mark.parametrize("container, contents", [("WAV", "WAV"), ("RF64", "WAV"), ("AIFF", "AIFF"), ("MP3", "MP3")])
def test_contents_are_told_by_the_first_bytes(tmp_path, container, contents):
    soundfile.write(tmp_path / "x", noise(), 16000, format=container)
    assert contents_of((tmp_path / "x").read_bytes()[:4096]) == contents


# 16 kHz, 16 bit. ------------------------------------------------------------------------------------------------------


def brute_force_resample(samples, rate, new=16000):
    """Every new sample as the sum over all old ones, in double precision."""
    width, rolloff, beta = 64, 0.9476, 14.77
    cutoff = min(rate, new) * rolloff
    times = np.arange(-(-len(samples) * new // rate)) / new
    phase = (times[:, None] - np.arange(len(samples)) / rate) * cutoff
    window = np.i0(beta * np.sqrt(np.clip(1 - (phase / width) ** 2, 0, None))) / np.i0(beta)
    kernel = np.where(np.abs(phase) <= width, np.sinc(phase) * window, 0) * cutoff / rate
    return kernel @ samples


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 24000, 44100, 48000, 96000, 12500])
def test_resampling_agrees_with_the_sum_it_stands_for(rate):
    samples = noise(0.04, rate, seed=rate)[:, 0]
    pcm, _ = to_pcm(samples, rate)
    expected = brute_force_resample(samples.astype(float), rate) * 32768
    assert len(pcm) == len(expected)
    assert np.abs(pcm - expected).max() < 0.6


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_resampling_agrees_with_torchaudio(rate):
    samples = noise(1, rate)[:, 0]
    expected = torchaudio.functional.resample(torch.from_numpy(samples).double(), rate, 16000, **SETTINGS["resampler"])
    assert np.abs(to_pcm(samples, rate)[0] - expected.numpy() * 32768).max() < 1.2


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_a_tone_below_half_the_new_rate_stays_and_one_above_goes(rate):
    time, new_time = np.arange(rate) / rate, np.arange(16000) / 16000
    kept = to_pcm((0.5 * np.sin(2 * np.pi * 6500 * time)).astype(np.float32), rate)[0] / 32768
    lost = to_pcm((0.5 * np.sin(2 * np.pi * 8600 * time)).astype(np.float32), rate)[0] / 32768
    middle = slice(1000, -1000)
    assert np.abs(kept - 0.5 * np.sin(2 * np.pi * 6500 * new_time))[middle].max() < 1e-4
    assert np.abs(lost[middle]).max() < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_16_bit_samples_at_16_khz_stay_as_they_are(tmp_path, seed):
    recorded = np.random.default_rng(seed).integers(-32768, 32768, 5000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", recorded, 16000)
    pcm, decibels = to_pcm(*read_recording(tmp_path / "a.wav"))
    np.testing.assert_array_equal(pcm, recorded)
    assert pcm.dtype == np.int16 and decibels == 0


@pytest.mark.parametrize("rate", [16000, 44100])
def test_samples_beyond_full_scale_are_scaled_and_never_wrap(rate):
    wave = np.sin(2 * np.pi * 200 * np.arange(rate) / rate).astype(np.float32)
    pcm, decibels = to_pcm(4 * wave, rate)
    expected, _ = to_pcm(wave, rate)
    assert decibels == pytest.approx(12.04, abs=0.01)
    assert np.abs(pcm.astype(int) - expected).max() <= 2


def test_what_the_filter_overshoots_saturates():
    square = np.sign(np.sin(2 * np.pi * 100 * np.arange(44100) / 44100 + 0.1)).astype(np.float32)
    pcm, decibels = to_pcm(square, 44100)
    assert decibels == 0 and pcm.max() == 32767 and pcm.min() == -32768
    assert np.abs(np.diff(pcm[pcm > 0].astype(int))).max() < 32768
    signs = np.sign(to_pcm(0.5 * square, 44100)[0])
    assert (np.sign(pcm) == signs).mean() > 0.999


def test_a_recording_at_16_khz_needs_no_torch(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(channels=2), 16000)
    program = (
        "import sys; from xser.corpora.audio.decoding import read_recording, to_pcm; "
        "to_pcm(*read_recording(sys.argv[1])); "
        "print({'torch', 'av', 'pandas'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.wav")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "set()\n"
