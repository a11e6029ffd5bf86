"""One side of the benchmark in a process of its own, so that its memory is its own."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from xser.core.errors import XserError

HERE = Path(__file__).resolve().parent


class Worker:
    """A loop that takes steps when asked, and all that it answered.

    Parameters
    ----------
    script : str
        A file of this folder.
    arguments
        Of its command line.

    Attributes
    ----------
    found : dict
        ``steps`` and ``bare`` (a dict a step), ``peak_memory`` (bytes), and what it said first.

    Raises
    ------
    XserError
        When it ends before it is told to.
    """

    def __init__(self, script, *arguments):
        self.script = script
        self.errors = tempfile.TemporaryFile("w+")
        command = [sys.executable, HERE / script, *map(str, arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        self.process = subprocess.Popen(command, text=True, **pipes)
        self.found = {"steps": [], "bare": []}

    def __enter__(self):
        self.found.update(self._answer())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def warm_up(self, bare=False):
        """Take a step, and a bare one, that do not count."""
        for command in ["steps 1"] + ["bare"] * bare:
            self._ask(command)

    def measure(self, steps):
        """Take steps that count."""
        said = self._ask(f"steps {steps}")
        self.found["steps"] += said["steps"]
        self.found["peak_memory"] = said["peak_memory"]

    def measure_bare(self):
        """Take a bare step of each batch of the last `measure`."""
        self.found["bare"] += self._ask("bare")["bare"]

    def _ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.errors.seek(0)
        last = (self.errors.read().strip().splitlines() or ["it said nothing"])[-1]
        raise XserError(f"{self.script} ended before it was told to: {last}")
