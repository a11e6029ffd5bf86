"""A made-up grid for tests: named tasks x systems x seeds, with embeddings, some of it missing."""

import json

import numpy as np
import pandas as pd

from tests.support.made_runs import EMOTIONS, make_rows, make_run
from xser.evidence.figures.embeddings import write_embeddings

LANGUAGES = {"en": "eng", "cn": "cmn", "de": "deu", "fr": "fra"}
TEST = {"de": 38, "fr": 42, "cn": 1400}  # utterances of the test part, as published
WHOLE = {"de": 339, "fr": 504, "cn": 14000}
TASKS = ("en-de", "cn-de", "fr-de", "en-fr", "cn-fr", "de-fr", "en-cn", "de-cn", "fr-cn")
ACCURACY = {
    "baseline1": 0.45, "baseline2": 0.6, "proposed": 0.7, "no_supcon": 0.62, "no_adversary": 0.68, "upper_bound": 0.9
}  # fmt: skip


def target_rows(target, whole=WHOLE, speakers=10):
    """All rows of a target; its test part has the published size and shares speakers."""
    rows = make_rows(whole[target], speakers=speakers, corpus=f"corpus_{target}", language=LANGUAGES[target])
    test = np.random.default_rng(0).permutation(len(rows)) < TEST[target]
    return rows.assign(part=np.where(test, "test", "train"))


def make_grid(
    root, tasks=TASKS, systems=tuple(ACCURACY), seeds=range(5), whole=WHOLE, size=32, kept=150, skip=(), **info
):
    """Write runs of a grid.

    Parameters
    ----------
    root : Path
    tasks, systems, seeds
        The grid; `skip` holds (task, system, seed) that are left out.
    whole : dict of str to int
        Utterances of each target.
    size, kept : int
        Size of the embeddings; how many of the sources and of the target are kept (0: no file).
    **info
        Replaces what ``run.json`` says.
    """
    for task in tasks:
        source, target = task.split("-")
        others = [name for name in LANGUAGES if name not in (source, target)]
        sources = [f"corpus_{name}" for name in (source, *others)]
        rows = target_rows(target, whole)
        for system in systems:
            reported = rows[rows["part"] == "test"] if system == "upper_bound" else rows
            for seed in seeds:
                if (task, system, seed) in skip:
                    continue
                folder = make_run(
                    root,
                    system,
                    ACCURACY[system],
                    seed=seed,
                    rows=reported.reset_index(drop=True),
                    source=sources[0] if system == "baseline1" else "",
                    **{"split": "paper", **info, "sources": sources, "target": f"corpus_{target}", "named_task": task},
                )
                if kept:
                    _make_embeddings(folder, sources, reported, size, kept, seed)


def _make_embeddings(folder, sources, target, size, kept, seed):
    rng = np.random.default_rng([seed, len(target)])
    of_sources = [
        make_rows(-(-kept // len(sources)), speakers=30, corpus=name, language=LANGUAGES[name[-2:]]) for name in sources
    ]
    rows = pd.concat(
        [pd.concat(of_sources).assign(part="source"), target.head(kept).assign(part="target")], ignore_index=True
    )
    centres = 3 * np.random.default_rng(1).normal(size=(len(EMOTIONS), size))
    emotion = rows["emotion"].map(EMOTIONS.index).to_numpy()
    language = rows["language"].map(list(LANGUAGES.values()).index).to_numpy()
    shift = np.random.default_rng(2).normal(size=(len(LANGUAGES), size))
    noise = 2 * rng.normal(size=(len(rows), size))
    write_embeddings(folder / "embeddings.npz", rows, centres[emotion] + shift[language] + noise)


def info_of(folder):
    """What a run folder's ``run.json`` says."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))
