"""The `unlabelled` regime: features are brought to common statistics, corpus by corpus or speaker by speaker.

No label is used, but the recordings of a group must be there together, the target's too: that is another task than
recognising each utterance by itself (`blind`), and its results stand in columns of their own. Training does the same
with the sources, and sees nothing of the target.
"""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from xser.core.errors import XserError
from xser.core.files import whole_file
from xser.model.choices import refuse_unknown
from xser.model.features import FeaturesOf

MOST_SPEAKERS = 30  # clusters that are tried for a corpus whose speakers are unknown
FILE = "statistics.safetensors"


class CommonStatistics:
    """Features whose mean (and, by corpus, deviation) is the same in every group.

    ``corpus``: every dimension gets the mean and standard deviation of the training features. ``speaker``: the mean
    alone. A group is the corpus or speaker among the rows that are given together.

    Parameters
    ----------
    features_of
        Gives the features of a digest, (time, ...).
    rows
        Columns ``digest``, ``corpus`` and ``speaker``: all recordings that belong to the groups, whichever of them are
        asked for later; their order does not matter. Where a corpus has unknown speakers, its utterances are clustered
        (`speaker_clusters`) by the mean of their features.
    by
        ``corpus`` or ``speaker``.
    reference
        Mean and standard deviation to bring all to; by default those of the rows.

    Attributes
    ----------
    reference
        For `save_reference`.
    """

    def __init__(
        self, features_of: FeaturesOf, rows: pd.DataFrame, by: str, reference: tuple[Tensor, Tensor] | None = None
    ) -> None:
        refuse_unknown("target_statistics", by, ("corpus", "speaker"))
        self._features_of, self._by = features_of, by
        rows = rows.sort_values("digest", kind="stable", ignore_index=True)  # a sum's last digit knows the order
        if features_of(rows["digest"].iloc[0]).dim() == 1:
            raise XserError("--target-statistics is for features, not for waveforms: use another --finetune, or none")
        self._group_of = dict(zip(rows["digest"], _groups(rows, by, features_of), strict=True))
        sums: dict[str, _Sums] = {}
        for digest, group in self._group_of.items():
            found = _sums(features_of(digest))
            sums[group] = sums[group].plus(found) if group in sums else found
        self._statistics = {group: found.mean_and_deviation() for group, found in sums.items()}
        self.reference = reference or functools.reduce(_Sums.plus, sums.values()).mean_and_deviation()

    def __call__(self, digest: str) -> Tensor:
        """Features of one utterance, Tensor (time, ...)."""
        mean, deviation = self._statistics[self._group_of[digest]]
        features = self._features_of(digest) - mean
        if self._by == "corpus":
            features = features / deviation * self.reference[1]
        return features + self.reference[0]

    def frames(self, digests: Sequence[str]) -> np.ndarray:
        """Lengths of utterances in frames, int64 (utterances,)."""
        return self._features_of.frames(digests)


def save_reference(folder: Path, statistics: CommonStatistics) -> None:
    """Keep the statistics that training brought all features to in a run's folder."""
    mean, deviation = statistics.reference
    with whole_file(folder / FILE) as part:
        part.write_bytes(save({"mean": mean.contiguous(), "deviation": deviation.contiguous()}))


def load_reference(folder: Path) -> tuple[Tensor, Tensor]:
    """Read what `save_reference` kept: (mean, deviation)."""
    kept = load_file(folder / FILE)
    return kept["mean"], kept["deviation"]


def statistics_of(features: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over all frames of several utterances' features (time, ...)."""
    return functools.reduce(_Sums.plus, map(_sums, features)).mean_and_deviation()


def speaker_clusters(embeddings: np.ndarray, most: int = MOST_SPEAKERS) -> np.ndarray:
    """Tell speakers apart without names: hierarchical clusters of utterances, as many as separate best.

    Parameters
    ----------
    embeddings
        One for each utterance, (utterances, size).
    most
        The largest number of speakers to try; the smallest is 2.

    Returns
    -------
    numpy.ndarray
        Number of the cluster of each utterance (utterances,), int64. The number of clusters has the largest silhouette
        (Rousseeuw 1987).
    """
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.decomposition import PCA
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    if len(embeddings) < 4:
        return np.zeros(len(embeddings), dtype=np.int64)
    standard = StandardScaler().fit_transform(embeddings)
    components = PCA(min(32, *standard.shape), random_state=0).fit_transform(standard)
    tried = [
        AgglomerativeClustering(n_clusters=number).fit_predict(components)
        for number in range(2, min(most, len(embeddings) // 2) + 1)
    ]
    return max(tried, key=lambda clusters: silhouette_score(components, clusters, sample_size=2000, random_state=0))


class _Sums(NamedTuple):
    """Sum, sum of squares and number of frames."""

    total: Tensor
    squares: Tensor
    frames: int

    def plus(self, other: "_Sums") -> "_Sums":
        return _Sums(self.total + other.total, self.squares + other.squares, self.frames + other.frames)

    def mean_and_deviation(self) -> tuple[Tensor, Tensor]:
        mean = self.total / self.frames
        deviation = (self.squares / self.frames - mean.square()).clamp(min=0).sqrt()
        return mean.float(), torch.where(deviation > 1e-6, deviation, 1.0).float()


def _sums(features: Tensor) -> _Sums:
    features = features.double()
    return _Sums(features.sum(dim=0), features.square().sum(dim=0), len(features))


def _groups(rows: pd.DataFrame, by: str, features_of: FeaturesOf) -> list[str]:
    """Name of the group of each row."""
    if by == "corpus":
        return rows["corpus"].tolist()
    groups = rows["corpus"] + "/" + rows["speaker"]
    for corpus, part in rows.groupby("corpus"):
        if (part["speaker"] == "").any():
            means = np.stack([features_of(digest).mean(dim=0).flatten().numpy() for digest in part["digest"]])
            groups[part.index] = [f"{corpus}/cluster {number}" for number in speaker_clusters(means)]
    return groups.tolist()
