"""Where to compute, and how much memory it took."""

import os
import resource
import sys

import torch

from xser.core.errors import XserError
from xser.model.choices import refuse_unknown


def chosen_device(device: str) -> str:
    """Say on which device this process computes.

    Parameters
    ----------
    device
        ``auto`` (the accelerator that torch finds, one for each process of a node; else the CPU), or a name that torch
        knows: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises
    ------
    XserError
        When torch does not know the device, or there is none.
    """
    if device == "auto":
        if not torch.accelerator.is_available():
            return "cpu"
        from speechbrain.utils.distributed import infer_device  # SpeechBrain takes seconds to import

        return infer_device()
    try:
        wanted = torch.device(device)
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise XserError(f"--device {device} cannot be used here ({str(error).splitlines()[0]}): try auto") from error
    alone = wanted.index is not None or wanted.type == "cpu"
    return device if alone or "LOCAL_RANK" not in os.environ else f"{device}:{os.environ['LOCAL_RANK']}"


def refuse_precision(precision: str, device: str) -> None:
    """Refuse a precision that is unknown, or that the device has not.

    Raises
    ------
    XserError
        Saying which to use.
    """
    refuse_unknown("precision", precision, ("fp32", "bf16", "fp16"))
    if precision == "fp16" and torch.device(device).type != "cuda":
        raise XserError("--precision fp16 needs an NVIDIA or AMD GPU: use bf16 or fp32")


def forget_peak_memory(device: str) -> None:
    """Measure `peak_memory` of a GPU from now on."""
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: str) -> int:
    """The most memory that was in use at once, in bytes, by this process (one rank of several).

    On CUDA what torch held of the device's memory in tensors since `forget_peak_memory`. Elsewhere all that the process
    has had in the computer's memory since it started, libraries and earlier runs of the same command included.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
