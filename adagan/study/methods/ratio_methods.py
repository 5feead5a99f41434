"""Every critic that learns, as it comes: what ``adagan study ratios`` compares."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from adagan.components.critics.catalogue import CRITICS_BY_NAME
from adagan.components.offer import Offer
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import inheriting
from adagan.study.method import Lesson, Method, Trained
from adagan.study.tasks.ratios import Fitted, RatioMethod


def _fitted(offer: Offer, seed: int, data: Tensor, mixture: Mixture) -> Fitted:
    with inheriting(seed):
        fitted: Fitted = offer().fit(data, mixture)
    return fitted


def _train(offer: Offer, lesson: Lesson) -> Trained[RatioMethod]:
    """Nothing yet: the model of the data is not known before the world is asked."""
    return Trained((partial(_fitted, offer, lesson.seed),), 0, 0.0)


RATIO_METHODS: dict[str, Method[RatioMethod]] = {
    name: Method(f"critic-{name}", partial(_train, offer), (name,)) for name, offer in CRITICS_BY_NAME.items()
}
