"""One training run: from manifest rows to the best checkpoint."""

import dataclasses
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import speechbrain as sb
import torch
import yaml
from hyperpyyaml import load_hyperpyyaml
from speechbrain.utils.distributed import if_main_process, run_on_main
from speechbrain.utils.epoch_loop import EpochCounter
from speechbrain.utils.train_logger import FileTrainLogger

from xser.core.errors import XserError
from xser.core.files import write_text
from xser.core.progress import Progress, progress
from xser.model.batches import evaluation_batches, labelled_dataset, training_batches
from xser.model.brain import EmotionBrain
from xser.model.checkpoints import WholeCheckpointer, begin_anew_where_damaged
from xser.model.choices import refuse_unknown
from xser.model.devices import chosen_device, forget_peak_memory, peak_memory, refuse_precision
from xser.model.encoders.base import StandardisingNetwork
from xser.model.features import Features, FeaturesOf, frames_per_second
from xser.model.gathering import number_of_ranks, this_rank
from xser.model.samplers import BatchSampler, HierarchicalBatches, Lengths, ShuffledBatches
from xser.model.target_statistics import CommonStatistics, save_reference


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What a run may see.

    Attributes
    ----------
    learning
        Rows whose emotions are learned.
    selecting
        Rows whose UAR selects the checkpoint.
    emotions
        The scheme's emotions.
    masked_corpora
        Corpora whose speakers the adversary leaves alone.
    """

    learning: pd.DataFrame
    selecting: pd.DataFrame
    emotions: tuple[str, ...]
    masked_corpora: frozenset[str]

    @property
    def languages(self) -> list[str]:
        """ISO 639-3 codes of the rows that are learned, sorted."""
        return sorted(self.learning["language"].unique())

    @property
    def speakers(self) -> list[str]:
        """Speakers that the adversary tells apart, sorted."""
        return sorted(set(self.learning["speaker"][~self.learning["corpus"].isin(self.masked_corpora)]) - {""})

    def run_values(self, seed: int) -> dict[str, int]:
        """Values of train.yaml's placeholders."""
        return {
            "seed": seed,
            "number_of_emotions": len(self.emotions),
            "number_of_speakers": max(1, len(self.speakers)),
            "number_of_languages": len(self.languages),
        }


def train_run(
    folder: Path,
    hyperparameters: str,
    data: TrainingData,
    description: str,
    device: str = "auto",
    prepared_folders: Mapping[str, Path] | None = None,
) -> dict[str, Any]:
    """Train, or go on where an interrupted training stopped.

    Parameters
    ----------
    folder
        The run's folder; gets ``hyperparameters.yaml``, ``train_log.txt`` and ``checkpoints/``.
    hyperparameters
        HyperPyYAML text, with every placeholder filled; its ``seed`` decides new weights, batches, crops and dropout.
    data
        What the run may see.
    description
        Beside the progress bar.
    device
        As in ``--device``.
    prepared_folders
        Prepared folder of each corpus, where its features are kept; without it they are held in memory.

    Returns
    -------
    dict
        ``steps``, ``epochs``, ``train_seconds`` (of this call), ``parameters`` (trained), ``device``,
        ``peak_memory_bytes`` (`xser.model.devices.peak_memory`).

    Raises
    ------
    XserError
        When an emotion of the scheme occurs in no training row, a hyperparameter has an unknown value, the device
        cannot do what is asked, or the loss is not finite.
    """
    _refuse_missing_emotions(data)
    device = chosen_device(device)
    started = time.monotonic()
    forget_peak_memory(device)
    run_on_main(begin_anew_where_damaged, args=[Path(folder) / "checkpoints"])
    run_on_main(write_text, args=[Path(folder) / "hyperparameters.yaml", hyperparameters])
    sb.utils.seed.seed_everything(_seed(hyperparameters), verbose=False)
    hparams = built(hyperparameters)
    refuse_precision(hparams["precision"], device)
    features_of = _features(folder, data, hparams, device, prepared_folders)
    sampler = _sampler(hparams, data, features_of)
    if isinstance(hparams["network"], StandardisingNetwork):
        hparams["network"].fit_standardiser(data.learning["digest"].tolist(), features_of)
    hparams["epochs"] = math.ceil(hparams["steps"] / _steps_per_epoch(sampler, hparams))
    hparams["epoch_counter"] = EpochCounter(hparams["epochs"])
    hparams["train_logger"] = FileTrainLogger(Path(folder) / "train_log.txt")
    with progress(hparams["epochs"], description, "epochs", shown=if_main_process()) as bar:
        brain = _brain(folder, hparams, data, sampler, device, bar)
        _fit(brain, hparams, data, sampler, features_of)
    return {
        "steps": hparams["epochs"] * _steps_per_epoch(sampler, hparams),
        "epochs": hparams["epochs"],
        "train_seconds": round(time.monotonic() - started, 3),
        "parameters": sum(each.numel() for each in brain.modules.parameters() if each.requires_grad),
        "device": torch.device(device).type,
        "peak_memory_bytes": peak_memory(device),
    }


def built(hyperparameters: str, encoder: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Build what HyperPyYAML text describes.

    Parameters
    ----------
    encoder
        ``encoder_source`` and ``encoder_revision`` in place of those in the text.

    Raises
    ------
    XserError
        When a pretrained encoder is not there, or a value is unknown.
    """
    hparams = load_hyperpyyaml(hyperparameters, overrides=dict(encoder) if encoder else None)
    if not callable(hparams["pooling"]):
        raise XserError(f"pooling is a module such as MaskedMean of xser.model.encoders, not {hparams['pooling']!r}")
    refuse_unknown("target_statistics", hparams["target_statistics"], ("none", "corpus", "speaker"))
    if hparams["speaker_weight"] == 0:
        del hparams["modules"]["adversary"]
    return hparams


def checkpointer_of(folder: Path, hparams: Mapping[str, Any], **options: Any) -> WholeCheckpointer:
    """Where a run keeps its checkpoints."""
    return WholeCheckpointer(Path(folder) / "checkpoints", recoverables=dict(hparams["modules"]), **options)


def _seed(hyperparameters: str) -> int:
    """The seed in HyperPyYAML text: it is wanted before what the text describes is built."""
    text: yaml.Node | None = yaml.compose(hyperparameters)
    values = {key.value: value.value for key, value in text.value} if text else {}
    return int(values["seed"])


def _features(
    folder: Path,
    data: TrainingData,
    hparams: Mapping[str, Any],
    device: str,
    prepared_folders: Mapping[str, Path] | None,
) -> FeaturesOf:
    """Features to train with, in the regime `unlabelled` brought to common statistics, which the run's folder keeps."""
    rows = pd.concat([data.learning, data.selecting])
    features_of = Features(rows, hparams["frontend"], device, prepared_folders)
    if hparams["target_statistics"] == "none":
        return features_of
    common = CommonStatistics(features_of, rows, hparams["target_statistics"])
    run_on_main(save_reference, args=[Path(folder), common])
    return common


def _refuse_missing_emotions(data: TrainingData) -> None:
    missing = [emotion for emotion in data.emotions if emotion not in set(data.learning["emotion"])]
    if missing:
        corpora = ", ".join(sorted(data.learning["corpus"].unique()))
        raise XserError(
            f"no training utterance of {corpora} is {missing[0]}: add a source that has it, or choose another --scheme"
        )


def _sampler(hparams: Mapping[str, Any], data: TrainingData, features_of: FeaturesOf) -> BatchSampler:
    refuse_unknown("batches", hparams["batches"], ("shuffled", "hierarchical"))
    options: dict[str, Any] = {
        "seed": hparams["seed"],
        "rank": this_rank(),
        "world_size": number_of_ranks(),
        "lengths": _lengths(hparams, features_of.frames(data.learning["digest"].tolist())),
    }
    if hparams["batches"] == "shuffled":
        return ShuffledBatches(len(data.learning), hparams["batch_size"], **options)
    return HierarchicalBatches(
        data.learning["language"].tolist(),
        data.learning["emotion"].tolist(),
        languages_per_batch=hparams["languages_per_batch"],
        utterances_per_cell=hparams["utterances_per_cell"],
        classes=data.emotions,
        **options,
    )


def _lengths(hparams: Mapping[str, Any], frames: Any) -> Lengths:
    rate = frames_per_second(hparams["frontend"])
    return Lengths(
        frames,
        least=max(1, round(hparams["shortest_crop_seconds"] * rate)),
        most=max(1, round(hparams["crop_seconds"] * rate)) if hparams["crop_seconds"] > 0 else None,
        alike=hparams["like_durations"],
    )


def _steps_per_epoch(sampler: BatchSampler, hparams: Mapping[str, Any]) -> int:
    """Optimiser steps of an epoch; gradients that are left over at its end are dropped."""
    steps = len(sampler) // hparams["accumulated_batches"]
    if steps == 0:
        raise XserError(f"an epoch has {len(sampler)} batches: use a smaller --accumulated_batches or --batch_size")
    return steps


def _brain(
    folder: Path,
    hparams: dict[str, Any],
    data: TrainingData,
    sampler: BatchSampler,
    device: str,
    bar: Progress,
) -> EmotionBrain:
    def on_epoch(epoch: int, uar: float) -> None:
        bar.note(f"validation UAR {100 * uar:.1f} %")
        bar.update(epoch - bar.done)

    checkpointer = checkpointer_of(folder, hparams)
    checkpointer.add_recoverable("epoch_counter", hparams["epoch_counter"])
    return EmotionBrain(
        hparams,
        _class_weights(hparams, data),
        dict(zip(data.selecting["utterance"], data.selecting["language"], strict=True)),
        len(sampler),
        on_epoch,
        modules=hparams["modules"],
        opt_class=hparams["optimizer"],
        run_opts=_brain_options(hparams, device),
        checkpointer=checkpointer,
    )


def _brain_options(hparams: Mapping[str, Any], device: str) -> dict[str, Any]:
    options = {
        "noprogressbar": True,
        "ckpt_interval_minutes": 0,
        "max_grad_norm": hparams["max_grad_norm"],
        "grad_accumulation_factor": hparams["accumulated_batches"],
        "precision": hparams["precision"],
        "device": device,
    }
    if torch.distributed.is_initialized():
        options["distributed_backend"] = torch.distributed.get_backend()
    return options


def _class_weights(hparams: Mapping[str, Any], data: TrainingData) -> torch.Tensor | None:
    """Inverse frequency of each emotion, mean 1 over the rows (hierarchical batches need no weights)."""
    if hparams["batches"] == "hierarchical" or not hparams["balance_classes"]:
        return None
    counts = data.learning["emotion"].value_counts().reindex(data.emotions).to_numpy()
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


def _fit(
    brain: EmotionBrain,
    hparams: Mapping[str, Any],
    data: TrainingData,
    sampler: BatchSampler,
    features_of: FeaturesOf,
) -> None:
    learning = labelled_dataset(data.learning, features_of, data.emotions, data.languages, data.speakers)
    selecting = labelled_dataset(data.selecting, features_of, data.emotions)
    brain.train_sampler = sampler
    brain.fit(
        hparams["epoch_counter"],
        training_batches(learning, sampler, brain.device),
        evaluation_batches(selecting, data.selecting, rank=this_rank(), world_size=number_of_ranks()),
    )
