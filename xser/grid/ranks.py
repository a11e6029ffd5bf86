"""Start stages in several processes (ranks), on one node or on several.

torchrun does it: it starts the ranks, lets them find each other, and ends the others when one fails. Here it is called
without its long report. The last line is a rank's error, or tells how a rank ended.
"""

import dataclasses
import logging
import os
import re
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xser.core.errors import UsageError

FIRST_STAGE = 2  # that several ranks share
WAIT_SECONDS = 3600  # for the other nodes: the first may still be preparing audio


@dataclasses.dataclass(frozen=True)
class Ranks:
    """How many processes there are, and where they meet.

    Attributes
    ----------
    gpus
        Processes of this node, each with a GPU.
    nnodes, node_rank
        Nodes that train together, and which of them this is, from 0.
    rdzv
        ``HOST:PORT``, where the nodes meet: node 0 and a free port of it.

    Raises
    ------
    UsageError
        When they do not go together.
    """

    gpus: int = 1
    nnodes: int = 1
    node_rank: int = 0
    rdzv: str | None = None

    def __post_init__(self) -> None:
        if self.gpus < 1 or self.nnodes < 1:
            raise UsageError("--gpus and --nnodes are numbers from 1 on")
        if not 0 <= self.node_rank < self.nnodes:
            raise UsageError(f"--node-rank is below --nnodes, and {self.node_rank} is not from 0 to {self.nnodes - 1}")
        if self.rdzv is not None and not re.fullmatch(r".+:[1-9]\d{0,4}", self.rdzv):
            raise UsageError(f"--rdzv takes HOST:PORT, not {self.rdzv!r}")
        if self.nnodes > 1 and self.rdzv is None:
            raise UsageError("with --nnodes give --rdzv HOST:PORT, the same on every node")

    @property
    def number(self) -> int:
        """All processes of all nodes."""
        return self.gpus * self.nnodes


def torchrun_words(ranks: Ranks, stage: int, words: Sequence[str], log_dir: str) -> list[str]:
    """Say how torchrun is called.

    Parameters
    ----------
    stage
        Number of the stage.
    words
        Those of ``xser``.

    Examples
    --------
    >>> " ".join(torchrun_words(Ranks(2), 2, ["run", "emodb"], "/tmp/logs"))
    '--nproc_per_node 2 --log_dir /tmp/logs --standalone -m xser run emodb'
    """
    called = ["--nproc_per_node", str(ranks.gpus), "--log_dir", log_dir]
    if ranks.rdzv is None:
        called.append("--standalone")
    else:
        host, _, port = ranks.rdzv.rpartition(":")
        # A port for each stage: a node that has finished the last one does not meet it once more.
        endpoint = f"{host}:{int(port) + stage - FIRST_STAGE}"
        called += ["--nnodes", str(ranks.nnodes), "--node_rank", str(ranks.node_rank)]
        called += ["--rdzv_backend", "static", "--rdzv_endpoint", endpoint, "--rdzv_id", "xser"]
        called += ["--rdzv_conf", f"timeout={WAIT_SECONDS}"]
    return [*called, "-m", "xser", *words]


def run_in_ranks(ranks: Ranks, stage: int, words: Sequence[str]) -> None:
    """Start ``xser <words>`` in every rank of this node and wait.

    Raises
    ------
    SystemExit
        When a rank failed, with its exit code, after the line that says why.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // ranks.gpus)))
    os.environ["XSER_PARENT"] = str(os.getpid())
    from torch.distributed import run as torchrun
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    for name in list(logging.root.manager.loggerDict):  # each of torch's has a level of its own
        if name.startswith("torch.distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="xser-ranks-") as log_dir:
        try:
            torchrun.run(torchrun.parse_args(torchrun_words(ranks, stage, words, log_dir)))
        except ChildFailedError as error:
            exit_code, line = first_failure(error.failures)
            print(f"xser: {line}", file=sys.stderr)
            sys.exit(exit_code)
        except SignalException as error:  # Ctrl-C, or a job's end; the ranks have been ended
            sys.exit(128 + error.sigval)


def first_failure(failures: Mapping[int, Any]) -> tuple[int, str]:
    """Which of the ranks that failed is to blame, and what to say.

    A rank that was killed, or that told what is wrong, comes before those that failed because they lost it, or that
    torchrun ended (SIGTERM).

    Parameters
    ----------
    failures
        torchrun's ``ProcessFailure`` by rank.

    Returns
    -------
    (int, str)
        Exit code and line.
    """

    def blame(rank: int) -> tuple[int, float, int]:
        failure = failures[rank]
        has_told = Path(failure.error_file).is_file()  # written by xser.commands.command_line
        was_killed = failure.exitcode < 0 and -failure.exitcode != signal.SIGTERM
        return (0 if was_killed else 1 if has_told else 2), failure.timestamp, rank

    rank = min(failures, key=blame)
    failure = failures[rank]
    if failure.exitcode < 0:
        return 1, (
            f"rank {rank} was killed ({failure.signal_name()}): free memory, or give the job more time, and run the "
            "same command again: it goes on from the last checkpoint"
        )
    if blame(rank)[0] == 1:
        return failure.exitcode, failure.message
    return failure.exitcode, f"rank {rank} failed: the traceback above says why"
