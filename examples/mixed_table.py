"""
Can I boost a generator of tables?
==================================

Yes: a DataFrame goes in, and one with the same columns and dtypes comes out.
"""

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture

from adagan import AdaGAN
from adagan.components import ClassifierCritic
from adagan.round import verdict

KINDS = {"private": (0.6, 3.0, 0.1), "firm": (0.3, 5.0, 0.2), "public": (0.1, 8.0, 0.9)}
"""The share of each kind of customer, the level of its sums, and how often it pays late."""


def customers(num_rows: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    kind = random.choice(list(KINDS), num_rows, p=[share for share, _, _ in KINDS.values()])
    level, late = (pd.Series(kind).map({name: values[i] for name, values in KINDS.items()}) for i in (1, 2))
    return pd.DataFrame(
        {
            "kind": kind,
            "country": pd.Categorical(random.choice(["CH", "DE", "FR"], num_rows, p=[0.5, 0.3, 0.2])),
            "orders": random.poisson(level).astype("int32"),
            "log_paid": random.normal(level, 0.4),
            "late": random.random(num_rows) < late,
        }
    )


class Collapsed:
    """A generator with mode collapse, on purpose: it finds three clusters of rows and samples the largest only."""

    def __init__(self):
        self.random = np.random.default_rng()

    def fit(self, rows):
        clusters = GaussianMixture(3, reg_covar=1e-3, random_state=0).fit(rows)
        largest = clusters.weights_.argmax()
        self.mean, self.covariance = clusters.means_[largest], clusters.covariances_[largest]

    def sample(self, num_samples):
        return self.random.multivariate_normal(self.mean, self.covariance, num_samples)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby("kind")
    return groups.agg(
        rows=("kind", "size"), paid=("log_paid", "mean"), spread=("log_paid", "std"), late=("late", "mean")
    )


def main(num_rows: int = 3_000, rounds: int = 4) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    frame = customers(num_rows)
    # gradient-boosted trees are at home in tables
    model = AdaGAN(Collapsed, rounds=rounds, critic=ClassifierCritic, seed=0).fit(frame)
    for record in model.rounds_:
        print(verdict(record))
    first = model.mixture_[:1]
    one, boosted = first.encoding.decode(first.sample(num_rows, seed=0)), model.sample(num_rows, seed=0)
    for name, table in (("data", frame), ("one generator", one), ("boosted", boosted)):
        print(f"\n{name}\n{summary(table).round(2)}")
    return frame, one, boosted


if __name__ == "__main__":
    main()
