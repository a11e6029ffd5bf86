"""Start the cells of a grid: here, several at a time on the devices there are, or on SLURM.

A cell (a task, a system, a seed) is trained and evaluated in processes of its own, so that nothing of the last one is
left in memory or on a device. What a process says goes to the cell's log.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from xser.core.errors import HeldByAnother, XserError
from xser.core.extras import optional

STAGES = ("train", "evaluate")


@dataclasses.dataclass(frozen=True)
class Work:
    """What one process after the other has to do for a cell. Plain data: SLURM's job reads it from a file.

    Attributes
    ----------
    name : str
        For people.
    options : tuple of str
        Those of an experiment that has this cell alone.
    gpus : int
        Processes of each stage.
    log : Path
        Where they speak to; it grows from launch to launch.
    """

    name: str
    options: tuple[str, ...]
    gpus: int
    log: Path

    def commands(self):
        """The commands of the stages.

        Examples
        --------
        >>> [command[1:] for command in Work("a", ("--seed", "0"), 2, Path("log")).commands()]
        [['-m', 'xser.grid.ranks', '--gpus', '2', 'train', '--seed', '0'], \
['-m', 'xser.grid.ranks', '--gpus', '2', 'evaluate', '--seed', '0']]
        """
        several = ["xser.grid.ranks", "--gpus", str(self.gpus)]
        return [
            [
                sys.executable,
                "-m",
                *([*several, stage] if self.gpus > 1 else [f"xser.experiments.{stage}"]),
                *self.options,
            ]
            for stage in STAGES
        ]

    def __call__(self, environment=None, started=None):
        """Run the stages.

        Parameters
        ----------
        environment : dict of str to str, optional
            Variables besides those of this process.
        started : callable, optional
            Is told each process.

        Returns
        -------
        Outcome
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            beginning = log.seek(0, os.SEEK_END)
            for command in self.commands():
                log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(command)}\n".encode())
                log.flush()
                variables = {**os.environ, **(environment or {}), "XSER_PARENT": str(os.getpid())}
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)
                if started:
                    started(process)
                code = process.wait()
                if code:
                    return Outcome(self.name, code, _reason(code, self.log, beginning))
        return Outcome(self.name, 0, "")

    def checkpoint(self, *arguments, **options):
        """Let submitit start this again when SLURM ends the job early: training goes on from its last checkpoint."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, *arguments, **options)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a cell ended: its name, the exit code of the last process, and the line that says why it is not 0."""

    name: str
    code: int
    line: str

    @property
    def is_held(self):
        """Whether another launch was at work on the cell."""
        return self.code == HeldByAnother.exit_code


def _reason(code, log, beginning):
    """The line of a log that says what went wrong: the last of xser's own, else (a traceback's) last."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed ({name}): free memory, and run the same command again: it goes on from the last checkpoint"
    with open(log, "rb") as file:
        file.seek(beginning)
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("xser: ") or "; see " in line]
    return (own or lines)[-1].removeprefix("xser: ")


# Here. ----------------------------------------------------------------------------------------------------------------


def device_groups(device, gpus):
    """Say on which devices cells can run at once.

    Parameters
    ----------
    device : str
        As in ``--device``.
    gpus : int
        GPUs of a cell.

    Returns
    -------
    list of str
        A value of CUDA_VISIBLE_DEVICES for each cell that can run at once; empty where there are too few NVIDIA GPUs,
        or ``--device`` is another or names one itself.
    """
    if device not in ("auto", "cuda"):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        import torch

        names = [str(number) for number in range(torch.cuda.device_count())]
    else:
        names = [name.strip() for name in visible.split(",") if name.strip()]
    return [",".join(names[at : at + gpus]) for at in range(0, len(names) - gpus + 1, gpus)]


class Here:
    """Runs cells on this computer.

    Parameters
    ----------
    at_once : int or None
        How many; by default one on each group of GPUs, and one where there are none.
    groups : list of str
        Of `device_groups`.
    """

    def __init__(self, at_once, groups):
        self.at_once = at_once or max(1, len(groups))
        self._slots = queue.SimpleQueue()
        for number in range(self.at_once):
            self._slots.put({"CUDA_VISIBLE_DEVICES": groups[number % len(groups)]} if groups else {})
        self._threads = {}
        if self.at_once > 1 and "OMP_NUM_THREADS" not in os.environ:
            self._threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // self.at_once))}
        self._running = set()
        self._stopped = False
        self._lock = threading.Lock()

    def run(self, works, skip):
        """Run cells.

        Parameters
        ----------
        works : list of Work
            The cells.
        skip : callable
            Asked with a work's name right before it starts: True leaves it for now, to another launch.

        Yields
        ------
        Outcome
            As cells end.
        """
        self._stopped = False
        pool = concurrent.futures.ThreadPoolExecutor(self.at_once)
        try:
            futures = [pool.submit(self._one, work, skip) for work in works]
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self._end()
            pool.shutdown()

    def _one(self, work, skip):
        if skip(work.name):
            return Outcome(work.name, HeldByAnother.exit_code, "another launch is at work on it")
        slot = self._slots.get()
        try:
            return work({**self._threads, **slot}, self._started)
        finally:
            self._slots.put(slot)

    def _started(self, process):
        with self._lock:
            self._running = {each for each in self._running if each.poll() is None} | {process}
            if self._stopped:
                process.terminate()

    def _end(self):
        """End what still runs: on Ctrl-C, or an error of this process."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)


# On SLURM. ------------------------------------------------------------------------------------------------------------


def refuse_without_slurm():
    """Refuse a computer from which no job can be submitted.

    Raises
    ------
    XserError
        When SLURM's commands are not there.
    """
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise XserError("there is no SLURM here (no sbatch and srun): call this on a login node, or without --slurm")


class Slurm:
    """Runs cells as the jobs of an array on SLURM, through submitit.

    Parameters
    ----------
    folder : Path
        Where submitit keeps what it gives to jobs and what they say; every node must see it.
    settings : dict
        Of submitit's ``update_parameters``.
    """

    POLL_SECONDS = 5

    def __init__(self, folder, settings):
        submitit = optional("submitit", "--slurm")
        refuse_without_slurm()
        self.executor = submitit.AutoExecutor(folder, cluster="slurm")
        self.executor.update_parameters(**settings)

    def run(self, works, skip):
        """As `Here.run`; the jobs go on when this process ends."""
        works = [work for work in works if not skip(work.name)]
        if not works:
            return
        with self.executor.batch():
            jobs = [self.executor.submit(work) for work in works]
        waiting = dict(zip(jobs, works, strict=True))
        counted = collections.Counter(job.job_id.partition("_")[0] for job in jobs)
        print(
            "submitted: " + ", ".join(f"job {name} ({many} cells)" for name, many in counted.items()), file=sys.stderr
        )
        while waiting:
            for job, work in list(waiting.items()):
                if job.done():
                    del waiting[job]
                    yield self._outcome(job, work)
            time.sleep(self.POLL_SECONDS if waiting else 0)

    @staticmethod
    def _outcome(job, work):
        try:
            return job.result()
        except Exception as error:  # whatever SLURM or submitit says: the other cells go on
            *_, last = type(error).__name__, *filter(str.strip, str(error).splitlines())
            return Outcome(work.name, 1, f"job {job.job_id} ended as {job.state}: {last.strip()}")
