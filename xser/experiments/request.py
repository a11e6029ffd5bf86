"""From what a user typed to a resolved experiment: every name looked up, every value checked, before anything runs."""

import dataclasses
from pathlib import Path

from xser.core.errors import UsageError, XserError
from xser.core.files import folder_of
from xser.core.words import comma_separated, read_seeds
from xser.corpora.description.emotions import load_scheme
from xser.experiments.catalogue import DATA, PLACE, Catalogue, catalogue_of
from xser.experiments.encoder_choice import EncoderChoice, choose_encoder, with_source
from xser.experiments.experiment import Experiment, Preparation, Split
from xser.experiments.hyperparameters import read_options, resolve
from xser.experiments.named_tasks import NamedTask, find_task
from xser.experiments.selections import one_corpus, resolve_selections
from xser.experiments.systems import System, read_system
from xser.protocol.splits.emobox_folds import FoldFiles, fold_files
from xser.protocol.splits.splits import check_split, of_one_corpus
from xser.protocol.tasks import Task


@dataclasses.dataclass(frozen=True)
class Request:
    """What a user typed, by the names of the options (``xser run --help`` says what each means).

    Attributes
    ----------
    corpus
        One corpus by itself; else `task`, or `sources` and `target`.
    hyperparameters
        Words ``--key value`` and ``--key=value``.
    command
        The command that a reader may type to repeat it.
    options
        Names of all options that the command has: an unknown one may be meant to be one of them.
    """

    corpus: str | None = None
    sources: str | None = None
    target: str | None = None
    task: str | None = None
    system: str | None = None
    seeds: str = "0"
    encoder: str = "compact"
    finetune: str | None = None
    device: str = "auto"
    scheme: str | None = None
    split: str = "speaker"
    split_seed: int = 0
    emobox: Path | None = None
    target_statistics: str = "none"
    data_root: Path = DATA / "egs_data"
    work_dir: Path = PLACE / "exp"
    recipes: Path | None = None
    model_root: Path | None = None
    jobs: int = -1
    skip_bad: bool = False
    allow_incomplete: bool = False
    as_recorded: bool = False
    allow: tuple[str, ...] = ()
    hyperparameters: tuple[str, ...] = ()
    command: str = ""
    options: tuple[str, ...] = ()


def resolve_request(request: Request) -> Experiment:
    """Resolve and check what a user asked for.

    Raises
    ------
    UsageError
        For options that do not go together, or cannot be read.
    XserError
        For whatever does not exist: a corpus, language, system, encoder, scheme, split or hyperparameter.
    """
    catalogue = catalogue_of(request.recipes)
    check_split(request.split)
    named = find_task(catalogue, request.task) if request.task is not None else None
    task = _task(request, named, catalogue)
    within = task.target is None
    encoder = choose_encoder(request.encoder, catalogue, task.sources[0], request.model_root)
    finetuning = _finetuning(request.finetune, encoder, catalogue)
    hparams = _files(encoder, finetuning, catalogue)
    told = resolve(hparams, encoder.settings)
    if request.target_statistics != "none" and told.learns_from_waveforms:
        raise XserError(
            f"--target-statistics {request.target_statistics} is for features, and --finetune {finetuning} learns from "
            "waveforms: use another --finetune, or leave --target-statistics out"
        )
    overrides = read_options(request.hyperparameters, told, request.options)
    if not within and of_one_corpus(request.split):
        raise XserError(
            f"--split {request.split} has folds of one corpus; for zero_shot use speaker, paper, stratified or official"
        )
    if request.jobs == 0 or request.jobs < -1:
        raise UsageError(f"--jobs is a number of processes, or -1 for every core, not {request.jobs}")
    known = {*catalogue.corpus_ids, *(selection.corpus.id for selection in task.selections)}
    scheme = request.scheme or (task.sources[0].corpus.scheme if within else "four")
    experiment = Experiment(
        task=task,
        named_task=named,
        systems=_systems(request.system, within, catalogue),
        seeds=read_seeds(request.seeds),
        scheme=load_scheme(scheme, known),
        split=Split(request.split, request.split_seed, _published_folds(request, task)),
        encoder=with_source(encoder, overrides),
        finetuning=finetuning,
        hparams=hparams,
        overrides=overrides,
        target_statistics=request.target_statistics,
        device=request.device,
        preparation=Preparation(
            folder_of(request.data_root),
            request.jobs,
            request.skip_bad,
            request.allow_incomplete,
            request.as_recorded,
        ),
        work_dir=folder_of(request.work_dir),
        allow=request.allow,
        command=request.command,
    )
    for system in experiment.systems:
        experiment.hyperparameters(system)  # a wrong value of a system's file is told now
    return experiment


def _task(request: Request, named: NamedTask | None, catalogue: Catalogue) -> Task:
    if request.corpus is not None:
        if request.sources or request.target or named is not None:
            raise UsageError(
                "--sources, --target and --task belong to `xser run zero_shot`, not to one corpus by itself"
            )
        return Task((one_corpus(request.corpus, catalogue),))
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    if named is not None:
        if request.sources or request.target:
            raise UsageError("--task stands for --sources and --target: give the one or the others")
        sources, targets = named.sources, (named.target,)
    elif request.sources and request.target:
        sources, targets = comma_separated(request.sources), comma_separated(request.target)
    else:
        raise UsageError("give a corpus, --task T, or --sources A,B and --target C")
    data_root = folder_of(request.data_root)
    found = resolve_selections(targets, catalogue, data_root)
    if len(found) != 1:
        meant = ", ".join(map(str, found))
        raise XserError(f"--target {','.join(targets)} is {len(found)} corpora ({meant}): name one")
    task = Task(tuple(resolve_selections(sources, catalogue, data_root)), found[0], named.name if named else "")
    task.check()
    return task


def _systems(words: str | None, within: bool, catalogue: Catalogue) -> tuple[System, ...]:
    names = comma_separated(words) or (("baseline2",) if within else ("baseline2", "proposed"))
    if len(set(names)) < len(names):
        raise UsageError(f"--system names something twice: {','.join(names)}")
    for name in names:
        catalogue.refuse_unknown("system", name, "hparams", "systems")
    return tuple(read_system(catalogue.find("hparams", "systems", f"{name}.yaml")) for name in names)


def _finetuning(name: str | None, encoder: EncoderChoice, catalogue: Catalogue) -> str | None:
    if encoder.source is None:
        if name:
            raise XserError(
                f"--finetune is for pretrained encoders, and {encoder.name} is trained from scratch: leave it out"
            )
        return None
    catalogue.refuse_unknown("finetuning", name or "peft", "hparams", "finetuning")
    return name or "peft"


def _files(encoder: EncoderChoice, finetuning: str | None, catalogue: Catalogue) -> tuple[Path, ...]:
    tuned = [catalogue.find("hparams", "finetuning", f"{finetuning}.yaml")] if finetuning else []
    return (catalogue.find("hparams", "train.yaml"), encoder.file, *tuned)


def _published_folds(request: Request, task: Task) -> tuple[FoldFiles, ...]:
    if request.split.partition(":")[0] != "emobox":
        if request.emobox is not None:
            raise UsageError("--emobox belongs to --split emobox, or emobox:N for one of its folds")
        return ()
    if request.emobox is None:
        raise UsageError(
            "--split emobox takes published files: give --emobox DIR, a copy of EmoBox with its folder data"
        )
    return tuple(fold_files(folder_of(request.emobox), task.sources[0].corpus.id, request.split))
