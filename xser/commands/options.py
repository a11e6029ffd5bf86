"""Options that several commands share, and how they become a request for an experiment."""

import argparse
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xser.audit.checks import STOPPING
from xser.core.errors import UsageError
from xser.core.words import close_match, comma_separated
from xser.experiments.catalogue import DATA, PLACE

if TYPE_CHECKING:
    from xser.experiments.request import Request


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Add what is recognised."""
    what = parser.add_argument_group("what is recognised")
    what.add_argument(
        "--corpus", metavar="C", help="one corpus by itself: a recipe's name, or your own table or folder"
    )
    what.add_argument(
        "--sources",
        metavar="A,B",
        help="corpora, languages or tables to train on; `corpus:cmn` is one language of a corpus",
    )
    what.add_argument("--target", metavar="C", help="the corpus, language or table that training never sees")
    what.add_argument("--task", metavar="T", help="sources and target by name, of recipes/zero_shot/tasks.yaml")


def add_training_options(
    parser: argparse.ArgumentParser, systems: str = "baseline2,proposed; within one corpus baseline2"
) -> None:
    """Add how it is trained and judged; `systems` are trained when the user names none."""
    how = parser.add_argument_group("how")
    how.add_argument(
        "--system",
        metavar="S[,S]",
        help=f"systems to train, of recipes/hparams/systems (default: {systems})",
    )
    how.add_argument(
        "--encoder",
        metavar="E",
        default="compact",
        help="an encoder of recipes/hparams/encoders, language_matched, a model's folder, or its hub name[@revision]",
    )
    how.add_argument("--finetune", metavar="F", help="what of a pretrained encoder learns (default: peft)")
    how.add_argument("--model-root", metavar="DIR", help="DIR/<encoder> is taken instead of the hub when it is there")
    how.add_argument("--device", metavar="D", default="auto", help="where to compute: auto, cpu, cuda, mps")
    how.add_argument("--seed", metavar="N", help="seed of the training (default: 0)")
    how.add_argument("--seeds", metavar="N-M", help="several seeds: 0-4 or 0,2,5")
    how.add_argument("--emobox", metavar="DIR", help="a copy of EmoBox, whose published folds --split emobox takes")
    how.add_argument(
        "--target-statistics",
        "--target_statistics",  # as it is called in train.yaml
        choices=("none", "corpus", "speaker"),
        default="none",
        help="none: each utterance by itself (blind); corpus, speaker: with label-free statistics of the target's "
        "recordings together (unlabelled), and the same of the sources while training",
    )
    how.add_argument(
        "--allow",
        metavar="NAME",
        action="append",
        default=[],
        help="go on although the audit of stage 1 found this (the results say so): " + ", ".join(STOPPING),
    )


def add_manifest_options(parser: argparse.ArgumentParser, split: str | None = "speaker") -> None:
    """Add how labels are mapped and utterances split; `split` is what is done when the user names none."""
    from xser.protocol.splits.splits import split_names_help

    group = parser.add_argument_group("labels and parts")
    group.add_argument("--scheme", metavar="X", help="the set of emotions, or a YAML file that defines one")
    group.add_argument("--split", metavar="NAME", default=split, help=split_names_help())
    group.add_argument("--split-seed", metavar="N", type=int, default=0, help="seed of the split")


def add_place_options(parser: argparse.ArgumentParser) -> None:
    """Add where things lie."""
    where = parser.add_argument_group("where")
    where.add_argument("--data-root", metavar="DIR", default=DATA / "egs_data", help="recordings: a folder per corpus")
    where.add_argument("--work-dir", metavar="DIR", default=PLACE / "exp", help="where everything is written")
    add_recipes_option(where)


def add_recipes_option(parser: argparse._ActionsContainer) -> None:
    """Add the folder of a user's own recipes."""
    parser.add_argument("--recipes", metavar="DIR", help="your own recipes, which come before those of xser")


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """Add how recordings are prepared."""
    data = parser.add_argument_group("the recordings")
    data.add_argument("--jobs", metavar="N", type=int, default=-1, help="processes for audio; -1 means every core")
    data.add_argument("--skip-bad", action="store_true", help="leave unusable recordings out and say how many")
    data.add_argument(
        "--allow-incomplete", action="store_true", help="go on when files are missing; the results say so"
    )
    data.add_argument(
        "--as-recorded",
        action="store_true",
        help="make none of the repairs that a corpus.yaml names (DC offset, digital silence); the results say so",
    )


def request_of(options: argparse.Namespace, hyperparameters: Sequence[str] = (), command: str = "") -> "Request":
    """The request that options mean. An option that the command does not have has the request's default.

    Raises
    ------
    UsageError
        For ``--seed`` beside ``--seeds``, and an unknown name in ``--allow``.
    """
    from xser.experiments.request import Request  # and with it pandas, which xser labels does not need

    given = {name: value for name, value in vars(options).items() if name in Request.__dataclass_fields__}
    for folder in ("data_root", "work_dir", "recipes", "model_root", "emobox"):
        if given.get(folder) is not None:
            given[folder] = Path(given[folder])
    given["allow"] = read_allowed(getattr(options, "allow", []))
    given["seeds"] = seeds_of(options)
    names = tuple(name.replace("_", "-") for name in vars(options))
    return Request(**{**given, "hyperparameters": tuple(hyperparameters), "command": command, "options": names})


def seeds_of(options: argparse.Namespace) -> str:
    """The seeds of ``--seed`` or ``--seeds``, as typed."""
    seed, seeds = getattr(options, "seed", None), getattr(options, "seeds", None)
    if seed is not None and seeds is not None:
        raise UsageError("give --seed or --seeds, not both")
    return seeds or seed or "0"


def read_allowed(words: Sequence[str]) -> tuple[str, ...]:
    """Read ``--allow a --allow b,c``.

    Raises
    ------
    UsageError
        For a name that no finding has that stops stage 1.
    """
    names = tuple(dict.fromkeys(name for word in words for name in comma_separated(word)))
    for name in names:
        if name not in STOPPING:
            raise UsageError(f"--allow takes {', '.join(STOPPING)}: not {name!r}{close_match(name, STOPPING)}")
    return names


def typed_command(name: str, words: Sequence[str]) -> str:
    """The command as a user would type it in the checkout; what lies there is named from there.

    Examples
    --------
    >>> typed_command("run", ["emodb", "--scheme", "my scheme.yaml"])
    "xser run emodb --scheme 'my scheme.yaml'"
    """
    return " ".join(["xser", name, *(shlex.quote(_from_checkout(word)) for word in words)])


def _from_checkout(word: str) -> str:
    return re.sub(rf"^(--[\w-]+=)?{re.escape(str(PLACE))}/", r"\1", word)
