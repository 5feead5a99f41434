"""All critics of the package, in one list: a new one is a file of its own and an entry here."""

from adagan.components.critics.binary_critic import BinaryCritic
from adagan.components.critics.classifier_critic import ClassifierCritic
from adagan.components.critics.critic import Critic
from adagan.components.critics.exact_critic import ExactCritic
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.critics.sharp_critic import SharpCritic
from adagan.components.critics.telescoping_critic import TelescopingCritic
from adagan.components.offer import Offer, by_name

__all__ = [
    "BinaryCritic",
    "ClassifierCritic",
    "Critic",
    "ExactCritic",
    "KernelCritic",
    "SharpCritic",
    "TelescopingCritic",
]

_TINY = {"width": 16, "max_steps": 100, "batch_size": 128, "learning_rate": 5e-3}

CRITICS: tuple[Offer, ...] = (
    Offer(SharpCritic, "sharp", "features, and trees or a small network on them: seconds at any size"),
    Offer(Critic, "softmax", "a network", in_steps=True, tiny=_TINY),
    Offer(
        BinaryCritic,
        "binary",
        "a network of one output, for components with densities",
        in_steps=True,
        tiny=_TINY,
    ),
    Offer(ClassifierCritic, "classifier", "gradient-boosted trees, for tables"),
    Offer(KernelCritic, "kernel", "for small data", tiny={"num_centres": 40}),
    Offer(
        TelescopingCritic,
        "telescoping",
        "a network in many steps, for what is ten nats apart and more",
        tiny={**_TINY, "steps": 4},
    ),
    Offer(ExactCritic, about="the truth, where its density is known", tiny=None),
)
CRITICS_BY_NAME = by_name(CRITICS)
"""The critics of the command line."""
