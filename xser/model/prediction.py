"""From a trained model to a score for each emotion of each utterance."""

import numpy as np
import torch

from xser.model.brain import embed


@torch.no_grad()
def predict_scores(modules, pooling, batches, utterances, device="cpu"):
    """Softmax scores of utterances.

    Parameters
    ----------
    modules : mapping
        ``network`` and ``emotion_head``.
    pooling : callable
        Frames and lengths to embeddings.
    batches : iterable of speechbrain.dataio.batch.PaddedBatch
        Every utterance once, in any order.
    utterances : sequence of str
        The order of the result.
    device : str
        Where to compute.

    Returns
    -------
    numpy.ndarray
        (utterances, emotions), float64; rows sum to 1.
    """
    for name in ("network", "emotion_head"):
        modules[name].eval().to(device)
    scores = {}
    for batch in batches:
        logits = modules["emotion_head"](embed(modules, pooling, batch.to(device)))
        scores.update(zip(batch.id, logits.double().softmax(dim=-1).cpu().numpy(), strict=True))
    return np.stack([scores[utterance] for utterance in utterances])
