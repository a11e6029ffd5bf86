"""Where a run's features come from: the front end's output, kept on disk, or the recordings themselves."""

from pathlib import Path

import numpy as np

from xser.model.encoders.feature_store import FeatureStore
from xser.model.encoders.recordings import RATE, Recordings


class Features:
    """Features of utterances, by the digest of their audio.

    The features of a corpus are kept beside its prepared audio, so that no file of another corpus is opened. All ranks
    must build it together: what is not kept yet is computed.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``audio`` and ``digest``.
    frontend : torch.nn.Module or None
        What never learns; None: features are the waveforms.
    device : str
        Where the front end computes.
    """

    def __init__(self, rows, frontend, device="cpu"):
        self._place_of = {}
        for folder, part in rows.groupby(rows["audio"].map(lambda audio: str(Path(audio).parents[1]))):
            if frontend is None:
                place = Recordings(part)
            else:
                place = FeatureStore(folder, frontend, device)
                place.ensure(part)
            self._place_of.update(dict.fromkeys(part["digest"], place))
        if hasattr(frontend, "release"):
            frontend.release()  # all is kept: the memory of a pretrained model is the training's from here on

    def __call__(self, digest):
        """Features of one utterance, Tensor (time, ...)."""
        return self._place_of[digest].get(digest)

    def frames(self, digests):
        """Lengths of utterances in frames (samples, when features are waveforms): int64 (utterances,)."""
        return np.array([self._place_of[digest].frames(digest) for digest in digests], dtype=np.int64)


def frames_per_second(frontend):
    """Frames that a second of speech has in the output of a front end; samples, without one."""
    return RATE if frontend is None else frontend.frames_per_second
