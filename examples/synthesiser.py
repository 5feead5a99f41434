"""
Can I boost a synthesiser of tables, such as CTGAN?
===================================================

Yes, in ten lines: those of the class below.
"""

from importlib.util import find_spec

import numpy as np
import pandas as pd

from adagan import AdaGAN
from adagan.components import ClassifierCritic, TableEncoding, Wrapped
from adagan.round import verdict


class Synthesiser:
    """CTGAN as an object with ``fit`` and ``sample``: a DataFrame goes in, a DataFrame comes out."""

    def __init__(self, categorical, epochs):
        self.categorical, self.epochs = categorical, epochs

    def fit(self, frame):
        from ctgan import CTGAN

        self.model = CTGAN(epochs=self.epochs, enable_gpu=False)
        self.model.fit(frame, self.categorical)

    def sample(self, num_samples):
        return self.model.sample(num_samples)


def customers(num_rows: int = 5_000) -> pd.DataFrame:
    random = np.random.default_rng(0)
    kind = random.choice(["private", "firm", "public"], num_rows, p=[0.7, 0.27, 0.03])
    level = pd.Series(kind).map({"private": 3.0, "firm": 5.0, "public": 8.0}).to_numpy()
    return pd.DataFrame({"kind": kind, "orders": random.poisson(level), "paid": random.normal(level, 0.4)})


def main(num_rows: int = 5_000, rounds: int = 3, epochs: int = 30) -> pd.DataFrame | None:
    if find_spec("ctgan") is None:
        print("skipped: this example boosts CTGAN, which is not installed; pip install ctgan")
        return None
    frame = customers(num_rows)
    encoding = TableEncoding(frame)
    model = AdaGAN(
        lambda: Wrapped(Synthesiser(encoding.categorical, epochs), encoding=encoding),
        rounds=rounds,
        critic=ClassifierCritic,  # gradient-boosted trees: at home in tables
        coarse_critic=ClassifierCritic,
        seed=0,
    ).fit(frame, columns=encoding)
    for record in model.rounds_:
        print(verdict(record))
    drawn = model.sample(num_rows, seed=0)
    one = encoding.decode(model.mixture_[:1].sample(num_rows, seed=0))
    for name, table in (("data", frame), ("one CTGAN", one), ("boosted", drawn)):
        print(f"\n{name}\n{table.groupby('kind').agg(rows=('kind', 'size'), paid=('paid', 'mean')).round(2)}")
    return drawn


if __name__ == "__main__":
    main()
