"""xser features gives what the encoder gives, in both kinds of files."""

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from tests.support.tiny_encoders import tiny_encoder
from xser.commands import features
from xser.commands.command_line import parser_of
from xser.core.errors import UsageError, XserError
from xser.corpora.audio.waveforms import read_waveform
from xser.model.encoders.pretrained import PretrainedEncoder


def ask(*words):
    features.main(parser_of("features", features).parse_args([*map(str, words), "--device", "cpu"]))


@pytest.fixture
def recordings(tmp_path):
    for number, seconds in enumerate([0.5, 0.8]):
        samples = 0.3 * np.random.default_rng(number).standard_normal(round(seconds * 16000))
        soundfile.write(tmp_path / f"{number}.wav", samples, 16000)
    return tmp_path


@pytest.mark.parametrize("kind", ["hubert", "whisper"])
def test_both_kinds_of_files_hold_what_the_encoder_gives(kind, recordings, tmp_path, tmp_path_factory):
    folder = tiny_encoder(kind, tmp_path_factory)
    ask(folder, recordings, "--layer", "all", "--output", tmp_path / "all.npz")
    ask(folder, recordings, "--layer", "1", "--output", tmp_path / "one.parquet")
    found, table = np.load(tmp_path / "all.npz"), pd.read_parquet(tmp_path / "one.parquet")
    encoder = PretrainedEncoder(folder)
    for at, name in enumerate(found["recording"]):
        waveform = torch.from_numpy(read_waveform(str(name)))
        wanted = encoder(waveform[None], torch.tensor([len(waveform)]))[0][0, 0].numpy()
        assert np.abs(found["features"][at] - wanted).max() < 1e-5
        assert np.abs(table.iloc[at, 1:].to_numpy(float) - wanted[1]).max() < 1e-5
    assert table["recording"].tolist() == found["recording"].tolist()


def test_a_long_recording_is_the_mean_of_its_pieces(tmp_path, tmp_path_factory):
    folder = tiny_encoder("wav2vec2-layer", tmp_path_factory)
    samples = 0.3 * np.random.default_rng(0).standard_normal(16000 * 30)
    soundfile.write(tmp_path / "twice.wav", np.concatenate([samples, samples]), 16000)
    soundfile.write(tmp_path / "once.wav", samples, 16000)
    ask(folder, tmp_path / "twice.wav", tmp_path / "once.wav", "--output", tmp_path / "a.npz")
    twice, once = np.load(tmp_path / "a.npz")["features"]
    assert np.abs(twice - once).max() < 1e-5


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (["compact", ".", "--output", "a.npz"], UsageError, "trained from scratch"),
        (["language_matched", ".", "--output", "a.npz"], UsageError, "name an encoder"),
        (["whisper_tinyen", ".", "--output", "a.npz"], XserError, "whisper_tiny_en"),
        (["ENCODER", ".", "--output", "a.txt"], UsageError, "--output ends in"),
        (["ENCODER", ".", "--output", "a.npz", "--layer", "9"], UsageError, "--layer is 0"),
        (["ENCODER", ".", "--output", "a.parquet", "--layer", "all"], UsageError, "goes into .npz"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(words, kind, message, recordings, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(recordings)
    encoder = str(tiny_encoder("hubert", tmp_path_factory))
    with pytest.raises(kind, match=message):
        ask(*[encoder if word == "ENCODER" else word for word in words])
    assert not list(recordings.glob("a.*"))
