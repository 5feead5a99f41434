"""Folders and arrays of images on the command line: read, boosted, looked at, and written as they came."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import fit

from adagan import Mixture
from adagan.command_line import main
from adagan.data.built_in import digits
from adagan.data.image_folder import read_folder

Captured = pytest.CaptureFixture[str]


def photos(folder: Path, classes: tuple[int, ...] = (0, 1, 2, 3), each: int = 50) -> Path:
    """Digits as 8 bits of grey, a folder for each class."""
    images, labels = digits()
    pixels = (images[:, 0] * 255).round().to(torch.uint8).numpy()
    for label in classes:
        place = folder / f"digit-{label}"
        place.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(pixels[labels.numpy() == label][:each]):
            Image.fromarray(image).save(place / f"{index:03d}.png")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one round on a folder of photos by class."""
    folder = tmp_path_factory.mktemp("images")
    assert main(fit(str(photos(folder / "photos")), folder / "run", "--rounds", "1")) == 0
    return folder / "run"


def sampled(run: Path, out: Path | str, *options: str) -> Path:
    assert main(["sample", str(run), "--out", str(out), *options]) == 0
    return Path(out)


def test_a_folder_is_told_and_its_names_are_kept(tmp_path: Path, capsys: Captured) -> None:
    folder = photos(tmp_path / "photos", (0, 1), 40)
    assert main(fit(str(folder), tmp_path / "run", "--rounds", "1")) == 0
    told = capsys.readouterr().out
    assert "80 images of 8×8 pixels, grey; 2 classes, one per folder: digit-0 40, digit-1 40" in told
    assert "--labels folders trains the component on each of them apart" in told
    content = json.loads((tmp_path / "run" / "run.json").read_text())
    assert content["class_names"] == ["digit-0", "digit-1"]
    assert content["names"][:2] == ["digit-0/000.png", "digit-0/001.png"]
    assert len(content["names"]) == 80
    assert content["labels"] is None


def test_a_folder_of_pictures(run: Path, tmp_path: Path, capsys: Captured) -> None:
    out = sampled(run, f"{tmp_path}/new/", "-n", "12")
    assert "12 images written to" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == [f"{index:04d}.png" for index in range(12)]
    with Image.open(out / "0000.png") as image:
        assert (image.mode, image.size, image.format) == ("L", (8, 8), "PNG")
    # the same draw as an array of bytes
    array = np.load(sampled(run, tmp_path / "new.npy", "-n", "12"))
    assert (array.dtype, array.shape) == (np.uint8, (12, 8, 8))
    assert np.array_equal(array, (read_folder(out).points[:, 0] * 255).round().to(torch.uint8).numpy())


def test_a_grid(run: Path, tmp_path: Path) -> None:
    with Image.open(sampled(run, tmp_path / "grid.png", "-n", "10")) as sheet:
        # 4 columns and 3 rows of images of 64 pixels, each as large as 8 × 8 pixels in the other files
        assert (sheet.mode, sheet.size) == ("L", (4 * 66 + 2, 3 * 66 + 2))
        pixels = np.asarray(sheet)
    first = np.load(sampled(run, tmp_path / "new.npy", "-n", "10"))[0]
    assert np.array_equal(pixels[2:66:8, 2:66:8], first)
    assert (pixels[-60:, -60:] == 255).all()


@pytest.mark.parametrize("suffix", ["npz", "pt", "csv"])
def test_other_files_hold_the_same(run: Path, tmp_path: Path, suffix: str) -> None:
    expected = np.load(sampled(run, tmp_path / "new.npy", "-n", "12"))
    out = sampled(run, tmp_path / f"new.{suffix}", "-n", "12")
    if suffix == "npz":
        found = np.load(out)["data"]
    elif suffix == "pt":
        found = torch.load(out, weights_only=True).numpy()
    else:
        found = np.loadtxt(out, delimiter=",").reshape(12, 8, 8).astype(np.uint8)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_shards_are_parts_of_one_folder(run: Path, tmp_path: Path) -> None:
    whole = sampled(run, f"{tmp_path}/whole/", "-n", "9")
    parts = [sampled(run, f"{tmp_path}/part-{index}/", "-n", "9", "--shard", f"{index}/2") for index in (1, 2)]
    names = [path.name for part in parts for path in sorted(part.iterdir())]
    assert names == [path.name for path in sorted(whole.iterdir())]
    assert all(
        (part / name.name).read_bytes() == (whole / name.name).read_bytes() for part in parts for name in part.iterdir()
    )


def test_numbers_of_samples_where_none_is_said(run: Path, tmp_path: Path) -> None:
    assert len(list(sampled(run, f"{tmp_path}/new/").iterdir())) == 64
    assert len(np.load(sampled(run, tmp_path / "new.npy"))) == 10_000


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("new.parquet", "--out: expected a file that ends in .npy, .csv, .npz or .pt, in .png for a grid, or a folder"),
        (
            "new.jpg",
            "--out: expected a file that ends in .npy, .npz, .csv, .tsv, .parquet, .xlsx, .pt, .png, or a",
        ),
        ("", "exists already; choose another --out, or pass --overwrite"),
    ],
)
def test_what_is_not_written(run: Path, tmp_path: Path, capsys: Captured, out: str, message: str) -> None:
    (tmp_path / "there.txt").write_text("x")
    assert main(["sample", str(run), "--out", f"{tmp_path}/{out}"]) == 2
    assert message in capsys.readouterr().err


def test_runs_of_vectors_have_no_pictures(tmp_path: Path, capsys: Captured) -> None:
    np.save(tmp_path / "data.npy", np.random.default_rng(100).normal(size=(200, 2)).astype(np.float32))
    assert main(fit(str(tmp_path / "data.npy"), tmp_path / "run", "--rounds", "1")) == 0
    for out in ("grid.png", "folder/", "folder"):
        assert main(["sample", str(tmp_path / "run"), "--out", f"{tmp_path}/{out}"]) == 2
        assert "or .parquet, as" in capsys.readouterr().err
    import pandas as pd

    frame = pd.read_parquet(sampled(tmp_path / "run", tmp_path / "new.parquet", "-n", "20"))
    assert list(frame.columns) == ["x0", "x1"]
    assert np.array_equal(frame.to_numpy(), np.load(sampled(tmp_path / "run", tmp_path / "new.npy", "-n", "20")))


ARRAYS = {
    "channels last": ((120, 8, 8, 3), np.uint8, 255),
    "16 bits": ((120, 8, 8), np.uint16, 65_535),
    "fractions, channels first": ((120, 3, 8, 8), np.float32, 1),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_what_comes_out_is_what_came_in(tmp_path: Path, name: str) -> None:
    shape, dtype, white = ARRAYS[name]
    random = np.random.default_rng(100)
    data = (random.beta(2, 5, size=shape) * white).astype(dtype)
    np.save(tmp_path / "data.npy", data)
    assert main(fit(str(tmp_path / "data.npy"), tmp_path / "run", "--rounds", "1")) == 0
    drawn = np.load(sampled(tmp_path / "run", tmp_path / "new.npy", "-n", "200"))
    assert drawn.dtype == dtype
    assert drawn.shape == (200, *shape[1:])
    assert drawn.mean() == pytest.approx(data.mean(), rel=0.1)
    with Image.open(sampled(tmp_path / "run", tmp_path / "grid.png", "-n", "4")) as sheet:
        assert sheet.mode == ("RGB" if 3 in shape[1:] else "L")
        assert np.asarray(sheet)[2:66, 2:66].mean() / 255 == pytest.approx(data.mean() / white, rel=0.35)
    loaded = Mixture.load(tmp_path / "run").sample(3, seed=0)
    assert loaded.shape[1] == (3 if 3 in shape[1:] else 1)
    assert main(["resume", str(tmp_path / "run"), "--rounds", "2"]) == 0


def test_two_folders_one_of_samples(tmp_path: Path, capsys: Captured) -> None:
    photos(tmp_path / "photos", (0, 1, 2), 100)
    photos(tmp_path / "samples", (0, 1), 150)
    out = str(tmp_path / "missing.json")
    assert main(["missing", str(tmp_path / "photos"), "--samples", str(tmp_path / "samples"), "--json", out]) == 0
    told = capsys.readouterr().out
    assert "is missing" in told
    assert ", such as digit-2/" in told
    found = json.loads((tmp_path / "missing.json").read_text())
    assert found["missing"] == pytest.approx(1 / 3, abs=0.05)
    region = found["regions"][0]
    assert region["classes"]["digit-2"] > 0.95 * len(region["rows"])
    assert sum(name.startswith("digit-2/") for name in region["names"]) == region["classes"]["digit-2"]


def noise(count: int, side: int = 8, channels: int = 3, seed: int = 100) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def folder_of(folder: Path, pixels: np.ndarray) -> str:
    folder.mkdir()
    for index, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{index:03d}.png")
    return str(folder)


def array_of(folder: Path, pixels: np.ndarray, name: str = "samples.npy") -> str:
    np.save(folder / name, pixels)
    return str(folder / name)


DATA, SAMPLES = noise(120), noise(240, seed=101)
TANH, UNIT = SAMPLES / 127.5 - 1, SAMPLES / 255
GREY = np.repeat(noise(240, channels=1), 3, axis=3)
LIKE = {
    # name: data, samples, what is said of them
    "folder and folder": (DATA, SAMPLES, ""),
    "bytes, channels first": ("array", SAMPLES.transpose(0, 3, 1, 2), ""),
    "fractions, channels first": (DATA, UNIT.astype("f4").transpose(0, 3, 1, 2), ""),
    "fractions, channels last": (DATA, UNIT.astype("f4"), ""),
    "of tanh": (DATA, TANH.astype("f4").transpose(0, 3, 1, 2), "their values, -1 to 1, are brought to 0 to 1"),
    "bytes as fractions": (DATA, SAMPLES.astype("f4"), "their values, 0 to 255, are brought to 0 to 1"),
    "grey in colour": ("grey", GREY, ""),
    "grey for colour": (DATA, noise(240, channels=1), ""),
}


@pytest.mark.parametrize("name", LIKE)
def test_samples_are_brought_to_the_form_of_the_data(tmp_path: Path, capsys: Captured, name: str) -> None:
    data, samples, said = LIKE[name]
    if isinstance(data, str):
        pixels = DATA if data == "array" else noise(120, channels=1)
        source = array_of(tmp_path, pixels, "data.npy")
    else:
        source = folder_of(tmp_path / "photos", data)
    written = folder_of(tmp_path / "drawn", samples) if name == "folder and folder" else array_of(tmp_path, samples)
    assert main(["missing", source, "--samples", written]) == 0
    told = capsys.readouterr().out
    assert ("are brought to" in told) == bool(said)
    assert said in told
    assert "far from all data" not in told


REFUSED = {
    "another size": (
        noise(9, 10),
        "--samples: images of 10×10 pixels, where the data have 8×8; bring both to one size",
    ),
    "colours for grey": (
        SAMPLES,
        "--samples: images in colour, where the data are in grey; give both the same channels",
    ),
    "another range": (
        noise(9, channels=1).astype("f4") * 100,
        "--samples: their values lie in 0 to 2.55e+04, those of the data in 0 to 1; bring them to one range",
    ),
    "vectors": (
        np.zeros((9, 64), np.uint8),
        "--samples: expected events of shape (1, 8, 8), as the data have, got (64,)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_samples_that_cannot_be_brought_to_it(tmp_path: Path, capsys: Captured, name: str) -> None:
    samples, message = REFUSED[name]
    if name == "another range":
        samples[0, 0, 0, 0], samples[0, 0, 1, 0] = 0, 25_500
    source = folder_of(tmp_path / "photos", noise(120, channels=1)[..., 0])
    assert main(["missing", source, "--samples", array_of(tmp_path, samples)]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_two_sizes_are_brought_to_one(tmp_path: Path, capsys: Captured) -> None:
    source = folder_of(tmp_path / "photos", DATA)
    drawn = folder_of(tmp_path / "drawn", noise(30, 12))
    assert main(["missing", source, "--samples", drawn]) == 2
    assert "folders of images by --resize 8x8" in capsys.readouterr().err
    assert main(["missing", source, "--samples", drawn, "--resize", "8"]) == 0


def test_labels_from_folders(tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", (0, 1), 60)
    words = fit(str(folder), tmp_path / "run", "--rounds", "1", "--labels", "folders")
    assert main(words) == 0
    drawn = np.load(sampled(tmp_path / "run", tmp_path / "one.npy", "-n", "50", "--condition", "digit-1"))
    ones = (read_folder(folder / "digit-1").points * 255).mean(dim=(0, 1)).numpy()
    noughts = (read_folder(folder / "digit-0").points * 255).mean(dim=(0, 1)).numpy()
    assert np.abs(drawn.mean(axis=0) - ones).mean() < 0.3 * np.abs(drawn.mean(axis=0) - noughts).mean()
    assert main(["resume", str(tmp_path / "run"), "--rounds", "2"]) == 0


def test_labels_from_folders_that_are_none(tmp_path: Path, capsys: Captured) -> None:
    folder = photos(tmp_path / "photos", (0,), 60)
    assert main(fit(str(folder), tmp_path / "run", "--labels", "folders")) == 2
    assert "is no folder of images in two folders or more, one per class" in capsys.readouterr().err


def test_options_of_a_folder_are_kept_with_the_run(tmp_path: Path, capsys: Captured) -> None:
    folder = Path(folder_of(tmp_path / "photos", DATA))
    Image.fromarray(noise(1, 12)[0]).save(folder / "large.png")
    (folder / "broken.png").write_bytes(b"no picture")
    words = fit(str(folder), tmp_path / "run", "--rounds", "1")
    assert main(words) == 2
    assert "1 of 122 files are not readable images: broken.png" in capsys.readouterr().err
    assert main([*words, "--skip-unreadable"]) == 2
    assert "--resize 8x8 brings them to one" in capsys.readouterr().err
    assert main([*words, "--skip-unreadable", "--resize", "8"]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["num_points"] == 121
    capsys.readouterr()
    assert main(["missing", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr()
    assert "1 of 122 files are not readable images: broken.png" in printed.err
    assert "missing" in printed.out
