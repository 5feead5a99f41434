"""
What does boosting do for a GAN that misses rare groups?
========================================================

Draws the README's figure on the unbalanced ring, in a minute.
"""

import sys
from functools import partial
from pathlib import Path

import torch
from matplotlib.figure import Figure

from adagan import GAN, AdaGAN
from adagan.data.built_in import known_modes
from adagan.study.metrics import score_modes

NUM_SAMPLES = 10_000


def main(max_steps: int = 6_000, out: str | None = None, num_points: int | None = None) -> dict[str, float]:
    ring = known_modes("unbalanced-ring")
    data = ring.draw(num_points or ring.num_points, seed=0)
    model = AdaGAN(partial(GAN, max_steps=max_steps), seed=0, progress=True).fit(data)
    print(model.stopped_, model.refinement_, sep="\n")

    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(0)

    panels = {
        "data": data[:NUM_SAMPLES],
        "one GAN": model.mixture_[:1].sample(NUM_SAMPLES, generator()),
        f"boosted, {len(model.rounds_)} rounds": model.mixture_.sample(NUM_SAMPLES, generator()),
        "boosted and refined": model.sample(NUM_SAMPLES, generator()),
    }
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    shares = {}
    for axes, (title, points) in zip(figure.subplots(1, 4), panels.items(), strict=True):
        scores = score_modes(points, ring)
        shares[title] = scores.high_quality
        axes.scatter(*points.T, s=2, alpha=0.25, linewidths=0, color="#0072B2", rasterized=True)
        found = f"{scores.modes_strict} of 8 modes, {scores.high_quality:.1%} within 3 std"
        axes.set_title(f"{title}\n{found}", fontsize=10)
        axes.set(xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), aspect="equal", xticks=[], yticks=[])
    figure.savefig(out or Path(__file__).with_suffix(".png"), dpi=110)
    return shares


if __name__ == "__main__":
    main(out=sys.argv[1] if len(sys.argv) > 1 else None)
