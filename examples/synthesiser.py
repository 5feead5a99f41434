"""
Can I boost a synthesiser of tables, such as CTGAN?
===================================================

Yes: CTGAN and TVAE, TabularARGN, and ForestDiffusion, in a class of ten lines each. What they need is installed apart:
CTGAN is not under an open licence (BUSL-1.1), so it is no dependency; TabularARGN (mostlyai-engine, Apache-2.0) wants
other versions of what this package uses, so it is at home in an environment of its own; ForestDiffusion (MIT) is in the
extra ``peers``. TabICL would download what it has learnt.
"""

import sys
from importlib.util import find_spec

import numpy as np
import pandas as pd

from adagan import AdaGAN
from adagan.components import ClassifierCritic, TableEncoding, Wrapped
from adagan.round import verdict


class Synthesiser:
    """CTGAN or TVAE as an object with ``fit`` and ``sample``: a DataFrame goes in, a DataFrame comes out."""

    def __init__(self, kind, categorical, epochs):
        self.kind, self.categorical, self.epochs = kind, categorical, epochs

    def fit(self, frame):
        import ctgan

        self.model = getattr(ctgan, self.kind)(epochs=self.epochs, enable_gpu=False)
        self.model.fit(frame, self.categorical)

    def sample(self, num_samples):
        return self.model.sample(num_samples)


class Autoregressive:
    """TabularARGN, which predicts one column after another; rare categories are to come back as themselves."""

    def __init__(self, epochs):
        self.epochs = epochs

    def fit(self, frame):
        from mostlyai.engine import TabularARGN

        self.model = TabularARGN(max_epochs=self.epochs, value_protection=False, device="cpu")
        self.model.fit(frame)

    def sample(self, num_samples):
        return self.model.sample(num_samples)


class Trees:
    """ForestDiffusion's flow of gradient-boosted trees, which learns the encoded rows."""

    def __init__(self, trees):
        self.trees = trees

    def fit(self, rows):
        from ForestDiffusion import ForestDiffusionModel

        options = {"diffusion_type": "flow", "n_t": 10, "duplicate_K": 10, "n_jobs": 1}
        self.model = ForestDiffusionModel(rows, n_estimators=self.trees, **options)

    def sample(self, num_samples):
        return self.model.generate(batch_size=num_samples)


PEERS = {
    # the package that is needed, and what is made of a table's encoding and a number of epochs, or of trees
    "CTGAN": ("ctgan", lambda table, epochs: Wrapped(Synthesiser("CTGAN", table.categorical, epochs), encoding=table)),
    "TVAE": ("ctgan", lambda table, epochs: Wrapped(Synthesiser("TVAE", table.categorical, epochs), encoding=table)),
    "TabularARGN": ("mostlyai", lambda table, epochs: Wrapped(Autoregressive(epochs), encoding=table)),
    "ForestDiffusion": ("ForestDiffusion", lambda table, epochs: Wrapped(Trees(epochs))),
}


def customers(num_rows: int = 5_000) -> pd.DataFrame:
    random = np.random.default_rng(0)
    kind = random.choice(["private", "firm", "public"], num_rows, p=[0.7, 0.27, 0.03])
    level = pd.Series(kind).map({"private": 3.0, "firm": 5.0, "public": 8.0}).to_numpy()
    return pd.DataFrame({"kind": kind, "orders": random.poisson(level), "paid": random.normal(level, 0.4)})


def main(peer: str = "CTGAN", num_rows: int = 5_000, rounds: int = 3, epochs: int = 30) -> pd.DataFrame | None:
    package, make = PEERS[peer]
    if find_spec(package) is None:
        print(f"skipped: this example boosts {peer}, and {package} is not installed")
        return None
    frame = customers(num_rows)
    encoding = TableEncoding(frame)
    model = AdaGAN(
        lambda: make(encoding, epochs),
        rounds=rounds,
        critic=ClassifierCritic,  # gradient-boosted trees: at home in tables
        coarse_critic=ClassifierCritic,
        seed=0,
    ).fit(frame, columns=encoding)
    for record in model.rounds_:
        print(verdict(record))
    drawn = model.sample(num_rows, seed=0)
    one = encoding.decode(model.mixture_[:1].sample(num_rows, seed=0))
    for name, table in (("data", frame), (f"one {peer}", one), ("boosted", drawn)):
        print(f"\n{name}\n{table.groupby('kind').agg(rows=('kind', 'size'), paid=('paid', 'mean')).round(2)}")
    return drawn


if __name__ == "__main__":
    main(*sys.argv[1:2])
