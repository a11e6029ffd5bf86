"""SpeechBrain checkpoints that appear under their name only when they are whole."""

import os
import shutil
from pathlib import Path
from typing import Any

from speechbrain.utils.checkpoints import Checkpoint, Checkpointer
from speechbrain.utils.distributed import ddp_barrier, if_main_process

UNFINISHED = ".unfinished-"


class WholeCheckpointer(Checkpointer):
    """A SpeechBrain `Checkpointer` that a kill in the middle of saving does no harm.

    The folder is hidden until all of it is on the disk, then renamed (`xser.model.speechbrain_seams`, 6).
    """

    def _new_checkpoint_dirpath(self) -> Path:
        final = super()._new_checkpoint_dirpath()
        return final.with_name(UNFINISHED + final.name)

    def save_checkpoint(self, *args: Any, **options: Any) -> Checkpoint:
        """Save as `Checkpointer.save_checkpoint` does, then let the checkpoint appear."""
        if if_main_process():
            for leftover in self.checkpoints_dir.glob(f"{UNFINISHED}*"):
                shutil.rmtree(leftover)
        saved = super().save_checkpoint(*args, **options)
        if if_main_process():
            saved = _reveal(saved)
        ddp_barrier()
        return saved


def _reveal(saved: Checkpoint) -> Checkpoint:
    """Flush a checkpoint to the disk, then rename its folder to the name that recovery looks for."""
    for file in saved.path.iterdir():
        with open(file, "rb") as written:
            os.fsync(written.fileno())
    final = saved.path.with_name(saved.path.name.removeprefix(UNFINISHED))
    saved.path.rename(final)
    return Checkpoint(final, saved.meta, {name: final / file.name for name, file in saved.paramfiles.items()})
