"""One training run: from manifest rows to the best checkpoint."""

import dataclasses
import math
import os
import re
import resource
import sys
import time
from pathlib import Path

import pandas as pd
import speechbrain as sb
import torch
from hyperpyyaml import load_hyperpyyaml
from speechbrain.utils.distributed import if_main_process, infer_device, run_on_main
from speechbrain.utils.epoch_loop import EpochCounter
from speechbrain.utils.train_logger import FileTrainLogger
from tqdm import tqdm

from xser.core.errors import XserError
from xser.core.files import write_text
from xser.model.batches import emotion_dataset, evaluation_batches, training_batches
from xser.model.brain import EmotionBrain
from xser.model.checkpoints import WholeCheckpointer
from xser.model.features import Features, frames_per_second
from xser.model.gathering import number_of_ranks, this_rank
from xser.model.prediction import predict_scores
from xser.model.samplers import HierarchicalBatches, Lengths, ShuffledBatches
from xser.model.target_statistics import CommonStatistics, load_reference, save_reference


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What a run may see.

    Attributes
    ----------
    learning : pandas.DataFrame
        Rows whose emotions are learned.
    selecting : pandas.DataFrame
        Rows whose UAR selects the checkpoint.
    emotions : tuple of str
        The scheme's emotions.
    masked_corpora : frozenset of str
        Corpora whose speakers the adversary leaves alone.
    """

    learning: pd.DataFrame
    selecting: pd.DataFrame
    emotions: tuple
    masked_corpora: frozenset

    @property
    def languages(self):
        """ISO 639-3 codes of the rows that are learned, sorted."""
        return sorted(self.learning["language"].unique())

    @property
    def speakers(self):
        """Speakers that the adversary tells apart, sorted."""
        return sorted(set(self.learning["speaker"][~self.learning["corpus"].isin(self.masked_corpora)]) - {""})

    def run_values(self, seed):
        """Values of train.yaml's placeholders."""
        return {
            "seed": seed,
            "number_of_emotions": len(self.emotions),
            "number_of_speakers": max(1, len(self.speakers)),
            "number_of_languages": len(self.languages),
        }


def train_run(folder, hyperparameters, data, description, device="auto"):
    """Train, or go on where an interrupted training stopped.

    Parameters
    ----------
    folder : Path
        The run's folder; gets ``hyperparameters.yaml``, ``train_log.txt`` and ``checkpoints/``.
    hyperparameters : str
        HyperPyYAML text (`xser.experiments.hyperparameters.compose`).
    data : TrainingData
        What the run may see.
    seed : int
        Seed of new weights, batches, crops and dropout.
    description : str
        Beside the progress bar.
    device : str
        As in ``--device``.

    Returns
    -------
    dict
        ``steps``, ``epochs``, ``train_seconds`` (of this call), ``parameters`` (trained), ``device``,
        ``peak_memory_bytes`` (`peak_memory`).

    Raises
    ------
    XserError
        When an emotion of the scheme occurs in no training row, or the device cannot do what is asked.
    """
    _refuse_missing_emotions(data)
    device = chosen_device(device)
    started = time.monotonic()
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    run_on_main(write_text, args=[Path(folder) / "hyperparameters.yaml", hyperparameters])
    seed = int(re.search(r"^seed: (\d+)$", hyperparameters, flags=re.MULTILINE)[1])
    sb.utils.seed.seed_everything(seed, verbose=False)
    hparams = load_hyperpyyaml(hyperparameters)
    _refuse_precision(hparams["precision"], device)
    features_of = _training_features(folder, pd.concat([data.learning, data.selecting]), hparams, device)
    _fit_standardiser(hparams["network"], data.learning, features_of)
    if hparams["speaker_weight"] == 0:
        del hparams["modules"]["adversary"]
    sampler = _sampler(hparams, data, features_of)
    hparams["epochs"] = math.ceil(hparams["steps"] / _steps_per_epoch(sampler, hparams))
    hparams["epoch_counter"] = EpochCounter(hparams["epochs"])
    hparams["train_logger"] = FileTrainLogger(Path(folder) / "train_log.txt")
    checkpointer = _checkpointer(folder, hparams["modules"])
    checkpointer.add_recoverable("epoch_counter", hparams["epoch_counter"])
    with tqdm(
        total=hparams["epochs"], desc=description, unit="epoch", disable=None if if_main_process() else True
    ) as bar:

        def on_epoch(epoch, uar):
            bar.update(epoch - bar.n)
            bar.set_postfix({"validation UAR": f"{100 * uar:.1f}"})

        brain = EmotionBrain(
            hparams,
            data.emotions,
            _class_weights(hparams, data),
            dict(zip(data.selecting["utterance"], data.selecting["language"], strict=True)),
            len(sampler),
            on_epoch,
            modules=hparams["modules"],
            opt_class=hparams["optimizer"],
            run_opts=_brain_options(hparams, device),
            checkpointer=checkpointer,
        )
        _fit(brain, hparams, data, sampler, features_of)
    trained = sum(p.numel() for p in brain.modules.parameters() if p.requires_grad)
    return {
        "steps": hparams["epochs"] * _steps_per_epoch(sampler, hparams),
        "epochs": hparams["epochs"],
        "train_seconds": round(time.monotonic() - started, 3),
        "parameters": trained,
        "device": torch.device(device).type,
        "peak_memory_bytes": peak_memory(device),
    }


def peak_memory(device):
    """The most memory that was in use at once, in bytes, by this process (one rank of several).

    On CUDA what torch held of the device's memory in tensors since the training began. Elsewhere all that the process
    has had in the computer's memory since it started, libraries and earlier runs of the same command included.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def chosen_device(device):
    """Say on which device this process computes.

    Parameters
    ----------
    device : str
        ``auto`` (the accelerator that torch finds, one for each process of a node; else the CPU), or a name that torch
        knows: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Returns
    -------
    str

    Raises
    ------
    XserError
        When torch does not know the device, or there is none.
    """
    if device == "auto":
        return infer_device()
    try:
        wanted = torch.device(device)
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise XserError(f"--device {device} cannot be used here ({str(error).splitlines()[0]}): try auto") from error
    alone = wanted.index is not None or wanted.type == "cpu"
    return device if alone or "LOCAL_RANK" not in os.environ else f"{device}:{os.environ['LOCAL_RANK']}"


def load_trained(folder):
    """Build a run's model and load its best checkpoint.

    Returns
    -------
    dict
        The built hyperparameters, with the trained ``modules``.

    Raises
    ------
    XserError
        When the run has no checkpoint.
    """
    folder = Path(folder)
    hparams = load_hyperpyyaml((folder / "hyperparameters.yaml").read_text(encoding="utf-8"))
    if hparams["speaker_weight"] == 0:
        del hparams["modules"]["adversary"]
    checkpoint = _checkpointer(folder, hparams["modules"], allow_partial_load=True).recover_if_possible(max_key="uar")
    if checkpoint is None:
        raise XserError(f"{folder} holds no checkpoint: delete that folder and run stage 2 (train) again")
    return hparams


def predict(folder, rows, emotions, device="auto", recorded=None):
    """Score and embed `rows` with the best checkpoint of a run; ranks share the work.

    Parameters
    ----------
    folder : Path
        The run's folder.
    rows : pandas.DataFrame
        Rows of a manifest.
    emotions : sequence of str
        The scheme's emotions.
    device : str
        As in ``--device``.
    recorded : pandas.DataFrame, optional
        All recordings, those of `rows` among them, that give the statistics of a corpus or a speaker where the run
        wants such (``target_statistics``); by default those of `rows`. It makes no difference to other runs.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Softmax scores (rows, emotions) and embeddings (rows, size), in the order of `rows`.
    """
    device = chosen_device(device)
    hparams = load_trained(folder)
    if hparams["target_statistics"] == "none":
        features_of = Features(rows, hparams["frontend"], device)
    else:
        features_of = _common(rows if recorded is None else recorded, hparams, device, load_reference(Path(folder)))
    batches = evaluation_batches(
        emotion_dataset(rows, features_of, emotions), rows, rank=this_rank(), world_size=number_of_ranks()
    )
    return predict_scores(hparams["modules"], hparams["pooling"], batches, rows["utterance"], device)


def _training_features(folder, rows, hparams, device):
    """Features to train with, in the regime `unlabelled` brought to common statistics, which the run's folder keeps."""
    if hparams["target_statistics"] == "none":
        return Features(rows, hparams["frontend"], device)
    common = _common(rows, hparams, device)
    run_on_main(save_reference, args=[Path(folder), common])
    return common


def _common(rows, hparams, device, reference=None):
    features_of = Features(rows, hparams["frontend"], device)
    return CommonStatistics(features_of, rows, hparams["target_statistics"], reference)


def _refuse_missing_emotions(data):
    missing = [emotion for emotion in data.emotions if emotion not in set(data.learning["emotion"])]
    if missing:
        corpora = ", ".join(sorted(data.learning["corpus"].unique()))
        raise XserError(
            f"no training utterance of {corpora} is {missing[0]}: add a source that has it, or choose another --scheme"
        )


def _fit_standardiser(network, rows, features_of):
    """Give a network that standardises its input the statistics of the training rows."""
    if hasattr(network, "fit_standardiser"):
        features = [features_of(digest) for digest in rows["digest"]]
        lengths = torch.tensor([len(item) for item in features])
        network.fit_standardiser(torch.nn.utils.rnn.pad_sequence(features, batch_first=True), lengths)


def _refuse_precision(precision, device):
    if precision == "fp16" and torch.device(device).type != "cuda":
        raise XserError("--precision fp16 needs an NVIDIA or AMD GPU: use bf16 or fp32")


def _sampler(hparams, data, features_of):
    options = {
        "seed": hparams["seed"],
        "rank": this_rank(),
        "world_size": number_of_ranks(),
        "lengths": _lengths(hparams, features_of.frames(data.learning["digest"])),
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


def _lengths(hparams, frames):
    rate = frames_per_second(hparams["frontend"])
    return Lengths(
        frames,
        least=max(1, round(hparams["shortest_crop_seconds"] * rate)),
        most=max(1, round(hparams["crop_seconds"] * rate)) if hparams["crop_seconds"] > 0 else None,
        alike=hparams["like_durations"],
    )


def _steps_per_epoch(sampler, hparams):
    """Optimiser steps of an epoch; gradients that are left over at its end are dropped."""
    steps = len(sampler) // hparams["accumulated_batches"]
    if steps == 0:
        raise XserError(f"an epoch has {len(sampler)} batches: use a smaller --accumulated_batches or --batch_size")
    return steps


def _brain_options(hparams, device):
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


def _class_weights(hparams, data):
    """Inverse frequency of each emotion, mean 1 over the rows (hierarchical batches need no weights)."""
    if hparams["batches"] != "shuffled" or not hparams["balance_classes"]:
        return None
    counts = data.learning["emotion"].value_counts().reindex(data.emotions).to_numpy()
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


def _checkpointer(folder, modules, **options):
    return WholeCheckpointer(Path(folder) / "checkpoints", recoverables=dict(modules), **options)


def _fit(brain, hparams, data, sampler, features_of):
    learning = emotion_dataset(data.learning, features_of, data.emotions, data.languages, data.speakers)
    selecting = emotion_dataset(data.selecting, features_of, data.emotions)
    brain.train_sampler = sampler
    brain.fit(
        hparams["epoch_counter"],
        training_batches(learning, sampler),
        evaluation_batches(selecting, data.selecting, rank=this_rank(), world_size=number_of_ranks()),
    )
