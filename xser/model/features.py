"""Where a run's features come from: the front end's output, kept on disk or not, or the recordings themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from torch import Tensor

from xser.model.encoders.base import FrontEnd
from xser.model.encoders.extraction import FeaturesInMemory
from xser.model.encoders.feature_store import FeatureStore
from xser.model.encoders.recordings import RATE, Recordings


class FeaturesOf(Protocol):
    """Features of utterances, by the digest of their audio."""

    def __call__(self, digest: str) -> Tensor:
        """Features of one utterance, (time, ...)."""
        ...

    def frames(self, digests: Sequence[str]) -> np.ndarray:
        """Lengths of utterances in frames (samples, when features are waveforms): int64 (utterances,)."""
        ...


class _Place(Protocol):
    def get(self, digest: str) -> Tensor: ...

    def frames(self, digest: str) -> int: ...


class Features:
    """Features as the front end gives them.

    All ranks must build it together: what is not kept yet is computed.

    Parameters
    ----------
    rows
        Columns ``audio``, ``digest`` and, where features are kept, ``corpus``.
    frontend
        What never learns; None: features are the waveforms.
    device
        Where the front end computes.
    prepared_folders
        Prepared folder of each corpus, for its features to be kept beside its audio, so that no file of another corpus
        is opened. Without it, they are held in memory and nothing is written.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        frontend: FrontEnd | None,
        device: str = "cpu",
        prepared_folders: Mapping[str, Path] | None = None,
    ) -> None:
        self._place_of: dict[str, _Place] = {}
        if frontend is None:
            self._put(rows, Recordings(rows))
        elif prepared_folders is None:
            self._put(rows, FeaturesInMemory(rows, frontend, device))
        else:
            for corpus, part in rows.groupby("corpus"):
                store = FeatureStore(prepared_folders[str(corpus)], frontend, device)
                store.ensure(part)
                self._put(part, store)
            if hasattr(frontend, "release"):
                frontend.release()  # all is kept: the memory of a pretrained model is the training's from here on

    def _put(self, rows: pd.DataFrame, place: _Place) -> None:
        self._place_of.update(dict.fromkeys(rows["digest"], place))

    def __call__(self, digest: str) -> Tensor:
        """Features of one utterance, (time, ...)."""
        return self._place_of[digest].get(digest)

    def frames(self, digests: Sequence[str]) -> np.ndarray:
        """Lengths of utterances in frames (samples, when features are waveforms): int64 (utterances,)."""
        return np.array([self._place_of[digest].frames(digest) for digest in digests], dtype=np.int64)


def frames_per_second(frontend: FrontEnd | None) -> int:
    """Frames that a second of speech has in the output of a front end; samples, without one."""
    return RATE if frontend is None else frontend.frames_per_second
