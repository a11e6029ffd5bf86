"""Jobs of a grid as processes: skipped, left to another launch, several at a time, failing, interrupted."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tests.support import CHECKOUT
from tests.support.made_jobs import STAGE, MadeUpJob, MadeUpWork, made_up, run
from xser.core.files import is_being_written, only_writer
from xser.grid import executors, running


def test_jobs_run_and_their_words_go_to_logs_of_their_own(tmp_path):
    jobs = made_up(tmp_path, "de/proposed/seed0", "de/proposed/seed1")
    assert run(jobs, executors.Here(None, []), tmp_path) == []
    assert all(job.is_finished for job in jobs)
    assert sorted(log.relative_to(tmp_path / "logs").as_posix() for log in tmp_path.rglob("*.log")) == [
        "de/proposed/seed0.log",
        "de/proposed/seed1.log",
    ]


def test_a_failing_job_does_not_stop_the_others(tmp_path):
    jobs = made_up(tmp_path, "a", "b", "c")
    jobs[1].mistake = "no audio: run stage 0"
    ((outcome, log),) = run(jobs, executors.Here(None, []), tmp_path)
    assert (outcome.name, outcome.code, outcome.line) == ("b", 1, "no audio: run stage 0")
    assert "no audio" in log.read_text()
    assert [job.is_finished for job in jobs] == [True, False, True]


def test_a_killed_process_is_told_from_a_mistake(tmp_path):
    work = MadeUpWork("a", (str(tmp_path), "60", ""), 1, tmp_path / "log")
    outcome = work(started=lambda process: process.kill())
    assert outcome.code == -signal.SIGKILL and "SIGKILL" in outcome.line and "same command" in outcome.line


def test_several_at_once_have_a_device_each(tmp_path):
    jobs = made_up(tmp_path, *"abcd", seconds=1.0)
    began = time.monotonic()
    assert run(jobs, executors.Here(None, ["0,1", "2,3"]), tmp_path) == []
    assert time.monotonic() - began < 4 * 1.0 + 4  # four seconds of work, and starting four processes
    devices = [job.starts[0][1] for job in jobs]
    assert sorted(devices) == ["0,1", "0,1", "2,3", "2,3"]
    starts = sorted((float(job.starts[0][0]), job.starts[0][1]) for job in jobs)
    assert {device for _, device in starts[:2]} == {"0,1", "2,3"}


@pytest.mark.parametrize(
    ("visible", "device", "gpus", "groups"),
    [
        ("0,1,2,3", "auto", 1, ["0", "1", "2", "3"]),
        ("0,1,2,3", "cuda", 2, ["0,1", "2,3"]),
        ("4,7,9", "auto", 2, ["4,7"]),
        ("GPU-1a, GPU-2b", "auto", 1, ["GPU-1a", "GPU-2b"]),
        ("0", "auto", 2, []),
        ("", "auto", 1, []),
        ("0,1", "cpu", 1, []),
        ("0,1", "cuda:1", 1, []),
    ],
)
def test_gpus_are_dealt_to_jobs(monkeypatch, visible, device, gpus, groups):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert executors.device_groups(device, gpus) == groups


def test_a_job_of_another_launch_is_left_to_it_and_waited_for(tmp_path):
    jobs = made_up(tmp_path, "theirs", "ours")
    theirs, ours = jobs
    other = subprocess.Popen([sys.executable, "-c", STAGE, theirs.folder, "4", ""])
    while not (theirs.folder / "started").exists():
        time.sleep(0.02)
    assert run(jobs, executors.Here(None, []), tmp_path) == []
    assert len(theirs.starts) == 1 and theirs.is_finished and ours.is_finished
    assert other.wait() == 0


def test_a_job_that_another_launch_gives_up_is_done(tmp_path):
    (job,) = made_up(tmp_path, "theirs")
    other = subprocess.Popen([sys.executable, "-c", STAGE, job.folder, "60", ""])
    while not (job.folder / "started").exists():
        time.sleep(0.02)
    subprocess.Popen(["bash", "-c", f"sleep 1; kill -9 {other.pid}"])
    assert run([job], executors.Here(None, []), tmp_path) == []
    other.wait()
    assert job.is_finished and len(job.starts) == 2


def test_a_job_that_another_launch_takes_in_the_same_moment_does_not_fail(tmp_path, monkeypatch):
    (job,) = made_up(tmp_path, "both")
    looks = iter([False])
    monkeypatch.setattr(MadeUpJob, "is_held", property(lambda _: next(looks, True)))
    with only_writer(job.folder):  # held, though it was not when looked at: the process finds out
        monkeypatch.setattr(running.time, "sleep", lambda _: (job.folder / "finished").touch())
        assert run([job], executors.Here(None, []), tmp_path) == []
    assert "another run is writing" in (tmp_path / "logs" / "both.log").read_text()


LAUNCH = """
import sys
from pathlib import Path
from tests.support.made_jobs import MadeUpWork
from xser.grid.executors import Here
folder = Path(sys.argv[1])
works = [MadeUpWork(name, (str(folder / name), "60", ""), 1, folder / f"{name}.log") for name in "abc"]
for outcome in Here(2, []).run(works, lambda name: False):
    print(outcome)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux ends processes with their parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_jobs_end_with_their_launch_however_it_ends(tmp_path, number):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    launch = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LAUNCH), str(tmp_path)], env=environment, stderr=subprocess.DEVNULL
    )
    while len(list(tmp_path.glob("*/started"))) < 2:
        assert launch.poll() is None
        time.sleep(0.05)
    launch.send_signal(number)
    launch.wait(timeout=20)
    began = time.monotonic()
    while any(is_being_written(folder) for folder in tmp_path.glob("*/")):
        assert time.monotonic() - began < 10
        time.sleep(0.05)
    assert len(list(tmp_path.glob("*/started"))) == 2
