"""
When is boosting done?
======================

A generator that sees one mode at a time on the unbalanced ring, until nothing is left.
"""

import torch

from adagan import AdaGAN
from adagan.components import Gaussian
from adagan.data.built_in import built_in


class OneMode(Gaussian):
    """Sees what lies around its heaviest point only, as a generator that drops modes does."""

    def fit(self, data: torch.Tensor, *, weights: torch.Tensor | None = None) -> "OneMode":
        weights = torch.full((len(data),), 1 / len(data)) if weights is None else weights
        near = (data - data[int(weights.argmax())]).norm(dim=1) < 1
        super().fit(data, weights=weights * near)
        return self


def main(num_points: int = 10_000) -> AdaGAN:
    model = AdaGAN(OneMode, newcomer=OneMode, seed=0).fit(built_in("unbalanced-ring")[:num_points])
    for record in model.rounds_:
        low, high = record.divergence_interval
        line = f"round {record.index}: divergence {low:.3f} to {high:.3f}"
        if record.missing_mass_interval:
            low, high = record.missing_mass_interval
            line += f", missing before it {low:.1%} to {high:.1%}"
        print(line)
    print(f"stopped: {model.stopped_}")
    print("all mixtures by the last critic:", [f"{value:.3f}" for value in model.rounds_[-1].prefixes.divergences])
    print(f"kept: the mixture after round {len(model.mixture_)}")
    return model


if __name__ == "__main__":
    main()
