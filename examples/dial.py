"""
How much coverage for how much realism?
=======================================

One mixture's components, reweighted at every position of the dial.
"""

import sys
from pathlib import Path

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from adagan.dial import DialPoint, dial

MODES = torch.arange(8, dtype=torch.float64) * 10
SHARES = torch.tensor([0.24, 0.2, 0.17, 0.14, 0.11, 0.08, 0.04, 0.02], dtype=torch.float64)


def log_density(x: Tensor, weights: Tensor, width: float) -> Tensor:
    """A mixture of Gaussians on the modes."""
    normal = torch.distributions.Normal(MODES, torch.tensor(width, dtype=torch.float64))
    return torch.logsumexp(normal.log_prob(x[:, None]) + weights.log(), dim=1)


def log_ratios(num_points: int) -> Tensor:
    """Five components over the data, at data points: sharp ones that know few modes, blurred ones that know more."""
    source = torch.Generator().manual_seed(0)
    modes = torch.multinomial(SHARES, num_points, replacement=True, generator=source)
    x = MODES[modes] + 0.5 * torch.randn(num_points, generator=source, dtype=torch.float64)
    components = []
    for known, width in ((3, 0.5), (5, 0.8), (6, 1.5), (7, 3.0), (8, 6.0)):
        weights = torch.where(torch.arange(8) < known, SHARES, 0.0)
        components.append(log_density(x, weights / weights.sum(), width))
    return torch.stack(components, dim=1) - log_density(x, SHARES, 0.5)[:, None]


def draw(points: tuple[DialPoint, ...], out: str) -> None:
    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([point.precision for point in points], [point.recall for point in points], "o-", color="tab:blue")
    for point in points:
        if point.share in (0.001, 0.1, 0.25, 0.5, 0.999):
            where = (point.precision, point.recall)
            axes.annotate(f"π = {point.share:g}", where, (0, 8), textcoords="offset points", ha="center")
    axes.set(xlabel="precision", ylabel="recall", title="The dial between coverage and realism")
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)


def main(num_points: int = 5_000, out: str = "dial.png") -> tuple[DialPoint, ...]:
    points = dial(log_ratios(num_points))
    print("    pi  recall  precision  weights, from sharp and few modes to blurred and all modes")
    for point in points:
        weights = "  ".join(f"{weight:.3f}" for weight in point.weights.tolist())
        print(f"{point.share:6.3f}  {point.recall:6.3f}  {point.precision:9.3f}  {weights}")
    draw(points, out)
    return points


if __name__ == "__main__":
    main(out=sys.argv[1] if len(sys.argv) > 1 else "dial.png")
