"""A model from the folder of its run: it samples, refines, and goes on as if it had never been away."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from adagan import GAN, AdaGAN, Critic
from adagan.components import Gaussian
from adagan.mixtures import TopK
from adagan.mixtures.errors import UserError
from adagan.stopping import StoppingRule

pytestmark = pytest.mark.filterwarnings("ignore:round")

DATA = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
CRITIC = partial(Critic, width=4, max_steps=2, batch_size=32)
CRITICS: dict[str, Any] = {"critic": CRITIC, "coarse_critic": partial(CRITIC, noise=0.1)}
TINY_GAN = partial(GAN, latent_dim=2, width=4, max_steps=2, batch_size=16, betas=(0.0, 0.9))


class Own(Gaussian):
    """A class that no package publishes."""


class KeepsOne(StoppingRule):
    def reason(self, rounds: Any) -> str:
        return ""

    def keep(self, rounds: Any) -> int:
        return 1


def fitted(folder: Path, make: Callable[[], Any] = Gaussian, rounds: int = 2, **choices: Any) -> AdaGAN:
    return AdaGAN(make, rounds, folder=folder, seed=7, **{**CRITICS, **choices}).fit(DATA)


def test_what_was_learnt_is_there(tmp_path: Path) -> None:
    model = fitted(tmp_path / "run", stop=KeepsOne())
    loaded = AdaGAN.load(tmp_path / "run")
    assert torch.equal(loaded.sample(20, seed=1), model.sample(20, seed=1))
    assert (len(loaded.mixture_), len(loaded.rounds_), loaded.seed) == (1, 2, 7)
    assert loaded.rounds_ == model.rounds_
    assert torch.equal(loaded.critic_.log_ratio(DATA), model.critic_.log_ratio(DATA))
    assert torch.equal(loaded.refined(0.5).sample(9, seed=2), model.refined(0.5).sample(9, seed=2))
    for mine, theirs in zip(loaded.data_weights_, model.data_weights_, strict=True):
        assert torch.equal(mine.values, theirs.values)


def test_what_needs_data_says_so(tmp_path: Path) -> None:
    fitted(tmp_path / "run")
    loaded = AdaGAN.load(tmp_path / "run", **CRITICS)
    for call in (loaded.missing, partial(loaded.refined, balanced=True)):
        with pytest.raises(UserError, match=r"a model that was loaded has no data; call resume\(data\) first"):
            call()
    with pytest.raises(RuntimeError, match="call one of them first"):
        loaded.boost()
    assert 0 <= loaded.missing(DATA).value <= 1
    assert 0 <= loaded.resume(DATA).missing().value <= 1


@pytest.mark.parametrize("make", [Gaussian, partial(Gaussian, regularisation=0.1), TINY_GAN], ids=["0", "1", "gan"])
def test_it_goes_on_as_if_it_had_never_been_away(tmp_path: Path, make: Callable[[], Any]) -> None:
    whole = AdaGAN(make, 2, seed=7, **CRITICS).fit(DATA)
    fitted(tmp_path / "run", make, 1)
    resumed = AdaGAN.load(tmp_path / "run", rounds=2, **CRITICS).resume(DATA)
    assert torch.equal(resumed.sample(20, seed=1), whole.sample(20, seed=1))
    assert len(AdaGAN.load(tmp_path / "run").resume(DATA).rounds_) == 2


def test_a_component_that_the_folder_does_not_describe_is_asked_for(tmp_path: Path) -> None:
    fitted(tmp_path / "run", Own, 1)
    with pytest.raises(ValueError, match="class Own"):
        AdaGAN.load(tmp_path / "run")
    loaded = AdaGAN.load(tmp_path / "run", components=[Own], rounds=2, **CRITICS)
    assert [type(component) for component in loaded.resume(DATA).mixture_] == [Own, Own]


def test_of_a_folder_of_another_version_the_component_is_asked_for_too(tmp_path: Path) -> None:
    fitted(tmp_path / "run", rounds=1)
    content = json.loads((tmp_path / "run" / "run.json").read_text())
    del content["made_with"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(content))
    loaded = AdaGAN.load(tmp_path / "run", rounds=2, **CRITICS)
    assert loaded.sample(3, seed=0).shape == (3, 2)
    with pytest.raises(UserError, match=r"does not say how its components are trained; .*components=\[make\]"):
        loaded.resume(DATA)


def test_other_choices_than_the_runs_are_refused(tmp_path: Path) -> None:
    fitted(tmp_path / "run", rounds=1, rule=TopK(0.5))
    with pytest.raises(UserError, match=r"rule: the run began with TopK\(share=0.5\), and is to go on with its d"):
        AdaGAN.load(tmp_path / "run", rounds=2, **CRITICS).resume(DATA)
    with pytest.raises(UserError, match=r"coarse_critic: the run began with partial\(Critic, .*and is to go on with"):
        AdaGAN.load(tmp_path / "run", rounds=2, rule=TopK(0.5)).resume(DATA)
    assert len(AdaGAN.load(tmp_path / "run", rounds=2, rule=TopK(0.5), **CRITICS).resume(DATA).rounds_) == 2


def test_a_seed_or_a_generator(tmp_path: Path) -> None:
    model = AdaGAN(Gaussian, 1, **CRITICS).fit(DATA)
    for source in (model, model.mixture_, model.refined(0.9)):
        one, same, other = (source.sample(6, seed=seed) for seed in (3, 3, 4))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)
        assert torch.equal(one, source.sample(6, generator=torch.Generator().manual_seed(3)))
        with pytest.raises(UserError, match="seed: expected a seed or a generator, got both"):
            source.sample(6, generator=torch.Generator(), seed=3)
        with pytest.raises(UserError, match="seed: expected 0 or more"):
            source.sample(6, seed=-1)
    assert torch.equal(model.mixture_(6, torch.Generator().manual_seed(3)), model.mixture_.sample(6, seed=3))
    assert "chance" in model.rounds_[0]._repr_html_()
