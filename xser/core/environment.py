"""What the environment of a process must not decide: leftovers of notebooks, containers and job schedulers."""

import os
import sys

OF_RANKS = (
    "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "GROUP_WORLD_SIZE", "ROLE_RANK",
    "ROLE_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_ERROR_FILE",
)  # fmt: skip


def forget_leftovers(is_rank: bool = False) -> None:
    """Take out of the environment what would make one process wait for others, or draw in a notebook.

    Parameters
    ----------
    is_rank
        Whether this process is one of several that `xser.grid.ranks` started. One that torchrun itself started is told
        by its ``TORCHELASTIC_RUN_ID``.
    """
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "agg"  # pictures go to files
    if not is_rank and "TORCHELASTIC_RUN_ID" not in os.environ:
        for name in OF_RANKS:
            os.environ.pop(name, None)
