"""``--download`` as a user meets it: what is fetched, asked, refused or said, before stage 0 goes on as ever."""

import io
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml

from tests.support import CHECKOUT, stages
from tests.support.file_server import FileServer
from tests.support.made_archives import zip_of
from tests.support.made_corpora import make_cafe, make_emodb
from xser.commands import grid
from xser.commands import run as run_module
from xser.commands.command_line import run_command
from xser.core.errors import UsageError, XserError
from xser.core.files import megabytes
from xser.corpora.download import fetching

MAKERS = {"emodb": make_emodb, "cafe": make_cafe}


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The made-up corpora as zips, and the counts of each."""
    folder = tmp_path_factory.mktemp("made")
    counts = {name: make(folder / name) for name, make in MAKERS.items()}
    return {name: (zip_of(files_of(folder / name)), counts[name]) for name in MAKERS}


@pytest.fixture
def server(made, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(fetching, "PAUSE", 0)
    with FileServer({f"/{name}.zip": content for name, (content, _) in made.items()}) as server:
        yield server


@pytest.fixture
def folder(made, server, tmp_path):
    """Recipes of the two, to be fetched from the server, and one that must be asked for."""
    recipes = tmp_path / "recipes"
    shutil.copytree(CHECKOUT / "recipes" / "hparams", recipes / "hparams")
    for name in (*MAKERS, "esd"):
        written = yaml.safe_load((CHECKOUT / "recipes" / name / "corpus.yaml").read_text(encoding="utf-8"))
        written.pop("stratified", None)
        if name in MAKERS:
            labels = {label: written["labels"][label] for label in made[name][1]}
            written |= {"labels": labels, "counts": made[name][1], "licence": f"licence of {name}"}
            written["download"] = [{"urls": [f"{server.url}/{name}.zip"]}]
        (recipes / name).mkdir()
        (recipes / name / "corpus.yaml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    return tmp_path


def options(folder, *words):
    where = ["--recipes", folder / "recipes", "--data-root", folder / "root", "--work-dir", folder / "exp"]
    return [*words, *map(str, where), "--jobs", "1"]


def run(folder, *words, answer=None, monkeypatch=None):
    """Run stage 0 with an answer at the terminal, or without one."""
    if monkeypatch:
        terminal = io.StringIO(answer or "")
        terminal.isatty = lambda: answer is not None
        monkeypatch.setattr(sys, "stdin", terminal)
    stages.command([*options(folder, *words), "--stop-stage", "0"])


def test_a_corpus_is_downloaded_and_prepared(folder, server, capsys, caplog):
    caplog.set_level("INFO")
    run(folder, "--corpus", "emodb", "--download", "--accept-licence")
    said = capsys.readouterr().out
    assert "24 of 24 recordings" in said and str(folder / "exp") in said
    assert f"EMO-DB, {megabytes(len(server.files['/emodb.zip']))}, to {folder / 'root' / 'emodb'}" in caplog.text
    assert "licence: licence of emodb" in caplog.text and "not verified" in caplog.text
    info = yaml.safe_load(next((folder / "exp").rglob("prepared.json")).read_text())
    assert info["data_folder"] == str(folder / "root" / "emodb")
    assert not {"--download", "--accept-licence"} & set(info["command"].split())
    before = files_of(folder / "root")
    server.asked = []
    run(folder, "--corpus", "emodb", "--download", "--accept-licence")
    assert server.asked == [] and files_of(folder / "root") == before
    assert "emodb is there and not empty: nothing is downloaded" in caplog.text
    assert "prepared before" in capsys.readouterr().out
    run(folder, "--corpus", "emodb")  # and without the options, the same


def test_what_a_killed_download_left_beside_a_whole_corpus_is_removed(folder, server):
    make_emodb(folder / "root" / "emodb")
    left = folder / "root" / ".emodb.xser-download" / "files"
    left.mkdir(parents=True)
    (left / "emodb.zip").write_bytes(b"an archive that is unpacked already")
    run(folder, "--corpus", "emodb", "--download")
    assert [path.name for path in (folder / "root").iterdir()] == ["emodb"]


def test_every_corpus_of_an_experiment_is_downloaded_and_what_is_there_is_left(folder, server, capsys):
    make_cafe(folder / "root" / "cafe")
    before = files_of(folder / "root" / "cafe")
    run(folder, "--sources", "cafe", "--target", "emodb", "--download", "--accept-licence")
    assert [path for path, _ in server.asked] == ["/emodb.zip"]
    assert files_of(folder / "root" / "cafe") == before
    assert capsys.readouterr().out.count("24 of 24 recordings") == 2


def test_a_data_root_that_is_the_corpus_itself_is_left(folder, server):
    make_emodb(folder / "root")
    before = files_of(folder / "root")
    run(folder, "--corpus", "emodb", "--download")
    assert server.asked == [] and files_of(folder / "root") == before


# Licences. ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "accepted"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_the_terminal_is_asked(folder, server, monkeypatch, capsys, answer, accepted):
    words = ("--corpus", "emodb", "--download")
    if accepted:
        run(folder, *words, answer=answer, monkeypatch=monkeypatch)
        assert (folder / "root" / "emodb" / "wav").is_dir()
    else:
        with pytest.raises(XserError, match="the licence of EMO-DB is not accepted: nothing was downloaded"):
            run(folder, *words, answer=answer, monkeypatch=monkeypatch)
        assert server.asked == [] and not (folder / "root").exists()
    assert "accept the licence of EMO-DB (licence of emodb)? [y/N]" in capsys.readouterr().err


def test_without_a_terminal_it_is_one_line(folder, server, monkeypatch):
    words = ("--sources", "cafe", "--target", "emodb", "--download")
    with pytest.raises(XserError, match=r"EMO-DB \(licence of emodb, http.*add --accept-licence") as error:
        run(folder, *words, monkeypatch=monkeypatch)
    assert "licence of cafe" in str(error.value) and "\n" not in str(error.value)
    assert server.asked == [] and not (folder / "root").exists()


def test_one_refusal_among_several_stops_all(folder, server, monkeypatch):
    with pytest.raises(XserError, match="nothing was downloaded"):
        words = ("--sources", "cafe", "--target", "emodb", "--download")
        run(folder, *words, answer="y\nn\n", monkeypatch=monkeypatch)
    assert server.asked == []


def test_a_real_terminal_is_asked(folder, server):
    ours, theirs = pty.openpty()
    command = stages.process_of("prepare", options(folder, "--corpus", "emodb", "--download"))
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(command, env=environment, stdin=theirs, stderr=subprocess.PIPE, text=True)
    os.write(ours, b"n\n")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and server.asked == []
    assert said.splitlines()[-1].endswith("xser: the licence of EMO-DB is not accepted: nothing was downloaded")


# What cannot be fetched. ----------------------------------------------------------------------------------------------


def test_what_must_be_asked_for_is_said_with_its_place(folder, server):
    with pytest.raises(XserError) as error:
        run(folder, "--corpus", "esd", "--download", "--accept-licence")
    line = " ".join(str(error.value).split())
    assert "ESD cannot be downloaded for you (signed form: For research;" in line
    assert "Sign the form that the repository links to" in line
    assert f"Put it into {folder / 'root' / 'esd'}; see https://github.com/HLTSingapore" in line
    assert not (folder / "root").exists()


def test_the_others_of_the_experiment_are_fetched_all_the_same(folder, server):
    with pytest.raises(XserError, match="^ESD cannot be downloaded"):
        run(folder, "--sources", "esd:cmn,cafe", "--target", "emodb", "--download", "--accept-licence")
    assert {path.name for path in (folder / "root").iterdir()} == {"cafe", "emodb"}


def test_made_up_corpora_are_not_downloaded_to(folder, server):
    (folder / "root").mkdir()
    (folder / "root" / "counts.yaml").write_text("made_up: true\ncounts: {}\n")
    with pytest.raises(XserError, match="holds made-up corpora: give --data-root another folder"):
        run(folder, "--corpus", "emodb", "--download", "--accept-licence")
    assert server.asked == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--corpus", "emodb", "--accept-licence"], "--accept-licence belongs to --download"),
        (["--corpus", "emodb", "--downlaod"], "did you mean --download"),
    ],
)
def test_mistakes_are_one_line(folder, words, said, capsys):
    with pytest.raises(SystemExit) as stop:
        run_command("run", run_module, options(folder, *words))
    assert stop.value.code == 2 and said in capsys.readouterr().err


def test_a_grid_does_not_download():
    with pytest.raises(UsageError, match="--download is for a single experiment"):
        grid.run_words(["--grid", "paper", "--download"])


# The whole, as a process. ---------------------------------------------------------------------------------------------


def start(folder, *words):
    command = [sys.executable, "-m", "xser", "run", *options(folder, *words), "--stop-stage", "0"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_download_is_no_corpus_and_the_same_command_goes_on(folder, server, end):
    server.stops = threading.Event()
    words = ("--corpus", "emodb", "--download", "--accept-licence")
    process = start(folder, *words)
    part = folder / "root" / ".emodb.xser-download" / "files" / "emodb.zip.part"
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(end)
    process.communicate(timeout=60)
    server.stops.set()
    server.stops, server.asked = None, []
    assert not (folder / "root" / "emodb").exists()
    with pytest.raises(XserError, match="is empty"):
        run(folder, "--corpus", "emodb")
    run(folder, *words)
    assert [asked is None for _, asked in server.asked] == [False]
    assert [path.name for path in (folder / "root").iterdir()] == ["emodb"]


def test_what_goes_wrong_is_the_last_line(folder, server):
    server.files.clear()
    process = start(folder, "--corpus", "emodb", "--download", "--accept-licence")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out == ""
    assert err.splitlines()[-1].startswith("xser: emodb.zip cannot be downloaded: 127.0.0.1")
    assert "Traceback" not in err and not (folder / "root").exists()
