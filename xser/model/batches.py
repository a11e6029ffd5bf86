"""From manifest rows and kept features to padded batches."""

import concurrent.futures
import math

import numpy as np
import torch
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.dataio.dataset import DynamicItemDataset

from xser.model.adversary import MASKED


def emotion_dataset(rows, features_of, emotions, languages=(), speakers=()):
    """A SpeechBrain dataset of utterances.

    Parameters
    ----------
    rows : pandas.DataFrame
        Manifest rows (columns ``utterance``, ``digest``, ``emotion``, ``language``, ``speaker``).
    features_of : callable
        Gives the kept features of a row's digest, shape (time, ...).
    emotions, languages, speakers : sequence of str
        Their position is the class index. Languages that are not listed get index 0 and speakers `MASKED`.

    Returns
    -------
    DynamicItemDataset
        Items: ``id``, ``features`` (time, ...), ``emotion``, ``language``, ``speaker`` (class indices).
    """
    emotion_index = {name: index for index, name in enumerate(emotions)}
    language_index = {name: index for index, name in enumerate(languages)}
    speaker_index = {name: index for index, name in enumerate(speakers)}

    data = {
        row.utterance: {
            "digest": row.digest,
            "emotion": emotion_index[row.emotion],
            "language": language_index.get(row.language, 0),
            "speaker": speaker_index.get(row.speaker, MASKED),
        }
        for row in rows.itertuples()
    }
    return DynamicItemDataset(
        data,
        dynamic_items=[{"func": features_of, "takes": "digest", "provides": "features"}],
        output_keys=["id", "features", "emotion", "language", "speaker"],
    )


def cut(features, frames, where):
    """Cut `features` (time, ...) to at most `frames` frames.

    Parameters
    ----------
    features : Tensor
        Shape (time, ...).
    frames : int or None
        None: leave them whole.
    where : float
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

    def __init__(self, dataset):
        self.dataset = dataset

    def __getitem__(self, draw):
        item = self.dataset[draw.index]
        return {**item, "features": cut(item["features"], draw.frames, draw.where)}


class _OneAhead(torch.utils.data.DataLoader):
    """Loads the next batch in a thread while this one is learned from: the same batches in the same order."""

    def __iter__(self):
        batches = super().__iter__()  # in this thread: it draws from torch's random stream
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            ahead = thread.submit(next, batches, None)
            while (batch := ahead.result()) is not None:
                ahead = thread.submit(next, batches, None)
                yield batch


def training_batches(dataset, sampler):
    """Load batches in the order of `sampler` (an iterable of lists of `xser.model.samplers.Draw`), one ahead."""
    return _OneAhead(_Drawn(dataset), batch_sampler=sampler, collate_fn=PaddedBatch)


def evaluation_batches(dataset, rows, batch_size=64, batch_seconds=320.0, rank=0, world_size=1):
    """Load every utterance once, utterances of like duration together so that little is padded.

    Parameters
    ----------
    dataset : DynamicItemDataset
        Made from `rows`.
    rows : pandas.DataFrame
        Its rows, for their ``seconds``.
    batch_size : int
        Utterances in a batch at the most.
    batch_seconds : float
        Seconds in a batch at the most, padding included; a longer utterance is a batch of its own.
    rank, world_size : int
        Which share of the batches to give, and of how many.
    """
    seconds = rows["seconds"].to_numpy()
    batches = []
    for index in np.argsort(seconds, kind="stable").tolist():
        longer = (len(batches[-1]) + 1) * seconds[index] if batches else math.inf
        if longer > batch_seconds or len(batches[-1]) == batch_size:
            batches.append([])
        batches[-1].append(index)
    return torch.utils.data.DataLoader(dataset, batch_sampler=batches[rank::world_size], collate_fn=PaddedBatch)


def frames_of(batch_features):
    """Padded features and their true lengths in frames.

    Parameters
    ----------
    batch_features : speechbrain.dataio.batch.PaddedData
        ``data`` (batch, time, ...) and ``lengths`` (batch,) relative to the longest.

    Returns
    -------
    (Tensor, Tensor)
        Features (batch, time, ...) and lengths (batch,), int64.
    """
    data, lengths = batch_features
    return data, torch.round(lengths * data.shape[1]).to(torch.int64)
