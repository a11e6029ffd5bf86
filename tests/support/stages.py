"""Run the stages of a tiny experiment in this process, and look at the weights."""

import contextlib
import logging
import sys

import torch

from xser.commands import run as run_command
from xser.commands.command_line import parser_of
from xser.commands.options import request_of, typed_command
from xser.core.fingerprints import fingerprint
from xser.core.records import write_record
from xser.core.rows import write_rows
from xser.experiments.evaluate import evaluate
from xser.experiments.manifests import make_manifests
from xser.experiments.prepare import prepare
from xser.experiments.records import PreparedRecord
from xser.experiments.request import resolve_request
from xser.experiments.runs import plan_runs
from xser.experiments.train import train
from xser.experiments.workspace import Workspace

STAGES = {
    "prepare": lambda experiment: prepare([experiment]),
    "manifests": lambda experiment: make_manifests([experiment]),
    "train": train,
    "evaluate": evaluate,
}
TINY = [
    "--steps",
    "9",
    "--batch_size",
    "6",
    "--languages_per_batch",
    "2",
    "--utterances_per_cell",
    "1",
    "--embedding_size",
    "16",
]


def options(data_root, work_dir, *more, target="emodb", sources="cafe,urdu"):
    """Options of a zero-shot experiment on `tests.made_corpora.make_root`."""
    where = ["--data-root", str(data_root), "--work-dir", str(work_dir), "--jobs", "1"]
    return ["--sources", sources, "--target", target, *where, *TINY, *more]


def experiment_of(words):
    """The experiment that the words after ``xser run`` mean."""
    words = list(map(str, words))
    options, more = parser_of("run", run_command).parse_known_args(words)
    recipe = run_command.recipe_of(words)
    run_command.apply_recipe(options, recipe)
    return resolve_request(request_of(options, more[1:] if recipe else more, typed_command("run", words)))


def process_of(stage, words):
    """The command line that runs one stage in a process of its own."""
    return [sys.executable, "-m", "xser", "run", *map(str, words), "--stage", stage, "--stop-stage", stage]


def command(words):
    """Do what ``xser run`` does with words, in this process; all that it tells goes to stdout."""
    words = list(map(str, words))
    options, more = parser_of("run", run_command).parse_known_args(words)
    with told_on_stdout():
        run_command.main(options, words, more)


def run(stages, words):
    """Run stages, given as one string of names; all that they tell with --verbose goes to stdout."""
    with told_on_stdout():
        for stage in stages.split():
            STAGES[stage](experiment_of(words))


def begun(work_dir, prepared):
    """A work folder with the audio and the manifests of `prepared`, where stages 0 and 1 were run; its path."""
    work_dir.mkdir(exist_ok=True)
    for name in ("audio", "manifests"):
        (work_dir / name).symlink_to(prepared / name)
    return work_dir


@contextlib.contextmanager
def told_on_stdout():
    logger, told = logging.getLogger("xser"), logging.StreamHandler(sys.stdout)
    before = logger.level
    logger.addHandler(told)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(told)
        logger.setLevel(before)


def prepared_folder(words, corpus=None):
    """Where stage 0 puts a corpus, the first of the experiment's by default."""
    experiment = experiment_of(words)
    found = next(each for each in experiment.corpora if corpus in (None, each.id))
    return Workspace(experiment).prepared_folder(found)


def write_prepared(folder, rows, **info):
    """Write what stage 0 would write of rows to the folder of a corpus."""
    write_rows(folder / "rows.csv", rows)
    record = {
        "corpus": folder.name.rpartition("-")[0],
        "fingerprint": fingerprint(rows.to_csv()),
        "settings": {},
        "found": len(rows),
        "expected": len(rows),
        "complete": True,
        "left_out": (),
        "notes": (),
        "data_folder": "",
        "made_up": False,
        "versions": {},
        "command": "",
    }
    write_record(folder / "prepared.json", PreparedRecord(**{**record, **info}))


def manifests_of(words):
    """What stage 1 made: `xser.experiments.workspace.Manifest` by selection as written."""
    experiment = experiment_of(words)
    read = Workspace(experiment).read_manifest
    return {str(selection): read(selection) for selection in experiment.task.selections}


def runs_of(words):
    """The runs of an experiment."""
    return plan_runs(experiment_of(words))


def weights(work_dir):
    """Every tensor of every latest checkpoint below `work_dir`, by run and name."""
    found = {}
    for finished in sorted(work_dir.glob("runs/**/trained.json")):
        for file in sorted(finished.parent.glob("checkpoints/CKPT*/*.ckpt")):
            if file.stem in ("network", "emotion_head", "adversary"):
                state = torch.load(file, weights_only=True)
                epoch = (file.parent / "epoch_counter.ckpt").read_text()
                run = finished.parent.parent.name + finished.parent.name.rpartition("-")[0]
                found.update({(run, epoch, file.stem, name): tensor for name, tensor in state.items()})
    assert found, f"no trained run below {work_dir}"
    return found


def equal_to_the_bit(one, other):
    """Whether two results of `weights` are the same."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
