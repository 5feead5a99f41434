"""Unrolled discriminator steps: the generator looks ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from adagan.components.generators.gan.judged_batches import Judge
from adagan.components.generators.gan.techniques.technique import Technique
from adagan.components.training.ranks.shares import averaged
from adagan.mixtures.numbers import check_counts

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class Unrolled(Technique):
    """The generator faces the discriminator as it will be after further steps, and its gradient runs through these.

    The steps are those that Adam would take next, from its present state, on the minibatch at hand; penalties and
    `HistoricalAveraging` are left out of them. The discriminator itself stays where it is.

    Args:
        steps: How many.

    References:
        Metz, Poole, Pfau, Sohl-Dickstein, *Unrolled generative adversarial networks*, 2017, eq. 8 to 10,
        https://arxiv.org/abs/1611.02163
    """

    def __init__(self, steps: int = 5) -> None:
        check_counts(steps=steps)
        self.steps = steps

    def install(self, training: GANTraining) -> None:
        def look_ahead(real: Tensor, fake: Tensor) -> Judge:
            optimizers: Any = training.optimizers()
            state = _Adam.of(dict(training.discriminator.named_parameters()), optimizers[1].optimizer)
            for _ in range(self.steps):
                batch = training.judged(real, fake, partial(training.judge, parameters=state.values))
                loss = training.discriminator_loss(batch)
                own = torch.autograd.grad(loss, list(state.values.values()), create_graph=True)
                gradients = map(averaged, own)
                state = state.step(dict(zip(state.values, gradients, strict=True)))
            return partial(training.judge, parameters=state.values)

        training.look_ahead = look_ahead


@dataclass(frozen=True)
class _Adam:
    """Parameters with Adam's state; a step makes new ones, differentiably.

    References:
        Kingma, Ba, *Adam: A method for stochastic optimization*, 2015, algorithm 1, https://arxiv.org/abs/1412.6980
    """

    values: Mapping[str, Tensor]
    means: Mapping[str, Tensor]
    squares: Mapping[str, Tensor]
    count: int
    rate: float
    betas: tuple[float, float]
    epsilon: float

    @classmethod
    def of(cls, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> _Adam:
        """The state that a torch optimiser, which has made a step, holds for those parameters that the step moved."""
        parameters = {name: value for name, value in parameters.items() if optimizer.state[value]}
        group, states = optimizer.param_groups[0], [optimizer.state[value] for value in parameters.values()]
        means, squares = (
            dict(zip(parameters, (state[name].clone() for state in states), strict=True))
            for name in ("exp_avg", "exp_avg_sq")
        )
        values = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        return cls(values, means, squares, int(states[0]["step"]), group["lr"], group["betas"], group["eps"])

    def step(self, gradients: Mapping[str, Tensor]) -> _Adam:
        """The state after a step along these gradients."""
        first, second = self.betas
        means = {name: torch.lerp(gradient, self.means[name], first) for name, gradient in gradients.items()}
        squares = {name: torch.lerp(g.square(), self.squares[name], second) for name, g in gradients.items()}
        count = self.count + 1
        rate = self.rate * math.sqrt(1 - second**count) / (1 - first**count)
        # inside the root, for its gradient at zero is infinite
        sizes = {name: (square + self.epsilon**2).sqrt() for name, square in squares.items()}
        values = {name: self.values[name] - rate * mean / sizes[name] for name, mean in means.items()}
        return _Adam(values, means, squares, count, self.rate, self.betas, self.epsilon)
