"""What every conditioning has in common: one object serves many GANs, and what one does not know is refused."""

from typing import Any

import pytest
import torch

from adagan import GAN
from adagan.components import (
    Classes,
    Codes,
    ConditionalComponent,
    ConditionalGAN,
    Conditioning,
    FewLabels,
    InfoGAN,
    SemiSupervisedGAN,
    Unconditioned,
)

TINY: dict[str, Any] = {"width": 8, "max_steps": 2, "batch_size": 32, "seed": 100}
DATA, LABELS = torch.randn(64, 2, generator=torch.Generator().manual_seed(0)), torch.arange(64) % 2
KINDS = [Unconditioned(), Classes(), FewLabels(), Codes(3)]
OFFERED = {"predict", "predict_proba", "recognise", "class_shares_", "num_classes_", "information_"}
OFFERS = {
    Unconditioned: set(),
    Classes: {"class_shares_"},
    FewLabels: {"predict", "predict_proba", "num_classes_"},
    Codes: {"recognise", "information_"},
}


def fitted(conditioning: Conditioning) -> GAN:
    gan = GAN(conditioning=conditioning, **TINY)
    return gan.fit(DATA, labels=LABELS if conditioning.learns_labels else None)


@pytest.mark.parametrize("conditioning", KINDS, ids=repr)
def test_a_gan_offers_what_its_conditioning_does(conditioning: Conditioning) -> None:
    before = dict(vars(conditioning))
    gan, again = fitted(conditioning), fitted(conditioning)
    assert vars(conditioning) == before
    assert {name for name in OFFERED if hasattr(gan, name)} == OFFERS[type(conditioning)]
    assert isinstance(gan, ConditionalComponent) == isinstance(conditioning, Classes)
    assert gan.learns_labels == conditioning.learns_labels
    for name, value in gan.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_the_former_classes_are_short_names() -> None:
    made = (ConditionalGAN(num_classes=3), SemiSupervisedGAN(supervision=2.0), InfoGAN(categorical=(2, 3), width=8))
    assert [repr(gan.conditioning) for gan in made] == [
        "Classes(num_classes=3)",
        "FewLabels(supervision=2.0)",
        "Codes(categorical=[2, 3], categorical_factor=1.0, continuous_factor=0.1)",
    ]
    assert made[2].width == 8


@pytest.mark.parametrize(
    ("conditioning", "option", "message"),
    [
        (None, {"condition": 1}, r"condition: .* conditioning=Unconditioned\(\) to choose; .*fit GAN\(conditioning=Cl"),
        (FewLabels(), {"condition": 1}, r"condition: .* conditioning=FewLabels\(supervision=1\.0\) to choose"),
        (Classes(), {"codes": torch.zeros(1)}, r"codes: .* leave codes out, or fit GAN\(conditioning=Codes\(\)\)"),
    ],
)
def test_samples_that_it_does_not_know_are_refused(conditioning: Any, option: dict[str, Any], message: str) -> None:
    gan = fitted(conditioning or Unconditioned())
    with pytest.raises(TypeError, match=message):
        gan.sample(2, **option)


def test_mistakes_are_named() -> None:
    with pytest.raises(TypeError, match=r"conditioning: expected a Conditioning object .*, got the class"):
        GAN(conditioning=Classes)
    with pytest.raises(TypeError, match="labels: GAN learns nothing from labels"):
        GAN(**TINY).fit(DATA, labels=LABELS)
    with pytest.raises(AttributeError, match="predict"):
        fitted(Classes()).predict(DATA)
    with pytest.raises(ValueError, match="previous: a warm start needs a network of the same form"):
        GAN(**TINY).warm_start(fitted(Classes())).fit(DATA)
