"""Where a discriminator's features are: before its last linear layer."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized

from adagan.mixtures.errors import UserError


def last_linear_layer(discriminator: nn.Module, technique: str) -> tuple[str, nn.Linear]:
    """Name and module of the last linear layer with another layer before it; its input are the features.

    Args:
        discriminator: Any module.
        technique: Who asks, for the message.

    Raises:
        ValueError: There is no such layer.
    """
    layers = [(name, layer) for name, layer in discriminator.named_modules() if _has_parameters(layer)]
    if len(layers) < 2 or not isinstance(layers[-1][1], nn.Linear):
        found = ", ".join(type(layer).__name__ for _, layer in layers) or "none"
        raise UserError(
            f"techniques: {technique} needs the discriminator's features, the input of a last nn.Linear that follows "
            f"other layers; its layers with parameters are: {found}; end it in an nn.Linear, or leave {technique} out"
        )
    name, layer = layers[-1]
    assert isinstance(layer, nn.Linear)
    return name, layer


def _has_parameters(module: nn.Module) -> bool:
    """Whether a module has parameters of its own, perhaps parametrised ones, as under spectral normalisation."""
    if isinstance(module, ParametrizationList):
        return False
    return is_parametrized(module) or next(module.parameters(recurse=False), None) is not None
