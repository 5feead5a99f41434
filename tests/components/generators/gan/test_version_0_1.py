"""Generators that version 0.1 stored: they come back, with what their conditioning had learnt, and draw the same."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from adagan import GAN, Mixture
from adagan.components import Classes, Codes, Conditioning, FewLabels

pytestmark = pytest.mark.golden  # draws were stored for one seed

FOLDERS = Path(__file__).parents[3] / "runs_of_version_0_1"
TRAINED = ["gan", "gan-kept", "vae", "flow", "flow-matching", "moment-matching"]
CONDITIONED = {"conditional-gan": Classes, "semi-supervised-gan": FewLabels, "info-gan": Codes}
TOLERANCE = 64 * torch.finfo(torch.float32).eps
"""Of sums of up to a hundred terms in another order, layer after layer."""


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def loaded(name: str) -> Mixture:
    if name == "flow":
        pytest.importorskip("zuko")
    return Mixture.load(FOLDERS / name)


@pytest.mark.parametrize("name", [*TRAINED, *CONDITIONED])
def test_its_draws_are_the_same(name: str) -> None:
    expected = load_file(FOLDERS / "draws.safetensors")[name]
    found = loaded(name).sample(16, seeded(0))
    torch.testing.assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE * float(expected.abs().max()))


@pytest.mark.parametrize(("name", "kind"), CONDITIONED.items())
def test_its_classes_are_objects_that_a_gan_holds(name: str, kind: type[Conditioning], tmp_path: Path) -> None:
    mixture = loaded(name)
    for component in mixture.components:
        assert type(component) is GAN
        assert type(component.conditioning) is kind
    # stored again it is of today's form
    mixture.save(tmp_path / "again")
    assert '"kind": "' + kind.__name__ in (tmp_path / "again" / "mixture.json").read_text()
    again = Mixture.load(tmp_path / "again")
    assert torch.equal(again.sample(16, seeded(0)), mixture.sample(16, seeded(0)))


def test_what_they_had_learnt_is_there() -> None:
    told, few, codes = (loaded(name).components[1] for name in CONDITIONED)
    stored = [load_file(FOLDERS / name / "component-001.safetensors") for name in CONDITIONED]
    assert torch.equal(told.class_shares_, stored[0]["_extra_state"])
    torch.testing.assert_close(told.generator_.choice.edges, stored[0]["choice_.edges"])
    assert told.sample(5, generator=seeded(0), condition=1).shape == (5, 2)
    assert few.predict_proba(torch.zeros(3, 2)).shape == (3, int(stored[1]["num_classes_"]))
    assert torch.equal(codes.information_, stored[2]["information_"])
    assert codes.recognise(torch.zeros(3, 2)).shape == (3, 1)


def test_a_kept_discriminator_comes_back() -> None:
    component = loaded("gan-kept").components[1]
    stored = load_file(FOLDERS / "gan-kept" / "component-001.safetensors")
    kept = {name: value for name, value in stored.items() if name.startswith("discriminator.")}
    assert kept
    assert all(torch.equal(component.state_dict()[name], value) for name, value in kept.items())
