"""From manifest rows and kept features to padded batches."""

import numpy as np
import torch
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.dataio.dataset import DynamicItemDataset

from xser.model.adversary import MASKED


def emotion_dataset(rows, features_of, emotions, languages=(), speakers=(), crop_frames=None):
    """A SpeechBrain dataset of utterances.

    Parameters
    ----------
    rows : pandas.DataFrame
        Manifest rows (columns ``utterance``, ``digest``, ``emotion``, ``language``, ``speaker``).
    features_of : callable
        Gives the kept features of a row's digest, shape (time, ...).
    emotions, languages, speakers : sequence of str
        Their position is the class index. Languages that are not listed get index 0 and speakers `MASKED`.
    crop_frames : int, optional
        Cut a longer utterance to this many frames at a random place (torch's global generator).

    Returns
    -------
    DynamicItemDataset
        Items: ``id``, ``features`` (time, ...), ``emotion``, ``language``, ``speaker`` (class indices).
    """
    emotion_index = {name: index for index, name in enumerate(emotions)}
    language_index = {name: index for index, name in enumerate(languages)}
    speaker_index = {name: index for index, name in enumerate(speakers)}

    def features(digest):
        return random_crop(features_of(digest), crop_frames)

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
        dynamic_items=[{"func": features, "takes": "digest", "provides": "features"}],
        output_keys=["id", "features", "emotion", "language", "speaker"],
    )


def random_crop(features, frames):
    """Cut `features` (time, ...) to at most `frames` frames at a random place."""
    if frames is None or len(features) <= frames:
        return features
    start = int(torch.randint(len(features) - frames + 1, ()))
    return features[start : start + frames]


def training_batches(dataset, sampler):
    """Load batches in the order of `sampler` (an iterable of lists of indices)."""
    return torch.utils.data.DataLoader(dataset, batch_sampler=sampler, collate_fn=PaddedBatch)


def evaluation_batches(dataset, rows, batch_size=64):
    """Load every utterance once, utterances of like duration together so that little is padded.

    Parameters
    ----------
    dataset : DynamicItemDataset
        Made from `rows`.
    rows : pandas.DataFrame
        Its rows, for their ``seconds``.
    batch_size : int
        Utterances in a batch.
    """
    order = np.argsort(rows["seconds"].to_numpy(), kind="stable")
    batches = [order[start : start + batch_size].tolist() for start in range(0, len(order), batch_size)]
    return torch.utils.data.DataLoader(dataset, batch_sampler=batches, collate_fn=PaddedBatch)


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
