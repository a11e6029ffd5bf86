"""From manifest rows and kept features to padded batches."""

import concurrent.futures
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.dataio.dataset import DynamicItemDataset
from torch import Tensor

from xser.model.adversary import MASKED
from xser.model.samplers import BatchSampler, Draw


def labelled_dataset(
    rows: pd.DataFrame,
    features_of: Callable[[str], Tensor],
    emotions: Sequence[str],
    languages: Sequence[str] = (),
    speakers: Sequence[str] = (),
) -> DynamicItemDataset:
    """A SpeechBrain dataset of utterances whose emotions are known.

    Parameters
    ----------
    rows
        Columns ``utterance``, ``digest``, ``emotion``, ``language``, ``speaker``.
    features_of
        Gives the features of a row's digest, shape (time, ...).
    emotions, languages, speakers
        Their position is the class index. Languages that are not listed get index 0 and speakers `MASKED`.

    Returns
    -------
    DynamicItemDataset
        Items: ``id``, ``features`` (time, ...), ``emotion``, ``language``, ``speaker`` (class indices).
    """
    emotion_index, language_index, speaker_index = map(_positions, (emotions, languages, speakers))
    columns = (rows[name] for name in ("utterance", "digest", "emotion", "language", "speaker"))
    data = {
        utterance: {
            "digest": digest,
            "emotion": emotion_index[emotion],
            "language": language_index.get(language, 0),
            "speaker": speaker_index.get(speaker, MASKED),
        }
        for utterance, digest, emotion, language, speaker in zip(*columns, strict=True)
    }
    return _dataset(data, features_of, ["emotion", "language", "speaker"])


def unlabelled_dataset(rows: pd.DataFrame, features_of: Callable[[str], Tensor]) -> DynamicItemDataset:
    """A SpeechBrain dataset of utterances (columns ``utterance``, ``digest``); items: ``id`` and ``features``."""
    data = {name: {"digest": digest} for name, digest in zip(rows["utterance"], rows["digest"], strict=True)}
    return _dataset(data, features_of, [])


def _dataset(data: dict[str, Any], features_of: Callable[[str], Tensor], labels: list[str]) -> DynamicItemDataset:
    return DynamicItemDataset(
        data,
        dynamic_items=[{"func": features_of, "takes": "digest", "provides": "features"}],
        output_keys=["id", "features", *labels],
    )


def _positions(names: Sequence[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(names)}


def cut(features: Tensor, frames: int | None, where: float) -> Tensor:
    """Cut `features` (time, ...) to at most `frames` frames.

    Parameters
    ----------
    frames
        None: leave them whole.
    where
        From 0 (the first possible beginning) to 1 (the last).

    Examples
    --------
    >>> cut(torch.arange(5), 3, 0.99).tolist(), cut(torch.arange(2), 3, 0.5).tolist()
    ([2, 3, 4], [0, 1])
    """
    if frames is None or len(features) <= frames:
        return features
    start = int(where * (len(features) - frames + 1))
    return features[start : start + frames]


class _Drawn(torch.utils.data.Dataset):
    """A dataset whose utterances are asked for by `xser.model.samplers.Draw`."""

    def __init__(self, dataset: DynamicItemDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        item = self.dataset[draw.index]
        return {**item, "features": cut(item["features"], draw.frames, draw.where)}


class _OneAhead(torch.utils.data.DataLoader):
    """Loads the next batch in a thread while this one is learned from: the same batches in the same order."""

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        batches = super().__iter__()  # in this thread: it draws from torch's random stream
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            ahead = thread.submit(next, batches, None)
            while (batch := ahead.result()) is not None:
                ahead = thread.submit(next, batches, None)
                yield batch


def training_batches(
    dataset: DynamicItemDataset, sampler: BatchSampler, device: str = "cpu"
) -> torch.utils.data.DataLoader:
    """Load batches in the order of `sampler`, one ahead; for a GPU in memory that is copied without waiting for it."""
    pinned = torch.device(device).type == "cuda"
    return _OneAhead(_Drawn(dataset), batch_sampler=sampler, collate_fn=PaddedBatch, pin_memory=pinned)


def evaluation_batches(
    dataset: DynamicItemDataset,
    rows: pd.DataFrame,
    batch_size: int = 64,
    batch_seconds: float = 320.0,
    rank: int = 0,
    world_size: int = 1,
) -> torch.utils.data.DataLoader:
    """Load every utterance once, utterances of like duration together so that little is padded.

    Parameters
    ----------
    dataset
        Made from `rows`.
    rows
        Its rows, for their ``seconds``.
    batch_size
        Utterances in a batch at the most.
    batch_seconds
        Seconds in a batch at the most, padding included; a longer utterance is a batch of its own.
    rank, world_size
        Which share of the batches to give, and of how many.
    """
    seconds = rows["seconds"].to_numpy()
    batches: list[list[int]] = []
    for index in np.argsort(seconds, kind="stable").tolist():
        longer = (len(batches[-1]) + 1) * seconds[index] if batches else math.inf
        if longer > batch_seconds or len(batches[-1]) == batch_size:
            batches.append([])
        batches[-1].append(index)
    return torch.utils.data.DataLoader(dataset, batch_sampler=batches[rank::world_size], collate_fn=PaddedBatch)


def frames_of(batch_features: Any) -> tuple[Tensor, Tensor]:
    """Padded features (batch, time, ...) and their true lengths in frames (batch,), int64.

    Parameters
    ----------
    batch_features
        `speechbrain.dataio.batch.PaddedData`: ``data`` (batch, time, ...) and ``lengths`` (batch,) relative to the
        longest.
    """
    data, lengths = batch_features
    return data, torch.round(lengths * data.shape[1]).to(torch.int64)
