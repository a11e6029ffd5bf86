"""A trained run that predicts: a score for each emotion, and an embedding, of each utterance."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.batches import evaluation_batches, unlabelled_dataset
from xser.model.brain import embed
from xser.model.devices import chosen_device
from xser.model.features import Features, FeaturesOf
from xser.model.gathering import gather_mappings, number_of_ranks, this_rank
from xser.model.target_statistics import CommonStatistics, load_reference
from xser.model.training import built, checkpointer_of


def load_trained(folder: Path, encoder: Mapping[str, Any] | None = None, device: str = "auto") -> "TrainedModel":
    """Load the best checkpoint of a run.

    Parameters
    ----------
    folder
        The run's folder. Nothing is written there.
    encoder
        Where the pretrained encoder lies now, if it may have moved since the training: ``encoder_source`` and
        ``encoder_revision``. Another encoder than the one of the training is refused.
    device
        As in ``--device``.

    Raises
    ------
    XserError
        When the run has no checkpoint, or its encoder is not there or is another.
    """
    folder = Path(folder)
    hparams = built((folder / "hyperparameters.yaml").read_text(encoding="utf-8"), encoder)
    checkpoint = checkpointer_of(folder, hparams, allow_partial_load=True).recover_if_possible(max_key="uar")
    if checkpoint is None:
        raise XserError(f"{folder} holds no checkpoint: delete that folder and run stage 2 (train) again")
    by_groups = hparams["target_statistics"] != "none"
    return TrainedModel(hparams, load_reference(folder) if by_groups else None, chosen_device(device))


class TrainedModel:
    """A trained model in memory, for any number of tables; made by `load_trained`.

    Parameters
    ----------
    hparams
        The built hyperparameters, with the trained ``modules``.
    reference
        Mean and standard deviation to bring features to, where the run wants such (``target_statistics``).
    device
        Where to compute.
    """

    def __init__(self, hparams: Mapping[str, Any], reference: tuple[Tensor, Tensor] | None, device: str) -> None:
        self.hparams, self.reference, self.device = hparams, reference, device

    def predict(
        self,
        rows: pd.DataFrame,
        recorded: pd.DataFrame | None = None,
        prepared_folders: Mapping[str, Path] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Score and embed utterances; ranks share the work.

        Parameters
        ----------
        rows
            Columns ``utterance``, ``audio`` (path of a 16 kHz mono file), ``digest`` and ``seconds``; labels are not
            looked at.
        recorded
            All recordings, those of `rows` among them, that give the statistics of a corpus or a speaker where the run
            wants such (``target_statistics``; columns ``corpus`` and ``speaker`` too); by default `rows`. It makes no
            difference to other runs.
        prepared_folders
            Prepared folder of each corpus (column ``corpus``), where its features are kept. Without it, nothing is
            written.

        Returns
        -------
        (numpy.ndarray, numpy.ndarray)
            Softmax scores (utterances, emotions), float64, and embeddings (utterances, size), float32, in the order of
            `rows`.
        """
        features_of = self._features(rows, recorded, prepared_folders)
        batches = evaluation_batches(
            unlabelled_dataset(rows, features_of), rows, rank=this_rank(), world_size=number_of_ranks()
        )
        modules, pooling = self.hparams["modules"], self.hparams["pooling"]
        return predict_scores(modules, pooling, batches, rows["utterance"].tolist(), self.device)

    def _features(
        self, rows: pd.DataFrame, recorded: pd.DataFrame | None, prepared_folders: Mapping[str, Path] | None
    ) -> FeaturesOf:
        frontend = self.hparams["frontend"]
        if self.reference is None:
            return Features(rows, frontend, self.device, prepared_folders)
        recorded = rows if recorded is None else recorded
        features_of = Features(recorded, frontend, self.device, prepared_folders)
        return CommonStatistics(features_of, recorded, self.hparams["target_statistics"], self.reference)


@torch.no_grad()
def predict_scores(
    modules: Mapping[str, torch.nn.Module],
    pooling: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[Any],
    utterances: Sequence[str],
    device: str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax scores and embeddings of utterances. Ranks that were given shares of them gather the whole.

    Parameters
    ----------
    modules
        ``network`` and ``emotion_head``.
    pooling
        Frames and lengths to embeddings.
    batches
        `speechbrain.dataio.batch.PaddedBatch`: every utterance once, over all ranks, in any order.
    utterances
        The order of the result.
    device
        Where to compute.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Scores (utterances, emotions), float64, rows sum to 1; embeddings (utterances, size), float32.
    """
    for name in ("network", "emotion_head"):
        modules[name].eval().to(device)
    seen: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for batch in batches:
        embeddings = embed(modules, pooling, batch, device)
        scores = modules["emotion_head"](embeddings).cpu().double().softmax(dim=-1)
        seen.update(zip(batch.id, zip(scores.numpy(), embeddings.cpu().numpy(), strict=True), strict=True))
    seen = gather_mappings(seen)
    both = [np.stack([seen[utterance][which] for utterance in utterances]) for which in range(2)]
    return both[0], both[1]
