"""The SpeechBrain Brain that learns emotions: cross-entropy, SupCon and the speaker adversary."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import speechbrain as sb
import torch
from sklearn.metrics import recall_score
from torch import Tensor

from xser.model.adversary import masked_cross_entropy
from xser.model.batches import frames_of
from xser.model.gathering import gather_mappings, mean_over_ranks, this_rank
from xser.model.speechbrain_seams import Brain, diverged


class EmotionBrain(Brain):
    """L = L_CE + alpha L_SupCon + beta L_Spk (Mi, Ma and Toda, arXiv:2606.06200).

    A term whose weight is 0 is not computed. Every epoch draws from its own random stream, a function of the seed, the
    epoch and the rank, so that a resumed training goes on exactly as one that was never stopped.

    Parameters
    ----------
    hparams
        Built from train.yaml: ``modules``, ``supcon``, ``reversal_ramp``, the weights, ``epoch_counter`` ...
    class_weights
        Weight of each emotion in the cross-entropy, (emotions,).
    valid_languages
        Language of each validation utterance.
    steps_per_epoch
        Batches of an epoch.
    on_epoch
        Called with (epoch, mean validation UAR) after each epoch, for a progress bar.
    brain_options
        Of `speechbrain.Brain`.
    """

    def __init__(
        self,
        hparams: dict[str, Any],
        class_weights: Tensor | None,
        valid_languages: Mapping[str, str],
        steps_per_epoch: int,
        on_epoch: Callable[[int, float], None],
        **brain_options: Any,
    ) -> None:
        super().__init__(hparams=hparams, **brain_options)
        self.class_weights = None if class_weights is None else class_weights.to(self.device)
        self.valid_languages = valid_languages
        self.steps_per_epoch = steps_per_epoch
        self.on_epoch = on_epoch

    def compute_forward(self, batch: Any, stage: sb.Stage) -> tuple[Tensor, Tensor, Tensor | None]:
        """Logits (batch, emotions), embeddings (batch, size) and, while the adversary trains, speaker logits."""
        embeddings = embed(self.modules, self.hparams.pooling, batch, self.device)
        speaker_logits = None
        if stage == sb.Stage.TRAIN and self.hparams.speaker_weight > 0:
            speaker_logits = self.modules.adversary(embeddings, self.hparams.reversal_ramp(self.progress()))
        return self.modules.emotion_head(embeddings), embeddings, speaker_logits

    def compute_objectives(self, outputs: tuple[Tensor, Tensor, Tensor | None], batch: Any, stage: sb.Stage) -> Tensor:
        """The loss of method and system, in float32 whatever the precision; validation keeps what it saw as well."""
        logits, embeddings = outputs[0].float(), outputs[1].float()
        speaker_logits = None if outputs[2] is None else outputs[2].float()
        if stage != sb.Stage.TRAIN:
            losses = torch.nn.functional.cross_entropy(logits, batch.emotion, reduction="none")
            seen = zip(batch.emotion.tolist(), logits.argmax(dim=-1).tolist(), losses.tolist(), strict=True)
            self.validated.update(zip(batch.id, seen, strict=True))
            return losses.mean()
        with torch.autocast(torch.device(self.device).type, enabled=False):
            return self._training_loss(logits, embeddings, speaker_logits, batch)

    def _training_loss(self, logits: Tensor, embeddings: Tensor, speaker_logits: Tensor | None, batch: Any) -> Tensor:
        loss = weighted_cross_entropy(logits, batch.emotion, self.class_weights)
        if self.hparams.supcon_weight > 0:
            loss = loss + self.hparams.supcon_weight * self.hparams.supcon(embeddings, batch.emotion, batch.language)
        if speaker_logits is not None:
            loss = loss + self.hparams.speaker_weight * masked_cross_entropy(speaker_logits, batch.speaker)
        return loss

    def progress(self) -> float:
        """The share of the training that is done, 0 to 1."""
        epoch = self.hparams.epoch_counter.current
        return min(1.0, ((epoch - 1) * self.steps_per_epoch + self.step) / (self.hparams.epochs * self.steps_per_epoch))

    def on_fit_batch_start(self, batch: Any, should_step: bool) -> None:
        """Let the learning rates fall linearly to a twentieth over the training."""
        for optimizer in self.optimizers_dict.values():
            for group in optimizer.param_groups:
                group["lr"] = group["first_rate"] * (1 - 0.95 * self.progress())

    def init_optimizers(self) -> None:
        """An optimizer for the network, which may learn at a rate of its own (a pretrained one wants a lower), and one
        for the heads (seam 4)."""
        rate = self.hparams.learning_rate
        heads = [self.modules[name] for name in self.modules if name != "network"]
        self.optimizers_dict = {
            "network": self._optimizer([self.modules["network"]], self.hparams.network_learning_rate or rate),
            "heads": self._optimizer(heads, rate),
        }
        for name, optimizer in self.optimizers_dict.items():
            self.checkpointer.add_recoverable(f"optimizer_{name}", optimizer)

    def _optimizer(self, modules: Sequence[torch.nn.Module], rate: float) -> torch.optim.Optimizer:
        learning = [each for module in modules for each in module.parameters() if each.requires_grad]
        return self.opt_class([{"params": learning, "lr": rate, "first_rate": rate}])

    def on_stage_start(self, stage: sb.Stage, epoch: int | None = None) -> None:
        """Start the epoch's own random stream (seam 8), or an empty list of what validation saw."""
        super().on_stage_start(stage, epoch)
        if stage == sb.Stage.TRAIN:
            assert epoch is not None
            sb.utils.seed.seed_everything(epoch_seed(self.hparams.seed, epoch, this_rank()), verbose=False)
        else:
            self.validated: dict[str, tuple[int, int, float]] = {}  # utterance: emotion, prediction, loss

    def on_stage_end(self, stage: sb.Stage, stage_loss: float, epoch: int | None = None) -> None:
        """After validation: UAR of each language, the log's line, the checkpoint."""
        super().on_stage_end(stage, stage_loss, epoch)
        if stage == sb.Stage.TRAIN:
            return
        validated = gather_mappings(self.validated)
        reference, predicted, losses = (
            {utterance: seen[column] for utterance, seen in validated.items()} for column in range(3)
        )
        if not np.isfinite(list(losses.values())).all():
            raise diverged(f"after epoch {epoch} (step {(epoch or 0) * self.steps_per_epoch}) scores are not finite")
        recalls = uar_by_language(reference, predicted, self.valid_languages)
        mean = sum(recalls.values()) / len(recalls)
        self.hparams.train_logger.log_stats(
            {"epoch": epoch, "rate": self.optimizers_dict["network"].param_groups[0]["lr"]},
            {"loss": self.train_loss},
            {
                "loss": sum(losses.values()) / len(losses),
                "UAR": mean,
                **{f"UAR {language}": uar for language, uar in recalls.items()},
            },
        )
        self.save({"uar": mean, "epoch": epoch}, best="uar")
        self.on_epoch(epoch or 0, mean)


def weighted_cross_entropy(logits: Tensor, emotions: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy over the whole batch, of all ranks, each utterance with the weight of its emotion.

    Parameters
    ----------
    logits
        Shape (batch, emotions).
    emotions
        Class indices (batch,).
    weights
        Weight of each emotion (emotions,); 1 by default.
    """
    total = torch.nn.functional.cross_entropy(logits, emotions, weight=weights, reduction="sum")
    count = len(emotions) if weights is None else weights[emotions].sum()
    return mean_over_ranks(total, count)


def embed(modules: Mapping[str, Any], pooling: Callable[[Tensor, Tensor], Tensor], batch: Any, device: str) -> Tensor:
    """Embeddings (batch, size) of a padded batch, which is moved to `device`.

    Lengths stay on the CPU, where the batch was made: what is padded is known without waiting for the device.
    """
    _, lengths = frames_of(batch.features)
    features, _ = batch.to(device, non_blocking=torch.device(device).type == "cuda").features
    return pooling(*modules["network"](features, lengths))


def epoch_seed(seed: int, epoch: int, rank: int = 0) -> int:
    """A seed of its own for each epoch of each rank of a training, below 2^32."""
    return int(np.random.SeedSequence([seed, epoch, rank]).generate_state(1)[0])


def uar_by_language(
    reference: Mapping[str, Any], predicted: Mapping[str, Any], languages: Mapping[str, str]
) -> dict[str, float]:
    """UAR of each language over the emotions that occur in it.

    Parameters
    ----------
    reference, predicted
        Class index of each utterance.
    languages
        Language of each utterance.

    Returns
    -------
    dict of str to float
        In the order of the languages' codes, 0 to 1.

    Examples
    --------
    >>> uar_by_language({"a": 0, "b": 1, "c": 1}, {"a": 0, "b": 1, "c": 0}, {"a": "deu", "b": "deu", "c": "fra"})
    {'deu': 1.0, 'fra': 0.0}
    """
    table = pd.DataFrame({"reference": reference, "predicted": predicted, "language": languages}).dropna()
    return {
        language: float(
            recall_score(
                part.reference, part.predicted, labels=part.reference.unique(), average="macro", zero_division=0
            )
        )
        for language, part in table.groupby("language")
    }
