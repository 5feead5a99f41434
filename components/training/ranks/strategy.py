"""Lightning's strategy for a training that ranks share."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, TypeVar

import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from adagan.components.training.ranks.group import heard, summed, taken_from_rank_zero
from adagan.components.training.ranks.joining import Ranks

Object = TypeVar("Object")


class SharedTraining(DDPStrategy):
    """Averages the gradients of every backward pass over the ranks that this process has joined.

    Torch's own wrapper expects one backward pass of one loss in all parameters. GANs have two losses, penalties
    differentiate gradients, and discriminators are called with other parameters: here a gradient is averaged once it is
    there, whatever it came from. What takes part in a batch normalisation is as under torch's wrapper: each rank
    normalises by its own rows, with the running statistics of rank zero, unless ``sync_batchnorm`` is set.

    Args:
        ranks: That were joined.
    """

    def __init__(self, ranks: Ranks) -> None:
        super().__init__(cluster_environment=ranks.environment, process_group_backend=ranks.backend)

    def setup_environment(self) -> None:
        """The processes are there and know one another; only the device is set up."""
        assert self.accelerator is not None
        self.accelerator.setup_device(self.root_device)
        self.set_world_ranks()

    def _configure_launcher(self) -> None:
        self._launcher = None

    def configure_ddp(self) -> None:
        """All ranks begin with the values of rank zero."""
        assert self.lightning_module is not None
        for value in (*self.lightning_module.parameters(), *self.lightning_module.buffers()):
            taken_from_rank_zero(value)

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """The running statistics are those of rank zero, as under torch's wrapper."""
        assert self.lightning_module is not None
        for module in self.lightning_module.modules():
            if isinstance(module, _NormBase) and not isinstance(module, nn.SyncBatchNorm):
                for value in module.buffers(recurse=False):
                    taken_from_rank_zero(value)
        return super().training_step(*args, **kwargs)

    def post_backward(self, closure_loss: Tensor) -> None:
        """Averages what is there."""
        assert self.lightning_module is not None
        average_gradients(self.lightning_module.parameters(), self.world_size)

    def barrier(self, *args: Any, **kwargs: Any) -> None:
        """See `DDPStrategy`."""
        with heard():
            super().barrier(*args, **kwargs)

    def broadcast(self, obj: Object, src: int = 0) -> Object:
        """See `DDPStrategy`."""
        with heard():
            return super().broadcast(obj, src)

    def reduce(self, tensor: Any, group: Any = None, reduce_op: Any = "mean") -> Any:
        """See `DDPStrategy`."""
        with heard():
            return super().reduce(tensor, group, reduce_op)


def average_gradients(parameters: Iterable[nn.Parameter], ranks: int) -> None:
    """Replaces gradients by their means over the ranks; one that a rank does not have counts as zero there.

    One that was averaged before, and added to since, is averaged rightly: the mean of equal numbers is that number.
    """
    trained = [value for value in parameters if value.requires_grad]
    if not trained:
        return
    there = torch.tensor([value.grad is not None for value in trained], dtype=torch.int32, device=trained[0].device)
    counts = summed(there).tolist()
    found = [value for value, count in zip(trained, counts, strict=True) if count]
    for value in found:
        if value.grad is None:
            value.grad = torch.zeros_like(value)
    for _, several in groupby(sorted(found, key=_kind), key=_kind):
        gradients = [value.grad for value in several if value.grad is not None]
        means = summed(torch.cat([gradient.reshape(-1) for gradient in gradients])) / ranks
        for gradient, mean in zip(gradients, torch.split(means, [part.numel() for part in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))


def _kind(value: Tensor) -> str:
    return f"{value.dtype} {value.device}"
