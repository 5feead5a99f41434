"""Spectral normalisation of any module."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from adagan.mixtures.errors import UserError

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def normalize_spectrally(module: nn.Module) -> None:
    """Divides the weight of every linear and convolutional layer by its largest singular value, by torch, in place.

    With nonlinearities of slope at most one, a perceptron's slope is then at most one. Layers whose weight is computed
    from other values already are left as they are.

    Raises:
        ValueError: The module has no such layer.

    References:
        Miyato, Kataoka, Koyama, Yoshida, *Spectral normalization for generative adversarial networks*, 2018,
        section 2.1, https://arxiv.org/abs/1802.05957
    """
    layers = [layer for layer in module.modules() if isinstance(layer, LAYERS)]
    if not layers:
        raise UserError(
            "spectral_normalization: the discriminator has no linear or convolutional layer whose spectrum could be "
            "normalised; leave it off, or pass a discriminator= with such layers"
        )
    for layer in layers:
        if "weight" in layer._parameters:
            spectral_norm(layer)


def normalized_layers(module: nn.Module) -> set[nn.Module]:
    """The linear and convolutional layers whose weight is parametrised."""
    return {layer for layer in module.modules() if isinstance(layer, LAYERS) and is_parametrized(layer, "weight")}


def keep_normalized(layers: Iterable[nn.Module]) -> None:
    """Makes plain parameters of parametrised weights, with the values that they have, in evaluation mode."""
    for layer in layers:
        remove_parametrizations(layer, "weight")
