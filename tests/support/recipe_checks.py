"""What a corpus recipe lacks, so that the tests of recipes and of tools/new_recipe.sh ask the same."""

import os
import re

import yaml

from tests.support import stages
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.emotions import SCHEMES
from xser.corpora.recipe_text import RUN_SH, TO_DO

KEYS = ("title", "language", "licence", "url", "citation", "obtain", "example", "labels", "counts", "speakers")


def what_a_recipe_lacks(recipes, id):
    """Name what a recipe lacks: a file, a count, a licence, a citation, classes, options that run."""
    folder = recipes / id
    files = sorted(path.name for path in folder.iterdir())
    lacking = [name for name in ("README.md", "corpus.yaml", "run.sh") if name not in files]
    lacking += [f"a reason for {name}" for name in files if name not in ("README.md", "corpus.yaml", "run.sh")]
    if "corpus.yaml" in lacking:
        return lacking
    written = yaml.safe_load((folder / "corpus.yaml").read_text(encoding="utf-8"))
    lacking += [key for key in KEYS if key not in written]
    try:
        corpus = read_corpus(folder / "corpus.yaml")
    except XserError as error:
        return [*lacking, str(error)]
    if isinstance(corpus.counts, dict):
        lacking += [f"counts of {label}" for label in corpus.labels if corpus.counts.get(label, 0) <= 0]
    elif corpus.counts <= 0:
        lacking.append("counts")
    lacking += [] if re.search(r"\d{4}", corpus.citation) else ["the year of the citation"]
    free = re.match(r"CC0|CC-BY|ODbL|MIT|Apache", corpus.licence) and " or " not in corpus.licence
    if not (free or corpus.licence_note):
        lacking.append("licence_note: what a licence that is no known one, or is disputed, asks for")
    asked_for = re.search(r"sign|regist|request|form\b|agreement", corpus.licence)
    if asked_for and corpus.download:
        lacking.append("no download: what must be asked for is not fetched")
    scheme = SCHEMES[corpus.scheme]
    classes = {scheme.emotion_of(emotion, id) for emotion in corpus.labels.values()} - {None}
    if len(classes) < 2 or (corpus.scheme == "four" and len(classes) < 4):
        lacking.append(f"a scheme that fits its labels: {corpus.scheme} has {len(classes)} of them")
    return lacking + ([] if "run.sh" in lacking else dry_run(recipes, folder / "run.sh"))


def dry_run(recipes, run_sh):
    """Check that a run.sh is that of every recipe and that its options can be resolved."""
    id = run_sh.parent.name
    if run_sh.read_text(encoding="utf-8") != RUN_SH.format(id=id):
        return ["a run.sh like that of the others"]
    try:
        stages.experiment_of([id, "--recipes", str(recipes)])
    except XserError as error:
        return [f"options that can be resolved: {error}"]
    return [] if os.access(run_sh, os.X_OK) else ["a run.sh that can be executed"]


def what_is_left_to_do(recipes, id):
    """Name the files in which a proposed recipe still asks people to fill something in."""
    names = ("corpus.yaml", "README.md")
    return [name for name in names if TO_DO in (recipes / id / name).read_text(encoding="utf-8")]
