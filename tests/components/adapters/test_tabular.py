"""Tables of numbers and categories: exact round trips, and boosting from a DataFrame to a DataFrame."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer
from torch import Tensor

from adagan import AdaGAN, Critic
from adagan.components import GAN, Gaussian, ScikitLearn, TableEncoding, Tabular, Wrapped, check_component
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness


def people(num_rows: int = 300, seed: int = 100) -> pd.DataFrame:
    """Columns of every kind; the last fifth lives elsewhere and earns more."""
    random = np.random.default_rng(seed)
    elsewhere = np.arange(num_rows) >= 0.8 * num_rows
    return pd.DataFrame(
        {
            "age": random.integers(18, 90, num_rows).astype("int16"),
            "city": np.where(elsewhere, "Oslo", random.choice(["Bern", "Rome"], num_rows)),
            "income": random.lognormal(np.where(elsewhere, 3.0, 0.0), 0.2),
            "member": random.random(num_rows) < 0.3,
            "size": pd.Categorical(random.choice(["S", "M", "L"], num_rows), ["S", "M", "L", "XL"], ordered=True),
            "note": pd.array(random.choice(np.array(["x", None], dtype=object), num_rows), dtype="string"),
            "code": random.choice([10, 20, 30], num_rows),
            "visits": pd.array(random.integers(0, 5, num_rows), dtype="Int64"),
            "rate": random.random(num_rows).astype("float32"),
        },
    )


def encoding_of(frame: pd.DataFrame, **options: Any) -> TableEncoding:
    return TableEncoding(frame, categorical=["code"], **options)


def test_every_kind_of_column_comes_back() -> None:
    frame = people()
    encoding = encoding_of(frame)
    vectors = encoding.encode(frame)
    # four columns of numbers, and 3 + 2 + 3 + 2 + 3 categories
    assert vectors.shape == (300, 4 + 13)
    assert vectors.dtype == torch.float32
    assert encoding.categorical == ["city", "member", "size", "note", "code"]
    decoded = encoding.decode(vectors)
    exact = [name for name in frame.columns if name not in ("income", "rate")]
    pd.testing.assert_frame_equal(decoded[exact], frame[exact])
    pd.testing.assert_frame_equal(decoded, frame, rtol=1e-5)


def test_in_double_precision_numbers_come_back_too() -> None:
    frame = people()
    frame["large"] = np.arange(300) * 10**12
    encoding = encoding_of(frame, dtype=torch.float64)
    pd.testing.assert_frame_equal(encoding.decode(encoding.encode(frame)), frame, rtol=1e-12)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "ä ", ""]), st.booleans(), st.integers(-128, 127), st.floats(-10, 10)),
        min_size=1,
        max_size=20,
    )
)
def test_any_table_comes_back(rows: list[tuple[str, bool, int, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["text", "flag", "byte", "number"]).astype({"byte": "int8"})
    encoding = TableEncoding(frame)
    pd.testing.assert_frame_equal(encoding.decode(encoding.encode(frame)), frame, rtol=1e-5, atol=1e-5)


def test_one_hot_blocks_are_those_of_scikit_learn() -> None:
    frame = people()[["city", "member"]]
    expected = OneHotEncoder(sparse_output=False).fit_transform(frame.astype(object).to_numpy())
    assert np.array_equal(TableEncoding(frame).encode(frame).numpy(), expected)


def test_other_columns_order_or_no_rows_at_all() -> None:
    frame = people()
    encoding = encoding_of(frame)
    assert torch.equal(encoding.encode(frame[reversed(frame.columns)]), encoding.encode(frame))
    nothing = encoding.decode(encoding.encode(frame.iloc[:0]))
    assert len(nothing) == 0
    assert nothing.dtypes.equals(frame.dtypes)


@pytest.mark.parametrize("numeric", [None, QuantileTransformer(n_quantiles=50, output_distribution="normal")])
def test_vectors_near_a_row_are_decoded_as_that_row(numeric: Any, generator: torch.Generator) -> None:
    frame = people()
    encoding = encoding_of(frame, numeric=numeric)
    vectors = encoding.encode(frame)
    # all but the two columns of fractions is restored exactly from a blur of a tenth, 7 deviations from another row
    blurred = encoding.blurred(vectors, 0.1, generator)
    assert float((blurred - vectors)[:, 4:].std()) == pytest.approx(0.1, rel=0.1)
    assert not torch.equal(blurred[:, 0], vectors[:, 0])
    whole = [name for name in frame.columns if name not in ("income", "rate")]
    pd.testing.assert_frame_equal(encoding.decode(blurred)[whole], frame[whole])
    assert torch.allclose(encoding.nearest(blurred), vectors, atol=1e-5)
    assert torch.equal(encoding.blurred(vectors, 0.0, generator), vectors)


def test_whole_numbers_stay_within_what_was_seen() -> None:
    frame = pd.DataFrame({"count": np.array([0, 1, 250], dtype="uint8"), "kind": ["a", "b", "a"]})
    far = TableEncoding(frame).encode(frame) * 100
    assert TableEncoding(frame).decode(far)["count"].tolist() == [0, 0, 250]


def test_an_encoding_is_stored_without_pickle() -> None:
    frame = people()
    encoding = encoding_of(frame)
    config = json.loads(json.dumps(encoding.config()))
    restored = TableEncoding.restored(config, encoding.state())
    assert restored.encode(frame).equal(encoding.encode(frame))
    pd.testing.assert_frame_equal(restored.decode(encoding.encode(frame)), encoding.decode(encoding.encode(frame)))
    with pytest.raises(ValueError, match="the stored estimator is refused"):
        TableEncoding.restored(config, encoding.state()[:100])


FEW = pd.DataFrame({"x": [1.0, 2.0], "kind": ["a", "b"]})


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (FEW.to_numpy(), TypeError, "frame: expected a pandas DataFrame, got ndarray"),
        (FEW.iloc[:0], ValueError, r"frame: expected rows and columns, got shape \(0, 2\)"),
        (FEW.assign(x=[1.0, np.nan]), ValueError, "column 'x' has 1 of 2 numbers missing or infinite; fill them in"),
        (FEW.assign(x=[1.0, np.inf]), ValueError, "column 'x' has 1 of 2 numbers missing or infinite"),
        (FEW.assign(day=pd.to_datetime(["2020-01-01"] * 2)), TypeError, r"column 'day' is of dtype datetime64.*days"),
        (FEW.assign(mixed=[1, "a"]), TypeError, r"column 'mixed' holds int and str; .* by astype\(str\)"),
        (FEW.assign(lists=[[1], [2]]), TypeError, "column 'lists' holds"),
        (pd.concat([FEW, FEW], axis=1), ValueError, "column 'x' occurs twice"),
        (FEW.rename(columns={"x": (1, 2)}), TypeError, r"called by text or whole numbers, got \(1, 2\)"),
        (pd.DataFrame({"id": [f"{i}" for i in range(1_001)]}), ValueError, "column 'id' has 1001 different values, as"),
    ],
)
def test_tables_that_cannot_be_encoded(frame: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TableEncoding(frame)


def test_rows_and_vectors_that_do_not_fit() -> None:
    encoding = TableEncoding(FEW)
    with pytest.raises(ValueError, match=r"frame: expected the columns \['x', 'kind'\], got \['x'\]"):
        encoding.encode(FEW[["x"]])
    with pytest.raises(ValueError, match="column 'kind' holds 'c', which the encoding has not seen"):
        encoding.encode(FEW.assign(kind=["a", "c"]))
    with pytest.raises(ValueError, match=r"vectors: expected shape \(N, 3\), got \(5, 2\)"):
        encoding.decode(torch.zeros(5, 2))
    with pytest.raises(ValueError, match="categorical: there is no column 'y' in the table"):
        TableEncoding(FEW, categorical=["y"])
    with pytest.raises(TypeError, match="numeric: OneWay has no method inverse_transform"):
        TableEncoding(FEW, numeric=type("OneWay", (), {})())


def halves() -> pd.DataFrame:
    """Two halves whose means differ, as `check_component` wants them."""
    frame = people(256)
    return frame.assign(income=np.where(np.arange(256) < 128, 0.0, 10.0) + frame["income"])


HALVES = halves()


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        Gaussian,
        partial(ScikitLearn, GaussianMixture(2, reg_covar=0.01)),
        partial(GAN, latent_dim=4, width=32, max_steps=150),
    ],
    ids=["gaussian", "gaussian mixture", "gan"],
)
def test_the_contract_holds(make: Any) -> None:
    encoding = encoding_of(HALVES, dtype=torch.float64)
    check_component(partial(Tabular, make, encoding), encoding.encode(HALVES))


def test_samples_are_rows_and_are_read_back_from_disk(tmp_path: Path) -> None:
    frame = people()
    encoding = encoding_of(frame)
    with isolated_randomness(100):
        component = Tabular(Gaussian, encoding).fit(encoding.encode(frame))
    drawn = component.sample(500, generator=torch.Generator().manual_seed(101))
    assert torch.allclose(encoding.encode(encoding.decode(drawn)), drawn, atol=1e-5)
    Mixture([component]).save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture")
    assert torch.equal(loaded.sample(50, torch.Generator().manual_seed(7)), _drawn(component, 50, 7))
    pd.testing.assert_frame_equal(loaded.components[0].encoding.decode(drawn), encoding.decode(drawn))


def _drawn(component: Any, num_samples: int, seed: int) -> Tensor:
    samples: Tensor = Mixture([component]).sample(num_samples, torch.Generator().manual_seed(seed))
    return samples


def test_what_tabular_refuses() -> None:
    encoding = TableEncoding(FEW)
    with pytest.raises(TypeError, match=r"make_component: expected a callable .* of class Gaussian; pass the class"):
        Tabular(Gaussian(), encoding)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="encoding: expected a TableEncoding, got DataFrame"):
        Tabular(Gaussian, FEW)
    with pytest.raises(ValueError, match="noise: expected 0 or more, got -1"):
        Tabular(Gaussian, encoding, noise=-1)
    with pytest.raises(RuntimeError, match="this Tabular is not fitted yet"):
        Tabular(Gaussian, encoding).sample(3)
    with pytest.raises(ValueError, match=r"vectors: expected shape \(N, 3\), got \(4, 7\)"):
        Tabular(Gaussian, encoding).fit(torch.zeros(4, 7))


class MostFrequent:
    """A synthesiser of tables: rows of the most frequent city only, with text and dtypes as it found them."""

    def fit(self, frame: pd.DataFrame) -> None:
        assert isinstance(frame, pd.DataFrame)
        self.rows = frame[frame["city"] == frame["city"].mode()[0]]

    def sample(self, num_samples: int) -> pd.DataFrame:
        return self.rows.sample(num_samples, replace=True)


@pytest.mark.slow
def test_a_boosted_synthesiser_of_tables_reaches_every_city() -> None:
    frame = people(1_000)
    encoding = encoding_of(frame)
    critic = partial(Critic, max_steps=150, width=32)
    model = AdaGAN(lambda: Wrapped(MostFrequent(), encoding=encoding), rounds=4, critic=critic, coarse_critic=critic)
    drawn = encoding.decode(model.fit(encoding.encode(frame)).sample(2_000, torch.Generator().manual_seed(100)))
    assert drawn.dtypes.equals(frame.dtypes)
    assert set(encoding.decode(model.mixture_[:1].sample(100))["city"]) != set(frame["city"])
    # the share of each is between .2 and .4; 40 of 2,000 samples are far more than a mistake makes
    assert drawn["city"].value_counts().min() > 40
    assert set(drawn["city"]) == set(frame["city"])
