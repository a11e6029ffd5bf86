"""Run every task of a grid with every system and every seed; go on where an earlier launch stopped; write the table.

    xser grid paper --seeds 0-4 --data-root ~/corpora
    xser grid paper --seeds 0-4 --data-root ~/corpora --dry-run

A job is a task, a system and a seed. Audio and manifests are made once, then each job is trained and evaluated. What is
finished is skipped, and what was interrupted goes on. A job that another launch is at work on is left to it. A job that
fails does not stop the others. All other options are those of `xser run` and hold for every job. Defaults of a grid
stand in recipes/zero_shot/tasks.yaml.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Any

from xser.commands.command_line import parser_of
from xser.commands.options import (
    add_manifest_options,
    add_place_options,
    add_recording_options,
    add_training_options,
    request_of,
    typed_command,
)
from xser.core.errors import UsageError, XserError
from xser.experiments.catalogue import catalogue_of
from xser.experiments.named_tasks import find_grid
from xser.grid.cost import describe_cost
from xser.grid.executors import Executor, Here, Slurm, device_groups, refuse_without_slurm
from xser.grid.plan import logs_folder, plan_jobs

logger = logging.getLogger(__name__)

TAKES_MORE = True  # words that are no options of its own are hyperparameters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser grid``."""
    parser.usage = "xser grid GRID [options] [--HYPERPARAMETER VALUE]"
    parser.add_argument("--grid", metavar="G", help="the grid, of recipes/zero_shot/tasks.yaml; or as the first word")
    parser.add_argument("--task", metavar="T[,T]", help="only these of its tasks")
    parser.add_argument("--dry-run", action="store_true", help="print what is done, what is to do, and what it costs")
    parser.add_argument("--gpus", metavar="N", type=_from_one, default=1, help="processes of a job, each with a GPU")
    parser.add_argument(
        "--at-once",
        metavar="N",
        type=_from_one,
        help="jobs at a time (default: one on each NVIDIA GPU, or group of --gpus; one where there are none)",
    )
    slurm = parser.add_argument_group("SLURM: jobs of an array, instead of this computer")
    slurm.add_argument("--slurm", action="store_true", help="submit jobs as an array, wait for them")
    slurm.add_argument("--slurm-partition", metavar="P", help="where (default: the cluster's)")
    slurm.add_argument("--slurm-minutes", metavar="N", type=_from_one, help="time limit of a job (default: 1440)")
    slurm.add_argument("--slurm-cpus", metavar="N", type=_from_one, help="cores of a job (default: 8)")
    slurm.add_argument("--slurm-memory", metavar="GB", type=_from_one, help="memory of a job (default: the cluster's)")
    slurm.add_argument(
        "--slurm-option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any other option of sbatch: account=speech, qos=long; may be given several times",
    )
    add_training_options(parser, systems="all")
    add_manifest_options(parser)
    add_place_options(parser)
    add_recording_options(parser)


def run_words(words: Sequence[str]) -> None:
    """Run what the words after ``xser grid`` mean: what ``xser run zero_shot --grid`` does."""
    options, more = parser_of("grid", sys.modules[__name__]).parse_known_args(list(words))
    main(options, words, more)


def main(options: argparse.Namespace, words: Sequence[str], more: Sequence[str]) -> None:
    """Run a grid, or say what it would take.

    Parameters
    ----------
    words
        All words after ``xser grid``, as typed.
    more
        Those of them that are no options of its own.
    """
    from xser.grid.running import prepare, run_jobs, write_tables

    more = list(more)
    if options.grid is None:
        if not words or words[0].startswith("-"):
            raise UsageError("name a grid, as in `xser grid paper`")
        options.grid = more.pop(0)
    _refuse(options, more)
    defaults = find_grid(catalogue_of(options.recipes), options.grid).options
    given = {word.partition("=")[0] for word in words}
    defaults = {name: value for name, value in defaults.items() if f"--{name}" not in given}
    for name, value in defaults.items():
        setattr(options, name.replace("-", "_"), value)
    command = typed_command("grid", words)
    request = request_of(options, more, command)
    shared = [*(f"--{name}={value}" for name, value in defaults.items()), *_of_every_job(words, options.grid)]
    jobs = plan_jobs(request, options.grid, shared, prepared=False)
    if options.dry_run:
        start = ["xser", "grid", options.grid, *_of_every_job(words, options.grid)]
        print(describe_cost(jobs, options.grid, options.at_once, start))
        return
    if options.slurm:
        refuse_without_slurm()  # before hours of preparation
    prepare(jobs)
    jobs = plan_jobs(request, options.grid, shared, prepared=True)
    to_do = [job for job in jobs if not job.is_finished]
    folder = logs_folder(jobs, options.grid)
    logger.info("grid: %d jobs, %d of them finished before; logs: %s", len(jobs), len(jobs) - len(to_do), folder)
    failures = []
    if to_do:
        place: Executor
        if options.slurm:
            place = Slurm(folder / "slurm", slurm_settings(options))
        else:
            here = place = Here(options.at_once, device_groups(options.device, options.gpus))
            logger.info("grid: %d at a time", here.at_once)
        failures = run_jobs(to_do, place, options.gpus, f"grid {options.grid}", folder)
    write_tables(jobs, options.grid, command)
    if failures:
        for outcome, log in failures:
            print(f"{outcome.name}: {outcome.line} (log: {log})", file=sys.stderr)
        raise XserError(
            f"{len(failures)} of {len(jobs)} jobs failed: mend what is told above and run the same command again"
        )


def slurm_settings(options: argparse.Namespace) -> dict[str, Any]:
    """What submitit is to ask SLURM for, by the names of its ``update_parameters``."""
    settings = {
        "name": f"xser-{options.grid}",
        "timeout_min": options.slurm_minutes or 1440,
        "cpus_per_task": options.slurm_cpus or 8,
        "gpus_per_node": None if options.device == "cpu" else options.gpus,
        "mem_gb": options.slurm_memory,
        "slurm_partition": options.slurm_partition,
        "slurm_array_parallelism": options.at_once,
        "slurm_additional_parameters": dict(setting.split("=", 1) for setting in options.slurm_option),
    }
    return {key: value for key, value in settings.items() if value}


OF_ONE_EXPERIMENT = (
    "corpus", "sources", "target", "stage", "stop-stage", "nnodes", "node-rank", "rdzv", "download", "accept-licence"
)  # fmt: skip
OF_THE_GRID = (  # with a value; a flag has none
    "--grid", "--task", "--system", "--seed", "--seeds", "--gpus", "--at-once", "--slurm-partition", "--slurm-minutes",
    "--slurm-cpus", "--slurm-memory", "--slurm-option",
)  # fmt: skip
FLAGS = ("--dry-run", "--slurm", "--verbose")


def _refuse(options: argparse.Namespace, more: Sequence[str]) -> None:
    for word in more:
        name = word.partition("=")[0]
        if name.startswith("--") and name[2:].replace("_", "-") in OF_ONE_EXPERIMENT:
            raise UsageError(f"{name} is for a single experiment, and the grid has many: leave it out")
    of_slurm = (options.slurm_minutes, options.slurm_cpus, options.slurm_memory, options.slurm_partition)
    if not options.slurm and (any(of_slurm) or options.slurm_option):
        raise UsageError("--slurm-partition and the other --slurm-... options belong to --slurm: add it")
    for setting in options.slurm_option:
        if not setting.partition("=")[2]:
            raise UsageError(f"--slurm-option takes KEY=VALUE, not {setting!r}")


def _of_every_job(words: Sequence[str], grid: str) -> list[str]:
    """The words that hold for every job: without the grid's own."""
    kept: list[str] = []
    left = list(words[1:] if words and words[0] == grid else words)
    while left:
        word = left.pop(0)
        if word in OF_THE_GRID:
            left.pop(0)
        elif word.partition("=")[0] not in (*OF_THE_GRID, *FLAGS):
            kept.append(word)
    return kept


def _from_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text}")
    return int(text)
