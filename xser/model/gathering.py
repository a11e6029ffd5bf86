"""One batch over several processes (ranks): joining, gathering with gradients, and means over all ranks.

DistributedDataParallel averages the gradients of the ranks' losses, so what is learned from is the *mean over ranks* of
whatever each rank returns. Both functions here are made so that this mean is the loss of one process with the whole
batch, also when the ranks hold unequal numbers of utterances. Without torch.distributed they change nothing.

Why `gather_with_gradients` multiplies gradients by the number of ranks W: let every rank r compute the same loss
L(e_1, ..., e_W) from the gathered embeddings. The gradient wanted for the shared weights t is
sum_r (de_r/dt)^T dL/de_r. Rank r only has its own e_r in its graph, and DDP returns (1/W) sum_r g_r, where g_r is the
gradient that rank r computes; so g_r must be W (de_r/dt)^T dL/de_r. No second communication is needed, because dL/de_r
is computed whole on rank r.
"""

import os
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")


def number_of_ranks() -> int:
    """How many processes train together; 1 without torch.distributed."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def join_ranks(device: str = "auto") -> bool:
    """Join the other ranks, when torchrun started this process; whether this is the rank that writes.

    Parameters
    ----------
    device
        As in ``--device``: decides how ranks talk to each other.
    """
    import xser.model  # noqa: F401  (before speechbrain: quietens its log)

    from speechbrain.utils.distributed import ddp_init_group, if_main_process  # isort: skip

    if "LOCAL_RANK" in os.environ:
        on_cuda = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
        ddp_init_group({"distributed_backend": "nccl" if on_cuda else "gloo"})
    return if_main_process()


def leave_ranks() -> None:
    """Part from the other ranks when all have come this far: a process that ends before the others may abort."""
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def this_rank() -> int:
    """Number of this process among those that train together, from 0."""
    return dist.get_rank() if number_of_ranks() > 1 else 0


def same_on_all_ranks(value: T) -> T:
    """What the first rank says, on every rank; `value` when there is one."""
    shared = [value]
    if number_of_ranks() > 1:
        dist.broadcast_object_list(shared)
    return shared[0]


def gather_mappings(mapping: dict[str, T]) -> dict[str, T]:
    """Merge the dicts of all ranks (of evaluation: utterance to what was predicted of it), in the order of the ranks.

    Keys differ from rank to rank; the result is the same on every rank.
    """
    if number_of_ranks() == 1:
        return mapping
    shares: list[Any] = [None] * number_of_ranks()
    dist.all_gather_object(shares, mapping)
    return {key: value for share in shares for key, value in share.items()}


def gather_with_gradients(values: Tensor) -> Tensor:
    """Stack the rows of all ranks, in the order of the ranks.

    Every rank must compute the same loss from the result, and DDP must average the gradients (see the module's text).
    All ranks must call this together; it does nothing else than return `values` when there is one process, or where no
    gradient is wanted (evaluation runs whole on every rank).

    Parameters
    ----------
    values
        Shape (batch of this rank, ...). The first dimension may differ from rank to rank; integers are gathered too.

    Returns
    -------
    Tensor
        Shape (sum of the batches, ...).
    """
    if number_of_ranks() == 1 or not torch.is_grad_enabled():
        return values
    return _Gather.apply(values) if values.requires_grad else _gather(values)[0]


def mean_over_ranks(total: Tensor, count: Tensor | int) -> Tensor:
    """A loss whose average over ranks is the mean over the elements of all ranks.

    Parameters
    ----------
    total
        Scalar: the sum over this rank's elements.
    count
        How many elements (or how much weight) were summed; may be 0, also on every rank.

    Returns
    -------
    Tensor
        Scalar. With one process: ``total / count``, and 0 (with a graph) when `count` is 0.
    """
    ranks = number_of_ranks() if torch.is_grad_enabled() else 1
    if isinstance(count, Tensor):
        counted = count.detach().to(total.dtype, copy=True)
    else:
        counted = torch.full_like(total.detach(), count)  # written on the device: a copy would wait for it
    if ranks > 1:
        dist.all_reduce(counted)
    return ranks * total / torch.where(counted == 0, torch.ones_like(counted), counted)


def _gather(values: Tensor) -> tuple[Tensor, list[int]]:
    """Rows of all ranks, and how many rows each has."""
    values = values.detach().contiguous()
    counts = [torch.zeros(1, dtype=torch.int64, device=values.device) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, torch.tensor([len(values)], device=values.device))
    sizes = [int(count) for count in counts]
    padded = values.new_zeros(max(sizes), *values.shape[1:])
    padded[: len(values)] = values
    rows = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(rows, padded)
    return torch.cat([row[:size] for row, size in zip(rows, sizes, strict=True)]), sizes


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        gathered, sizes = _gather(values)
        context.start = sum(sizes[: dist.get_rank()])
        context.rows = len(values)
        context.ranks = len(sizes)
        return gathered

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return context.ranks * gradient[context.start : context.start + context.rows]
