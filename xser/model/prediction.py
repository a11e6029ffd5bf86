"""A trained run that predicts: a score for each emotion, and an embedding, of each utterance."""

from collections.abc import Iterable, Mapping, Sequence
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
from xser.model.encoders.encoder_source import EncoderSource, find_encoder
from xser.model.features import Features, FeaturesOf
from xser.model.gathering import gather_mappings, number_of_ranks, this_rank
from xser.model.network_description import TrainedDescription, UnknownPart, describe_trained
from xser.model.target_statistics import CommonStatistics, load_reference
from xser.model.trained_network import TrainedNetwork, build, of_hyperparameters, recover
from xser.model.training import built


def load_trained(
    folder: Path, encoder: Mapping[str, Any] | None = None, device: str = "auto", hyperparameters: str | None = None
) -> "TrainedModel":
    """Load the best checkpoint of a run. What its folder holds is read as data: no code in it is run.

    Parameters
    ----------
    folder
        The run's folder. Nothing is written there.
    encoder
        Where the pretrained encoder lies now, if it may have moved since the training: ``encoder_source`` and
        ``encoder_revision``. Another encoder than the one of the training is refused.
    device
        As in ``--device``.
    hyperparameters
        The run's HyperPyYAML text from files that the user has chosen. It builds the network where one of its parts is
        not xser's.

    Raises
    ------
    XserError
        When the run has no checkpoint, its encoder is not there or is another, or a part is unknown and
        `hyperparameters` are not given.
    """
    folder = Path(folder)
    file = folder / "hyperparameters.yaml"
    try:
        described = describe_trained(file.read_text(encoding="utf-8"), file)
    except OSError as error:
        raise XserError(f"{file} cannot be read ({error.strerror}): give the folder of a trained run") from error
    except UnknownPart:
        if hyperparameters is None:
            raise
        hparams = built(hyperparameters, encoder)
        network, statistics = of_hyperparameters(hparams), hparams["target_statistics"]
    else:
        source = find_encoder_of(described, encoder or {})
        network = build(described.network, described.number_of_emotions, source)
        statistics = described.target_statistics
    recover(network, folder)
    reference = load_reference(folder) if statistics != "none" else None
    return TrainedModel(network, statistics, reference, chosen_device(device))


def find_encoder_of(described: TrainedDescription, now: Mapping[str, Any]) -> EncoderSource | None:
    """The pretrained encoder of a run, where it was at the training or lies `now`; None without one."""
    if not described.network.needs_encoder:
        return None
    where = {"encoder_source": described.encoder_source, "encoder_revision": described.encoder_revision, **now}
    return find_encoder(where["encoder_source"], where["encoder_revision"])


class TrainedModel:
    """A trained model in memory, for any number of tables; made by `load_trained`.

    Parameters
    ----------
    network
        With its trained weights.
    statistics
        Whose statistics features are brought to: ``none``, ``corpus`` or ``speaker``.
    reference
        Mean and standard deviation to bring them to; None with ``none``.
    device
        Where to compute.
    """

    def __init__(
        self, network: TrainedNetwork, statistics: str, reference: tuple[Tensor, Tensor] | None, device: str
    ) -> None:
        self.network, self.statistics, self.reference, self.device = network, statistics, reference, device

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
        return predict_scores(self.network, batches, rows["utterance"].tolist(), self.device)

    def _features(
        self, rows: pd.DataFrame, recorded: pd.DataFrame | None, prepared_folders: Mapping[str, Path] | None
    ) -> FeaturesOf:
        frontend = self.network.frontend
        if self.reference is None:
            return Features(rows, frontend, self.device, prepared_folders)
        recorded = rows if recorded is None else recorded
        features_of = Features(recorded, frontend, self.device, prepared_folders)
        return CommonStatistics(features_of, recorded, self.statistics, self.reference)


@torch.no_grad()
def predict_scores(
    network: TrainedNetwork,
    batches: Iterable[Any],
    utterances: Sequence[str],
    device: str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax scores and embeddings of utterances. Ranks that were given shares of them gather the whole.

    Parameters
    ----------
    network
        With its trained weights.
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
    for module in network.modules.values():
        module.eval().to(device)
    seen: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for batch in batches:
        embeddings = embed(network.modules, network.pooling, batch, device)
        scores = network.emotion_head(embeddings).cpu().double().softmax(dim=-1)
        seen.update(zip(batch.id, zip(scores.numpy(), embeddings.cpu().numpy(), strict=True), strict=True))
    seen = gather_mappings(seen)
    both = [np.stack([seen[utterance][which] for utterance in utterances]) for which in range(2)]
    return both[0], both[1]
