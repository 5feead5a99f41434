"""What a picture of points in the report is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class View(ABC):
    """The contract: pictures of data, of samples and of data weights that can be compared with one another.

    Attributes:
        legend: How to read `samples`, in plain words.
        weights_legend: How to read `weights`.
        num_samples: The most samples that a picture shows; ``None`` means any number.
    """

    legend: str
    weights_legend: str
    num_samples: int | None = None

    @abstractmethod
    def data(self) -> bytes:
        """The data alone, as a PNG."""

    @abstractmethod
    def samples(self, samples: Tensor) -> tuple[bytes, str]:
        """Samples of shape (M, *event) against the data, as a PNG, and a remark on what is not to be seen."""

    @abstractmethod
    def weights(self, relative: Tensor, limit: float) -> bytes:
        """Data weights as a PNG.

        Args:
            relative: Weights at the data points, shape (n,), in units of the average weight.
            limit: The top of the scale, the same for all pictures that are to be compared.
        """
