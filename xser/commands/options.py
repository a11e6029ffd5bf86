"""The options of an experiment as words: the parser of every verb; how lists, seeds and hyperparameters are read."""

import re
import shlex
from pathlib import Path

from xser.audit.checks import STOPPING
from xser.commands.command_line import OneLineParser
from xser.core.words import close_match
from xser.experiments.hyperparameters import check_value

CHECKOUT = Path(__file__).resolve().parents[2]
# Installed without its checkout, xser looks for recipes and writes below the current folder.
PLACE = CHECKOUT if (CHECKOUT / "recipes").is_dir() else Path.cwd()

RUN_SH = ("stage", "stop_stage", "gpus", "nnodes", "node_rank", "rdzv", "grid")  # options that run.sh takes out

STAGES = """\
stages:
  0 prepare     find the recordings, check them, write 16 kHz audio
  1 manifests   map labels to emotions, split into train, valid and test
  2 train       train every system with every seed
  3 evaluate    recognise the emotions of the target, print the table
"""


def experiment_parser(prog):
    from xser.protocol.splits.splits import split_names_help  # and with it pandas, which reading options does not need

    parser = OneLineParser(prog=prog, epilog=STAGES)
    what = parser.add_argument_group("what is recognised")
    what.add_argument(
        "--corpus",
        metavar="C",
        help="one corpus by itself: a recipe (recipes/C/run.sh sets it), or your own table or folder (docs/tables.md)",
    )
    what.add_argument(
        "--sources",
        metavar="A,B",
        help="corpora, languages or tables to train on; `corpus:cmn` is one language of a corpus",
    )
    what.add_argument("--target", metavar="C", help="the corpus, language or table that training never sees")
    what.add_argument("--task", metavar="T", help="sources and target by name, of recipes/zero_shot/tasks.yaml")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--system",
        metavar="S[,S]",
        help="systems to train, of recipes/hparams/systems (default: baseline2,proposed; within one corpus baseline2)",
    )
    how.add_argument(
        "--encoder",
        metavar="E",
        default="compact",
        help="an encoder of recipes/hparams/encoders, language_matched, a model's folder, or its hub name[@revision]",
    )
    how.add_argument("--finetune", metavar="F", help="what of a pretrained encoder learns (default: peft)")
    how.add_argument("--device", metavar="D", default="auto", help="where to compute: auto, cpu, cuda, mps")
    how.add_argument("--scheme", metavar="X", help="the set of emotions, or a YAML file that defines one")
    how.add_argument("--split", metavar="NAME", default="speaker", help=split_names_help())
    how.add_argument("--emobox", metavar="DIR", help="a copy of EmoBox, whose published folds --split emobox takes")
    how.add_argument("--split-seed", metavar="N", type=int, default=0, help="seed of the split")
    how.add_argument("--seed", metavar="N", help="seed of the training (0 when neither this nor --seeds is given)")
    how.add_argument("--seeds", metavar="N-M", help="several seeds: 0-4 or 0,2,5")
    how.add_argument(
        "--target-statistics",
        "--target_statistics",  # as it is called in train.yaml
        choices=("none", "corpus", "speaker"),
        default="none",
        help="none: each utterance by itself (blind); corpus, speaker: with label-free statistics of the target's "
        "recordings together (unlabelled), and the same of the sources while training",
    )
    where = add_place_options(parser)
    where.add_argument("--model-root", metavar="DIR", help="DIR/<encoder> is taken instead of the hub when it is there")
    data = add_recording_options(parser)
    data.add_argument(
        "--allow",
        metavar="NAME",
        action="append",
        default=[],
        help="go on although the audit of stage 1 found this (the results say so): " + ", ".join(STOPPING),
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on where an interrupted run stopped: always done, also without it"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def add_place_options(parser):
    """Add where things lie, and return the group."""
    where = parser.add_argument_group("where")
    where.add_argument("--data-root", metavar="DIR", default=PLACE / "egs_data", help="recordings: a folder per corpus")
    where.add_argument("--work-dir", metavar="DIR", default=PLACE / "exp", help="where everything is written")
    where.add_argument("--recipes", metavar="DIR", default=PLACE / "recipes", help="the recipes of a checkout")
    return where


def add_recording_options(parser):
    """Add how recordings are prepared, and return the group."""
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
    return data


def add_download_options(parser):
    """Add the options of stage 0 alone; the others are never given them."""
    downloads = parser.add_argument_group("downloads (stage 0 only)")
    downloads.add_argument(
        "--download",
        action="store_true",
        help="fetch corpora that everybody may fetch to DIR/<corpus> of --data-root, where nothing stands yet; of the "
        "others, say from whom to get them",
    )
    downloads.add_argument(
        "--accept-licence", action="store_true", help="accept their licences, instead of being asked for each"
    )


def read_download_options(parser, argv):
    """Take ``--download`` and ``--accept-licence`` out of `argv`: they are no part of what a result is repeated with.

    Returns
    -------
    (bool, bool, list of str)
        Whether each was given, and the other words.
    """
    download, accept_licence = "--download" in argv, "--accept-licence" in argv
    if accept_licence and not download:
        parser.error("--accept-licence belongs to --download")
    return download, accept_licence, [word for word in argv if word not in ("--download", "--accept-licence")]


def words_of(words):
    return tuple(word.strip() for word in words.split(",") if word.strip()) if words else ()


def refuse_repeats(parser, option, values):
    if len(set(values)) < len(values):
        parser.error(f"{option} names something twice: {','.join(map(str, values))}")


def read_seeds(parser, options):
    if options.seed is not None and options.seeds is not None:
        parser.error("give --seed or --seeds, not both")
    text = options.seeds if options.seeds is not None else options.seed if options.seed is not None else "0"
    seeds = []
    for piece in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", piece.strip())
        if not match:
            parser.error(f"seeds are whole numbers, as in 0-4 or 0,2,5, not {text!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            parser.error(f"the seeds {piece} run backwards")
        seeds.extend(range(first, last + 1))
    refuse_repeats(parser, "--seeds", seeds)
    return tuple(seeds)


def read_allowed(parser, words):
    """Read ``--allow a --allow b,c``."""
    names = tuple(dict.fromkeys(name for word in words for name in words_of(word)))
    for name in names:
        if name not in STOPPING:
            known = ", ".join(STOPPING)
            parser.error(f"--allow takes {known}: not {name!r}{close_match(name, STOPPING)}")
    return names


def read_jobs(parser, jobs):
    if jobs == 0 or jobs < -1:
        parser.error(f"--jobs is a number of processes, or -1 for every core, not {jobs}")
    return jobs


def read_hyperparameters(parser, words, known, allowed):
    """Read ``--key value`` and ``--key=value`` for the keys `known` of the HyperPyYAML files; `allowed` are choices."""
    values, words = {}, list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            parser.error(f"stray word {word!r}")
        key, equals, value = word[2:].partition("=")
        key = key.replace("-", "_")
        if key not in known:
            options = set(RUN_SH) | set(known) | {action.dest for action in parser._actions}
            parser.error(f"unknown option --{key}{close_match(key, options, '--')}")
        if not equals:
            if not words or words[0].startswith("--"):
                parser.error(f"option --{key} needs a value")
            value = words.pop(0)
        values[key] = check_value(key, value, known[key], allowed.get(key, ()))
    return values


def typed_recipe(corpus, own):
    """Return the words that start the stages: of zero_shot where `corpus` is None, of a recipe, or of a user's own."""
    if own:
        return "bash", "recipes/run_stages.sh", "--corpus", _from_checkout(corpus)
    return "bash", f"recipes/{corpus or 'zero_shot'}/run.sh"


def written_command(corpus, own, argv):
    """Write the command as a user would type it in the checkout; what lies there is named from there.

    Parameters
    ----------
    corpus : str or None
        What ``--corpus`` says.
    own : bool
        Whether that is a table or folder of the user's own.
    argv : list of str
        All options.
    """
    words = [_from_checkout(word) for word in argv]
    if corpus is not None:
        at = next(i for i, word in enumerate(words) if word.partition("=")[0] == "--corpus")
        del words[at : at + (1 if "=" in words[at] else 2)]
    return " ".join(map(shlex.quote, [*typed_recipe(corpus, own), *words]))


def _from_checkout(word):
    return re.sub(rf"^(--[\w-]+=)?{re.escape(str(PLACE))}/", r"\1", word)
