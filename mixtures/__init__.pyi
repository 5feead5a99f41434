from adagan.mixtures.divergences import *  # noqa: F403
from adagan.mixtures.exports import *  # noqa: F403
