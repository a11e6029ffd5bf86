"""SpeechBrain checkpoints that appear under their name only when they are whole, with digests of their files."""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from speechbrain.utils.checkpoints import CKPT_PREFIX, METAFNAME, Checkpoint, Checkpointer
from speechbrain.utils.distributed import ddp_barrier, if_main_process

from xser.core.digests import digests_of, first_changed
from xser.core.errors import XserError
from xser.core.files import read_json, write_json

logger = logging.getLogger(__name__)

UNFINISHED = ".unfinished-"
DIGESTS = "digests.json"  # in the folder of a checkpoint


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
    write_json(saved.path / DIGESTS, digests_of(saved.path, saved.path.iterdir()))
    for file in saved.path.iterdir():
        with open(file, "rb") as written:
            os.fsync(written.fileno())
    final = saved.path.with_name(saved.path.name.removeprefix(UNFINISHED))
    saved.path.rename(final)
    return Checkpoint(final, saved.meta, {name: final / file.name for name, file in saved.paramfiles.items()})


def begin_anew_where_damaged(folder: Path) -> None:
    """Remove all checkpoints of an unfinished training if one of them is damaged: that may have been the best."""
    wrong = _damage(folder)
    if wrong:
        logger.warning("warning: the training begins anew: %s", wrong)
        shutil.rmtree(folder)


def _damage(folder: Path) -> str:
    """What is wrong with the first damaged checkpoint of a folder; those of an older xser have no digests."""
    for checkpoint in sorted(folder.glob(f"{CKPT_PREFIX}*")):
        if not (checkpoint / METAFNAME).is_file():
            return f"{checkpoint / METAFNAME} is missing"
        if (checkpoint / DIGESTS).is_file():
            try:
                wrong = first_changed(checkpoint, read_json(checkpoint / DIGESTS))
            except (XserError, AttributeError):  # no JSON, or of another shape
                wrong = f"{checkpoint / DIGESTS} is damaged"
            if wrong:
                return wrong
    return ""
