"""What trainer_options promise: every option works, or is refused in one line that says why and what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins import MixedPrecision
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor, nn

from adagan import Critic
from adagan.components import GAN, VAE, FlowMatching, LightningGenerator
from adagan.mixtures import Mixture
from adagan.mixtures.errors import UserError

STEPS = 12


class Autoencoder(LightningModule):
    """A user's module."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(2))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = (batch - self.mean).square().mean()
        self.log("my_loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def about(module: Autoencoder, num_samples: int, generator: torch.Generator) -> Tensor:
    return module.mean + torch.randn(num_samples, 2, generator=generator)


SMALL: dict[str, Any] = {"max_steps": STEPS, "batch_size": 16, "seed": 0}
MAKERS: dict[str, Callable[..., Any]] = {
    "gan": partial(GAN, width=8, latent_dim=2, **SMALL),
    "vae": partial(VAE, width=8, latent_dim=2, **SMALL),
    "flow matching": partial(FlowMatching, width=8, sampling_steps=2, **SMALL),
    "module": partial(LightningGenerator, Autoencoder, about, **SMALL),
}
BY_HAND = ("gan",)
AVERAGED = ("gan", "vae", "flow matching")


class Counting(Callback):
    """Counts minibatches and epochs, and looks at gradients, the types of parameters and the rates at the end."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.batches = self.epochs = self.global_step = 0
        self.norms: list[float] = []
        self.dtypes: set[torch.dtype] = set()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        self.batches += 1
        for optimizer in trainer.optimizers:
            gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
            self.norms.append(float(torch.stack([gradient.norm() for gradient in gradients]).norm()))
        self.global_step = trainer.global_step
        self.dtypes |= {parameter.dtype for parameter in pl_module.parameters()}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.rates = [group["lr"] for optimizer in trainer.optimizers for group in optimizer.param_groups]

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.epochs += 1


def data() -> Tensor:
    return torch.randn(64, 2, generator=torch.Generator().manual_seed(100))


def counted(kind: str, **options: Any) -> tuple[Any, Counting]:
    counting = Counting()
    component = MAKERS[kind](trainer_options={**options, "callbacks": [lambda: counting]}).fit(data())
    drawn = component.sample(5, generator=torch.Generator().manual_seed(0))
    assert drawn.shape == (5, 2)
    assert drawn.dtype == torch.float32
    assert bool(torch.isfinite(drawn).all())
    assert {value.dtype for value in component.state_dict().values() if value.is_floating_point()} == {torch.float32}
    return component, counting


LENGTHS: dict[str, tuple[dict[str, Any], int, int]] = {
    # options -> minibatches, epochs
    "none": ({}, STEPS, 1),
    "max_steps": ({"max_steps": 7}, 7, 1),
    "limit_train_batches": ({"limit_train_batches": 5}, 5, 1),
    "limit_train_batches of an epoch": ({"limit_train_batches": 0.5, "max_epochs": 2}, 6, 2),
    "max_epochs": ({"max_epochs": 3}, STEPS, 3),
    "max_epochs that do not divide": ({"max_epochs": 5}, STEPS, 4),
    "max_epochs of one": ({"max_epochs": 1}, STEPS, 1),
    "fast_dev_run": ({"fast_dev_run": 3}, 3, 1),
    "fast_dev_run with a logger": ({"fast_dev_run": True, "logger": True}, 1, 1),
    "max_time": ({"max_time": timedelta(minutes=5)}, STEPS, 1),
    "max_time in words": ({"max_time": "00:00:05:00"}, STEPS, 1),
    "accelerator": ({"accelerator": "cpu"}, STEPS, 1),
    "accelerator auto": ({"accelerator": "auto", "devices": "auto", "strategy": "auto"}, STEPS, 1),
    "devices": ({"devices": 1, "num_nodes": 1}, STEPS, 1),
    "ddp of one": ({"devices": "1", "strategy": "ddp"}, STEPS, 1),
    "profiler": ({"profiler": "simple"}, STEPS, 1),
    "64-true": ({"precision": "64-true"}, STEPS, 1),
    "bf16-mixed": ({"precision": "bf16-mixed"}, STEPS, 1),
    # as on a GPU, where the factor of the gradients is taken out by the optimiser
    "16-mixed": ({"plugins": MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))}, STEPS, 1),
    "barebones": ({"barebones": True}, STEPS, 1),
}


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    # options -> components, message
    "spawn": (
        {"strategy": "ddp_spawn", "devices": 2},
        (*MAKERS,),
        "strategy='ddp_spawn': .*take strategy='ddp'",
    ),
    "fork": ({"strategy": "ddp_fork"}, (*MAKERS,), "strategy='ddp_fork': .* are started inside a training"),
    "notebook": ({"strategy": "ddp_notebook"}, ("gan",), "strategy='ddp_notebook': .*in a script, or .* by torchrun"),
    "fsdp": ({"strategy": "fsdp", "devices": 2}, (*MAKERS,), "strategy='fsdp': .*whole on every device; take .*'ddp'"),
    "own strategy": ({"strategy": FSDPStrategy()}, ("gan",), "strategy='FSDPStrategy': .*whole on every device"),
    "no devices": ({"devices": 0}, ("gan",), "lightning.Trainer refuses them: .*"),
    "float16": ({"precision": "16-mixed"}, (*MAKERS,), "precision='16-mixed': CPUs .* float16; take 'bf16-mixed'"),
    "float16 in short": ({"precision": 16}, (*MAKERS,), "precision=16: CPUs do not train in float16"),
    "bf16-true": ({"precision": "bf16-true"}, AVERAGED, r"precision='bf16-true': .*average .*; take 'bf16-mixed', or"),
    "overfitting": ({"overfit_batches": 3}, (*MAKERS,), "overfit_batches=3: minibatches are drawn by weight"),
    "no epochs": ({"max_epochs": -1}, (*MAKERS,), "max_epochs=-1: .*give 1 or more, and its length as max_steps"),
    "accumulate": (
        {"accumulate_grad_batches": 2},
        BY_HAND,
        "accumulate_grad_batches=2: GANTraining .*batch_size",
    ),
    "no time": ({"max_time": timedelta(0)}, (*MAKERS,), "was not trained on a single minibatch; raise max_time"),
    "no minibatch": ({"limit_train_batches": 0}, (*MAKERS,), "was not trained on a single minibatch"),
    "no GPU": ({"accelerator": "gpu"}, (*MAKERS,), "lightning.Trainer refuses them: .*"),
    "misspelt": ({"max_step": 3}, (*MAKERS,), "lightning.Trainer refuses them: .*max_step"),
    "no callback": ({"callbacks": [3]}, (*MAKERS,), "callbacks: expected a lightning.pytorch Callback, or a callable"),
    "no logger": ({"logger": dict}, (*MAKERS,), "logger: expected a lightning.pytorch Logger, or a callable .* got {}"),
}
CASES = [(kind, case) for case, (_, kinds, _) in REFUSED.items() for kind in kinds]


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_options_that_are_refused(kind: str, case: str) -> None:
    if case == "no GPU" and torch.cuda.is_available():
        return
    options, _, message = REFUSED[case]
    with pytest.raises(UserError, match="trainer_options: .*" + message) as refused:
        MAKERS[kind](trainer_options=options).fit(data())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", MAKERS)
def test_gradients_are_clipped(kind: str) -> None:
    _, free = counted(kind, gradient_clip_val=0)
    _, clipped = counted(kind, gradient_clip_val=1e-3)
    assert max(free.norms) > 0.01
    assert max(clipped.norms) <= 1e-3 * 1.001
    _, by_value = counted(kind, gradient_clip_val=1e-5, gradient_clip_algorithm="value")
    assert 0 < max(by_value.norms) < 1e-3


CRITICS: dict[str, tuple[dict[str, Any], int]] = {
    # options -> steps of the optimiser
    "64-true": ({"precision": "64-true"}, STEPS),
    "bf16-true": ({"precision": "bf16-true"}, STEPS),
    "max_epochs": ({"max_epochs": 5}, STEPS),
    "accumulate_grad_batches": ({"accumulate_grad_batches": 5, "gradient_clip_val": 0.1}, 3),
    "max_steps": ({"max_steps": 7}, 7),
}


@pytest.mark.parametrize("case", CRITICS)
def test_critics_take_them_too(case: str) -> None:
    options, steps = CRITICS[case]
    made: list[Counting] = []
    options = {**options, "callbacks": lambda: made.append(Counting()) or made[-1]}
    critic = Critic(max_steps=STEPS, width=4, seed=0, trainer_options=options)
    critic.fit(data(), Mixture([MAKERS["module"]().fit(data())]))
    assert [counting.global_step for counting in made] == [steps, steps]  # of two folds
    assert {parameter.dtype for parameter in critic.parameters()} == {torch.float32}


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind not in BY_HAND])
def test_gradients_are_accumulated(kind: str) -> None:
    _, counting = counted(kind, accumulate_grad_batches=5)
    assert counting.batches == STEPS
    assert counting.global_step == 3  # of 5, 5 and 2 minibatches


def test_a_half_precision_is_for_what_keeps_no_average() -> None:
    for kind in AVERAGED:
        averages_not = MAKERS[kind](ema_decay=0, trainer_options={"precision": "bf16-true"}).fit(data())
        assert averages_not.sample(3).dtype == torch.float32
    _, counting = counted("module", precision="bf16-true")
    assert counting.dtypes == {torch.bfloat16}


class ByHand(Autoencoder):
    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False


def test_a_module_of_the_users_clips_by_itself() -> None:
    component = LightningGenerator(ByHand, about, trainer_options={"gradient_clip_val": 1.0}, **SMALL)
    with pytest.raises(UserError, match=r"gradient_clip_val=1.0: ByHand steps .* call self.clip_gradients\("):
        component.fit(data())


@pytest.mark.parametrize("case", LENGTHS)
@pytest.mark.parametrize("kind", MAKERS)
def test_options_that_work(kind: str, case: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options, batches, epochs = LENGTHS[case]
    _, counting = counted(kind, **options)
    assert (counting.batches, counting.epochs) == (batches, epochs)
    assert counting.global_step == batches  # though a GAN has two optimisers
    if kind != "module":  # which has no schedule; all others have come to its end
        assert max(counting.rates) < 1e-9
    assert not list(tmp_path.iterdir())
    if case == "64-true":
        assert counting.dtypes == {torch.float64}
