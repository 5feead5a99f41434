"""Techniques: what each one does to a training, by hand where it can be, and what each refuses."""

from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from torch import Tensor, nn

from adagan import GAN
from adagan.components import (
    FeatureMatching,
    GeneralizedMinimax,
    Hinge,
    HistoricalAveraging,
    InstanceNoise,
    LabelSmoothing,
    LeastSquares,
    MinibatchStatistics,
    Minimax,
    NonSaturating,
    Objective,
    Packing,
    RelativisticPairing,
    Technique,
    Unrolled,
)
from adagan.components.generators.gan.gan_training import GANTraining
from adagan.mixtures.randomness import isolated_randomness

TINY: dict[str, Any] = {"latent_dim": 2, "width": 16, "max_steps": 8, "batch_size": 16, "seed": 100}
TECHNIQUES: list[Technique] = [
    FeatureMatching(),
    HistoricalAveraging(),
    InstanceNoise(),
    LabelSmoothing(),
    MinibatchStatistics(),
    Packing(2),
    Unrolled(2),
]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vectors(count: int = 64) -> Tensor:
    return torch.randn(count, 3, generator=seeded(100))


def images(count: int = 64) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=seeded(100))


class Linear(nn.Module):
    """One layer to one number each, with known weights."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights, dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        return points @ self.weights


def training(
    discriminator: nn.Module, generator: nn.Module | None = None, objective: Objective | None = None
) -> GANTraining:
    return GANTraining(
        generator or nn.Identity(),
        discriminator,
        objective or NonSaturating(),
        latent_dim=2,
        num_steps=100,
        num_samples=(4, 4),
        learning_rates=(0.1, 0.1),
        betas=(0.5, 0.9),
        schedule=None,
        penalty=None,
        penalty_interval=1,
        discriminator_steps=1,
        ema_decay=0.5,
    )


@pytest.mark.parametrize("data", [vectors, images], ids=["vectors", "images"])
@pytest.mark.parametrize("technique", TECHNIQUES, ids=repr)
def test_every_technique_changes_the_training_and_repeats_by_seed(technique: Technique, data: Any) -> None:
    plain = GAN(**TINY).fit(data()).sample(5, generator=seeded(101))
    first = GAN(**TINY, techniques=[technique]).fit(data()).sample(5, generator=seeded(101))
    again = GAN(**TINY, techniques=[technique]).fit(data()).sample(5, generator=seeded(101))
    assert not torch.equal(first, plain)
    assert torch.equal(first, again), "one object serves any number of trainings"


@pytest.mark.parametrize("order", [1, -1])
def test_all_techniques_go_together(order: int) -> None:
    options = {**TINY, "techniques": TECHNIQUES[::order], "spectral_normalization": True, "discriminator_steps": 2}
    samples = GAN(**options).fit(vectors()).sample(50, generator=seeded(101))
    assert float(samples.std()) > 0


@pytest.mark.parametrize("annealed", [True, False])
def test_instance_noise_falls_to_none(annealed: bool) -> None:
    judging = training(Linear(1.0, 0.0))
    InstanceNoise(0.5, annealed=annealed).install(judging)
    points = torch.zeros(100_000, 2, dtype=torch.float64)
    for progress, share in ((0.0, 1.0), (0.5, 0.5), (0.9, 0.1)):
        judging.progress = progress
        with isolated_randomness(100):
            spread = judging.judge(points).std().item()
        # standard error .22 %, six of them: a false alarm below 1e-8
        assert spread == pytest.approx(0.5 * (share if annealed else 1.0), rel=0.014)


@pytest.mark.parametrize("objective", [NonSaturating(), Minimax(), GeneralizedMinimax(0.2)], ids=repr)
def test_label_smoothing_is_the_cross_entropy_of_smooth_labels(objective: Objective) -> None:
    judging = training(Linear(1.0, 0.5), objective=objective)
    LabelSmoothing(0.1).install(judging)
    real, fake = torch.randn(2, 6, 2, dtype=torch.float64, generator=seeded(100))
    batch = judging.judged(real, fake, judging.judge)
    entropy = nn.functional.binary_cross_entropy_with_logits
    at_real = entropy(batch.at_real, torch.full_like(batch.at_real, 0.9))
    at_fake = entropy(batch.at_fake, torch.zeros_like(batch.at_fake))
    share = objective.data_share
    torch.testing.assert_close(judging.discriminator_loss(batch), 2 * share * at_real + 2 * (1 - share) * at_fake)


@pytest.mark.parametrize("objective", [LeastSquares(), Hinge(), RelativisticPairing()], ids=repr)
def test_label_smoothing_needs_labels(objective: Objective) -> None:
    gan = GAN(objective, techniques=[LabelSmoothing()], **TINY)
    with pytest.raises(ValueError, match=r"techniques: LabelSmoothing smooths the labels of a cross-entropy, but"):
        gan.fit(vectors())


def test_packs_are_judged_as_one() -> None:
    judging = training(Linear(1.0, 10.0, 100.0, 1000.0))
    Packing(2).install(judging)
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], dtype=torch.float64)
    assert judging.judge(points).tolist() == [4321.0, 8765.0]
    batch = judging.judged(points, points[:2], judging.judge)
    assert batch.at_real.tolist() == [4321.0, 8765.0]
    assert batch.at_fake.tolist() == [4321.0]


def test_packing_names_what_does_not_fit() -> None:
    with pytest.raises(
        ValueError, match=r"batch_size: the discriminator judges 3 points together.*multiple of 3, got 16"
    ):
        GAN(techniques=[Packing(3)], **TINY).fit(vectors())
    with isolated_randomness(100):
        discriminator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    gan = GAN(discriminator=discriminator, techniques=[Packing(2)], **TINY)
    message = r"discriminator: it does not take points of shape \(B, 6\), packed by \(Packing\(size=2\),\)"
    with pytest.raises(ValueError, match=message):
        gan.fit(vectors())


def test_minibatch_statistics_tell_variety() -> None:
    with isolated_randomness(100):
        judging = training(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double())
        MinibatchStatistics().install(judging)
    varied = torch.randn(32, 2, generator=seeded(100), dtype=torch.float64)
    alone, doubled = judging.judge(varied[:1]), judging.judge(varied[:1].expand(32, 2))
    assert torch.allclose(doubled, doubled[0]), "points that are alike get the same output"
    assert torch.allclose(alone, doubled[:1]), "a point alone is as close to all others as one among its like"
    assert not torch.allclose(judging.judge(varied)[0], alone[0])
    outputs = judging.judged(varied, varied.flip(0), judging.judge)
    assert torch.allclose(outputs.at_real, judging.judge(varied)), "data are compared with data only"


@pytest.mark.parametrize("count", [12, 10, 3, 1])
def test_minibatch_statistics_compare_within_groups(count: int) -> None:
    found = []
    for size in (4, 256):
        with isolated_randomness(100):
            judging = training(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double())
            MinibatchStatistics(group_size=size).install(judging)
        found.append(judging)
    grouped, whole = found
    points = torch.randn(count, 2, generator=seeded(100), dtype=torch.float64)
    groups = points.tensor_split(-(-count // 4))
    expected = torch.cat([whole.judge(group) for group in groups])
    torch.testing.assert_close(grouped.judge(points), expected)
    assert torch.equal(grouped.judge(points), whole.judge(points)) == (count <= 4)


def test_a_group_has_two_points_or_more() -> None:
    with pytest.raises(ValueError, match="group_size: a point alone has no statistics; expected 2 or more, got 1"):
        MinibatchStatistics(group_size=1)


def test_feature_matching_by_hand() -> None:
    with isolated_randomness(100):
        discriminator = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    judging = training(discriminator)
    FeatureMatching(3.0).install(judging)
    real, fake = torch.randn(2, 6, 2, dtype=torch.float64, generator=seeded(100))
    with_batch = _generated(judging, real, fake)
    features = discriminator[:2]
    expected = 3 * (features(real).mean(dim=0) - features(fake).mean(dim=0)).square().sum()
    torch.testing.assert_close(judging.generator_loss(with_batch), expected)


def test_features_are_those_before_the_last_layer_whatever_comes_first() -> None:
    losses = []
    for order in (1, -1):
        with isolated_randomness(100):
            judging = training(nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double())
            for technique in (MinibatchStatistics(), FeatureMatching())[::order]:
                technique.install(judging)
        real, fake = torch.randn(2, 6, 2, dtype=torch.float64, generator=seeded(100))
        losses.append(judging.generator_loss(_generated(judging, real, fake)).item())
    assert losses[0] == pytest.approx(losses[1])


def _generated(judging: GANTraining, real: Tensor, fake: Tensor) -> Any:
    from adagan.components.generators.gan.judged_batches import GeneratedBatch

    return GeneratedBatch(fake, fake, real, judging.judge)


@pytest.mark.parametrize("technique", [FeatureMatching(), MinibatchStatistics()], ids=repr)
def test_features_need_layers(technique: Technique) -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 1)

        def forward(self, points: Tensor) -> Tensor:
            return self.layer(points)

    with isolated_randomness(100):
        gan = GAN(discriminator=Sum(), techniques=[technique], **TINY)
    name = type(technique).__name__
    with pytest.raises(ValueError, match=rf"techniques: {name} needs the discriminator's features.*leave {name} out"):
        gan.fit(vectors())


def test_historical_averaging_by_hand() -> None:
    discriminator = Linear(1.0, 3.0)
    judging = training(discriminator)
    HistoricalAveraging(0.5).install(judging)
    batch: Any = None
    (term,) = judging.discriminator_terms
    values = []
    for step, weights in enumerate(([1.0, 3.0], [3.0, 3.0], [5.0, 9.0])):
        judging.progress = step / 100
        with torch.no_grad():
            discriminator.weights.copy_(torch.tensor(weights))
        values.append(term(batch).item())
        assert term(batch).item() == pytest.approx(values[-1]), "a step counts once"
    # the means are (1, 3), (2, 3) and (3, 5)
    assert values == pytest.approx([0.0, 0.5 * 1, 0.5 * (4 + 16)])
    term(batch).backward()
    assert discriminator.weights.grad is not None
    assert discriminator.weights.grad.tolist() == pytest.approx([2.0, 4.0])


class Kept(Callback):
    """The generator's gradient and the discriminator's weights at the end of the last step."""

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        self.module = pl_module


def test_unrolled_steps_are_those_that_adam_takes_and_carry_gradients() -> None:
    with isolated_randomness(100):
        make = lambda: nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)).double()  # noqa: E731
        discriminator, real, fake = make(), torch.randn(4, 2).double(), torch.randn(4, 2).double()
    judging = training(discriminator)
    loss = lambda points: judging.discriminator_loss(judging.judged(real, points, judging.judge))  # noqa: E731
    # ours adds eps inside the root and torch's outside: by up to eps over a gradient's size, that is 1e-10, they differ
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.1, betas=(0.5, 0.9), eps=1e-14)

    def advance() -> None:
        optimizer.zero_grad()
        loss(fake).backward()
        optimizer.step()

    advance()
    wrapped = type("Wrapped", (), {"optimizer": optimizer})()
    judging.optimizers = lambda: [None, wrapped]  # type: ignore[method-assign,assignment]
    Unrolled(3).install(judging)
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    varied = fake.clone().requires_grad_()
    ahead = judging.look_ahead(real, varied)
    probe = torch.tensor([[0.3, -0.2]], dtype=torch.float64)
    predicted = ahead(probe)
    (through_the_steps,) = torch.autograd.grad(predicted.sum(), varied)
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())
    for _ in range(3):
        advance()
    torch.testing.assert_close(predicted, judging.judge(probe), rtol=1e-6, atol=1e-8)
    assert float(through_the_steps.abs().max()) > 1e-4, "the generator feels how it moves the discriminator"


def test_mistakes_are_named() -> None:
    with pytest.raises(TypeError, match=r"techniques: expected a list, got Packing\(size=2\) alone; write \[Packing"):
        GAN(techniques=Packing(2))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"techniques: expected objects such as InstanceNoise\(\), got 'packing'"):
        GAN(techniques=["packing"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="techniques: Packing is given 2 times; once is enough"):
        GAN(techniques=[Packing(2), Packing(3)])
    with pytest.raises(ValueError, match="size: expected 2 or more points per pack, got 1"):
        Packing(1)
    with pytest.raises(ValueError, match="steps: expected 1 or more, got 0"):
        Unrolled(0)
    for epsilon in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"epsilon: expected a number in \(0, 1\)"):
            LabelSmoothing(epsilon)
    with pytest.raises(ValueError, match="std: expected a positive number"):
        InstanceNoise(-1.0)
    with pytest.raises(ValueError, match="factor: expected a positive number"):
        FeatureMatching(0.0)
