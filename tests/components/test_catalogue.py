"""The lists of what the package offers: whoever reads them finds every member by class, by name and in stored files."""

import pytest
import torch

from adagan import components
from adagan.components.catalogue import BY_NAME, COMPONENTS, PUBLISHED
from adagan.components.critics.catalogue import CRITICS, CRITICS_BY_NAME
from adagan.components.offer import Offer
from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.components import published_components

OFFERS = (*COMPONENTS, *CRITICS)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.title)
def test_what_is_offered_is_exported_and_found_by_stored_files(offer: Offer) -> None:
    name = offer.kind.__name__
    assert getattr(components, name) is offer.kind
    assert name in components.__all__
    assert offer.kind in PUBLISHED
    assert published_components()[name]() is offer.kind
    assert callable(offer.kind.from_config)


def test_names_are_those_of_one_thing() -> None:
    for offers, names in ((COMPONENTS, BY_NAME), (CRITICS, CRITICS_BY_NAME)):
        assert list(names) == [offer.name for offer in offers if offer.name]
    assert len({kind.__name__ for kind in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_name_alone_makes_one_and_its_number_is_an_option(name: str) -> None:
    offer = BY_NAME[name]
    assert isinstance(offer(), offer.kind)
    for shape in ((2,), (1, 8, 8)):
        assert isinstance(offer(**offer.in_seconds(shape)), offer.kind)
    if offer.number:
        assert isinstance(offer(**{offer.number: 3}), offer.kind)
        with pytest.raises(UserError, match=offer.number):
            offer(**{offer.number: -1})
    if offer.in_steps:
        assert offer(max_steps=3, trainer_options={}).max_steps == 3


def test_traits_are_those_of_the_class() -> None:
    labelled = {name for name, offer in BY_NAME.items() if offer.learns_labels}
    assert labelled == {"conditional-gan", "semi-supervised-gan"}
    assert BY_NAME["gan"].warm_starts
    assert not BY_NAME["gaussian"].warm_starts
    assert torch.is_tensor(BY_NAME["gaussian"]().fit(torch.zeros(2, 1)).sample(1))
