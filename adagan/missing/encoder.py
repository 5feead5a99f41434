"""An encoder of images, fitted to the data: what a picture shows stays, where and how it is drawn does not."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from adagan.mixtures.randomness import isolated_randomness

VIEWS = 4
"""Of every image that is learnt from."""
SIZE = 16
"""Directions that are kept."""
GRID = 8
"""Parts of the longer side in which edges are averaged."""
ANGLES = 8
"""Directions of edges, black to white and white to black apart."""
RIDGE = 0.01
"""Of the mean variance between views, added to that of every entry."""
FAINT = 1e-4
"""Added to the strength of edges before its root, whose slope is infinite at 0."""
BLOCK = 512
"""Images whose views are made at once."""
LARGEST = 32
"""Pixels on the longer side; larger images are scaled down."""
SHIFT, TURN, ZOOM = 0.1, 0.25, 0.15
"""Parts of the side, radians, and parts of the size by which two views of an image differ."""
BLURRED = 0.3
"""Share of the views that are blurred."""
NOISE = 0.15
"""Standard deviation at most of a view's noise, in units of the data's range."""


class Edges(nn.Module):
    """Images (B, C, H, W) in [0, 1] to the strength of edges by part of the image and direction, and to mean colours.

    References:
        Dalal, Triggs, *Histograms of oriented gradients for human detection*, 2005,
        https://doi.org/10.1109/CVPR.2005.177
    """

    kernels: Tensor

    def __init__(self, side: tuple[int, int]) -> None:
        super().__init__()
        self.part = math.ceil(max(side) / GRID)
        across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
        angles = torch.arange(ANGLES) * 2 * math.pi / ANGLES
        kernels = [angle.cos() * across + angle.sin() * across.T for angle in angles]
        self.register_buffer("kernels", torch.stack(kernels)[:, None])

    def forward(self, images: Tensor) -> Tensor:
        grey = functional.pad(images.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        edges = functional.conv2d(grey, self.kernels).relu_()
        strength, colour = (functional.avg_pool2d(maps, self.part, ceil_mode=True) for maps in (edges, images))
        return torch.cat([(strength + FAINT).sqrt().flatten(1), colour.flatten(1)], dim=1)


class Encoder(nn.Module):
    """Images of shape (B, C, H, W), scaled to [0, 1], to vectors of length 1, shape (B, D).

    Args:
        edges: The first step.
        shift: Subtracted from what it gives, shape (E,).
        axes: Directions in which this is looked at, shape (E, D).
    """

    shift: Tensor
    axes: Tensor

    def __init__(self, edges: Edges, shift: Tensor, axes: Tensor) -> None:
        super().__init__()
        self.edges = edges
        self.register_buffer("shift", shift)
        self.register_buffer("axes", axes)

    def forward(self, images: Tensor) -> Tensor:
        return functional.normalize((self.edges(images) - self.shift) @ self.axes, dim=1)


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


@torch.no_grad()
def learnt_encoder(images: Tensor, seed: int) -> Encoder:
    """The encoder of images of shape (N, C, H, W) in [0, 1], of at most `LARGEST` pixels a side.

    Its directions are those in which images differ most, in units of how much the views of one image differ: linear
    discriminant analysis with a class for every image. They are found in closed form from `VIEWS` views of each.
    """
    edges = Edges((images.shape[2], images.shape[3])).to(images)
    with isolated_randomness(seed):
        seen = [torch.cat([edges(view(part)) for part in torch.split(images, BLOCK)]) for _ in range(VIEWS)]
    views = torch.stack(seen).double()
    means = views.mean(dim=0)
    apart = (views - means).flatten(0, 1)
    within = apart.T @ apart / ((VIEWS - 1) * len(images))
    within += RIDGE * within.diagonal().mean() * torch.eye(len(within), dtype=within.dtype, device=within.device)
    root = torch.linalg.cholesky(within)
    half = torch.linalg.solve_triangular(root, torch.cov(means.T), upper=False)  # L⁻¹ B, then L⁻¹ B L⁻ᵀ
    _, directions = torch.linalg.eigh(torch.linalg.solve_triangular(root, half.T, upper=False))
    axes = torch.linalg.solve_triangular(root.T, directions[:, -SIZE:], upper=True)
    return Encoder(edges, means.mean(dim=0).to(images), axes.to(images)).eval()
