"""Files from a server on the loopback: whole, verified, taken up where they broke off, or one line that says why."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.support import CHECKOUT
from tests.support.file_server import FileServer
from xser.core.errors import NoSpace, XserError
from xser.corpora.description.download_files import DownloadFile
from xser.corpora.download import fetching
from xser.corpora.download.fetching import fetch, offered_size

BODY = os.urandom(3_000_000)
MD5, SHA256 = hashlib.md5(BODY).hexdigest(), hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server():
    with FileServer({"/speech.zip": BODY}) as server:
        yield server


def described(*urls, **keys):
    return DownloadFile(urls=urls, **keys)


def refused(file, folder):
    """The one line, having checked that no file of the name is there."""
    with pytest.raises(XserError) as error:
        fetch(file, folder)
    assert not (folder / file.name).exists()
    assert {path.name for path in folder.iterdir()} <= {f"{file.name}.part", f"{file.name}.part.json"}
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("published", [{}, {"size": len(BODY)}, {"md5": MD5}, {"sha256": SHA256, "size": len(BODY)}])
def test_a_whole_file_is_fetched_once(server, tmp_path, published):
    file = described(f"{server.url}/speech.zip", **published)
    got = fetch(file, tmp_path)
    assert got.path.read_bytes() == BODY and (got.size, got.sha256) == (len(BODY), SHA256)
    assert got.verified == file.checksum == "".join(f"{key}:{published[key]}" for key in published if key != "size")
    assert fetch(file, tmp_path) == got
    assert server.asked == [("/speech.zip", None)]
    assert [path.name for path in tmp_path.iterdir()] == ["speech.zip"]


@pytest.mark.parametrize("published", [{}, {"md5": MD5}])
def test_a_transfer_that_breaks_off_is_taken_up(server, tmp_path, published):
    server.cuts = 3
    assert fetch(described(f"{server.url}/speech.zip", **published), tmp_path).path.read_bytes() == BODY
    assert [asked is None for _, asked in server.asked] == [True, False, False, False]


def test_what_broke_off_for_good_is_taken_up_by_the_next_call(server, tmp_path):
    server.cuts = 1000
    file = described(f"{server.url}/speech.zip", md5=MD5)
    assert "broke off after 3 MB; run the same command again to go on from there" in refused(file, tmp_path)
    here = (tmp_path / "speech.zip.part").stat().st_size
    assert here > len(BODY) / 2
    server.cuts, server.asked = 0, []
    assert fetch(file, tmp_path).path.read_bytes() == BODY
    assert server.asked == [("/speech.zip", f"bytes={here}-")]
    assert [path.name for path in tmp_path.iterdir()] == ["speech.zip"]


def test_a_server_that_ignores_ranges_sends_all_again(server, tmp_path):
    server.cuts, server.ranges = 1, False
    assert fetch(described(f"{server.url}/speech.zip", md5=MD5), tmp_path).path.read_bytes() == BODY


@pytest.mark.parametrize("published", [{}, {"md5": MD5}])
def test_a_file_that_changed_meanwhile_is_fetched_anew(server, tmp_path, published):
    old = os.urandom(2_000_000)
    server.files["/speech.zip"], server.cuts = old, 1000
    file = described(f"{server.url}/speech.zip", **published)
    refused(file, tmp_path)
    server.files["/speech.zip"], server.cuts = BODY, 0
    assert fetch(file, tmp_path).path.read_bytes() == BODY


def test_without_checksum_or_version_nothing_is_pieced_together(server, tmp_path):
    server.cuts, server.versions = 1, False
    assert fetch(described(f"{server.url}/speech.zip"), tmp_path).path.read_bytes() == BODY
    assert server.asked == [("/speech.zip", None)] * 2


def test_pieces_of_two_mirrors_that_do_not_fit_are_thrown_away(server, tmp_path):
    server.files |= {"/old/speech.zip": os.urandom(2_000_000)}
    server.cuts = 1000
    refused(described(f"{server.url}/old/speech.zip", md5=MD5), tmp_path)
    server.cuts, server.asked = 0, []
    assert fetch(described(f"{server.url}/speech.zip", md5=MD5), tmp_path).path.read_bytes() == BODY
    assert [asked is None for _, asked in server.asked] == [False, True]


def test_what_was_whole_when_the_process_died_is_not_fetched_again(server, tmp_path):
    (tmp_path / "speech.zip.part").write_bytes(BODY)
    assert fetch(described(f"{server.url}/speech.zip", md5=MD5), tmp_path).path.read_bytes() == BODY
    assert server.asked == [("/speech.zip", f"bytes={len(BODY)}-")]


def test_a_mirror_that_has_nothing_does_not_cost_what_another_gave(server, tmp_path):
    server.cuts = 1000
    file = described(f"{server.url}/speech.zip", f"{server.url}/gone.zip", "http://127.0.0.1:9/speech.zip")
    assert "to go on from there" in refused(file, tmp_path)
    server.cuts, server.asked = 0, []
    assert fetch(file, tmp_path).path.read_bytes() == BODY
    assert server.asked[0][1] is not None


def test_what_is_longer_than_the_file_is_fetched_anew(server, tmp_path):
    (tmp_path / "speech.zip.part").write_bytes(BODY + b"more")
    assert fetch(described(f"{server.url}/speech.zip", md5=MD5), tmp_path).path.read_bytes() == BODY
    assert [asked is None for _, asked in server.asked] == [False, True]


def test_a_mirror_with_another_file_does_not_cost_what_the_first_gave(server, tmp_path):
    server.files["/old/speech.zip"] = BODY[:100]
    file = described(f"{server.url}/speech.zip", f"{server.url}/old/speech.zip", md5=MD5, size=len(BODY))
    server.cuts = 4
    assert "to go on from there" in refused(file, tmp_path)
    server.asked = []
    assert fetch(file, tmp_path).path.read_bytes() == BODY
    assert server.asked[0][1] is not None


def test_a_beginning_that_nothing_vouches_for_is_not_kept(server, tmp_path):
    server.cuts, server.versions = 1000, False
    line = refused(described(f"{server.url}/speech.zip"), tmp_path)
    assert "broke off" in line and "go on" not in line and not list(tmp_path.iterdir())


def test_the_first_server_that_answers_says_the_size(server):
    nobody, gone, here = "http://127.0.0.1:9/speech.zip", f"{server.url}/gone.zip", f"{server.url}/speech.zip"
    assert offered_size(described(nobody, gone, here)) == len(BODY)
    assert offered_size(described(nobody, gone)) is None
    server.length = -1
    assert offered_size(described(here)) is None and server.asked == []


# What is not what was published. --------------------------------------------------------------------------------------


def test_another_checksum_is_refused_and_thrown_away(server, tmp_path):
    line = refused(described(f"{server.url}/speech.zip", md5="0" * 32), tmp_path)
    assert "is not what was published (md5:000" in line and not list(tmp_path.iterdir())


@pytest.mark.parametrize("length", [2_000_000, 4_000_000])
def test_another_size_is_refused_before_it_is_fetched(server, tmp_path, length):
    server.length = length
    line = refused(described(f"{server.url}/speech.zip", size=len(BODY)), tmp_path)
    assert f"{length} bytes, not the published one of {len(BODY)}" in line and not list(tmp_path.iterdir())


def test_a_server_that_promises_more_than_it_sends(server, tmp_path):
    server.length, server.ranges = 4_000_000, False
    assert "broke off" in refused(described(f"{server.url}/speech.zip", md5=MD5), tmp_path)


def test_a_server_that_promises_less_than_it_sends(server, tmp_path):
    server.length = 1_000_000
    assert "is not what was published" in refused(described(f"{server.url}/speech.zip", md5=MD5), tmp_path)


def test_without_any_length_a_cut_is_told_by_the_published_size(server, tmp_path):
    server.length, server.cuts, server.ranges = -1, 1000, False
    assert "broke off" in refused(described(f"{server.url}/speech.zip", size=len(BODY)), tmp_path)
    server.cuts = 0
    assert fetch(described(f"{server.url}/speech.zip", size=len(BODY)), tmp_path).sha256 == SHA256


def test_without_any_length_more_than_was_published_is_not_written(server, tmp_path):
    server.length = -1
    line = refused(described(f"{server.url}/speech.zip", size=1_000_000), tmp_path)
    assert "more than the 1000000 bytes" in line and not list(tmp_path.iterdir())


# Mirrors. -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["/gone/speech.zip", "/wrong/speech.zip"])
def test_the_next_mirror_is_tried(server, tmp_path, bad, caplog):
    caplog.set_level("INFO")
    server.files["/wrong/speech.zip"] = BODY[::-1]
    file = described(f"{server.url}{bad}", "http://127.0.0.1:9/speech.zip", f"{server.url}/speech.zip", md5=MD5)
    got = fetch(file, tmp_path)
    assert got.path.read_bytes() == BODY and got.url == file.urls[2]
    assert caplog.text.count("trying the next address") == 2


def test_every_refusal_is_said(server, tmp_path):
    started = time.monotonic()
    line = refused(described(f"{server.url}/gone.zip", "http://127.0.0.1:9/speech.zip"), tmp_path)
    assert re.search(r"127.0.0.1:\d+: HTTP 404; 127.0.0.1:9: cannot be reached \(ConnectionError\)", line), line
    assert time.monotonic() - started < 5 and not list(tmp_path.iterdir())


def test_a_server_that_does_not_answer_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", (0.3, 0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = refused(described(f"http://127.0.0.1:{silent.getsockname()[1]}/speech.zip"), tmp_path)
    assert "cannot be reached (ReadTimeout)" in line


# Room and interruptions. ----------------------------------------------------------------------------------------------


def test_no_room_is_told_before_anything_is_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(NoSpace, match="room for 1 MB, and 3 MB are needed"):
        fetch(described(f"{server.url}/speech.zip"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_killed_process_leaves_what_the_next_goes_on_from(server, tmp_path):
    server.stops = threading.Event()
    code = (
        "import sys, pathlib\nfrom xser.corpora.description.download_files import DownloadFile\n"
        "from xser.corpora.download.fetching import fetch\n"
        "fetch(DownloadFile(urls=[sys.argv[1]], md5=sys.argv[2]), pathlib.Path(sys.argv[3]))"
    )
    url = f"{server.url}/speech.zip"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen([sys.executable, "-c", code, url, MD5, str(tmp_path)], env=environment)
    part = tmp_path / "speech.zip.part"
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size > 1_000_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    server.stops.set()
    server.stops, server.asked = None, []
    here = part.stat().st_size
    assert 1_000_000 < here < len(BODY) and not (tmp_path / "speech.zip").exists()
    assert fetch(described(url, md5=MD5), tmp_path).path.read_bytes() == BODY
    assert server.asked == [("/speech.zip", f"bytes={here}-")]
