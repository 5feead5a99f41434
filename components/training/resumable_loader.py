"""A loader whose place among the minibatches is part of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from torch.utils.data import DataLoader, IterableDataset


@runtime_checkable
class Resumable(Protocol):
    """Draws that go on from where they were."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None: ...


class ResumableLoader(DataLoader[Any]):
    """Hands on what a data set yields, in the same process; Lightning puts its state into checkpoints.

    Args:
        dataset: Yields minibatches, and tells where it is.
        form: What is handed on of a minibatch.

    Attributes:
        between: Called before every minibatch is drawn, when the step before it is complete.
    """

    def __init__(self, dataset: IterableDataset[Any], form: Callable[[Any], Any] | None = None) -> None:
        super().__init__(dataset, batch_size=None, collate_fn=form)
        self.between: Callable[[], None] | None = None

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return self._drawn(super().__iter__())

    def _drawn(self, batches: Iterator[Any]) -> Iterator[Any]:
        while True:
            if self.between is not None:
                self.between()
            try:
                batch = next(batches)
            except StopIteration:
                return
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Where the draws are."""
        return self.dataset.state_dict() if isinstance(self.dataset, Resumable) else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from there."""
        if isinstance(self.dataset, Resumable):
            self.dataset.load_state_dict(state_dict)
