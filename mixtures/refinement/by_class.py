"""Refined samples of several classes in one draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.refinement.methods import RefinementRecord
from adagan.mixtures.sampling.sampler import block_size, new_samples


def by_class(
    classes: NDArray[np.int64], refine: Callable[[int, int], tuple[Tensor, RefinementRecord]]
) -> tuple[Tensor, RefinementRecord]:
    """Refines class by class and block by block, and puts the samples in the order that is wanted.

    Args:
        classes: The class of each sample, shape (num_samples,), num_samples > 0.
        refine: From a number and a class to as many refined samples, and what they took.

    Returns:
        Samples of shape (num_samples, *event), and what they took together.
    """
    samples: Tensor | None = None
    records: list[RefinementRecord] = []
    begin = 0
    while begin < len(classes):
        wanted = classes[begin : begin + block_size(samples)]
        for label in np.unique(wanted):
            places = np.flatnonzero(wanted == label)
            part, record = refine(len(places), int(label))
            if samples is None:
                samples = new_samples(len(classes), part)
            samples[torch.from_numpy(begin + places).to(part.device)] = part
            records.append(record)
        begin += len(wanted)
    assert samples is not None  # classes are not empty
    drawn = sum(record.drawn for record in records)
    return samples, RefinementRecord(
        drawn,
        sum(record.kept for record in records),
        sum(record.acceptance * record.drawn for record in records) / drawn,
        sum(record.effective_sample_size for record in records),
    )
