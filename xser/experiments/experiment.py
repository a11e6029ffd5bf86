"""One experiment: the options that every stage of a recipe takes, checked before anything runs.

``recipes/*/run.sh`` passes its options unchanged to every verb, and each verb reads what it needs from the
`Experiment`. Nothing here needs torch::

    python -m xser.experiments.experiment check --corpus emodb --seed 3      # prints nothing when all is well
    python -m xser.experiments.experiment help --corpus emodb                # the help of recipes/emodb/run.sh
"""

import dataclasses
import sys
from pathlib import Path

from xser.commands.command_line import run
from xser.commands.options import (
    add_download_options,
    experiment_parser,
    read_allowed,
    read_hyperparameters,
    read_jobs,
    read_seeds,
    refuse_repeats,
    words_of,
    written_command,
)
from xser.core.errors import XserError
from xser.core.files import folder_of
from xser.core.words import close_match
from xser.corpora.description.corpus import corpus_ids
from xser.corpora.description.emotions import Scheme, load_scheme
from xser.experiments import workspace
from xser.experiments.encoder_choice import EncoderChoice, choose_encoder, with_source
from xser.experiments.hyperparameters import (
    choices,
    hyperparameter_keys,
    learns_from_waveforms,
    yaml_names,
)
from xser.experiments.task_list import find_task
from xser.protocol.splits.emobox_folds import FoldFiles, fold_files
from xser.protocol.splits.splits import check_split, of_one_corpus
from xser.protocol.tasks import Selection, Task, one_corpus, resolve_selections


@dataclasses.dataclass(frozen=True, eq=False)
class Experiment:
    """What a user asked for, checked.

    Attributes
    ----------
    kind : str
        ``within`` (one corpus by itself) or ``zero_shot``.
    sources : tuple of Selection
        The corpora trained on; for ``within`` the one corpus.
    target : Selection or None
        The unseen corpus; None for ``within``.
    named_task : str
        The task's name of ``--task``; empty without.
    published_folds : tuple of FoldFiles
        Where the split is read from files: those of ``--emobox``.
    systems, seeds : tuple
        Every system is trained with every seed.
    allow : tuple of str
        Severe findings of the audit that do not stop stage 1.
    target_statistics : str
        ``none`` (the regime `blind`), ``corpus`` or ``speaker`` (`unlabelled`).
    hyperparameters : dict
        HyperPyYAML keys that the command line overrides, values read.
    command : str
        The command that a reader may type to repeat it.
    """

    kind: str
    sources: tuple[Selection, ...]
    target: Selection | None
    named_task: str
    systems: tuple[str, ...]
    encoder_choice: EncoderChoice
    finetuning: str | None
    device: str
    scheme: Scheme
    split: str
    split_seed: int
    published_folds: tuple[FoldFiles, ...]
    seeds: tuple[int, ...]
    data_root: Path
    work_dir: Path
    recipes: Path
    jobs: int
    skip_bad: bool
    allow_incomplete: bool
    allow: tuple[str, ...]
    as_recorded: bool
    target_statistics: str
    hyperparameters: dict[str, object]
    command: str

    @property
    def encoder(self):
        """Short name of the encoder (`xser.experiments.encoder_choice.EncoderChoice.name`)."""
        return self.encoder_choice.name

    @property
    def corpus(self):
        """The corpus id of an experiment within one corpus."""
        return self.sources[0].corpus

    @property
    def task(self):
        """The `Task`: sources and target."""
        return Task(self.sources, self.target, self.named_task)

    @property
    def selections(self):
        """Every selection of the experiment, the target last."""
        return self.sources + ((self.target,) if self.target else ())

    @property
    def several_corpora(self):
        """Whether the data root must hold one folder per corpus."""
        return len(self.selections) > 1

    @property
    def hparams(self):
        """The folder of HyperPyYAML files."""
        return self.recipes / "hparams"

    def own(self, corpus):
        """The `xser.corpora.description.corpus.Corpus` of a user's own table or folder; None of a recipe's corpus."""
        return next((each.own for each in self.selections if each.corpus == corpus), None)

    def described(self, corpus):
        """The `xser.corpora.description.corpus.Corpus` of a corpus, be it a recipe's or the user's own."""
        return Selection(corpus, own=self.own(corpus)).described(self.recipes)

    def data_folder(self, corpus):
        """Where the recordings of a corpus lie; of the user's own, where its relative paths start."""
        own = self.own(corpus)
        if own:
            return own.listing.folder(self.work_dir)
        return workspace.data_folder(self.data_root, corpus, self.several_corpora)

    def download_folder(self, corpus):
        """Where stage 0 puts a corpus that it downloads, and then finds it."""
        return workspace.data_folder(self.data_root, corpus, several=True)

    def prepared_folder(self, corpus):
        """Where stage 0 keeps the audio of a corpus."""
        return workspace.prepared_folder(
            self.work_dir,
            self.described(corpus),
            self.data_folder(corpus),
            self.skip_bad,
            self.allow_incomplete,
            as_recorded=bool(self.repairs_left_out(corpus)),
        )

    def repairs_left_out(self, corpus):
        """What stage 0 would repair of a corpus without ``--as-recorded`` (see `xser.corpora.audio.repairs`)."""
        return self.described(corpus).repairs if self.as_recorded else ()

    def manifest_folder(self, selection):
        """Where stage 1 keeps the manifest of a selection.

        Raises
        ------
        XserError
            When stage 0 has not prepared its corpus.
        """
        prepared = workspace.read_prepared_info(self.prepared_folder(selection.corpus))
        return workspace.manifest_folder(
            self.work_dir,
            self.described(selection.corpus),
            selection.language,
            self.scheme,
            self.split,
            self.split_seed,
            prepared["fingerprint"],
            self.split_files,
        )

    @property
    def split_files(self):
        """The files that the split is read from."""
        return [path for fold in self.published_folds for path in fold.files.values()]


def parse_experiment(verb, argv):
    """Read and check the options of an experiment.

    Parameters
    ----------
    verb : str
        Name of the verb, for messages.
    argv : list of str
        The options.

    Returns
    -------
    Experiment

    Raises
    ------
    XserError
        For whatever does not exist: a corpus, language, system, encoder, scheme, split or hyperparameter.
    SystemExit
        With code 2 and one line when the options cannot be read.
    """
    typed = {"experiment": "run.sh", "grid": "run.sh --grid"}
    parser = experiment_parser(typed.get(verb, f"python -m xser.{verb}"))
    if verb == "prepare":
        add_download_options(parser)  # for its --help: `xser.experiments.prepare` has read them
    options, rest = parser.parse_known_args(argv)
    recipes = recipes_folder(options.recipes)
    for name in words_of(options.system):
        _known("system", name, recipes / "hparams" / "systems")
    check_split(options.split)
    kind, sources, target = _selections(parser, options, recipes)
    encoder = choose_encoder(options.encoder, recipes, sources[0], options.model_root)
    finetuning = _finetuning(options.finetune, encoder, recipes / "hparams")
    files = (recipes / "hparams", encoder.yaml, finetuning)
    _refuse_statistics_of_waveforms(options.target_statistics, *files)
    hyperparameters = read_hyperparameters(parser, rest, hyperparameter_keys(*files), choices(*files))
    if kind == "zero_shot" and of_one_corpus(options.split):
        raise XserError(
            f"--split {options.split} has folds of one corpus; for zero_shot use speaker, paper, stratified or official"
        )
    systems = words_of(options.system) or (("baseline2",) if kind == "within" else ("baseline2", "proposed"))
    refuse_repeats(parser, "--system", systems)
    known = {*corpus_ids(recipes), *(selection.corpus for selection in (*sources, *([target] if target else ())))}
    return Experiment(
        kind=kind,
        sources=sources,
        target=target,
        named_task=options.task or "",
        systems=systems,
        encoder_choice=with_source(encoder, hyperparameters),
        finetuning=finetuning,
        device=options.device,
        scheme=load_scheme(options.scheme or usual_scheme(kind, sources, recipes), known),
        split=options.split,
        split_seed=options.split_seed,
        published_folds=_published_folds(parser, options, sources[0].corpus),
        seeds=read_seeds(parser, options),
        data_root=folder_of(options.data_root),
        work_dir=folder_of(options.work_dir),
        recipes=recipes,
        jobs=read_jobs(parser, options.jobs),
        skip_bad=options.skip_bad,
        allow_incomplete=options.allow_incomplete,
        allow=read_allowed(parser, options.allow),
        as_recorded=options.as_recorded,
        target_statistics=options.target_statistics,
        hyperparameters=hyperparameters,
        command=written_command(options.corpus, options.corpus and sources[0].own, argv),
    )


def recipes_folder(folder):
    """Return the absolute path of a folder of recipes, refusing what is none."""
    folder = folder_of(folder)
    if not (folder / "hparams" / "train.yaml").is_file():
        raise XserError(
            f"{folder} holds no recipes (hparams/train.yaml): give --recipes the recipes folder of a checkout"
        )
    return folder


def _published_folds(parser, options, corpus):
    if options.split.partition(":")[0] != "emobox":
        if options.emobox is not None:
            parser.error("--emobox belongs to --split emobox, or emobox:N for one of its folds")
        return ()
    if options.emobox is None:
        parser.error("--split emobox takes published files: give --emobox DIR, a copy of EmoBox with its folder data")
    return tuple(fold_files(folder_of(options.emobox), corpus, options.split))


def _finetuning(name, encoder, hparams):
    if encoder.source is None:
        if name:
            raise XserError(
                f"--finetune is for pretrained encoders, and {encoder.yaml} is trained from scratch: leave it out"
            )
        return None
    return _known("finetuning", name or "peft", hparams / "finetuning")


def _refuse_statistics_of_waveforms(target_statistics, hparams, encoder, finetuning):
    if target_statistics != "none" and learns_from_waveforms(hparams, encoder, finetuning):
        raise XserError(
            f"--target-statistics {target_statistics} is for features, and --finetune {finetuning} learns from "
            "waveforms: use another --finetune, or leave --target-statistics out"
        )


def _known(what, name, folder):
    names = yaml_names(folder)
    if name not in names:
        raise XserError(f"there is no {what} {name!r}{close_match(name, names)}; {folder} has {', '.join(names)}")
    return name


def _selections(parser, options, recipes):
    if options.corpus:
        if options.sources or options.target or options.task is not None:
            parser.error(
                "--sources, --target and --task belong to recipes/zero_shot/run.sh, not to one corpus by itself"
            )
        return "within", (one_corpus(options.corpus, recipes),), None
    if options.task is not None:
        if options.sources or options.target:
            parser.error("--task stands for --sources and --target: give the one or the others")
        named = find_task(recipes, options.task)
        source_words, target_words = named.sources, (named.target,)
    elif options.sources and options.target:
        source_words, target_words = words_of(options.sources), words_of(options.target)
    else:
        parser.error("give --corpus C, --task T, or --sources A,B and --target C")
    data_root = folder_of(options.data_root)
    sources = resolve_selections(source_words, recipes, data_root)
    target = resolve_selections(target_words, recipes, data_root)
    if len(target) != 1:
        target_words = ",".join(target_words)
        raise XserError(f"--target {target_words} is {len(target)} corpora ({', '.join(map(str, target))}): name one")
    Task(tuple(sources), target[0]).check(recipes)
    return "zero_shot", tuple(sources), target[0]


def usual_scheme(kind, sources, recipes):
    """Return the name of the scheme when the user names none: within a corpus its own."""
    return sources[0].described(recipes).scheme if kind == "within" else "four"


def main(argv):
    """Check an experiment's options, or print the help of a recipe."""
    if not argv or argv[0] not in ("check", "help"):
        raise XserError("usage: python -m xser.experiments.experiment check|help <options of run.sh>")
    if argv[0] == "help":
        from xser.commands.recipe_help import print_help  # it needs what is above

        print_help(argv[1:])
    else:
        parse_experiment("experiment", argv[1:])


if __name__ == "__main__":
    run(main, sys.argv[1:])
