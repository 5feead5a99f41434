"""Techniques that a GAN's training combines freely, each a small object: ``GAN(techniques=[Packing(2), ...])``."""

from adagan.components.techniques.feature_matching import FeatureMatching
from adagan.components.techniques.historical_averaging import HistoricalAveraging
from adagan.components.techniques.instance_noise import InstanceNoise
from adagan.components.techniques.label_smoothing import LabelSmoothing
from adagan.components.techniques.minibatch_statistics import MinibatchStatistics
from adagan.components.techniques.packing import Packing
from adagan.components.techniques.technique import Technique
from adagan.components.techniques.unrolled import Unrolled

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
