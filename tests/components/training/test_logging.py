"""Losses land in the files of the user's loggers; callbacks, loggers and checkpoints are new in every training."""

from __future__ import annotations

import csv
import gc
import threading
import warnings
import weakref
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint, Timer
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn

from adagan import AdaGAN, Critic
from adagan.components import GAN, VAE, Flow, FlowMatching, LearntFeatures, LightningGenerator, MomentMatching
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.generators.gan.techniques import HistoricalAveraging, LabelSmoothing
from adagan.mixtures import Mixture
from adagan.mixtures.errors import UserTypeError

STEPS = 12
SMALL: dict[str, Any] = {"max_steps": STEPS, "batch_size": 16, "seed": 0}
LOSS = {"loss"}
BOTH = {"generator_loss", "discriminator_loss"}
KINDS: dict[str, tuple[Callable[..., Any], set[str]]] = {
    "gan": (partial(GAN, width=8, latent_dim=2, penalty=1.0, penalty_interval=1, **SMALL), {*BOTH, "penalty"}),
    "gan with techniques": (
        partial(GAN, width=8, latent_dim=2, penalty=0, techniques=[HistoricalAveraging(), LabelSmoothing()], **SMALL),
        {*BOTH, "discriminator_smoothing", "discriminator_historical_averaging", "generator_historical_averaging"},
    ),
    "vae": (partial(VAE, width=8, latent_dim=2, **SMALL), {*LOSS, "reconstruction", "divergence"}),
    "flow": (partial(Flow, width=8, transforms=1, **SMALL), LOSS),
    "flow matching": (partial(FlowMatching, width=8, sampling_steps=2, **SMALL), LOSS),
    "moment matching": (partial(MomentMatching, width=8, latent_dim=2, **SMALL), LOSS),
    "learnt kernel": (
        partial(MomentMatching, features=LearntFeatures(), width=8, latent_dim=2, **SMALL),
        {*BOTH, "penalty"},
    ),
}


class Location(LightningModule):
    """A user's own module, which logs by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.mean = nn.Parameter(torch.zeros(2))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = (batch - self.mean).square().mean()
        self.log("my_loss", loss)
        if batch_idx == 0 and self.logger is not None:
            self.logger.log_metrics({"mine": 7.0}, step=0)
        return loss

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def about(module: Location, num_samples: int, generator: torch.Generator) -> Tensor:
    return module.mean + torch.randn(num_samples, 2, generator=generator)


def data(count: int = 64) -> Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(100))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


class Counting(Callback):
    """Counts minibatches; one for every training, in the order of their making."""

    def __init__(self, all_of_them: list[Counting]) -> None:
        self.batches = 0
        all_of_them.append(self)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        self.batches += 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_is_logged_at_the_index_of_its_minibatch(kind: str, tmp_path: Path) -> None:
    make, expected = KINDS[kind]
    make(trainer_options={"logger": CSVLogger(tmp_path, name="run"), "log_every_n_steps": 1}).fit(data())
    found = rows(tmp_path / "run" / "version_0")
    assert [int(row["step"]) for row in found] == list(range(STEPS))
    assert {*found[0]} == {*expected, "step", "epoch"}
    assert all(torch.isfinite(torch.tensor(float(row[name]))) for row in found for name in expected)


def test_steps_are_counted_over_epochs_and_the_last_one_is_logged(tmp_path: Path) -> None:
    make, _ = KINDS["gan"]
    options = {"logger": CSVLogger(tmp_path, name="run"), "max_epochs": 5, "log_every_n_steps": 4}
    make(trainer_options=options).fit(data())
    assert [int(row["step"]) for row in rows(tmp_path / "run" / "version_0")] == [3, 7, 11]
    make(trainer_options={"logger": CSVLogger(tmp_path, name="run")}).fit(data())
    assert [int(row["step"]) for row in rows(tmp_path / "run" / "version_1")] == [STEPS - 1]


def test_the_logged_loss_is_that_of_the_step(tmp_path: Path) -> None:
    class Seen(Callback):
        def __init__(self) -> None:
            self.losses = list[float]()

        def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, *arguments: Any) -> None:
            self.losses.append(float(outputs["loss"]))

    seen = Seen()
    options = {"logger": CSVLogger(tmp_path, name="run"), "log_every_n_steps": 1, "callbacks": lambda: seen}
    KINDS["gan"][0](trainer_options=options).fit(data())
    found = rows(tmp_path / "run" / "version_0")
    logged = [float(row["generator_loss"]) + float(row["discriminator_loss"]) for row in found]
    assert logged == pytest.approx(seen.losses, rel=1e-5)


def test_a_critic_logs_what_it_learns_and_how_well(tmp_path: Path) -> None:
    gan = KINDS["gan"][0]().fit(data(400))
    critic = Critic(max_steps=100, width=8, seed=0, trainer_options={"logger": CSVLogger(tmp_path, name="critic")})
    critic.fit(data(400) + 5, Mixture([gan]))
    folds = [rows(tmp_path / "critic" / f"version_{fold}") for fold in range(2)]
    for fold in folds:
        steps = [int(row["step"]) for row in fold]
        assert steps == [49, 99]
        assert fold[0]["held_out_accuracy"] == ""  # it looks every hundred steps
        assert 0.9 < float(fold[-1]["held_out_accuracy"]) <= 1.0  # they lie five deviations apart
        assert float(fold[-1]["held_out_loss"]) < float(fold[0]["critic_loss"])


def test_a_module_of_the_users_has_its_logger(tmp_path: Path) -> None:
    options = {"logger": CSVLogger(tmp_path, name="mine"), "log_every_n_steps": 6}
    LightningGenerator(Location, about, epochs=2, trainer_options=options, **SMALL).fit(data())
    found = rows(tmp_path / "mine" / "version_0")
    assert [row["step"] for row in found if row["my_loss"]] == ["5", "11"]
    assert [row["mine"] for row in found if row["mine"]] == ["7.0", "7.0"]
    assert (tmp_path / "mine" / "version_0" / "hparams.yaml").exists()


def boosted(make: Callable[..., Any], rounds: int, critic: Callable[[], Any]) -> AdaGAN:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so short a training is not a good one
        return AdaGAN(make, rounds=rounds, critic=critic, coarse_critic=critic, seed=0).fit(data(200))


def test_every_round_has_a_version_of_its_own(tmp_path: Path) -> None:
    logger, of_critic = CSVLogger(tmp_path, name="run"), CSVLogger(tmp_path, name="critic")
    make = partial(KINDS["gan"][0], trainer_options={"logger": [logger]})
    boosted(make, 2, partial(Critic, max_steps=10, width=4, trainer_options={"logger": of_critic}))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["version_0", "version_1"]
    # a coarse critic and a sharp one in every round but the first, of two folds each
    assert len(list((tmp_path / "critic").iterdir())) == 2 * (2 * 2 - 1)
    assert all(rows(folder) for folder in [*(tmp_path / "run").iterdir(), *(tmp_path / "critic").iterdir()])


@pytest.mark.parametrize(
    ("version", "names"),
    [("paper", ["paper", "paper-2", "paper-3"]), (4, ["version_4", "version_5", "version_6"])],
)
def test_a_version_that_is_named_is_not_overwritten(version: Any, names: list[str], tmp_path: Path) -> None:
    make = partial(KINDS["gan"][0], trainer_options={"logger": CSVLogger(tmp_path, name="run", version=version)})
    for _ in names:
        make().fit(data())
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names
    assert all(len(rows(tmp_path / "run" / name)) == 1 for name in names)


def test_early_stopping_and_timers_begin_anew_in_every_round() -> None:
    counted: list[Counting] = []
    # stops at the end of the first of four epochs, as every loss is below the threshold
    stopping = EarlyStopping("generator_loss", stopping_threshold=1e9)
    callbacks = [stopping, Timer(timedelta(minutes=5)), lambda: Counting(counted)]
    make = partial(KINDS["gan"][0], trainer_options={"callbacks": callbacks, "max_epochs": 4})
    boosted(make, 3, KernelCritic)
    assert [one.batches for one in counted] == [STEPS // 4] * 3
    assert stopping.stopped_epoch == 0  # what the user holds is left as it was


def test_callables_make_callbacks_of_their_own() -> None:
    counted: list[Counting] = []
    stopping = partial(EarlyStopping, "loss", stopping_threshold=1e9)
    callbacks = [stopping, partial(Timer, timedelta(minutes=5)), partial(Counting, counted)]
    for _ in range(2):
        KINDS["vae"][0](trainer_options={"callbacks": callbacks, "max_epochs": 3}).fit(data())
    assert [one.batches for one in counted] == [STEPS // 3] * 2


@pytest.mark.parametrize("where", ["dirpath", "logger", "root"])
def test_checkpoints_of_every_round_are_kept(where: str, tmp_path: Path) -> None:
    folder = tmp_path / "kept" if where == "dirpath" else None
    checkpoint = ModelCheckpoint(dirpath=folder, every_n_train_steps=4, save_top_k=-1)
    options: dict[str, Any] = {"callbacks": checkpoint, "default_root_dir": tmp_path}
    if where == "logger":
        options["logger"] = CSVLogger(tmp_path, name="run")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            KINDS["gan"][0](trainer_options=options).fit(data())
    names = [f"epoch=0-step={step}" for step in (4, 8, 12)]
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.ckpt"))
    if where == "logger":
        folders = [f"run/version_{version}/checkpoints" for version in range(2)]
        assert found == sorted(f"{folder}/{name}.ckpt" for folder in folders for name in names)
    else:
        parent = "kept" if where == "dirpath" else "checkpoints"
        assert found == sorted(f"{parent}/{name}{version}.ckpt" for name in names for version in ("", "-v1"))


def test_the_best_checkpoint_is_of_a_logged_loss(tmp_path: Path) -> None:
    best = ModelCheckpoint(tmp_path, "{step}", monitor="loss", every_n_train_steps=1, save_top_k=1)
    options = {"callbacks": best, "logger": CSVLogger(tmp_path, name="run"), "log_every_n_steps": 1}
    KINDS["flow matching"][0](trainer_options=options).fit(data())
    losses = [float(row["loss"]) for row in rows(tmp_path / "run" / "version_0")]
    assert [path.stem for path in tmp_path.glob("*.ckpt")] == [f"step={1 + losses.index(min(losses))}"]


def test_what_cannot_be_copied_comes_from_a_callable() -> None:
    class Locked(Callback):
        def __init__(self) -> None:
            self.lock = threading.Lock()

    make = KINDS["gan"][0]
    with pytest.raises(UserTypeError, match=r"callbacks: Locked cannot be copied .*functools.partial\(Locked, ...\)"):
        make(trainer_options={"callbacks": [Locked()]}).fit(data())
    make(trainer_options={"callbacks": [Locked]}).fit(data())


def test_learning_rates_are_logged_by_lightnings_own_callback(tmp_path: Path) -> None:
    options = {"logger": CSVLogger(tmp_path, name="run"), "callbacks": LearningRateMonitor(), "log_every_n_steps": 1}
    KINDS["vae"][0](trainer_options=options).fit(data())
    rates = [float(row["lr-Adam"]) for row in rows(tmp_path / "run" / "version_0") if row["lr-Adam"]]
    assert len(rates) == STEPS
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 3e-3


@pytest.mark.parametrize("kind", ["gan", "vae", "module"])
def test_it_is_quiet_and_nothing_stays(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    trainers: list[weakref.ref[Trainer]] = []

    class Watching(Callback):
        def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            trainers.append(weakref.ref(trainer))

    monkeypatch.chdir(tmp_path)
    make = partial(LightningGenerator, Location, about, **SMALL) if kind == "module" else KINDS[kind][0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        component = make(trainer_options={"callbacks": Watching}).fit(data())
    gc.collect()
    assert [trainer() for trainer in trainers] == [None]
    assert component.sample(2).shape == (2, 2)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
