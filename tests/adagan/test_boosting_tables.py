"""AdaGAN on a DataFrame: rows in, rows out, in memory, from its folder and from its mixture's file."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from adagan import AdaGAN, Mixture
from adagan.components import ClassConditional, Gaussian, KernelCritic, TableEncoding, Wrapped
from adagan.components.generators.memoriser import Memoriser
from adagan.mixtures.refinement.refined import Refined

ROWS = 300


def people(seed: int = 100) -> pd.DataFrame:
    """Columns of every kind; the last fifth lives elsewhere and earns more."""
    random = np.random.default_rng(seed)
    elsewhere = np.arange(ROWS) >= 0.8 * ROWS
    return pd.DataFrame(
        {
            "age": random.integers(18, 90, ROWS).astype("int16"),
            "city": np.where(elsewhere, "Oslo", random.choice(["Bern", "Rome"], ROWS)),
            "income": np.where(random.random(ROWS) < 0.2, np.nan, random.lognormal(np.where(elsewhere, 3.0, 0.0), 0.2)),
            "member": random.random(ROWS) < 0.3,
            "size": pd.Categorical(random.choice(["S", "M", "L"], ROWS), ["S", "M", "L", "XL"], ordered=True),
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 400, ROWS), unit="D"),
            "visits": pd.array(np.where(random.random(ROWS) < 0.1, None, random.integers(0, 5, ROWS)), dtype="Int64"),
        },
    )


PEOPLE = people()


def model(component: Any = Gaussian, rounds: int = 2, **choices: Any) -> AdaGAN:
    return AdaGAN(component, rounds, critic=KernelCritic, seed=100, **choices)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    model(folder=path).fit(PEOPLE)
    return path


def test_samples_are_rows_like_those_of_the_table() -> None:
    drawn = model(Memoriser, rounds=1).fit(PEOPLE).sample(4_000, seed=100)
    assert drawn.dtypes.equals(PEOPLE.dtypes)
    assert list(drawn.columns) == list(PEOPLE.columns)
    assert isinstance(drawn.index, pd.RangeIndex)
    # five standard errors of a share of .2 among 4,000
    assert drawn["income"].isna().mean() == pytest.approx(PEOPLE["income"].isna().mean(), abs=0.032)
    assert drawn["city"].value_counts(normalize=True)["Oslo"] == pytest.approx(0.2, abs=0.032)
    exact = ["age", "city", "member", "size", "since", "visits"]
    assert len(drawn[exact].drop_duplicates().merge(PEOPLE[exact])) == len(drawn[exact].drop_duplicates())


def test_the_folder_and_the_mixture_alone_carry_the_encoding(folder: Path, tmp_path: Path) -> None:
    loaded = AdaGAN.load(folder)
    drawn = loaded.sample(50, seed=3)
    loaded.mixture_.save(tmp_path / "mixture")
    for path in (folder, tmp_path / "mixture"):
        mixture = Mixture.load(path)
        assert isinstance(mixture.encoding, TableEncoding)
        pd.testing.assert_frame_equal(mixture.encoding.decode(mixture.sample(50, seed=3)), drawn)
    refined = loaded.refined(0.5)
    refined.save(tmp_path / "refined")
    rows = refined.sample(20, seed=4)
    assert rows.dtypes.equals(PEOPLE.dtypes)
    pd.testing.assert_frame_equal(rows, refined.sample(20, torch.Generator().manual_seed(4)))
    assert set(refined.sample(20, seed=4, where={"city": "Oslo"})["city"]) == {"Oslo"}
    again = Refined.load(tmp_path / "refined")
    assert isinstance(again.source, Mixture)
    pd.testing.assert_frame_equal(again.source.encoding.decode(again.sample(20, seed=4)), rows)  # type: ignore[union-attr]


def test_a_run_of_a_table_is_resumed_with_the_table(folder: Path, tmp_path: Path) -> None:
    whole = model(rounds=2, folder=tmp_path / "whole").fit(PEOPLE)
    choices = {"critic": KernelCritic, "folder": tmp_path / "run"}
    model(rounds=1, folder=tmp_path / "run").fit(PEOPLE)
    resumed = AdaGAN(Gaussian, 2, seed=100, **choices).resume(PEOPLE)  # type: ignore[arg-type]
    assert torch.equal(resumed.mixture_.weights, whole.mixture_.weights)
    pd.testing.assert_frame_equal(resumed.sample(20, seed=5), whole.sample(20, seed=5))
    with pytest.raises(ValueError, match="columns: expected a pandas DataFrame as data, which has some, got ndarray"):
        AdaGAN(Gaussian, 3, seed=100, folder=folder).resume(np.ones((5, 2)))


def test_weights_from_a_column_are_not_learnt() -> None:
    fitted = model(Memoriser, rounds=1).fit(
        PEOPLE.assign(weight=np.where(PEOPLE["city"] == "Rome", 1.0, 0.0)), weights="weight"
    )
    drawn = fitted.sample(200, seed=100)
    assert set(drawn["city"]) == {"Rome"}
    assert "weight" not in drawn.columns


def test_labels_from_a_column_are_classes_in_its_order() -> None:
    fitted = model(partial(ClassConditional, Memoriser), rounds=1).fit(PEOPLE, labels="city")
    for label, city in enumerate(["Bern", "Oslo", "Rome"]):
        assert set(fitted.sample(50, condition=label, seed=100)["city"]) == {city}


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"city": "Oslo"}, lambda rows: rows["city"] == "Oslo"),
        ({"city": ["Oslo", "Rome"], "member": True}, lambda rows: (rows["city"] != "Bern") & rows["member"]),
        ({"age": slice(30, 40)}, lambda rows: rows["age"].between(30, 40)),
        ({"income": slice(10, None)}, lambda rows: rows["income"] >= 10),
        ({"income": None}, lambda rows: rows["income"].isna()),
        ({"since": slice(pd.Timestamp("2024-06-01"), None)}, lambda rows: rows["since"] >= "2024-06-01"),
        ({"size": slice("M", "L")}, lambda rows: rows["size"] > "S"),
        ({"visits": [0, 1]}, lambda rows: rows["visits"].isin([0, 1])),
    ],
)
def test_rows_with_wanted_values(folder: Path, where: dict[str, Any], holds: Any) -> None:
    drawn = AdaGAN.load(folder).sample(30, seed=100, where=where)
    assert len(drawn) == 30
    assert holds(drawn).all()
    assert drawn.dtypes.equals(PEOPLE.dtypes)
    assert drawn.index.tolist() == list(range(30))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"town": "Bern"}, "where: there is no column 'town' that is learnt, but"),
        ({"city": "Paris"}, "where: column 'city' has no 'Paris', but 'Bern', 'Oslo', 'Rome'"),
        ({"city": slice("A", "C")}, "where: 'city' is a category, which has no ranges"),
        ({"age": slice(200, None)}, "where: none of 507904 rows has age = slice"),
    ],
)
def test_rows_that_there_are_not(folder: Path, where: dict[str, Any], message: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("adagan.data.wanted_rows.MOST_IN_VAIN", 20_000)
    with pytest.raises(ValueError, match=message.replace("507904", "32768")):
        AdaGAN.load(folder).sample(30, seed=100, where=where)


def test_classes_are_asked_for_by_name(tmp_path: Path) -> None:
    conditional = partial(ClassConditional, Memoriser)
    points, names = np.random.default_rng(100).normal(size=(60, 2)) + [[0, 0], [9, 9]] * 30, ["dog", "cat"] * 30
    fitted = model(conditional, rounds=1, folder=tmp_path / "run").fit(points, labels=names)
    for each in (fitted, AdaGAN.load(tmp_path / "run")):
        assert float(each.sample(20, condition="cat", seed=100).min()) > 4
        assert float(each.sample(20, condition="dog", seed=100).max()) < 5
    with pytest.raises(ValueError, match="condition: there is no class 'cow'; classes are cat, dog"):
        fitted.sample(3, condition="cow")
    by_column = model(conditional, rounds=1).fit(PEOPLE, labels="city")
    assert set(by_column.sample(20, condition="Oslo", seed=100)["city"]) == {"Oslo"}


def test_what_has_no_columns() -> None:
    fitted = model(Memoriser, rounds=1).fit(np.random.default_rng(100).normal(size=(50, 2)))
    with pytest.raises(ValueError, match="where: the model is of arrays, which have no columns"):
        fitted.sample(3, where={"x": 1})
    with pytest.raises(ValueError, match="columns: expected a pandas DataFrame as data"):
        model().fit(np.ones((20, 2)), columns={"x": "number"})
    with pytest.raises(ValueError, match="weights: 'w' names a column, but the data are no table"):
        model().fit(np.ones((20, 2)), weights="w")
    with pytest.raises(ValueError, match="labels: there is no column 'w' in the table"):
        model().fit(PEOPLE, labels="w")


def test_missing_rows_of_another_table_are_looked_for(folder: Path) -> None:
    loaded = AdaGAN.load(folder)
    assert loaded.missing(PEOPLE).log_ratio.shape == (ROWS,)


class MostFrequent:
    """A synthesiser of tables: rows of the most frequent city only, with text and dtypes as it found them."""

    def fit(self, frame: pd.DataFrame) -> None:
        assert isinstance(frame, pd.DataFrame)
        self.rows = frame[frame["city"] == frame["city"].mode()[0]]

    def sample(self, num_samples: int) -> pd.DataFrame:
        return self.rows.sample(num_samples, replace=True)


def test_a_boosted_synthesiser_of_tables_reaches_every_city() -> None:
    encoding = TableEncoding(PEOPLE)
    fitted = model(lambda: Wrapped(MostFrequent(), encoding=encoding), rounds=4).fit(PEOPLE, columns=encoding)
    drawn = fitted.sample(1_000, seed=100)
    assert drawn.dtypes.equals(PEOPLE.dtypes)
    assert len(set(encoding.decode(fitted.mixture_[:1].sample(100))["city"])) == 1
    assert set(drawn["city"]) == set(PEOPLE["city"])
