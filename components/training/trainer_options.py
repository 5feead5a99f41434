"""What a user may ask of Lightning's trainer: made anew for every training, or refused with the reason."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import Profiler

from adagan.components.training.log_versions import on_a_new_version
from adagan.components.training.ranks.joining import join
from adagan.components.training.ranks.strategy import SharedTraining
from adagan.mixtures.errors import UserError, UserTypeError


@runtime_checkable
class ClipsGradients(Protocol):
    """A module that steps its optimisers itself, and clips their gradients itself by `LightningModule.clip_gradients`.

    Attributes:
        gradient_clipping: That method's arguments beside the optimiser; empty where nothing is clipped.
    """

    gradient_clipping: Mapping[str, Any]


def trainer_settings(
    options: Mapping[str, Any], module: LightningModule, num_steps: int, device: torch.device
) -> dict[str, Any]:
    """The arguments of ``lightning.Trainer`` for one training.

    A training has a length of its own, so that some options mean what they mean for it:

    - Callbacks, loggers and profilers are copied for every training, or come from a callable that makes them
      (``partial(EarlyStopping, "generator_loss")``). An object that is given is never used itself: what one round did
      to it would be felt in the next. A callable may return the same object again, if that is wanted.
    - A logger writes a version of its own for every training, that is for every round, and for every fold of a critic.
      ``log_every_n_steps`` counts minibatches.
    - A ``ModelCheckpoint`` writes into its ``dirpath``, where a name that is taken gets a suffix (``-v1``); without one
      into ``checkpoints`` in the folder of the logger's version, or, without a logger, in ``default_root_dir``.
    - ``max_epochs=E`` divides the training into E epochs, at whose ends callbacks such as ``EarlyStopping`` look at the
      losses; it makes it no longer. ``limit_train_batches`` limits an epoch, ``max_steps``, ``max_time`` and
      ``fast_dev_run`` the training. Learning rates fall over the minibatches that are left; how many ``max_time``
      leaves nobody knows, and they fall as without it.
    - It runs where the data are, on one device; or on several, one process each, see
      `adagan.components.training.ranks`: ``devices=2, strategy="ddp"``. ``batch_size`` is then that of each process.

    Args:
        options: What the user gave.
        module: What is to be trained; it is told of gradients to clip if Lightning cannot.
        num_steps: Minibatches in all.
        device: Where the data are.

    Raises:
        ValueError: An option that cannot be kept; the message says why, and what to do.
        TypeError: No callback, logger or profiler where one is wanted.
    """
    wanted = dict(options)
    accelerator = wanted.get("accelerator") or "auto"
    if accelerator == "auto":
        accelerator = "gpu" if device.type == "cuda" else device.type
    wanted["accelerator"] = accelerator
    ranks = join(wanted)
    for name in ("devices", "num_nodes", "strategy"):
        if ranks is not None or name != "devices" or not isinstance(wanted.get(name), list | tuple):
            wanted.pop(name, None)
    if ranks is not None:
        places = {"devices": ranks.devices, "num_nodes": ranks.num_nodes, "strategy": SharedTraining(ranks)}
        wanted.update(places)
    if ranks is not None and wanted.get("use_distributed_sampler"):
        reason = "rows are drawn by their weights, each process its own part of every minibatch"
        raise _refused(wanted, "use_distributed_sampler", reason, "leave it out")
    if accelerator == "cpu" and str(wanted.get("precision")) in ("16", "16-mixed", "16-true"):
        raise _refused(wanted, "precision", "CPUs do not train in float16", "take 'bf16-mixed', or data on a GPU")
    if wanted.get("overfit_batches"):
        reason = "minibatches are drawn by weight, so that none comes twice"
        raise _refused(wanted, "overfit_batches", reason, "fit to a few rows instead")
    if not module.automatic_optimization:
        _hand_over(wanted, module)
    epochs = _num_epochs(wanted)
    wanted["callbacks"] = _each_fresh("callbacks", wanted.get("callbacks"), Callback)
    wanted["logger"] = _loggers(wanted.get("logger"))
    if not isinstance(wanted.get("profiler"), str | None):
        wanted["profiler"] = _fresh("profiler", wanted["profiler"], Profiler)
    if "plugins" in wanted:
        wanted["plugins"] = copy.deepcopy(wanted["plugins"])
    per_epoch = -(-num_steps // epochs)
    if epochs > 1:
        limit = wanted.get("limit_train_batches")
        share = 1.0 if limit is None else limit
        wanted["limit_train_batches"] = min(share, per_epoch) if isinstance(share, int) else int(share * per_epoch) or 1
    if wanted["logger"]:
        wanted.setdefault("log_every_n_steps", min(50, per_epoch))
    return {
        "devices": [device.index] if device.index is not None and accelerator in ("gpu", "cuda") else 1,
        "max_epochs": epochs,
        "enable_checkpointing": any(isinstance(callback, Checkpoint) for callback in wanted["callbacks"]),
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "use_distributed_sampler": False,
        **{name: value for name, value in wanted.items() if name != "max_epochs"},
    }


def _refused(options: Mapping[str, Any], key: str, reason: str, cure: str) -> UserError:
    return UserError(f"trainer_options: {key}={options[key]!r}: {reason}; {cure}")


def _num_epochs(options: Mapping[str, Any]) -> int:
    epochs = options.get("max_epochs")
    if epochs is not None and (not isinstance(epochs, int) or epochs < 1):
        reason = "the training's own max_steps minibatches come in so many epochs"
        raise _refused(options, "max_epochs", reason, "give 1 or more, and its length as max_steps of the component")
    return epochs or 1


def _hand_over(options: dict[str, Any], module: LightningModule) -> None:
    """Lightning refuses to clip or to accumulate for modules that step their optimisers themselves."""
    name = type(module).__name__
    if options.get("accumulate_grad_batches", 1) != 1:
        reason = f"{name} steps its optimisers itself, so Lightning cannot accumulate for it"
        raise _refused(options, "accumulate_grad_batches", reason, "raise batch_size instead")
    if not options.get("gradient_clip_val"):
        return
    if not isinstance(module, ClipsGradients):
        reason = f"{name} steps its optimisers itself, so Lightning cannot clip for it"
        cure = "call self.clip_gradients(optimizer, gradient_clip_val=...) before optimizer.step() in its training_step"
        raise _refused(options, "gradient_clip_val", reason, cure)
    if str(options.get("precision")) in ("16", "16-mixed"):
        reason = "gradients are clipped before '16-mixed' has taken its factor out of them"
        raise _refused(options, "gradient_clip_val", reason, "take precision='bf16-mixed'")
    names = ("gradient_clip_val", "gradient_clip_algorithm")
    module.gradient_clipping = {name: options.pop(name) for name in names if name in options}


def _loggers(given: Any) -> Any:
    if given is None or isinstance(given, bool):
        return given or False
    return [on_a_new_version(logger) for logger in _each_fresh("logger", given, Logger)]


def _each_fresh(key: str, given: Any, kind: type[Any]) -> list[Any]:
    if given is None:
        return []
    listed = given if isinstance(given, list | tuple) else [given]
    return [_fresh(key, one, kind) for one in listed]


def _fresh(key: str, given: Any, kind: type[Any]) -> Any:
    """A copy of an object, or what a callable makes."""
    if not isinstance(given, kind) and callable(given):
        make: Callable[[], Any] = given
        given = make()
    elif isinstance(given, kind):
        try:
            return copy.deepcopy(given)
        except Exception as error:
            name = type(given).__name__
            raise UserTypeError(
                f"trainer_options: {key}: {name} cannot be copied for every round ({error}); give a callable that "
                f"makes it, such as functools.partial({name}, ...)"
            ) from error
    if not isinstance(given, kind):
        raise UserTypeError(
            f"trainer_options: {key}: expected a lightning.pytorch {kind.__name__}, or a callable that makes one, got "
            f"{given!r}"
        )
    return given
