"""What Python programs use: corpora by name, and experiments that run stage by stage.

>>> german = read_corpus("emodb")
>>> german.title, german.languages
('EMO-DB', ('deu',))
"""

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd

from xser.core.environment import forget_leftovers
from xser.core.errors import UsageError
from xser.core.files import folder_of
from xser.core.rows import read_rows
from xser.corpora.description.corpus import Corpus
from xser.experiments.catalogue import catalogue_of
from xser.experiments.evaluate import evaluate
from xser.experiments.manifests import make_manifests
from xser.experiments.prepare import prepare
from xser.experiments.request import Request, resolve_request
from xser.experiments.runs import plan_runs
from xser.experiments.selections import one_corpus
from xser.experiments.train import train
from xser.experiments.workspace import Workspace
from xser.protocol.tasks import Task


def corpus_names(recipes: str | Path | None = None) -> list[str]:
    """Names of the corpora that have a recipe; `recipes` is a folder of more."""
    return catalogue_of(Path(recipes) if recipes else None).corpus_ids


def read_corpus(name: str, recipes: str | Path | None = None) -> Corpus:
    """What is known of a corpus: that of a recipe, or a table or folder that is one.

    Raises
    ------
    XserError
        When there is neither.
    """
    return one_corpus(name, catalogue_of(Path(recipes) if recipes else None)).corpus


class Experiment:
    """An experiment: the options of ``xser run`` as keywords, checked at once; each stage is a method.

    Parameters
    ----------
    **options
        As of ``xser run --help``, with ``_`` for ``-``: ``corpus``, or ``sources`` and ``target``, or ``task``;
        ``system``, ``seeds``, ``encoder``, ``scheme``, ``split``, ``data_root``, ``work_dir`` and so on. All others
        are hyperparameters, as in ``temperature=0.2``. Several sources, systems or seeds are a list, or text as on the
        command line.

    Raises
    ------
    XserError
        For whatever does not exist, or does not go together.

    Examples
    --------
    >>> experiment = Experiment(corpus="emodb", steps=30)
    >>> experiment.task.name
    'emodb'
    >>> Experiment(sources=["cafe", "urdu"], target="emodb", seeds=range(3)).resolved.seeds
    (0, 1, 2)
    """

    def __init__(self, **options: Any) -> None:
        forget_leftovers()
        fields = {field.name: field.type for field in dataclasses.fields(Request)}
        given = {name: value for name, value in options.items() if name in fields and name != "hyperparameters"}
        for name in ("emobox", "data_root", "work_dir", "recipes", "model_root"):
            if given.get(name) is not None:
                given[name] = folder_of(given[name])
        if "seed" in options and "seeds" in options:
            raise UsageError("give seed or seeds, not both")
        if "seed" in options:
            given["seeds"] = options["seed"]
        for name in ("sources", "system", "seeds"):
            if isinstance(given.get(name), (list, tuple, range)):
                given[name] = ",".join(map(str, given[name]))
        if "seeds" in given:
            given["seeds"] = str(given["seeds"])
        if "allow" in given and isinstance(given["allow"], str):
            raise UsageError("allow takes a list of names")
        more = [f"--{name}={value}" for name, value in options.items() if name not in (*fields, "seed")]
        words = ", ".join(f"{name}={value!r}" for name, value in options.items())
        request = Request(**{"command": f"xser.Experiment({words})", **given, "hyperparameters": tuple(more)})
        self.resolved = resolve_request(request)

    @property
    def task(self) -> Task:
        """Sources and target."""
        return self.resolved.task

    def prepare(self) -> None:
        """Stage 0: check the recordings, write 16 kHz audio."""
        prepare([self.resolved])

    def make_manifests(self) -> None:
        """Stage 1: map labels to emotions, split into train, valid and test."""
        make_manifests([self.resolved])

    def train(self) -> None:
        """Stage 2: train every system with every seed."""
        train(self.resolved)

    def evaluate(self) -> pd.DataFrame:
        """Stage 3: recognise the emotions of the target; the table, a row a system and part."""
        evaluate(self.resolved)
        return pd.read_csv(Workspace(self.resolved).results_folder / "table.csv")

    def run(self) -> pd.DataFrame:
        """All four stages; what is finished is kept. Returns the table of `evaluate`."""
        self.prepare()
        self.make_manifests()
        self.train()
        return self.evaluate()

    def manifest(self, name: str) -> pd.DataFrame:
        """The rows of a corpus of the task (``emodb``, ``esd:cmn``) after stage 1; of several folds the first."""
        (selection,) = (each for each in self.task.selections if str(each) == name)
        return read_rows(Workspace(self.resolved).read_manifest(selection).of_fold(0), manifest=True)

    def predictions(self) -> pd.DataFrame:
        """The predictions of all runs after stage 3, a row an utterance and run."""
        tables = []
        for run in plan_runs(self.resolved):
            table = pd.read_csv(run.folder / "predictions.csv", keep_default_na=False)
            tables.append(table.assign(system=run.system.name, seed=run.seed, fold=run.fold))
        return pd.concat(tables, ignore_index=True)
