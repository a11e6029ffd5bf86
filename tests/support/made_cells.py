"""Cells of a grid whose stages train nothing, for tests of how cells are started."""

import argparse
import dataclasses
import sys
from pathlib import Path

import pytest

from xser.core.files import is_being_written
from xser.grid import executors as launching
from xser.grid import grid

# What a stage of a made-up cell does: hold the run's folder, take its time, say that it is finished.
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

run(main)
"""


@dataclasses.dataclass(frozen=True)
class MadeUpWork(launching.Work):
    def commands(self):
        return [[sys.executable, "-c", STAGE, *self.options]]


@dataclasses.dataclass
class MadeUpCell:
    name: str
    folder: Path
    seconds: float = 0.0
    mistake: str = ""

    @property
    def options(self):
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
    """Cells of these names, with run folders of their own."""
    return [MadeUpCell(name, tmp_path / "runs" / name, **how) for name in names]


def run(cells, place, tmp_path):
    """Run cells as the grid does; returns the failures."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grid, "Work", MadeUpWork)
        patched.setattr(grid, "POLL_SECONDS", 0.1)
        return grid.run_cells(cells, place, argparse.Namespace(grid="tiny", gpus=1), tmp_path / "logs")
