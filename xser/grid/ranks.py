"""Start a stage in several processes (ranks), on one node or on several.

    python -m xser.grid.ranks --gpus 2 train --corpus emodb --seed 3
    python -m xser.grid.ranks --gpus 4 --nnodes 2 --node-rank 1 --rdzv node0:29500 train --corpus emodb

torchrun does it: it starts the ranks, lets them find each other, and ends the others when one fails. Here it is called
without its long report: the last line is the one that a rank said, or says how a rank ended.
"""

import logging
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

from xser.commands.command_line import OneLineParser, run

STAGES = ("train", "evaluate")
WAIT_SECONDS = 3600  # for the other nodes: the first may still be preparing audio


def parser():
    """Options of the verb; the stage and its own options follow them."""
    options = OneLineParser(
        prog="python -m xser.grid.ranks", description=__doc__, usage="%(prog)s [options] STAGE <options of the stage>"
    )
    options.add_argument("--gpus", metavar="N", type=int, default=1, help="processes of this node, each with a GPU")
    options.add_argument("--nnodes", metavar="N", type=int, default=1, help="nodes that train together")
    options.add_argument("--node-rank", metavar="R", type=int, default=0, help="which of them this is, from 0")
    options.add_argument("--rdzv", metavar="HOST:PORT", help="where the nodes meet: node 0 and a free port of it")
    options.add_argument("stage", choices=STAGES)
    return options


def read_options(argv):
    """Read the options.

    Returns
    -------
    (argparse.Namespace, list of str)
        The options, and those of the stage.

    Raises
    ------
    SystemExit
        With code 2 and one line when they do not go together.
    """
    at = next((number for number, word in enumerate(argv) if word in STAGES), len(argv))
    verb = parser()
    options = verb.parse_args(argv[: at + 1])
    if options.gpus < 1 or options.nnodes < 1:
        verb.error("--gpus and --nnodes are numbers from 1 on")
    if not 0 <= options.node_rank < options.nnodes:
        verb.error(f"--node-rank is a number from 0 to {options.nnodes - 1} with --nnodes {options.nnodes}")
    if options.nnodes > 1 and not re.fullmatch(r".+:[1-9]\d{0,4}", options.rdzv or ""):
        verb.error("with --nnodes give --rdzv HOST:PORT, the same on every node")
    return options, argv[at + 1 :]


def torchrun_words(options, stage_options, log_dir):
    """Say how torchrun is called.

    Examples
    --------
    >>> options, rest = read_options(["--gpus", "2", "train", "--corpus", "c"])
    >>> " ".join(torchrun_words(options, rest, "/tmp/logs"))
    '--nproc_per_node 2 --log_dir /tmp/logs --standalone -m xser.experiments.train --corpus c'
    """
    words = ["--nproc_per_node", str(options.gpus), "--log_dir", str(log_dir)]
    if options.nnodes == 1:
        words.append("--standalone")
    else:
        host, _, port = options.rdzv.rpartition(":")
        # A port for each stage: a node that has finished the last one does not meet it once more.
        endpoint = f"{host}:{int(port) + STAGES.index(options.stage)}"
        words += ["--nnodes", str(options.nnodes), "--node_rank", str(options.node_rank)]
        words += ["--rdzv_backend", "static", "--rdzv_endpoint", endpoint, "--rdzv_id", "xser"]
        words += ["--rdzv_conf", f"timeout={WAIT_SECONDS}"]
    return [*words, "-m", f"xser.experiments.{options.stage}", *stage_options]


def main(argv):
    """Start the ranks and wait for them."""
    options, stage_options = read_options(argv)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // options.gpus)))
    os.environ["XSER_PARENT"] = str(os.getpid())
    from torch.distributed import run as torchrun
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    for name in list(logging.root.manager.loggerDict):  # each of torch's has a level of its own
        if name.startswith("torch.distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="xser-ranks-") as log_dir:
        try:
            torchrun.run(torchrun.parse_args(torchrun_words(options, stage_options, log_dir)))
        except ChildFailedError as error:
            exit_code, line = first_failure(error.failures)
            print(f"xser: {line}", file=sys.stderr)
            sys.exit(exit_code)
        except SignalException as error:  # Ctrl-C, or a job's end; the ranks have been ended
            sys.exit(128 + error.sigval)


def first_failure(failures):
    """Which of the ranks that failed is to blame, and what to say.

    A rank that was killed, or that said what is wrong, comes before those that failed because they lost it, or that
    torchrun ended (SIGTERM).

    Parameters
    ----------
    failures : dict of int to torch.distributed.elastic.multiprocessing.errors.ProcessFailure
        By rank.

    Returns
    -------
    (int, str)
        Exit code and line.
    """

    def blame(rank):
        failure = failures[rank]
        spoke = Path(failure.error_file).is_file()  # written by xser.commands.command_line
        was_killed = failure.exitcode < 0 and -failure.exitcode != signal.SIGTERM
        return (0 if was_killed else 1 if spoke else 2), failure.timestamp, rank

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


if __name__ == "__main__":
    run(main)
