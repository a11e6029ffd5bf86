"""From a trained model to a score for each emotion, and an embedding, of each utterance."""

import numpy as np
import torch

from xser.model.brain import embed
from xser.model.gathering import gather_mappings


@torch.no_grad()
def predict_scores(modules, pooling, batches, utterances, device="cpu"):
    """Softmax scores and embeddings of utterances. Ranks that were given shares of them gather the whole.

    Parameters
    ----------
    modules : mapping
        ``network`` and ``emotion_head``.
    pooling : callable
        Frames and lengths to embeddings.
    batches : iterable of speechbrain.dataio.batch.PaddedBatch
        Every utterance once, over all ranks, in any order.
    utterances : sequence of str
        The order of the result.
    device : str
        Where to compute.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Scores (utterances, emotions), float64, rows sum to 1; embeddings (utterances, size), float32.
    """
    for name in ("network", "emotion_head"):
        modules[name].eval().to(device)
    seen = {}
    for batch in batches:
        embeddings = embed(modules, pooling, batch.to(device))
        scores = modules["emotion_head"](embeddings).cpu().double().softmax(dim=-1)
        seen.update(zip(batch.id, zip(scores.numpy(), embeddings.cpu().numpy(), strict=True), strict=True))
    seen = gather_mappings(seen)
    return tuple(np.stack([seen[utterance][which] for utterance in utterances]) for which in range(2))
