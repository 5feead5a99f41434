"""LightningModules as components: trained as they are written, on weighted minibatches, and sampled by a function."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from adagan import AdaGAN, Critic
from adagan.components import KernelCritic, LightningGenerator, TrainingDiverged, check_component
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness


class Location(LightningModule):
    """A normal distribution whose mean is learnt by gradient descent."""

    def __init__(self, event_shape: tuple[int, ...] = (2,), learning_rate: float = 0.3) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(event_shape))
        self.learning_rate = learning_rate
        self.seen: list[Any] = []
        self.epochs_seen = 0

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen.append(batch)
        return (batch - self.mean).square().mean()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.learning_rate)

    def on_train_epoch_end(self) -> None:
        self.epochs_seen += 1


def around(module: Location, num_samples: int, generator: torch.Generator) -> Tensor:
    return module.mean + 0.1 * torch.randn(num_samples, *module.mean.shape, generator=generator)


class ByClass(Location):
    """One mean per class, learnt from pairs of points and labels."""

    def __init__(self) -> None:
        super().__init__((2, 2))
        self.shares = nn.Parameter(torch.zeros(2), requires_grad=False)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        points, labels = batch
        points, labels = points[labels >= 0], labels[labels >= 0]
        self.shares += torch.bincount(labels, minlength=2)
        return (points - self.mean[labels]).square().sum() / max(len(points), 1)


def around_class(module: ByClass, num_samples: int, generator: torch.Generator, condition: Any) -> Tensor:
    if condition is None:
        shares = module.shares if bool(module.shares.any()) else torch.ones(2)
        condition = torch.multinomial(shares, num_samples, replacement=True, generator=generator)
    labels = torch.as_tensor(condition).expand(num_samples)
    return module.mean[labels] + 0.1 * torch.randn(num_samples, 2, generator=generator)


class TwoOptimisers(Location):
    """Manual optimisation, as a GAN would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.other = nn.Parameter(torch.zeros(2))

    def training_step(self, batch: Any, batch_idx: int) -> None:
        self.seen.append(batch)
        for optimiser, mean in zip(self.optimizers(), (self.mean, self.other), strict=True):  # type: ignore[arg-type]
            optimiser.zero_grad()
            self.manual_backward((batch - mean).square().mean())
            optimiser.step()

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD([self.mean], lr=0.3), torch.optim.SGD([self.other], lr=0.1)]


make = partial(LightningGenerator, Location, around, event_shape=True, max_steps=30, batch_size=64)


def two_points() -> Tensor:
    return torch.tensor([[4.0, 0.0], [-4.0, 0.0]]).repeat_interleave(50, dim=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "maker",
    [
        make,
        partial(LightningGenerator, TwoOptimisers, around, max_steps=30),
        partial(LightningGenerator, ByClass, around_class, conditional=True, max_steps=30),
    ],
    ids=["plain", "two optimisers", "conditional"],
)
def test_the_contract_holds(maker: Any) -> None:
    check_component(maker)


def test_the_module_is_trained_as_it_is_written_on_minibatches_drawn_by_weight() -> None:
    weights = torch.cat([torch.full((50,), 0.02), torch.zeros(50)])
    component = make(seed=100, epochs=3).fit(two_points(), weights=weights)
    module: Any = component.module_
    assert len(module.seen) == 30
    assert module.epochs_seen == 3
    assert all(batch.shape == (64, 2) and bool((batch[:, 0] == 4).all()) for batch in module.seen)
    # gradient descent on the mean of two squares: the error shrinks by .7 in each of 30 steps
    assert module.mean.tolist() == pytest.approx([4 * (1 - 0.7**30), 0.0], abs=1e-5)
    assert not module.training


def test_training_goes_on_where_that_is_declared() -> None:
    data = torch.full((64, 2), 4.0)
    make = partial(LightningGenerator, partial(Location, learning_rate=0.05), around, max_steps=5, seed=0)
    going_on, anew = (make(continues=says).fit(data).fit(data) for says in (True, False))
    left = 1 - 2 * 0.05 / 2  # of the way to the data after a step on the mean over two entries
    for component, steps in ((going_on, 10), (anew, 5)):
        assert component.module_.mean.tolist() == pytest.approx([4 * (1 - left**steps)] * 2, rel=1e-4)
    # a newcomer begins where the one before it has ended
    model = AdaGAN(partial(make, continues=True), 2, critic=KernelCritic, warm_start=True, seed=100).fit(
        4 + torch.randn(200, 2, generator=torch.Generator().manual_seed(100))
    )
    first, second = (component.module_.mean.detach().mean() for component in model.mixture_.components)
    assert float(second) > 1.5 * float(first)


def test_two_optimisers_each_take_every_step() -> None:
    module: Any = LightningGenerator(TwoOptimisers, around, max_steps=20).fit(two_points()[:50]).module_
    assert len(module.seen) == 20
    assert float(module.mean.detach()[0]) == pytest.approx(4 * (1 - 0.7**20), rel=1e-4)
    assert float(module.other.detach()[0]) == pytest.approx(4 * (1 - 0.9**20), rel=1e-4)


def test_the_batch_has_the_form_that_the_module_expects() -> None:
    class Labelled(Location):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if not isinstance(batch, dict):
                raise IndexError("no image")
            return super().training_step(batch["image"], batch_idx)

    form = partial(LightningGenerator, Labelled, around, max_steps=3, batch_size=8)
    component = form(batch_form=lambda points: {"image": points, "label": None}).fit(two_points())
    assert [tuple(batch.shape) for batch in component.module_.seen] == [(8, 2)] * 3
    with pytest.raises(IndexError, match="no image") as refused:
        form().fit(two_points())
    assert "given a minibatch of 8 points of shape (2,), in the form that batch_form=" in refused.value.__notes__[-1]


def test_callbacks_and_other_options_reach_lightning() -> None:
    class Counting(Callback):
        steps = 0

        def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:
            self.steps += 1

    counting = Counting()
    make(trainer_options={"callbacks": [lambda: counting]}).fit(two_points())
    assert counting.steps == 30
    make(trainer_options={"callbacks": lambda: counting, "max_steps": 7}).fit(two_points())
    assert counting.steps == 37
    with pytest.raises(ValueError, match=r"trainer_options: lightning.Trainer refuses them: .*max_stepps"):
        make(trainer_options={"max_stepps": 7}).fit(two_points())


def test_the_shape_of_events_comes_to_who_asks_for_it(generator: torch.Generator) -> None:
    component = make(max_steps=2).fit(torch.randn(20, 1, 3, 3, generator=generator, dtype=torch.float64))
    drawn = component.sample(5, generator=generator)
    assert drawn.shape == (5, 1, 3, 3)
    assert drawn.dtype == torch.float64
    assert component.sample(0).shape == (0, 1, 3, 3)


@pytest.mark.slow
def test_boosted_it_reaches_both_places_and_is_stored_by_value(tmp_path: Path) -> None:
    critic = partial(Critic, max_steps=150, width=32)
    data = torch.cat([two_points()[:50].repeat(18, 1), two_points()[50:].repeat(2, 1)])
    data = data + 0.1 * torch.randn(data.shape, generator=torch.Generator().manual_seed(100))

    class Heaviest(Location):
        """Finds the half plane with more of the data, and learns that."""

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            side = batch[:, 0].sign().sum().sign()
            return super().training_step(batch[batch[:, 0].sign() == side], batch_idx)

    boosted = partial(LightningGenerator, Heaviest, around, max_steps=30)
    model = AdaGAN(boosted, rounds=3, critic=critic, coarse_critic=critic, seed=100, folder=tmp_path / "run").fit(data)
    left = float((model.sample(5_000, torch.Generator().manual_seed(101))[:, 0] < 0).double().mean())
    assert float((model.mixture_[:1].sample(1_000)[:, 0] < 0).double().mean()) == 0
    assert 0.03 < left < 0.3  # a tenth of the data is there
    loaded = Mixture.load(tmp_path / "run", components=[boosted])
    seeds = [torch.Generator().manual_seed(102) for _ in range(2)]
    assert torch.equal(loaded.sample(100, seeds[0]), model.sample(100, seeds[1]))
    with pytest.raises(ValueError, match=r"holds the LightningModule Heaviest.*pass the callable that made"):
        Mixture.load(tmp_path / "run")


def test_classes_are_learnt_stored_and_sampled(tmp_path: Path) -> None:
    classes = torch.arange(2).repeat_interleave(50)
    maker = partial(LightningGenerator, ByClass, around_class, conditional=True, max_steps=30)
    component = maker(seed=100).fit(two_points(), weights=torch.arange(100.0) + 1, labels=classes)
    Mixture([component]).save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture", components=[maker])
    assert torch.equal(loaded.class_shares_, component.class_shares_)
    assert float(component.class_shares_[1]) == pytest.approx(sum(range(51, 101)) / sum(range(101)))
    drawn = loaded.sample(4, torch.Generator().manual_seed(101), condition=torch.tensor([0, 1, 1, 0]))
    # within ten standard deviations of the places of the classes
    assert drawn[:, 0].tolist() == pytest.approx([4.0, -4.0, -4.0, 4.0], abs=1.0)
    with pytest.raises(
        ValueError, match="labels: LightningGenerator learns classes, so it needs the class of every point"
    ):
        maker().fit(two_points())


def test_divergence_is_reported() -> None:
    class Diverging(Location):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return super().training_step(batch, batch_idx) * torch.inf

    with pytest.raises(TrainingDiverged, match="generator diverged at step 1"):
        LightningGenerator(Diverging, around).fit(two_points())
    with pytest.raises(TrainingDiverged, match="mean of TwoOptimisers is NaN or infinite after training"):
        LightningGenerator(TwoOptimisers, around, max_steps=3).fit(two_points() * 1e38)


class NoOptimiser(LightningModule):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        raise AssertionError("must not be called")


class Untrainable(Location):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        raise AssertionError("must not be called")


@pytest.mark.parametrize(
    ("module", "sampler", "error", "message"),
    [
        (Location(), around, TypeError, r"make_module: .*fresh module for every fit, got an object of class Location"),
        (Location, None, TypeError, r"sampler: expected a function of \(module, num_samples, generator\), got None"),
        (
            partial(nn.Linear, 2, 2),
            around,
            TypeError,
            r"make_module: expected it to make a .*LightningModule, got .*Lin",
        ),
        (NoOptimiser, around, TypeError, "NoOptimiser has no method configure_optimizers, which training needs"),
        (Untrainable, lambda m, n, g: [0.0] * n, TypeError, r"sampler: expected a tensor of shape \(2, 2\), got list"),
        (Untrainable, lambda m, n, g: torch.zeros(n, 3), ValueError, r"events of shape \(2, 2\), got shape \(2, 3\)"),
        (Untrainable, lambda m, n: m.mean, TypeError, "takes 2 positional arguments but 3 were given"),
    ],
)
def test_mistakes_are_heard_of_before_training(module: Any, sampler: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        LightningGenerator(module, sampler).fit(two_points())


def test_mistakes_in_numbers_and_in_order() -> None:
    for name in ("max_steps", "epochs", "batch_size"):
        with pytest.raises(ValueError, match=f"{name}: expected 1 or more, got 0"):
            make(**{name: 0})
    with pytest.raises(RuntimeError, match=r"this LightningGenerator is not fitted yet; call fit\(data\) first"):
        make().sample(3)


def test_nothing_of_the_training_stays_and_moving_is_by_torch() -> None:
    with isolated_randomness(100):
        component = make().fit(two_points())
    assert component.module_._trainer is None
    moved = Mixture([component]).to("meta").components[0]
    assert moved.module_.mean.is_meta
    assert moved.like_.is_meta
