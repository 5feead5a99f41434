"""Techniques that a GAN's training combines freely, each a small object: ``GAN(techniques=[Packing(2), ...])``."""

from adagan.components.generators.gan.techniques.feature_matching import FeatureMatching
from adagan.components.generators.gan.techniques.historical_averaging import HistoricalAveraging
from adagan.components.generators.gan.techniques.instance_noise import InstanceNoise
from adagan.components.generators.gan.techniques.label_smoothing import LabelSmoothing
from adagan.components.generators.gan.techniques.minibatch_statistics import MinibatchStatistics
from adagan.components.generators.gan.techniques.packing import Packing
from adagan.components.generators.gan.techniques.technique import Technique
from adagan.components.generators.gan.techniques.unrolled import Unrolled

TECHNIQUES: tuple[type[Technique], ...] = (
    FeatureMatching,
    HistoricalAveraging,
    InstanceNoise,
    LabelSmoothing,
    MinibatchStatistics,
    Packing,
    Unrolled,
)
"""Every technique; the command line reads this list."""

__all__ = [
    "FeatureMatching",
    "HistoricalAveraging",
    "InstanceNoise",
    "LabelSmoothing",
    "MinibatchStatistics",
    "Packing",
    "Technique",
    "Unrolled",
]
