"""
Is this mode collapse, and where?
=================================

A small Gaussian mixture on the unbalanced grid, before and after boosting.
"""

from functools import partial

from sklearn.mixture import GaussianMixture

from adagan import AdaGAN
from adagan.components import ScikitLearn
from adagan.data.built_in import built_in
from adagan.missing.missing_mass import Missing


def small_mixture(components: int) -> ScikitLearn:
    return ScikitLearn(GaussianMixture(components, reg_covar=1e-4, max_iter=30))


def show(title: str, missing: Missing) -> None:
    print(f"{title}: {missing.describe()}")
    for region in missing.regions[:5]:
        centre = ", ".join(f"{value:.1f}" for value in region.centre.tolist())
        print(f"  {region.mass:.1%} of the data around ({centre}), covered to {region.coverage:.0%}")


def main(num_points: int = 10_000, rounds: int = 5) -> tuple[float, float]:
    data = built_in("unbalanced-grid")[:num_points]
    model = AdaGAN(partial(small_mixture, 8), rounds=1, seed=0).fit(data)
    before = model.missing()
    show("one mixture of eight Gaussians", before)
    for _ in range(rounds - 1):
        model.boost()
    after = model.missing()
    show(f"boosted, {rounds} rounds", after)
    return before.value, after.value


if __name__ == "__main__":
    main()
