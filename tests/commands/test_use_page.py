"""Every command of docs/use.md does what the page says, on recordings of all kinds, among them a long one."""

import io
import re
import shlex
import sys

import av
import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.support import CHECKOUT
from tests.support.tiny_encoders import tiny_encoder
from tests.support.tiny_trainings import tiny_trained_run, tone_rows
from xser.__main__ import main

PAGE = (CHECKOUT / "docs" / "use.md").read_text(encoding="utf-8")
RUN = "exp/runs/cafe+esd-cmn+urdu+turevdb+cremad-to-emodb/compact/proposed/seed0-1234"


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def samples_of(seconds, seed=0):
    return (0.3 * np.random.default_rng(seed).standard_normal(round(seconds * 16000))).astype(np.float32)


def write_by_av(path, codec, seconds):
    """Write sound as a phone does."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream(codec, rate=16000)
        samples = samples_of(seconds)[None]
        for start in range(0, samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 1024]), "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, start
            container.mux(sound.encode(frame))
        container.mux(sound.encode())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with all that the page names."""
    place = tmp_path_factory.mktemp("a place of ours")
    rows = tone_rows(tmp_path_factory.mktemp("prepared"))
    for run, values in ((place / RUN, {}), (place / "adaptive_model", {"target_statistics": "corpus"})):
        run.mkdir(parents=True)
        tiny_trained_run(run, rows, **values)
    (place / "recordings" / "deeper").mkdir(parents=True)
    (place / "more").mkdir()
    for number, name in enumerate(["my.wav", "recordings/1.wav", "recordings/deeper/2.flac"]):
        soundfile.write(place / name, samples_of(0.6, number), 16000)
    write_by_av(place / "more" / "3.m4a", "aac", 1.0)
    write_by_av(place / "recordings" / "film.mp4", "aac", 1.0)
    write_by_av(place / "meeting.m4a", "aac", 600.0)
    (place / "calls.csv").write_text("path,start,end\nmy.wav,0.1,0.5\nmeeting.m4a,60,75.5\n")
    return place


@pytest.fixture
def type_it(place, monkeypatch):
    """Type a command in that folder, in this process: starting one for each takes most of the time."""
    monkeypatch.chdir(place)

    def run(words, stdin=None):
        monkeypatch.setattr(sys, "argv", words)
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((place / stdin).read_bytes())))
        main()

    return run


def test_the_commands_of_the_page(type_it, place, tmp_path_factory):
    encoder = tiny_encoder("whisper", tmp_path_factory)
    pytest.importorskip("silero_vad")
    for line in "".join(blocks("bash")).splitlines():
        line = line.replace("seed0-*", "seed0-1234").replace("whisper_tiny_en", shlex.quote(str(encoder)))
        command, _, stdin = line.partition(" < ")
        type_it(shlex.split(command), stdin or None)
    table = pd.read_csv(place / "emotions.csv", keep_default_na=False)
    wanted = ["recordings/1.wav", "recordings/deeper/2.flac", "recordings/film.mp4", "more/3.m4a"]
    assert sorted(table["recording"]) == sorted(wanted)
    calls = pd.read_parquet(place / "calls.parquet")
    assert calls["start"].tolist() == [0.1, 60.0] and calls["emotion"].map(bool).all()
    over_time = pd.read_csv(place / "meeting.csv")
    assert len(over_time) == pytest.approx(600, abs=1) and over_time["emotion"].map(bool).all()
    assert (place / "meeting.vtt").read_text().startswith("WEBVTT")
    assert np.load(place / "features.npz")["features"].shape[0] == 3


def test_the_lines_of_python_of_the_page(type_it, place, capsys):
    (lines,) = blocks("python")
    type_it(["xser", "export", RUN, "--output", "my_model", "--overwrite"])
    exec(compile(lines, "docs/use.md", "exec"), {})
    printed = capsys.readouterr().out
    assert all(emotion in printed for emotion in ("angry", "happy", "neutral", "sad"))
