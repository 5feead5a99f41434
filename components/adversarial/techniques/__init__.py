"""Techniques that a GAN's training combines freely, each a small object: ``GAN(techniques=[Packing(2), ...])``."""

from adagan.components.adversarial.techniques.feature_matching import FeatureMatching
from adagan.components.adversarial.techniques.historical_averaging import HistoricalAveraging
from adagan.components.adversarial.techniques.instance_noise import InstanceNoise
from adagan.components.adversarial.techniques.label_smoothing import LabelSmoothing
from adagan.components.adversarial.techniques.minibatch_statistics import MinibatchStatistics
from adagan.components.adversarial.techniques.packing import Packing
from adagan.components.adversarial.techniques.technique import Technique
from adagan.components.adversarial.techniques.unrolled import Unrolled

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
