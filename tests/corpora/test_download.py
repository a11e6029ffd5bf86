"""A corpus is fetched whole or not at all: whatever goes wrong, its folder and what the user has are as they were."""

import contextlib
import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time

import pytest

from tests.support import CHECKOUT
from tests.support.file_server import FileServer
from tests.support.made_archives import GOOD, tar_entry, tar_of, zip_of
from xser.core.errors import HeldByAnother, NoSpace, XserError
from xser.core.files import only_writer
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.download_files import DownloadFile
from xser.corpora.download import fetching
from xser.corpora.download.download import RECORD, download, is_taken
from xser.corpora.folders import list_files

ZIP = zip_of(GOOD)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server():
    with FileServer({"/speech.zip": ZIP}) as server:
        yield server


@pytest.fixture
def corpus_of(recipes):
    """Return a corpus whose `download` is as given."""
    corpus = read_corpus(recipes / "emodb" / "corpus.yaml")
    return lambda *files: dataclasses.replace(corpus, download=tuple(DownloadFile(**file) for file in files))


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def work_of(folder):
    return folder.with_name(f".{folder.name}.xser-download")


def test_a_corpus_is_fetched_and_unpacked(server, tmp_path, corpus_of):
    md5 = hashlib.md5(ZIP).hexdigest()
    corpus = corpus_of({"urls": [f"{server.url}/speech.zip"], "md5": md5, "size": len(ZIP)})
    folder = tmp_path / "root" / "emodb"
    assert download(corpus, folder)
    found = files_of(folder)
    record = json.loads(found.pop(RECORD))
    assert found == GOOD
    seen = record["files"][0]
    assert seen["sha256"] == hashlib.sha256(ZIP).hexdigest() and seen["verified"] == f"md5:{md5}"
    assert record["licence"] == corpus.licence
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["emodb"]


def test_without_a_published_checksum_it_says_so_and_what_it_saw(server, tmp_path, corpus_of, caplog):
    caplog.set_level("INFO")
    download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), tmp_path / "emodb")
    assert "not verified: no checksum of it is published; sha256 " + hashlib.sha256(ZIP).hexdigest() in caplog.text
    assert json.loads((tmp_path / "emodb" / RECORD).read_text())["files"][0]["verified"] == ""


def test_several_files_go_where_the_description_says(server, tmp_path, corpus_of):
    inner = {"Raw/train.tar.gz": tar_of({"train/1.wav": b"1"}), "Raw/old/0.wav": b"0", "Raw/labels.csv": b"old"}
    server.files |= {"/a/all.tar": tar_of(inner, "w"), "/labels.csv?raw": b"new", "/labels.csv": b"new"}
    corpus = corpus_of(
        {"urls": [f"{server.url}/speech.zip"], "into": "one/two"},
        {"urls": [f"{server.url}/a/all.tar"], "inside": ["Raw/train.tar.gz"], "leave_out": ["Raw/old/*", "*.csv"]},
        {"urls": [f"{server.url}/labels.csv"], "into": "Raw"},
    )
    download(corpus, tmp_path / "emodb")
    found = files_of(tmp_path / "emodb")
    found.pop(RECORD)
    expected = {f"one/two/{name}": content for name, content in GOOD.items()}
    assert found == expected | {"Raw/train/1.wav": b"1", "Raw/labels.csv": b"new"}


def test_what_the_user_has_is_never_touched(server, tmp_path, corpus_of):
    folder = tmp_path / "emodb"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert is_taken(folder)
    assert not download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), folder)
    assert files_of(tmp_path) == {"emodb/notes.txt": b"mine"} and server.asked == []
    (tmp_path / "file").write_text("mine")
    with pytest.raises(XserError, match="is not a folder"):
        download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), tmp_path / "file")


def test_an_empty_folder_and_a_link_to_one_are_filled(server, tmp_path, corpus_of):
    (tmp_path / "disk" / "empty").mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "emodb").symlink_to(tmp_path / "disk" / "empty")
    assert download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), tmp_path / "root" / "emodb")
    assert (tmp_path / "root" / "emodb").is_symlink()
    assert set(files_of(tmp_path / "disk" / "empty")) == {*GOOD, RECORD}
    assert len(list((tmp_path / "root").iterdir())) == len(list((tmp_path / "disk").iterdir())) == 1


def test_files_that_appear_meanwhile_are_not_touched(server, tmp_path, corpus_of, monkeypatch):
    folder = tmp_path / "emodb"

    def appear():
        folder.mkdir()
        (folder / "mine.wav").write_bytes(b"mine")

    monkeypatch.setattr(os, "sync", appear)
    with pytest.raises(XserError, match="something has come to stand in"):
        download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), folder)
    assert files_of(folder) == {"mine.wav": b"mine"}


# What goes wrong leaves nothing behind. -------------------------------------------------------------------------------

LINK = tar_of([(tar_entry("a", tarfile.SYMTYPE, "/etc"), b"")])
FAILURES = {
    "gone": (None, {}, "HTTP 404"),
    "another checksum": (ZIP, {"sha256": "0" * 64}, "not what was published"),
    "half an archive": (ZIP[:-30], {}, "broken"),
    "a page": (b"<html>sign in</html>" * 50, {}, "no archive but an HTML page"),
    "a path outside": (zip_of({"a.wav": b"1", "../../out.wav": b"2"}), {}, "outside the folder"),
    "another kind of archive": (zip_of(GOOD), {"name": "speech.tar"}, "broken"),
    "only clutter": (zip_of({"__MACOSX/x": b"1"}), {}, "there is nothing in it"),
    "no such archive inside": (ZIP, {"inside": ["train.zip"]}, "train.zip is not in it"),
    "a hostile archive inside": (zip_of({"train.tar": LINK}), {"inside": ["train.tar"]}, "link or device"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_one_line_and_leaves_nothing_behind(server, tmp_path, corpus_of, failure):
    content, keys, said = FAILURES[failure]
    server.files = {} if content is None else {"/speech.zip": content}
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(XserError, match=said) as error:
        download(corpus_of({"urls": [f"{server.url}/speech.zip"], **keys}), tmp_path / "root" / "new" / "emodb")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_whole_files_of_a_failure_are_kept_for_the_next_call(server, tmp_path, corpus_of):
    corpus = corpus_of({"urls": [f"{server.url}/speech.zip"]}, {"urls": [f"{server.url}/labels.csv"]})
    with pytest.raises(XserError, match="labels.csv cannot be downloaded"):
        download(corpus, tmp_path / "emodb")
    with pytest.raises(XserError, match="is empty"):
        list_files(tmp_path)  # what stage 0 sees
    server.files["/labels.csv"], server.asked = b"1,2", []
    assert download(corpus, tmp_path / "emodb")
    assert server.asked == [("/labels.csv", None)] and not work_of(tmp_path / "emodb").exists()


def test_two_archives_with_a_file_of_one_name_are_refused(server, tmp_path, corpus_of):
    server.files["/more.zip"] = ZIP
    corpus = corpus_of({"urls": [f"{server.url}/speech.zip"]}, {"urls": [f"{server.url}/more.zip"]})
    with pytest.raises(XserError, match="two of its members are called"):
        download(corpus, tmp_path / "emodb")
    assert not (tmp_path / "emodb").exists()


def test_two_downloads_at_once(server, tmp_path, corpus_of):
    with only_writer(work_of(tmp_path / "emodb")), pytest.raises(HeldByAnother, match="another run is downloading"):
        download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), tmp_path / "emodb")


# Room. ----------------------------------------------------------------------------------------------------------------


def test_no_room_is_told_before_anything_is_fetched(server, tmp_path, corpus_of, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1_500_000_000}))
    with pytest.raises(NoSpace, match="room for 1.5 GB, and 2.0 GB are needed: free some space"):
        download(corpus_of({"urls": [f"{server.url}/speech.zip"], "size": 10**9}), tmp_path / "root" / "emodb")
    assert server.asked == [] and not (tmp_path / "root").exists()


@contextlib.contextmanager
def small_disk(folder):
    """Mount a disk of 2 MB at `folder`, where that is allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("length", [None, -1])
def test_a_full_disk(server, tmp_path, corpus_of, length):
    server.files["/speech.zip"], server.length = zip_of({"a.wav": os.urandom(3_000_000)}), length
    with small_disk(tmp_path / "disk") as disk:
        (disk / "mine.txt").write_text("mine")
        with pytest.raises((OSError, NoSpace), match="No space left|room for"):
            download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), disk / "emodb")
        assert files_of(disk) == {"mine.txt": b"mine"} and len(list(disk.iterdir())) == 1


def test_a_disk_that_is_full_while_unpacking(server, tmp_path, corpus_of):
    server.files["/speech.tar.gz"] = tar_of({f"{number}.wav": bytes(900_000) for number in range(4)})
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises((OSError, NoSpace), match="No space left|room for"):
            download(corpus_of({"urls": [f"{server.url}/speech.tar.gz"]}), disk / "emodb")
        assert not (disk / "emodb").exists()
        assert not any(path.suffix == ".wav" for path in disk.rglob("*"))


def test_a_disk_that_fills_up_is_tidied(server, tmp_path, corpus_of, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xser.corpora.download.download.unpack", full)
    with pytest.raises(OSError, match="No space left"):
        download(corpus_of({"urls": [f"{server.url}/speech.zip"]}), tmp_path / "root" / "emodb")
    assert not list(tmp_path.iterdir())


# Killed. --------------------------------------------------------------------------------------------------------------

RUN = """
import dataclasses, os, signal, sys
from pathlib import Path
from xser.corpora.download import download as module
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.download_files import DownloadFile
yaml, url, folder, moment = sys.argv[1:]

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if moment == "in an archive":
    import xser.corpora.download.archives as archives
    write = archives._write
    def once(*arguments):
        write(*arguments)
        die()
    archives._write = once
elif moment != "while fetching":
    where, name = {
        "before the archive's name": (os, "rename"),
        "before unpacking": (module, "_put"),
        "before the record": (module, "write_json"),
        "before its name": (os, "sync"),
        "before tidying up": (module.shutil, "rmtree"),
    }[moment]
    setattr(where, name, die)
    if moment == "before tidying up":
        rmtree = __import__("shutil").rmtree
        module.shutil = type("shutil", (), {"rmtree": lambda p, **k: die() if p.name == "files" else None})
corpus = dataclasses.replace(read_corpus(yaml), download=(DownloadFile(urls=[url]),))
module.download(corpus, Path(folder))
"""
MOMENTS = (
    "while fetching", "before the archive's name", "before unpacking", "in an archive", "before the record",
    "before its name", "before tidying up",
)  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_the_next_call_goes_on(server, tmp_path, corpus_of, recipes, moment):
    folder = tmp_path / "emodb"
    members = GOOD | {"long.wav": os.urandom(2_000_000)}
    server.files["/speech.zip"] = zip_of(members)
    server.stops = threading.Event() if moment == "while fetching" else None
    url = f"{server.url}/speech.zip"
    command = [sys.executable, "-c", RUN, str(recipes / "emodb" / "corpus.yaml"), url, str(folder), moment]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
    if moment == "while fetching":
        part = work_of(folder) / "files" / "speech.zip.part"
        deadline = time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size > 500_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
    assert process.wait(60) == -signal.SIGKILL
    if server.stops:
        server.stops.set()
        server.stops = None
    if moment == "before tidying up":
        assert set(files_of(folder)) == {*members, RECORD}
        assert not download(corpus_of({"urls": [url]}), folder)
    else:
        assert not folder.exists()
        with pytest.raises(XserError, match="is empty"):
            list_files(tmp_path)  # what stage 0 sees
        server.asked = []
        assert download(corpus_of({"urls": [url]}), folder)
        in_part = moment in ("while fetching", "before the archive's name")
        assert [asked is None for _, asked in server.asked] == ([False] if in_part else [])
    found = files_of(folder)
    found.pop(RECORD)
    assert found == members
    assert [path.name for path in tmp_path.iterdir()] == ["emodb"]
