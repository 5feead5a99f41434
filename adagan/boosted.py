"""What a boosted model gives: samples, refined ones, what it misses, and itself from the folder of its run."""

from __future__ import annotations

import logging
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.images.layout import Layout
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.training.ranks.group import agreed
from adagan.data.class_names import class_of
from adagan.data.training_data import DataLike, TrainingData
from adagan.data.wanted_rows import rows_of
from adagan.missing.draws import draw_price
from adagan.missing.lookout import Lookout
from adagan.missing.missing_mass import MISSING_BELOW, Missing
from adagan.mixtures.arguments import ArrayLike
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_share
from adagan.mixtures.parameters import ConstructorParameters, html_table, parameter_names, shown
from adagan.mixtures.randomness import seeded_generator, source_of_chance
from adagan.mixtures.refinement.balanced import balanced_refinement
from adagan.mixtures.refinement.methods import Refinement
from adagan.mixtures.refinement.refined import Refined
from adagan.recipe import maker_of
from adagan.refining.refined_rows import RefinedRows
from adagan.refining.trial import RefinementTrial, refinement_trial
from adagan.round import Round, verdict
from adagan.run_folder import RunFolder
from adagan.seeds import RoundSeeds
from adagan.suggestions import check_name

_log = logging.getLogger(__name__)

PILOT, FEWEST_PILOTS = 20_000, 2_000
"""Samples by which refinements are adjusted, and how few where a budget does not allow as many."""
OF_PILOTS = 0.25
"""Share of the CPU seconds of a refinement that these may take."""


class Boosted(ConstructorParameters, ABC):
    """The contract: a model that has, once it is fitted, a mixture, a critic of it and the records of its rounds."""

    component: Callable[[], Any]
    coarse_critic: Callable[[], RatioEstimator] | None
    critic: Callable[[], RatioEstimator]
    seed: int
    mixture_: Mixture
    rounds_: list[Round]
    data_weights_: list[DataWeights]
    critic_: RatioEstimator
    stopped_: str
    _data: TrainingData
    _lookout: Lookout
    _whole: Mixture
    _loaded: bool = False
    _class_names: tuple[str, ...] = ()
    _trial: tuple[int, RefinementTrial] | None = None
    refinement_: RefinementTrial
    refined_: Refined | None = None

    @abstractmethod
    def boost(self) -> Self:
        """Runs one more round."""

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        components: Sequence[Callable[[], Any]] = (),
        *,
        device: torch.device | str | None = None,
        **choices: Any,
    ) -> Self:
        """The model of a run, after its last complete round; it samples, refines, and goes on by ``resume(data)``.

        ``AdaGAN.load("run", rounds=8).resume(data)`` adds rounds to a run.

        Args:
            folder: Of the run.
            components: What made the components and critics that are not the package's own, as for ``Mixture.load``;
                the first of them makes the newcomers of further rounds. Without any they are made as those of the run
                were, where its folder can say how.
            device: Where to put the mixture; ``None`` means the CPU.
            choices: Of the constructor, such as `rounds` (by default as many as there are) or `critic`. To run further
                rounds they must be those with which the run began.

        Raises:
            FileNotFoundError, ValueError: As ``Mixture.load``; an unknown choice.
        """
        for name in choices:
            check_name(name, parameter_names(cls), "choices")
        run = RunFolder(folder)
        content, records = run.content(), run.rounds()
        makers = [*components, *(choices[name] for name in ("component", "critic") if name in choices)]
        given = {"rounds": max(len(records), 1), "seed": content["seed"], "folder": folder, **choices}
        given.setdefault("component", components[0] if components else maker_of(content.get("made_with"), run.path))
        model = cls(**given)
        model._loaded, model._class_names = True, run.class_names()
        model.rounds_, model.data_weights_ = records, run.data_weights(device or "cpu")
        model.stopped_ = content.get("stopped", "")
        if records:
            model._whole = run.mixture(makers, device, whole=True)
            model.mixture_ = model._whole[: content.get("kept", len(records))]
            model.critic_ = run.critic(makers, device)
            model.refined_ = run.refined(model.mixture_, makers)
        return model

    def sample(
        self,
        num_samples: int,
        generator: torch.Generator | None = None,
        condition: int | str | Tensor | None = None,
        *,
        seed: int | None = None,
        where: Mapping[Any, Any] | None = None,
    ) -> Any:
        """Samples, shape (num_samples, *event); of a table or of images, such as were learnt.

        They are the refined ones where held-out data said at the end of `fit` that refining helps (`refined_`), and
        else, and of one class, all that the mixture draws, as ``mixture_.sample`` gives them.

        Args:
            num_samples: How many, 0 or more.
            generator: Source of randomness; ``None`` takes `seed`, or a fresh one.
            condition: One class, by its number or name, or the number of a class for each, of components that learnt
                classes.
            seed: Of the draw, instead of a generator.
            where: Of a table: values that the rows are to have by column, such as ``{"city": "Bern"}``, a list of
                values, or a range ``{"age": slice(18, 30)}``. Rows are drawn until there are so many.
        """
        mixture = self._fitted()
        known = self._data.class_names if hasattr(self, "_data") else self._class_names
        wanted = class_of(condition, known)
        # the critic, by which samples are refined, knows no classes
        source = mixture if self.refined_ is None or wanted is not None else self.refined_
        if not isinstance(mixture.encoding, TableEncoding):
            if where is not None:
                raise UserError("where: the model is of arrays, which have no columns; leave it out")
            drawn = source.sample(num_samples, generator=generator, condition=wanted, seed=seed)
            return drawn if mixture.encoding is None else mixture.encoding.decode(drawn)
        chance = source_of_chance(generator, seed, mixture.device)
        return rows_of(source, mixture.encoding, num_samples, chance, wanted, where)

    def refined(
        self,
        budget: float | Refinement | None = None,
        generator: torch.Generator | None = None,
        *,
        balanced: bool = False,
        pilot: int = PILOT,
    ) -> Any:
        """The mixture refined with the critic that boosting trained: a `Refined`, or `RefinedRows` of rows and images.

        Without a budget it is tried whether refining helps, and how much of it (`refinement_trial`): some CPU seconds.
        Where held-out data do not say so, all draws are kept. What was found is in `refinement_`, and is logged.

        Args:
            budget: Rate of acceptance of budgeted rejection, in (0, 1], or any other refinement, untried; ``None``
                means balanced rejection at the rate that held-out data choose.
            generator: Randomness of the pilot samples that set the acceptance; ``None`` takes the model's seed.
            balanced: Whether every region keeps the data's share of the samples, see `Balanced`; by budgets only.
            pilot: Number of pilot samples.
        """
        mixture = self._fitted()
        source = generator or seeded_generator(self.seed, mixture.device)
        if budget is None:
            budget, balanced = self._tried().budget, True
        return _decoding(self._refined_by(budget, source, balanced, pilot))

    def _refined_by(
        self, budget: float | Refinement, generator: torch.Generator, balanced: bool, pilot: int
    ) -> Refined:
        options: dict[str, Any] = {"pilot": pilot, "generator": generator}
        if not balanced or budget == 1:
            return Refined(self.mixture_, self.critic_, budget, **options)
        data = self._known_data("balanced")
        return balanced_refinement(self.mixture_, self.critic_, budget, data.points, weights=data.weights, **options)

    def _refine_where_it_helps(self, seconds: float) -> None:
        """Decides whether `sample` refines, in so many CPU seconds."""
        budget = self._tried((1 - OF_PILOTS) * seconds).budget
        source = seeded_generator(self.seed, self.mixture_.device)
        # two draws of pilots: for the levels of regions, and for what is expected of them
        affordable = OF_PILOTS * seconds / max(2 * draw_price(self.mixture_, self.seed), 1e-9)
        pilot = int(min(max(affordable, FEWEST_PILOTS), PILOT))
        self.refined_ = None if budget == 1 else self._refined_by(budget, source, True, pilot)

    def _tried(self, seconds: float = math.inf) -> RefinementTrial:
        """What held-out data say of refining the mixture as it is now."""
        rounds = len(self._fitted())
        if self._trial is None or self._trial[0] != rounds:
            data = self._known_data("budget")
            seed = self._next_seeds().critic
            trial = agreed(refinement_trial(self.mixture_, self.critic_, data, seed, seconds=seconds))
            self._trial, self.refinement_ = (rounds, trial), trial
            _log.info("%s", self.refinement_)
        return self._trial[1]

    def missing(
        self, data: DataLike | None = None, weights: ArrayLike | None = None, *, threshold: float = MISSING_BELOW
    ) -> Missing:
        """What the mixture as it is now hardly produces: how much, how sure that is, and which points, in regions.

        The answer to "is this mode collapse, and where?" for data without labels.

        Args:
            data: Whose points to look for, shape (N, *event); ``None`` means those of `fit`.
            weights: Their own weights, shape (N,); ``None`` means uniform, or those of `fit` with its data.
            threshold: Points count as missing when the mixture's density is below this share of the data's.

        Returns:
            Its regions, the largest lack first, are empty when nothing was found.
        """
        mixture = self._fitted()
        check_share(threshold, "threshold", upper_closed=False)
        seed = self._next_seeds().coarse_critic
        if data is None and weights is None:
            self._known_data("data")
            return self._lookout.look(mixture, seed, threshold, self.critic_)
        if data is None:
            wanted = TrainingData.checked(self._known_data("data").points, weights=weights, layout=Layout.NONE)
        else:
            columns = mixture.encoding if isinstance(mixture.encoding, TableEncoding) else None
            layout = mixture.encoding if isinstance(mixture.encoding, ImageEncoding) else None
            wanted = TrainingData.checked(data, weights=weights, columns=columns, layout=layout)
        return Lookout(wanted, self.coarse_critic, self.seed).look(mixture, seed, threshold, self.critic_)

    def _repr_html_(self) -> str:
        rows = {name: shown(value) for name, value in self._passed().items()}
        if hasattr(self, "mixture_"):
            rows |= {"mixture_": shown(self.mixture_), "rounds_": verdict(self.rounds_[-1])}
        return html_table(type(self).__name__, rows)

    def _next_seeds(self) -> RoundSeeds:
        return RoundSeeds.of(self.seed, len(self.rounds_) + 1)

    def _fitted(self) -> Mixture:
        if not hasattr(self, "mixture_"):
            raise RuntimeError("this model is not fitted yet; call fit(data) first")
        return self.mixture_

    def _known_data(self, argument: str) -> TrainingData:
        if not hasattr(self, "_data"):
            raise UserError(f"{argument}: a model that was loaded has no data; call resume(data) first")
        return self._data


def _decoding(refined: Refined) -> Any:
    """What samples in the form of the data."""
    encoding = refined.source.encoding if isinstance(refined.source, Mixture) else None
    return refined if encoding is None else RefinedRows(refined, encoding)
