"""Run the stages of a tiny experiment in this process, and look at the weights."""

import torch

import xser.experiments.evaluate
import xser.experiments.manifests
import xser.experiments.prepare
import xser.experiments.train

STAGES = {
    "prepare": xser.experiments.prepare,
    "manifests": xser.experiments.manifests,
    "train": xser.experiments.train,
    "evaluate": xser.experiments.evaluate,
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


def run(stages, words):
    """Run stages, given as one string of names."""
    for stage in stages.split():
        STAGES[stage].main(list(words))


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
