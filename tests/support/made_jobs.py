"""Jobs of a grid that train nothing, for tests of how jobs are started."""

import dataclasses
import sys
from pathlib import Path

import pytest

from xser.core.files import is_being_written
from xser.grid import executors, running

# What a made-up job does: hold the run's folder, take its time, say that it is finished.
STAGE = """
import os, sys, time
from pathlib import Path
from xser.commands.command_line import run
from xser.core.errors import XserError
from xser.core.files import only_writer

def main(argv):
    folder, seconds, mistake = Path(argv[0]), float(argv[1]), argv[2]
    with only_writer(folder):
        (folder / "started").open("a").write(f"{time.time()} {os.environ.get('CUDA_VISIBLE_DEVICES', '-')}\\n")
        time.sleep(seconds)
        if mistake:
            raise XserError(mistake)
        (folder / "finished").touch()

run(lambda: main(sys.argv[1:]))
"""


@dataclasses.dataclass(frozen=True)
class MadeUpWork(executors.Work):
    def command(self):
        return [sys.executable, "-c", STAGE, *self.words]


@dataclasses.dataclass
class MadeUpJob:
    name: str
    folder: Path
    seconds: float = 0.0
    mistake: str = ""

    @property
    def words(self):
        return (str(self.folder), str(self.seconds), self.mistake)

    @property
    def is_finished(self):
        return (self.folder / "finished").exists()

    @property
    def is_held(self):
        return is_being_written(self.folder)

    @property
    def starts(self):
        return [line.split() for line in (self.folder / "started").read_text().splitlines()]


def made_up(tmp_path, *names, **how):
    """Jobs of these names, with run folders of their own."""
    return [MadeUpJob(name, tmp_path / "runs" / name, **how) for name in names]


def run(jobs, place, tmp_path):
    """Run jobs as the grid does; returns the failures."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(running, "Work", MadeUpWork)
        patched.setattr(running, "POLL_SECONDS", 0.1)
        return running.run_jobs(jobs, place, 1, "grid tiny", tmp_path / "logs")
