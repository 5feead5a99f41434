import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adagan.mixtures.mixture import Mixture
from adagan.mixtures.storage.components import published_components
from adagan.mixtures.storage.files import FORMAT_VERSION
from adagan.mixtures.storage.mixture_folder import MIXTURE_FILE


class Uniform(nn.Module):
    """A user's own component, made without arguments."""

    def __init__(self, low: float = 0.0) -> None:
        super().__init__()
        self.low = nn.Parameter(torch.tensor(low))
        self.register_buffer("scale", torch.tensor([1.0, 2.0], dtype=torch.float64))

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.low + torch.rand(num_samples, 2, generator=generator) * self.scale.float()


class Configured(Uniform):
    """A user's own component that keeps its configuration."""

    def __init__(self, low: float) -> None:
        super().__init__(low)
        self.name = f"at {low}"
        self.start = low

    def config(self) -> dict[str, float]:
        return {"low": self.start}

    @classmethod
    def from_config(cls, config, components=()) -> "Configured":
        return cls(config["low"])


class Stateless:
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.zeros(num_samples, 2)


class Untensored(Stateless):
    def state_dict(self) -> dict[str, object]:
        return {"trees": ["oak"]}

    def load_state_dict(self, state) -> None:
        raise AssertionError("never reached")


class Bomb:
    """Goes off where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


OWN = [Uniform, Configured]


@pytest.fixture
def mixture() -> Mixture:
    grown = Mixture([Uniform(0.125)]).append(Configured(5.0), [0.3, 0.7])
    return grown.append(Uniform(-3.0), [1 / 3, 1 / 7, 1 - 1 / 3 - 1 / 7])


@pytest.fixture
def folder(mixture: Mixture, tmp_path: Path) -> Path:
    mixture.save(tmp_path / "saved")
    return tmp_path / "saved"


def drawn(mixture: Mixture, seed: int = 0) -> Tensor:
    return mixture.sample(500, torch.Generator().manual_seed(seed))


def test_round_trip_by_value(mixture: Mixture, folder: Path) -> None:
    loaded = Mixture.load(folder, components=OWN)
    assert torch.equal(drawn(loaded), drawn(mixture))
    for rounds in (1, 2, 3):
        assert torch.equal(loaded[:rounds].weights, mixture[:rounds].weights)
        assert torch.equal(drawn(loaded[:rounds], rounds), drawn(mixture[:rounds], rounds))
    assert [type(component) for component in loaded] == [Uniform, Configured, Uniform]
    assert loaded.components[1].name == "at 5.0"
    assert loaded.components[0].scale.dtype == torch.float64
    assert not any(component.training for component in loaded)


def test_a_second_round_trip_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    Mixture.load(folder, components=OWN).save(tmp_path / "again")
    first, second = ({p.name: p.read_bytes() for p in f.iterdir()} for f in (folder, tmp_path / "again"))
    assert first == second


def test_the_folder_holds_json_and_safetensors_only(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert names == [*(f"component-{index:03d}.safetensors" for index in range(3)), MIXTURE_FILE]
    content = json.loads((folder / MIXTURE_FILE).read_text())
    assert content["format_version"] == FORMAT_VERSION
    assert [record["class"] for record in content["components"]] == ["Uniform", "Configured", "Uniform"]


def test_load_puts_it_on_the_device(folder: Path) -> None:
    loaded = Mixture.load(folder, device="meta", components=OWN)
    assert {tensor.device.type for tensor in [*loaded.parameters(), *loaded.buffers()]} == {"meta"}


def test_a_callable_makes_the_component(mixture: Mixture, folder: Path) -> None:
    loaded = Mixture.load(folder, components=[lambda: Uniform(99.0), Configured])
    assert torch.equal(drawn(loaded), drawn(mixture))


@pytest.mark.parametrize("name", ["mixture.pkl", "component-000.pt", "component-000.bin", "__init__.py", "data.pkl"])
def test_a_planted_pickle_is_never_read(mixture: Mixture, folder: Path, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "exploded"
    (folder / name).write_bytes(pickle.dumps(Bomb(mark)))
    assert torch.equal(drawn(Mixture.load(folder, components=OWN)), drawn(mixture))
    assert not mark.exists()
    # the trap works, so that the line above means something
    pickle.loads((folder / name).read_bytes())
    assert mark.exists()


def test_a_renamed_pickle_is_refused(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    (folder / "component-001.safetensors").write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ValueError, match=r"component-001.safetensors is corrupted, truncated, or not a safetensors"):
        Mixture.load(folder, components=OWN)
    (folder / MIXTURE_FILE).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ValueError, match=r"mixture.json is corrupted or truncated"):
        Mixture.load(folder, components=OWN)
    assert not mark.exists()


def test_a_torch_checkpoint_is_refused(folder: Path) -> None:
    torch.save(Uniform().state_dict(), folder / "component-000.safetensors")
    with pytest.raises(ValueError, match="not a safetensors file"):
        Mixture.load(folder, components=OWN)


def test_a_foreign_class_is_refused(folder: Path) -> None:
    with pytest.raises(
        ValueError, match=r"class Uniform \(from .*\), which is not one of adagan's: .*components=\[Uniform\]"
    ):
        Mixture.load(folder)
    with pytest.raises(ValueError, match=r"class Configured .* if you trust it, pass its class"):
        Mixture.load(folder, components=[Uniform])


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "subprocess:Popen", "../Uniform", ""])
def test_a_class_name_is_only_looked_up(folder: Path, name: str) -> None:
    content = json.loads((folder / MIXTURE_FILE).read_text())
    content["components"][0].update({"class": name, "module": "os", "config": {"command": "false"}})
    (folder / MIXTURE_FILE).write_text(json.dumps(content))
    with pytest.raises(ValueError, match="which is not one of adagan's"):
        Mixture.load(folder, components=OWN)


def test_a_newer_format_is_refused(folder: Path) -> None:
    content = json.loads((folder / MIXTURE_FILE).read_text())
    content["format_version"] = FORMAT_VERSION + 1
    (folder / MIXTURE_FILE).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"format version 2, this adagan reads up to 1; upgrade adagan"):
        Mixture.load(folder, components=OWN)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("name", [MIXTURE_FILE, "component-000.safetensors", "component-002.safetensors"])
def test_truncated_files_are_refused(folder: Path, name: str, share: float) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=rf"{name} is corrupted"):
        Mixture.load(folder, components=OWN)


def test_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere holds no saved mixture: there is no mixture.json"):
        Mixture.load(tmp_path / "nowhere")
    (folder / "component-001.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"component-001.safetensors is missing"):
        Mixture.load(folder, components=OWN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": "1"}, "lacks a format_version"),
        ({"history": [[1.0]]}, r"does not fit the files beside it: 3 components, weights of shape \(1, 1\)"),
        ({"history": [[1.0], [0.5, 0.5], [1, 0, 0]]}, "the weights are no matrix of numbers"),
        ({"history": [[float("nan")] * 3] * 3}, "mixture.json is corrupted or truncated .NaN is no number."),
        ({"history": [[9.0] * 3] * 3}, "history: expected non-negative weights whose last row sums to 1"),
        ({"history": None}, "does not fit the files"),
        ({"components": []}, "0 components"),
        ({"components": ["Uniform"] * 3}, "does not fit the files"),
        ({"components": [{"class": "Configured", "config": {}}] * 3}, "does not fit the files"),
    ],
)
def test_nonsense_is_refused(folder: Path, change: dict[str, object], message: str) -> None:
    content = json.loads((folder / MIXTURE_FILE).read_text())
    (folder / MIXTURE_FILE).write_text(json.dumps(content | change))
    with pytest.raises(ValueError, match=message):
        Mixture.load(folder, components=OWN)


def test_arrays_of_another_component_are_refused(folder: Path, tmp_path: Path) -> None:
    class Wide(Uniform):
        def __init__(self) -> None:
            super().__init__()
            self.more = nn.Parameter(torch.zeros(3))

    Mixture([Wide()]).save(tmp_path / "wide")
    (folder / "component-000.safetensors").write_bytes((tmp_path / "wide/component-000.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"does not fit the files beside it: (?s:.*)more"):
        Mixture.load(folder, components=OWN)


def test_nothing_is_overwritten_unasked(mixture: Mixture, folder: Path, tmp_path: Path) -> None:
    other = Mixture([Uniform(77.0)])
    with pytest.raises(FileExistsError, match=r"saved exists already; choose another folder, or pass overwrite=True"):
        other.save(folder)
    assert torch.equal(drawn(Mixture.load(folder, components=OWN)), drawn(mixture))
    other.save(folder, overwrite=True)
    assert torch.equal(drawn(Mixture.load(folder, components=OWN)), drawn(other))
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_failed_save_leaves_nothing_behind(mixture: Mixture, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"Stateless cannot be stored: it needs state_dict\(\)"):
        Mixture([Uniform(), Stateless()]).save(tmp_path / "other")
    with pytest.raises(TypeError, match=r"Untensored cannot be stored: its state_dict\(\) holds trees, a list"):
        Mixture([Uniform(), Untensored()]).save(folder, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    assert torch.equal(drawn(Mixture.load(folder, components=OWN)), drawn(mixture))


def test_published_components_are_found_by_name() -> None:
    assert {"GAN", "Gaussian"} <= set(published_components())
