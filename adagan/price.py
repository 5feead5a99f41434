"""What finding out costs: the price of a round's critic and cells, told before the round begins."""

from __future__ import annotations

import logging
from collections.abc import Callable

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.data.training_data import TrainingData
from adagan.fitting import price_of
from adagan.missing.draws import draw_price
from adagan.missing.lookout import Lookout
from adagan.mixtures.mixture import Mixture
from adagan.seeds import RoundSeeds

LONG = 60.0
"""CPU seconds from which on the user is told."""

_log = logging.getLogger(__name__)


def tell_price(
    critic: Callable[[], RatioEstimator],
    lookout: Lookout | None,
    mixture: Mixture | None,
    data: TrainingData,
    seeds: RoundSeeds,
) -> float | None:
    """Logs what the critic and the search for what is missing will take in a round, as a warning above a minute.

    Args:
        critic: Makes the sharp critic.
        lookout: What looks for what is missing; ``None`` where nothing does.
        mixture: The mixture so far; ``None`` before the first round.
        data: What is learnt.
        seeds: Of the round.

    Returns:
        CPU seconds, about, without draws of what is not trained yet; ``None`` where a part does not say its price.
    """
    points, count = data.points, 1 if mixture is None else len(mixture) + 1
    parts = {"the critic": price_of(critic, points, count, seeds.critic)}
    if lookout is not None:
        parts["looking for what is missing"] = lookout.price(count)
    if mixture is not None:
        a_draw = draw_price(mixture, seeds.critic)
        looked_at = 0 if lookout is None else lookout.draws(a_draw)
        parts["their draws"] = a_draw * (len(points) + looked_at)
    total = sum(part for part in parts.values() if part is not None)
    told = ", ".join(f"{name} {'unknown' if part is None else f'{part:.0f}'}" for name, part in parts.items())
    _log.log(
        logging.WARNING if total > LONG else logging.DEBUG,
        "round %d: about %.0f CPU seconds beside the newcomer's training: %s",
        count,
        total,
        told,
    )
    return None if None in parts.values() else total
