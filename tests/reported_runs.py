"""Runs to be reported on, made without any boosting, and a page as a browser would find it."""

from dataclasses import replace
from html.parser import HTMLParser

import torch

from adagan.components import Critic, Gaussian
from adagan.components.critics.calibration import calibration_record
from adagan.data.training_data import TrainingData
from adagan.mixtures import Mixture
from adagan.mixtures.data_weights import DataWeights
from adagan.prefixes import Prefixes
from adagan.round import Round
from adagan.run_folder import RunFolder

DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f0001010100b138f614"
    "0000000049454e44ae426082"
)
"""A PNG of one pixel."""
VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would find: images, table rows, headings; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.tags, self.attributes = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def make_fast(patch):
    """Figures are made and not drawn, which takes most of a report's time, and few samples are looked at."""
    patch.setattr("adagan.report.panel.as_png", lambda drawn: DOT)
    patch.setattr("adagan.report.pictures.as_png", lambda drawn: DOT)
    patch.setattr("adagan.missing.draws.FEWEST_DRAWS", 200)
    patch.setattr("adagan.report.opened_run.FEWEST_SAMPLES", 100)


def calibration(sharpness=2.0):
    ratios = torch.linspace(-1.5, 1, 200) * sharpness
    return calibration_record(ratios, -ratios, temperature=1.0)


def record(index, weights, **changes):
    first = index == 1
    usual = Round(
        index=index,
        beta=1.0 if first else 0.5,
        level=None if first else 0.9,
        kept_share=1.0 if first else 0.7,
        effective_sample_size=30.0,
        missing_mass=None if first else 0.3 / index,
        missing_mass_error=None if first else 0.01,
        weights=tuple(weights),
        divergence=0.5 / index,
        divergence_error=0.01,
        divergence_name="JensenShannon()",
        prefixes=Prefixes(tuple(0.5 / t for t in range(1, index + 1)), (0.02,) * (index - 1) + (0.0,)),
        gamma=None if first else 0.1,
        gamma_bound=None if first else 0.17,
        calibration=calibration(),
        seconds=1.0,
        cpu_seconds=1.5,
    )
    return replace(usual, **changes)


def make_run(path, event_shape=(2,), rounds=3, make=Gaussian, **last):
    """A run with Gaussians, uneven data weights and one critic, without any boosting."""
    randomness = torch.Generator().manual_seed(0)
    data = torch.rand(60, *event_shape, generator=randomness)
    folder = RunFolder(path)
    folder.create(TrainingData.checked(data), seed=5)
    components = [make().fit(data) for _ in range(rounds)]
    critic = Critic(max_steps=2, width=16, seed=0).fit(data, Mixture(components))
    mixture = Mixture(components[:1])
    for index in range(1, rounds + 1):
        if index > 1:
            mixture = mixture.append(components[index - 1], [1 / index] * index)
        values = torch.rand(60, generator=randomness, dtype=torch.float64) if index > 1 else torch.ones(60)
        changes = last if index == rounds else {}
        folder.add(
            record(index, mixture.weights.tolist(), **changes),
            DataWeights((values / values.sum()).double(), beta=0.5),
            mixture,
            critic,
            components=[make],
        )
    return path
