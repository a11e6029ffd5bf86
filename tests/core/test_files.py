"""Files appear whole or not at all, and one writer at a time has a folder."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from xser.core.errors import XserError
from xser.core.files import only_writer, read_json, whole_file, write_json, write_text


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as part:
        part.write_text("half of the n")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_a_kill_leaves_no_file_under_the_name(tmp_path):
    code = """
import sys, time
from pathlib import Path
from xser.core.files import whole_file
with whole_file(Path(sys.argv[1])) as part:
    part.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""
    path = tmp_path / "table.csv"
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert not path.exists()
    write_text(path, "whole")
    assert path.read_text() == "whole"


def test_a_written_file_is_readable_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_json_comes_back(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1, 2.5, None], "ä": "ü"})
    assert read_json(tmp_path / "a.json") == {"b": [1, 2.5, None], "ä": "ü"}


def test_damaged_json_names_the_file(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(XserError, match="a.json"):
        read_json(tmp_path / "a.json")


def _hold(folder, held, let_go):
    with only_writer(folder):
        held.set()
        let_go.wait(30)


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, let_go = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, let_go))
    other.start()
    assert held.wait(30)
    with pytest.raises(XserError, match="another run is writing"), only_writer(tmp_path):
        pass
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    started = time.monotonic()
    with only_writer(tmp_path, waiting=True):
        assert time.monotonic() - started < 10
