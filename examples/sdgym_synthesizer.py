"""
Can I benchmark this package in SDGym?
======================================

Yes: SDGym asks for two functions, one that learns a table and one that samples it.

``sdgym.create_single_table_synthesizer("adagan", get_trained_synthesizer, sample_from_synthesizer)`` makes a
synthesizer of them. SDGym itself (BUSL-1.1) is not needed to run this.
"""

import numpy as np
import pandas as pd

from adagan import GAN, AdaGAN

BUDGET = 20
"""CPU seconds for a table."""

KINDS = {"numerical": "number", "categorical": "category", "boolean": "category", "id": "identifier"}


def get_trained_synthesizer(data, metadata):
    """A model of the table; the metadata say what its columns are."""
    table = next(iter(metadata["tables"].values())) if "tables" in metadata else metadata
    kinds = {name: KINDS[said["sdtype"]] for name, said in table["columns"].items() if said["sdtype"] in KINDS}
    return AdaGAN(GAN, budget=BUDGET, seed=0).fit(data, columns=kinds)


def sample_from_synthesizer(synthesizer, n_rows):
    """So many rows, as a DataFrame like the data."""
    return synthesizer.sample(n_rows)


def guests(num_rows: int) -> tuple[pd.DataFrame, dict]:
    """A table, and its metadata in SDV's form."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "guest": [f"g{number:05d}" for number in range(num_rows)],
            "arrival": pd.date_range("2024-01-01", periods=num_rows, freq="7h").strftime("%Y-%m-%d"),
            "room": random.choice(["basic", "suite", "delux"], num_rows, p=[0.7, 0.2, 0.1]),
            "rate": np.where(random.random(num_rows) < 0.1, np.nan, random.normal(120, 30, num_rows).round(2)),
            "rewards": random.random(num_rows) < 0.4,
        }
    )
    columns = {
        "guest": {"sdtype": "id", "regex_format": "g[0-9]{5}"},
        "arrival": {"sdtype": "datetime", "datetime_format": "%Y-%m-%d"},
        "room": {"sdtype": "categorical"},
        "rate": {"sdtype": "numerical"},
        "rewards": {"sdtype": "boolean"},
    }
    return frame, {"METADATA_SPEC_VERSION": "SINGLE_TABLE_V1", "primary_key": "guest", "columns": columns}


def main(num_rows: int = 2_000) -> tuple[pd.DataFrame, pd.DataFrame]:
    data, metadata = guests(num_rows)
    drawn = sample_from_synthesizer(get_trained_synthesizer(data, metadata), num_rows)
    for name, table in (("data", data), ("samples", drawn)):
        print(f"\n{name}\n{table.head(3)}\n{table['room'].value_counts(normalize=True).round(2)}")
    return data, drawn


if __name__ == "__main__":
    main()
