"""A small encoder of images, learnt on the data: what a picture shows stays, where and how it is drawn does not."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from adagan.components.training.batches import WeightedBatches, smaller_of_fewer
from adagan.components.training.minimise import minimise
from adagan.mixtures.randomness import isolated_randomness

STEPS = 300
BATCH = 256
LARGEST = 32
"""Pixels on the longer side; larger images are scaled down."""
TEMPERATURE = 0.2
SHIFT, TURN, ZOOM = 0.1, 0.25, 0.15
"""Parts of the side, radians, and parts of the size by which two views of an image differ."""
BLURRED = 0.3
"""Share of the views that are blurred."""
NOISE = 0.15
"""Standard deviation at most of a view's noise, in units of the data's range."""


class Encoder(nn.Module):
    """Images of shape (B, C, H, W), scaled to [0, 1], to vectors of length 1, shape (B, size)."""

    def __init__(self, channels: int, side: tuple[int, int], width: int = 24, size: int = 32) -> None:
        super().__init__()
        convolutions = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1),
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
            nn.Flatten(),
        )
        entries = convolutions(torch.zeros(2, channels, *side)).shape[1]
        self.network = nn.Sequential(convolutions, nn.Linear(entries, 128), nn.ReLU(), nn.Linear(128, size))

    def forward(self, images: Tensor) -> Tensor:
        return functional.normalize(self.network(images), dim=1)


class ContrastiveLoss(nn.Module):
    """The normalised temperature-scaled cross-entropy of telling an image's two views from those of all others.

    References:
        Chen, Kornblith, Norouzi, Hinton, *A simple framework for contrastive learning of visual representations*,
        2020, eq. 1, https://arxiv.org/abs/2002.05709
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor) -> Tensor:
        views = self.encoder(torch.cat([view(images), view(images)]))
        likeness = (views @ views.T / TEMPERATURE).fill_diagonal_(-torch.inf)
        partners = torch.arange(len(views), device=views.device).roll(len(images))
        return functional.cross_entropy(likeness, partners)


def view(images: Tensor) -> Tensor:
    """The images shifted, turned, scaled, with other contrast, some of them blurred, with noise; by torch's generator.

    These are the changes that a model may make of all its samples without anything being missing.
    """
    uniform = images.new_empty(len(images))

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand_like(uniform)

    angle, zoom = between(-TURN, TURN), between(1 - ZOOM, 1 + ZOOM)
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    across, down = between(-2 * SHIFT, 2 * SHIFT), between(-2 * SHIFT, 2 * SHIFT)
    rows = torch.stack([torch.stack([cos, -sin, across], dim=1), torch.stack([sin, cos, down], dim=1)], dim=1)
    grid = functional.affine_grid(rows, list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, align_corners=False, padding_mode="border")
    contrast = moved.clamp(0, 1) ** between(0.5, 2.0)[:, None, None, None]
    soft = functional.avg_pool2d(functional.pad(contrast, (1, 1, 1, 1), mode="replicate"), 3, 1)
    blurred = torch.where(between(0, 1)[:, None, None, None] < BLURRED, soft, contrast)
    return blurred + torch.randn_like(blurred) * between(0.0, NOISE)[:, None, None, None]


def learnt_encoder(images: Tensor, seed: int) -> Encoder:
    """An encoder trained on images of shape (N, C, H, W) in [0, 1], of at most `LARGEST` pixels a side."""
    with isolated_randomness(seed):
        loss = ContrastiveLoss(Encoder(images.shape[1], (images.shape[2], images.shape[3])))
        batches = WeightedBatches(images, None, smaller_of_fewer(BATCH, len(images)), STEPS, seed)
        trained = minimise(loss, batches, stage="encoder", learning_rate=3e-3, ema_decay=0.98, trainer_options={})
    return trained.encoder.eval()
