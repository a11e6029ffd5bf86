"""Prepare, train and evaluate: within one corpus, or zero-shot on a language that training never hears.

    xser run emodb                                        within one corpus
    xser run zero_shot                                    the example: small made-up corpora that come with xser
    xser run zero_shot --sources emodb,urdu --target cafe --data-root ~/corpora
    xser run --corpus mine.csv                            your own table or folder of recordings

Every stage reads files and writes files, keeps what is finished and goes on where it was interrupted.
"""

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pydantic

from xser.commands import STAGES
from xser.commands.options import (
    add_manifest_options,
    add_place_options,
    add_recording_options,
    add_task_options,
    add_training_options,
    request_of,
    typed_command,
)
from xser.core.errors import UsageError
from xser.core.records import read_yaml
from xser.core.words import close_match
from xser.experiments.catalogue import Catalogue, catalogue_of
from xser.experiments.encoder_choice import describe_encoders
from xser.experiments.hyperparameter_table import TABLE
from xser.experiments.hyperparameters import describe_file, read_nodes, resolve
from xser.experiments.request import resolve_request
from xser.grid.ranks import Ranks, run_in_ranks

if TYPE_CHECKING:
    from xser.experiments.experiment import Experiment

logger = logging.getLogger(__name__)

TAKES_MORE = True  # words that are no options of its own are hyperparameters, or those of a grid
GOES_ON = (  # where the same command goes on after an interrupt in each stage
    "recordings that are prepared are kept",
    "nothing was written",
    "trainings that are finished are kept, this one goes on from its last whole epoch",
    "runs that are evaluated are kept",
)
EPILOG = """\
stages:
  0 prepare     find the recordings, check them, write 16 kHz audio
  1 manifests   map labels to emotions, split into train, valid and test
  2 train       train every system with every seed
  3 evaluate    recognise the emotions of the target, print the table
"""


class RecipeOptions(pydantic.RootModel[dict[str, str]]):
    """options.yaml of a recipe of several corpora: options that hold unless the user names a task."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser run``."""
    parser.epilog = EPILOG
    parser.usage = (
        "xser run [RECIPE] [options] [--HYPERPARAMETER VALUE]\n\nRECIPE is a corpus that has one, or zero_shot"
    )
    add_task_options(parser)
    add_training_options(parser)
    add_manifest_options(parser)
    add_place_options(parser)
    add_recording_options(parser)
    control = parser.add_argument_group("stages and devices")
    control.add_argument("--stage", metavar="N", default="0", help="first stage: a number or a name")
    control.add_argument("--stop-stage", metavar="M", default="3", help="last stage")
    control.add_argument(
        "--gpus", metavar="N", type=int, default=1, help="processes of stages 2 and 3, each with a GPU if there is one"
    )
    control.add_argument("--nnodes", metavar="N", type=int, default=1, help="nodes that train together: docs/grid.md")
    control.add_argument("--node-rank", metavar="R", type=int, default=0, help="which of them this is, from 0")
    control.add_argument("--rdzv", metavar="HOST:PORT", help="where they meet: the first node and a free port of it")
    control.add_argument("--grid", metavar="G", help="every task of a grid, every system, every seed: xser grid --help")
    downloads = parser.add_argument_group("downloads (stage 0)")
    downloads.add_argument(
        "--download",
        action="store_true",
        help="fetch corpora that everybody may fetch to DIR/<corpus> of --data-root, where nothing stands yet; of the "
        "others, say from whom to get them",
    )
    downloads.add_argument(
        "--accept-licence", action="store_true", help="accept their licences, instead of being asked for each"
    )


def print_help(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Print the help: options, systems, encoders, and every hyperparameter with what it is for this encoder."""
    options, _ = parser.parse_known_args([word for word in words if word not in ("-h", "--help")])
    catalogue = catalogue_of(options.recipes)
    print(parser.format_help())
    for kind, listed in (
        ("system", _described(catalogue, "systems")),
        ("finetune", _described(catalogue, "finetuning")),
    ):
        print(f"--{kind}:", *(f"  {name:<27} {text}".rstrip() for name, text in listed), "", sep="\n")
    print("--encoder:", *(f"  {name:<27} {text}" for name, text in describe_encoders(catalogue)), "", sep="\n")
    named = options.encoder in catalogue.names("hparams", "encoders")
    encoder = ("encoders", f"{options.encoder}.yaml") if named else ("pretrained.yaml",)
    files = [catalogue.find("hparams", "train.yaml"), catalogue.find("hparams", *encoder)]
    if "network" not in read_nodes(files[1]):
        files.append(catalogue.find("hparams", "finetuning", f"{options.finetune or 'peft'}.yaml"))
    print(f"hyperparameters, any of them as --key value (with --encoder {options.encoder}):")
    for key, value in resolve(files, {}).values.items():
        known, default = TABLE.get(key), "null" if value is None else value
        about = f"{known.help} ({known.allowed})" if known else ""
        if known is None or known.set_by != "option":
            print(f"  --{key:<24} {default!s:<10} {about}".rstrip())


def _described(catalogue: Catalogue, folder: str) -> list[tuple[str, str]]:
    names = catalogue.names("hparams", folder)
    return [(name, describe_file(catalogue.find("hparams", folder, f"{name}.yaml"))) for name in names]


def main(options: argparse.Namespace, words: Sequence[str], more: Sequence[str]) -> None:
    """Run the stages of one experiment, or a grid of them.

    Parameters
    ----------
    words
        All words after ``xser run``, as typed.
    more
        Those of them that are no options of its own.
    """
    if options.grid is not None:
        from xser.commands import grid

        grid.run_words(words[1:] if recipe_of(words) else words)
        return
    first, last = _stages(options)
    if options.accept_licence and not options.download:
        raise UsageError("--accept-licence belongs to --download")
    if options.download and first > 0:
        raise UsageError(f"--download belongs to stage 0, which --stage {STAGES[first]} leaves out")
    ranks = Ranks(options.gpus, options.nnodes, options.node_rank, options.rdzv)
    recipe = recipe_of(words)
    apply_recipe(options, recipe)
    shown = [word for word in words if word not in ("--download", "--accept-licence", "--verbose")]
    experiment = resolve_request(
        request_of(options, more[1:] if recipe else more, typed_command("run", _without_control(shown)))
    )
    run_stages(experiment, range(first, last + 1), ranks, words, options)


def run_stages(
    experiment: "Experiment", stages: range, ranks: Ranks, words: Sequence[str], options: argparse.Namespace
) -> None:
    """Run stages one after the other; those that several ranks share are started in them."""
    from xser.experiments.preview import preview

    is_rank = "LOCAL_RANK" in os.environ
    if not is_rank:
        for line in preview(experiment):
            logger.info(line)
    for number in stages:
        if number < 2 and ranks.node_rank > 0:
            logger.info("%d %s: left to the first node", number, STAGES[number])
            continue
        if not is_rank:
            logger.info("%d %s", number, STAGES[number])
        if number >= 2 and ranks.number > 1 and not is_rank:
            one = ["--stage", str(number), "--stop-stage", str(number)]
            run_in_ranks(ranks, number, ["run", *_without_control(words), *one])
        else:
            try:
                _stage(number, options)(experiment)
            except KeyboardInterrupt as interrupt:
                raise KeyboardInterrupt(f" in stage {number} ({STAGES[number]}; {GOES_ON[number]})") from interrupt


def _stage(number: int, options: argparse.Namespace) -> Callable[["Experiment"], None]:
    if number == 0:
        from xser.experiments.prepare import prepare

        def prepare_one(experiment: "Experiment") -> None:
            if options.download:
                from xser.experiments.downloads import download_missing

                download_missing(experiment, options.accept_licence)
            prepare([experiment])

        return prepare_one
    if number == 1:
        from xser.experiments.manifests import make_manifests

        return lambda experiment: make_manifests([experiment])
    if number == 2:
        from xser.experiments.train import train

        return train
    from xser.experiments.evaluate import evaluate

    return evaluate


def recipe_of(words: Sequence[str]) -> str | None:
    """The recipe that the first word names; None where there is none."""
    return words[0] if words and not words[0].startswith("-") else None


def apply_recipe(options: argparse.Namespace, recipe: str | None) -> None:
    """Let `options` say which task the recipe's name stands for."""
    if recipe is None:
        return
    if options.corpus is not None:
        raise UsageError(f"--corpus is {options.corpus} already: leave {recipe} out")
    catalogue = catalogue_of(options.recipes)
    if recipe in catalogue.corpus_ids:
        options.corpus = recipe
        return
    several = sorted({path.parent.name for root in catalogue.folders for path in root.glob("*/options.yaml")})
    if recipe not in several:
        known = [*several, *catalogue.corpus_ids]
        close = close_match(recipe, known)
        raise UsageError(
            f"there is no recipe {recipe!r}{close}; there are {', '.join(known)}; "
            "your own table or folder goes to --corpus"
        )
    if options.task is None and options.sources is None and options.target is None:
        defaults = read_yaml(catalogue.find(recipe, "options.yaml"), RecipeOptions).root
        for name, value in defaults.items():
            if getattr(options, name, None) is None:
                setattr(options, name, value)


def _stages(options: argparse.Namespace) -> tuple[int, int]:
    first, last = (_stage_number(name, getattr(options, name)) for name in ("stage", "stop_stage"))
    if last < first:
        raise UsageError(f"--stop-stage {STAGES[last]} comes before --stage {STAGES[first]}")
    return first, last


def _stage_number(option: str, word: str) -> int:
    if word in STAGES:
        return STAGES.index(word)
    if word in ("0", "1", "2", "3"):
        return int(word)
    name = option.replace("_", "-")
    raise UsageError(f"--{name} takes a stage, 0 to 3 or one of {' '.join(STAGES)}, not {word!r}")


CONTROL = ("--stage", "--stop-stage", "--gpus", "--nnodes", "--node-rank", "--rdzv")  # no part of what is repeated


def _without_control(words: Sequence[str]) -> list[str]:
    """Words without those that say which stages run and in how many processes."""
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in CONTROL:
            skip = True
        elif word.partition("=")[0] not in CONTROL:
            kept.append(word)
    return kept
