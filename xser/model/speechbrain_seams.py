"""Every place where xser works round SpeechBrain (1.1), with the reason. All else uses it as its users do.

1. `Brain.fit_batch` (here) does what SpeechBrain's does, but leaves the loss on the device. SpeechBrain reads three
   values back in every step (``check_loss_isfinite``, ``loss.detach().cpu()``, ``update_average``); each time the GPU
   runs dry while Python prepares the next step. Here losses are read every `LOSSES_AT_ONCE` steps.
2. `Brain.check_losses` (here) stops with one line. SpeechBrain goes on through three steps whose loss is not finite and
   then raises a `ValueError`. Without the gradient scaler of fp16, which leaves such steps out, the first one has
   already ruined the weights.
3. `Brain.on_fit_start` (here) lets ranks exchange no buffers. They have different numbers of validation batches, so
   DistributedDataParallel would wait in the exchange for ever. No buffer changes while training.
4. `EmotionBrain.init_optimizers` makes an optimiser of each group of parameters: SpeechBrain's ``optimizers_step``
   clips the gradients of an optimiser's first group alone.
5. `Brain.save` (here) gives ``importance_keys``: SpeechBrain adds to its default list at every call, so each save goes
   through the checkpoints once more than the one before. SpeechBrain's issue 2397 is about the deletion that follows.
6. `xser.model.checkpoints.WholeCheckpointer` renames a checkpoint into place when it is whole. SpeechBrain writes file
   by file into the folder that recovery looks for: a kill in between leaves half a checkpoint that is loaded next.
7. `xser.model.training` sets ``brain.train_sampler``: ``Brain.fit`` calls ``set_epoch`` on nothing else, and a batch
   sampler would draw its first epoch for ever.
8. `EmotionBrain.on_stage_start` seeds every epoch: checkpoints hold no state of the random generators, so that a
   resumed training would draw other numbers.
9. `xser.model.batches` makes the data loaders itself, for one batch ahead in a thread; `PaddedBatch` gives lengths
   relative to the longest, and `frames_of` makes whole numbers of them again.
10. `xser.model.encoders.adapters` wraps SpeechBrain's LoRA and Houlsby branches one by one (``AdaptedModel`` loads with
    ``strict=False``, so a mismatch would be silent), with a gate and a start at exactly the pretrained model.
11. `xser.model.encoders` calls transformers directly: SpeechBrain's wrappers normalise over the padding, so that an
    embedding moves by up to a third with its neighbours.
12. `xser.model` quietens SpeechBrain's log, which tells every learning rate, every checkpoint and that torchvision
    is missing.
"""

import logging
import math
from typing import Any

import speechbrain as sb
import torch
from torch import Tensor

from xser.core.errors import XserError

LOSSES_AT_ONCE = 50  # steps


def diverged(what: str) -> XserError:
    """The error for a training that has gone astray, with what to try."""
    return XserError(
        f"the training diverged: {what}: use a smaller --learning_rate or --network_learning_rate, or --precision fp32"
    )


class Brain(sb.Brain):
    """SpeechBrain's `Brain`, with what xser needs otherwise and nothing of the method."""

    def fit_batch(self, batch: Any) -> Tensor:
        """Learn from one batch; the loss stays on the device (seam 1)."""
        should_step = self.step % self.grad_accumulation_factor == 0
        self.on_fit_batch_start(batch, should_step)
        with self.no_sync(not should_step):
            with self.training_ctx:
                outputs = self.compute_forward(batch, sb.Stage.TRAIN)
                loss = self.compute_objectives(outputs, batch, sb.Stage.TRAIN)
            self.scaler.scale(loss / self.grad_accumulation_factor).backward()
        if should_step:
            self.optimizers_step()
        return loss.detach()

    def update_average(self, loss: Tensor, avg_loss: float) -> float:
        """Mean training loss up to the last step whose loss was read; SpeechBrain's own where it validates."""
        if not self.modules.training:
            return super().update_average(loss, avg_loss)
        self.unread_losses.append(loss)
        return self.check_losses(avg_loss) if len(self.unread_losses) == LOSSES_AT_ONCE else avg_loss

    def check_losses(self, average: float) -> float:
        """Read the losses that are still on the device into their running mean (seam 2).

        Raises
        ------
        XserError
            When one is not finite, or under fp16, whose scaler leaves such steps out, more than
            ``nonfinite_patience`` (3) of an epoch are not.
        """
        losses = torch.stack(self.unread_losses).cpu() if self.unread_losses else torch.empty(0)
        self.unread_losses.clear()
        read = self.step - len(losses)
        self.nonfinite_count += int((~losses.isfinite()).sum())
        if self.nonfinite_count > (self.nonfinite_patience if self.scaler.is_enabled() else 0):
            step = read + 1 + int((~losses.isfinite()).nonzero()[0])
            raise diverged(f"the loss of step {step} of epoch {self.hparams.epoch_counter.current} is not finite")
        for step, loss in enumerate(losses.tolist(), start=read + 1):
            if math.isfinite(loss):
                average -= average / step
                average += loss / step
        return average

    def on_stage_start(self, stage: sb.Stage, epoch: int | None = None) -> None:
        """Begin with no loss unread."""
        self.unread_losses: list[Tensor] = []

    def on_stage_end(self, stage: sb.Stage, stage_loss: float, epoch: int | None = None) -> None:
        """After a training epoch, read the losses that are left."""
        if stage == sb.Stage.TRAIN:
            self.train_loss = self.check_losses(stage_loss)

    def on_fit_start(self) -> None:
        """Go on from the last checkpoint, if any; ranks exchange no buffers (seam 3)."""
        super().on_fit_start()
        for module in self.modules.values():
            if isinstance(module, torch.nn.parallel.DistributedDataParallel):
                module.broadcast_buffers = False

    def save(self, meta: dict[str, Any], best: str) -> None:
        """Keep this checkpoint and the one with the largest `best` (seam 5)."""
        self.checkpointer.save_and_keep_only(meta=meta, max_keys=[best], importance_keys=[], verbosity=logging.DEBUG)
