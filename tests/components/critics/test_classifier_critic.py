"""Classifiers as critics: what they must know, tables with weights, and what is not read back."""

import pickle
from typing import Any, Self

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from adagan import Mixture
from adagan.components import ClassifierCritic, Gaussian
from adagan.components.adapters.skops_state import estimator_to_tensor


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


DATA = torch.randn(200, 2, generator=seeded(100))
MIXTURE = Mixture([Gaussian().fit(DATA + 1), Gaussian().fit(DATA - 1)])


class Counting(LogisticRegression):
    """A user's own class, of which skops knows nothing."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        self.total_ = float(np.sum(sample_weight))
        return super().fit(X, y, sample_weight)


def test_the_estimator_is_cloned_and_not_fitted() -> None:
    estimator = HistGradientBoostingClassifier(max_iter=5)
    critic = ClassifierCritic(estimator, seed=100).fit(DATA, MIXTURE)
    assert not hasattr(estimator, "classes_")
    assert [fitted.classifier.n_iter_ for fitted in critic.estimators_] == [5, 5]


def test_ratios_are_finite_where_probabilities_are_none() -> None:
    # trees of one leaf per point say 0 and 1
    estimator = HistGradientBoostingClassifier(max_iter=200, learning_rate=1.0, min_samples_leaf=1)
    critic = ClassifierCritic(estimator, seed=101).fit(DATA, Mixture([Gaussian().fit(DATA + 8)]))
    assert bool(torch.isfinite(critic.log_ratio_).all())
    assert bool(torch.isfinite(critic.log_ratio(DATA + 8)).all())


def test_points_without_weight_do_not_matter() -> None:
    weights = (torch.arange(200) % 2).double()
    moved = DATA.clone()
    moved[weights == 0] += 50
    make = ClassifierCritic(LogisticRegression(), seed=102)
    one, other = (make.fit(points, MIXTURE, weights=weights).log_ratio(DATA) for points in (DATA, moved))
    assert torch.allclose(one, other, atol=1e-6)


def test_what_a_classifier_must_know_is_named() -> None:
    with pytest.raises(TypeError, match="estimator: LinearSVC has no predict_proba, from which ratios are computed"):
        ClassifierCritic(LinearSVC())
    with pytest.raises(TypeError, match="estimator: fit of KNeighborsClassifier takes no sample_weight"):
        ClassifierCritic(KNeighborsClassifier())


def test_a_class_that_nobody_vouches_for_is_not_stored() -> None:
    critic = ClassifierCritic(Counting(), seed=103)
    with pytest.warns(UserWarning, match=r"estimator: a critic with Counting cannot be kept in a run folder"):
        critic.fit(DATA, MIXTURE)
    # half of the samples, and data that weigh as much
    assert critic.estimators_[0].classifier.total_ == pytest.approx(200, abs=2)
    with pytest.raises(TypeError, match="Counting cannot be stored: skops does not vouch for"):
        critic.config()


@pytest.mark.parametrize("bad", ["pickle", "own class", "noise"])
def test_bytes_that_are_not_to_be_trusted_are_refused(bad: str) -> None:
    contents = {
        "pickle": lambda: torch.frombuffer(bytearray(pickle.dumps(LogisticRegression())), dtype=torch.uint8),
        "own class": lambda: estimator_to_tensor(Counting()),
        "noise": lambda: torch.arange(100, dtype=torch.uint8),
    }
    critic = ClassifierCritic(LogisticRegression(), seed=104).fit(DATA, MIXTURE)
    state = {**critic.state_dict(), "estimators_.0.stored": contents[bad]()}
    with pytest.raises(ValueError, match="the stored estimator is refused"):
        ClassifierCritic.from_config(critic.config()).load_state_dict(state)
