"""Refinement: correct a mixture's samples by the density ratio that boosting estimated anyway.

Boosting repairs what is missing; rejection removes what is spurious. Budgeted rejection is the mirror image of Star:
Star cannot remove over-served regions, rejection cannot fill under-served ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, overload

import torch
from torch import Tensor, nn

from adagan.mixtures.arguments import MAX_LOG_RATIO, as_log_ratio
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.parameters import shown
from adagan.mixtures.randomness import generator_for, source_of_chance
from adagan.mixtures.refinement.by_class import by_class
from adagan.mixtures.refinement.methods import (
    BudgetedRejection,
    Pilot,
    Refinement,
    RefinementRecord,
    budgeted_acceptance,
)
from adagan.mixtures.refinement.refinement_files import (
    check_refined,
    check_storable,
    read_refinement,
    write_refinement,
)
from adagan.mixtures.sampling.class_allocation import as_indices, as_option
from adagan.mixtures.sampling.sampler import device_of, evaluating, new_samples
from adagan.mixtures.storage.components import component_record
from adagan.mixtures.storage.files import written_folder
from adagan.mixtures.storage.mixture_folder import write_mixture
from adagan.mixtures.storage.restoring import check_saved

__all__ = ["LogRatio", "Refined", "Samples", "budgeted_acceptance"]


class Samples(Protocol):
    """Anything that samples: a component, a mixture, a refined mixture."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor: ...


class LogRatio(Protocol):
    """Anything that estimates log dP_model/dP_data at points: a fitted critic."""

    def log_ratio(self, x: Tensor) -> Tensor: ...


class Refined(nn.Module):
    """A mixture, or anything else that samples, whose samples are refined by a critic.

    Args:
        source: What to sample from.
        critic: A fitted critic of `source`.
        refinement: The method; a number is the budget of `BudgetedRejection`.
        pilot: Number of samples that tell the method its scale; or what an earlier pilot told.
        generator: Randomness of the pilot samples.

    Attributes:
        pilot: What the pilot told: the expected acceptance and effective sample size.

    Raises:
        ValueError: A budget that cannot be met; the message says what can.
    """

    def __init__(
        self,
        source: Samples,
        critic: LogRatio,
        refinement: Refinement | float = 0.5,
        *,
        pilot: int | Pilot = 20_000,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.source, self.critic = source, critic
        self.refinement = refinement if isinstance(refinement, Refinement) else BudgetedRejection(refinement)
        if isinstance(pilot, Pilot):
            self.pilot = pilot
        elif pilot < 1:
            raise UserError(f"pilot: expected 1 sample or more, got {pilot}")
        else:
            chance = generator_for(self.device, generator)
            parts = [self._draw(size, chance)[1] for size in _sizes(pilot)]
            self.pilot = self.refinement.pilot(torch.cat(parts))

    def __repr__(self) -> str:
        return f"Refined({shown(self.source)}, {shown(self.critic)}, {self.refinement!r})"

    @property
    def device(self) -> torch.device:
        """Where samples are made."""
        return device_of(self.source, self.critic)

    @torch.inference_mode()
    def _draw(
        self, num_samples: int, generator: torch.Generator, condition: int | None = None
    ) -> tuple[Tensor, Tensor]:
        with evaluating(self.source, self.critic):
            samples = self.source.sample(num_samples, generator=generator, **as_option(condition))
            if self.refinement.keeps_all:
                return samples, samples.new_zeros(len(samples), dtype=torch.float64)
            log_ratio = as_log_ratio(self.critic.log_ratio(samples))
        return samples, log_ratio.clamp(min=-MAX_LOG_RATIO)

    @overload
    def sample(
        self,
        num_samples: int,
        *,
        generator: torch.Generator | None = None,
        return_record: Literal[False] = False,
        condition: int | Tensor | None = None,
        seed: int | None = None,
    ) -> Tensor: ...

    @overload
    def sample(
        self,
        num_samples: int,
        *,
        generator: torch.Generator | None = None,
        return_record: Literal[True],
        condition: int | Tensor | None = None,
        seed: int | None = None,
    ) -> tuple[Tensor, RefinementRecord]: ...

    @torch.inference_mode()
    def sample(
        self,
        num_samples: int,
        *,
        generator: torch.Generator | None = None,
        return_record: bool = False,
        condition: int | Tensor | None = None,
        seed: int | None = None,
    ) -> Tensor | tuple[Tensor, RefinementRecord]:
        """Refined samples, shape (num_samples, *event); made in blocks, like a mixture's.

        Args:
            num_samples: How many, 0 or more.
            generator: Source of randomness; ``None`` takes `seed`, or a fresh one from the system.
            return_record: Also return what the draw took: samples drawn, acceptance, effective sample size.
            condition: Sample this class only; or, shape (num_samples,), the class of each sample in turn, from a
                conditional source. The samples have the refined distribution given the class; the share of a class's
                samples that is kept is its own.
            seed: Of the draw, instead of a generator.

        Raises:
            ValueError: A class that is not there, or a wrong number of classes.
            TypeError: A class is wanted, and the source is not conditional.
        """
        if num_samples < 0:
            raise UserError(f"num_samples: expected 0 or more, got {num_samples}")
        source = generator_for(self.device, source_of_chance(generator, seed, self.device))
        if num_samples == 0:
            nothing = self.source.sample(0, generator=source, **as_option(condition))
            samples, record = new_samples(0, nothing), RefinementRecord(0, 0, self.pilot.acceptance, 0)
        elif isinstance(condition, Tensor) and condition.ndim > 0:
            classes = as_indices(condition, num_samples, None, "condition")
            samples, record = by_class(classes, lambda size, label: self._refine(size, source, label))
        else:
            label = None if condition is None else int(as_indices(condition, num_samples, None, "condition"))
            samples, record = self._refine(num_samples, source, label)
        return (samples, record) if return_record else samples

    def _refine(
        self, num_samples: int, generator: torch.Generator, condition: int | None
    ) -> tuple[Tensor, RefinementRecord]:
        return self.refinement.refine(
            lambda size: self._draw(size, generator, condition), num_samples, self.pilot, generator
        )

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        components: Sequence[Callable[[], Any]] = (),
    ) -> None:
        """Writes the mixture (as `Mixture.save` does), the critic and the refinement to a folder.

        Raises:
            FileExistsError: The folder holds something already and `overwrite` is not set.
            TypeError: The source is no mixture, or a component, the critic or the method cannot be stored.
        """
        if not isinstance(self.source, Mixture):
            name = type(self.source).__name__
            raise UserTypeError(
                f"source: only a refined Mixture can be saved, got {name}; refine Mixture([{name.lower()}]) instead"
            )
        check_storable(self.refinement)
        component_record(self.critic)
        for component in self.source.components:
            check_saved(component, components)
        with written_folder(folder, overwrite=overwrite) as draft:
            write_mixture(draft, self.source.components, self.source.history, self.source.encoding)
            write_refinement(draft, self.critic, self.refinement, self.pilot)

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        device: torch.device | str | None = None,
        components: Sequence[Callable[[], Any]] = (),
    ) -> Refined:
        """Reads a refined mixture; the arguments are those of `Mixture.load`, `components` also makes the critic.

        Raises:
            FileNotFoundError: No refined mixture in the folder.
            ValueError: As `Mixture.load`, or an unknown method.
        """
        check_refined(folder)
        mixture = Mixture.load(folder, device=device, components=components)
        critic, refinement, pilot = read_refinement(folder, components)
        refined = cls(mixture, critic, refinement, pilot=pilot)
        return refined.to(device or "cpu")


def _sizes(num_samples: int, block: int = 16_384) -> list[int]:
    return [min(block, num_samples - begin) for begin in range(0, num_samples, block)]
