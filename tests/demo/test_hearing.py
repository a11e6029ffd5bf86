"""What is taken from a recording that was given, and what is refused with a sentence."""

import os
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.tiny_trainings import tiny_trained_run, tone_rows
from xser.commands import serve as command
from xser.commands.command_line import parser_of
from xser.core.errors import UsageError, XserError
from xser.demo import kept as kept_module
from xser.demo import server
from xser.demo.hearing import BARS, Limits, hear
from xser.demo.kept import Kept
from xser.demo.server import serve
from xser.model.loading import load


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tiny_trained_run(tmp_path_factory.mktemp("run"), tone_rows(tmp_path_factory.mktemp("prepared")))


@pytest.fixture(scope="module")
def model(run):
    return load(run, "cpu")


def write(path, seconds=6.0, rate=22050):
    soundfile.write(path, 0.2 * np.random.default_rng(0).standard_normal(round(seconds * rate)), rate)
    return path


def test_what_is_shown_is_what_the_model_says(model, tmp_path):
    path = write(tmp_path / "given.wav")
    heard = hear(model, path, "my.wav", Limits(), tmp_path / "sound.wav")
    assert heard.answer == model.predict(path)
    assert heard.timeline.equals(model.timeline(tmp_path / "sound.wav"))
    emotions = list(model.emotions)
    assert np.allclose(heard.timeline[emotions], model.timeline(path)[emotions], atol=1e-5)
    assert (heard.name, heard.seconds) == ("my.wav", 6.0)


def test_the_envelope_is_that_of_the_sound(model, tmp_path):
    heard = hear(model, write(tmp_path / "given.wav", 12), "x", Limits(), tmp_path / "sound.wav")
    samples, rate = soundfile.read(tmp_path / "sound.wav")
    assert rate == 16000 and len(samples) == 12 * 16000
    assert np.allclose(heard.envelope, np.abs(samples).reshape(BARS, -1).max(axis=1))


@pytest.mark.parametrize(
    ("content", "limits", "said"),
    [
        (b"no sound at all, but words\n" * 9, {}, r"^my\.wav cannot be used: .*text.* Try another"),
        (b"", {}, "^my.wav cannot be used: empty"),
        (None, {"minutes": 0.05}, "^my.wav is longer than 0.05 minutes"),
        (None, {"megabytes": 0.1}, "^my.wav is larger than 0.1 MB"),
    ],
)
def test_what_cannot_be_used_is_a_sentence_without_a_path(content, limits, said, model, tmp_path):
    path = tmp_path / "given.wav"
    if content is None:
        write(path)
    else:
        path.write_bytes(content)
    with pytest.raises(XserError, match=said) as refused:
        hear(model, path, "my.wav", Limits(**limits), tmp_path / "sound.wav")
    assert str(tmp_path) not in str(refused.value)


def test_a_visitor_has_one_sound_and_nobody_else_finds_it(tmp_path):
    kept = Kept(tmp_path)
    for visitor in ("one", "two", "one"):
        kept.place(visitor).write_bytes(visitor.encode())
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["one", "two"]
    (tmp_path / "other.wav").touch()
    assert kept.find("other.wav") is None and kept.find("../kept") is None
    kept.forget("one")
    kept.forget("three")
    (left,) = (path for path in tmp_path.iterdir() if path.name != "other.wav")
    assert kept.find(left.name) == left and left.read_text() == "two"


def test_no_more_is_kept_than_some_visitors_need(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_module, "MOST", 2)
    kept = Kept(tmp_path)
    for visitor in ("one", "two", "three"):
        kept.place(visitor).write_text(visitor)
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["three", "two"]


def ask(*words):
    command.main(parser_of("serve", command).parse_args(list(map(str, words))))


@pytest.mark.parametrize("option", ["--max-minutes", "--max-megabytes"])
def test_limits_are_above_nothing(option, run):
    with pytest.raises(UsageError, match=option):
        ask(run, option, "0")


def test_an_address_that_is_not_free_is_one_line(run):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(XserError, match="choose another --port"):
        serve(str(run), port=taken.getsockname()[1])
    with pytest.raises(UsageError, match="no address"):
        serve(str(run), host="no such host")


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_an_address_for_everybody_is_warned_of_and_no_temporary_file_stays(host, warned, run, monkeypatch, capsys):
    pytest.importorskip("gradio")
    seen = []

    def look(app, listener):
        folder = Path(tempfile.gettempdir())
        (folder / "left behind").touch()
        seen.append((folder, os.environ["GRADIO_TEMP_DIR"], listener.getsockname()[0]))

    before = tempfile.gettempdir()
    monkeypatch.setattr(server, "_run", look)
    serve(str(run), host=host, port=0, device="cpu")
    said = capsys.readouterr().out
    assert f"http://{host}:" in said and ("warning: everybody" in said) == warned
    ((folder, of_gradio, address),) = seen
    assert (of_gradio, address) == (str(folder), host)
    assert not folder.exists() and tempfile.gettempdir() == before


def test_a_model_that_wants_statistics_says_so_before_it_is_served(tmp_path, tmp_path_factory):
    pytest.importorskip("gradio")
    rows = tone_rows(tmp_path_factory.mktemp("prepared"))
    folder = tiny_trained_run(tmp_path, rows, target_statistics="corpus")
    with pytest.raises(XserError, match="--adapt-to"):
        serve(str(folder), port=0)
