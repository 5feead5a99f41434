"""What is seen in images, and that learning it is bounded: by a number of images, and by a share of a budget."""

import pytest
import torch
from torch import Tensor

from adagan.data.training_data import TrainingData
from adagan.missing import encoder as encoder_module
from adagan.missing import features as features_module
from adagan.missing.encoder import VIEWS, learnt_encoder
from adagan.missing.features import FEWEST_ENCODED, MOST_ENCODED, features_price, num_encoded
from adagan.missing.lookout import Lookout


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bars(num_images: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images of a bar that lies or stands, at a random place and grey, shape (N, 1, 16, 16), and whether it stands."""
    source = seeded(seed)
    places = torch.randint(4, 12, (num_images,), generator=source)
    near = (torch.arange(16) - places[:, None]).abs() < 2
    greys = 0.5 + 0.5 * torch.rand(num_images, 1, 1, 1, generator=source)
    lying = greys * near[:, None, :, None].expand(-1, 1, 16, 16)
    stands = torch.rand(num_images, generator=source) < 0.5
    return torch.where(stands[:, None, None, None], lying.mT, lying), stands


def test_what_is_shown_counts_and_not_how_dark() -> None:
    images, stands = bars(1_200, 100)
    seen = learnt_encoder(images[:1_000], 0)(images[1_000:])
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(200))
    likeness = (seen @ seen.T).fill_diagonal_(-1)
    # seeds 100 to 109 all gave 1, and .88 to .89 below
    assert float((stands[1_000:][likeness.argmax(dim=1)] == stands[1_000:]).float().mean()) > 0.95
    paler = 0.6 * images[1_000:]
    assert float((learnt_encoder(images[:1_000], 0)(paler) * seen).sum(dim=1).mean()) > float(likeness.mean()) + 0.3


def test_images_without_any_contrast_are_encoded() -> None:
    assert bool(learnt_encoder(torch.zeros(1_000, 1, 16, 16), 0)(bars(5, 100)[0]).isfinite().all())


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 28, 28), (3, 32, 32), (3, 64, 64)])
def test_learning_takes_no_more_than_its_seconds(shape: tuple[int, ...]) -> None:
    many, few = torch.zeros(1, *shape).expand(1_000_000, *shape), torch.zeros(1, *shape).expand(2_000, *shape)
    assert num_encoded(many, None) == num_encoded(many, 1e6) == MOST_ENCODED
    assert num_encoded(few, None) == 2_000
    assert num_encoded(many, 0.0) == FEWEST_ENCODED
    seconds = 0.5 * features_price(many)
    assert 0.99 * seconds < features_price(many, seconds) <= seconds


def test_so_many_views_are_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is counted, in images that are changed: a twentieth of a short budget allows fewer of them."""
    made: list[int] = []
    view = encoder_module.view

    def counted(images: Tensor) -> Tensor:
        made.append(len(images))
        return view(images)

    monkeypatch.setattr(encoder_module, "view", counted)
    monkeypatch.setattr(features_module, "MOST_ENCODED", 120)
    monkeypatch.setattr(features_module, "FEWEST_ENCODED", 80)
    points = bars(200, 101)[0]
    data = TrainingData.checked(points)
    for seconds, expected in ((None, 120), (features_price(points) * 100.5 / 120, 100), (1e-9, 80)):
        made.clear()
        assert Lookout(data, None, 0, seconds).features is not None
        assert sum(made) == expected * VIEWS
