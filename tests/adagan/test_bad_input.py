"""Bad input from Python and from the command line: one line each, which names the argument, what came and the cure.

Nothing is trained: what is wrong is said before.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import fit, points, two_rounds
from torch.utils.data import DataLoader, Dataset, TensorDataset

from adagan import GAN, AdaGAN, Critic, Mixture, missing_mass
from adagan.command_line import main
from adagan.components import VAE, ClassConditional, Gaussian, Memoriser
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.data.training_data import TrainingData
from adagan.mixtures import Constant, ForwardKL, Star, TopK, budgeted_acceptance, fit_mixture_weights
from adagan.mixtures.errors import UserError
from adagan.mixtures.sampling.streaming import stream_samples

DATA = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
FITTED = Gaussian().fit(DATA)
MIXTURE = Mixture([FITTED])
ROW_NAN = DATA.clone()
ROW_NAN[7, 1] = math.nan
ROW_INF = DATA.clone()
ROW_INF[3, 0] = -math.inf


def model(**options: Any) -> AdaGAN:
    return AdaGAN(Gaussian, rounds=1, **options)


def labelled(labels: Any) -> TrainingData:
    return TrainingData.checked(DATA, labels=labels)


class Failing(Dataset):  # type: ignore[type-arg]
    """Raises at row 5."""

    def __len__(self) -> int:
        return 9

    def __getitem__(self, row: int) -> torch.Tensor:
        if row == 5:
            raise OSError("the disk is gone")
        return DATA[row]


class Lying(Dataset):  # type: ignore[type-arg]
    """Has fewer rows than it says."""

    def __len__(self) -> int:
        return 99

    def __getitem__(self, row: int) -> torch.Tensor:
        return DATA[row]


class Ragged(Dataset):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 4

    def __getitem__(self, row: int) -> torch.Tensor:
        return torch.zeros(row + 1)


class Objects(Dataset):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 4

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        return {"x": DATA[row]}


def lying_loader() -> DataLoader:  # type: ignore[type-arg]
    return DataLoader(Lying(), batch_size=8)


PYTHON: dict[str, tuple[Callable[[], Any], str]] = {
    # the data
    "nan": (
        lambda: model().fit(ROW_NAN),
        "data: 1 values in 1 of 60 rows are NaN or infinite, the first in row 7",
    ),
    "inf": (
        lambda: model().fit(ROW_INF),
        "data: 1 values in 1 of 60 rows are NaN or infinite, the first in row 3",
    ),
    "nan in an array": (lambda: model().fit(ROW_NAN.numpy()), "data: 1 values in 1 of 60 rows are NaN"),
    "one row": (lambda: model().fit(DATA[:1]), "data: .*20 rows or more, got 1"),
    "zero rows": (lambda: model().fit(DATA[:0]), r"data: expected shape \(N, \*event\) with N > 0, got \(0, 2\)"),
    "zero columns": (lambda: model().fit(DATA[:, :0]), r"data: .*got \(60, 0\)"),
    "one dimension": (lambda: model().fit(DATA[:, 0]), r"one number per point has shape \(N, 1\)"),
    "no dimension": (lambda: model().fit(torch.tensor(1.0)), r"data: expected shape \(N, \*event\)"),
    "objects": (lambda: model().fit(np.array([[{}, None]] * 30)), "data: .*object"),
    "text": (lambda: model().fit(np.array([["a", "b"]] * 30)), "data: .*(str|text|<U1)"),
    "dates": (lambda: model().fit(np.zeros((30, 2), "M8[s]")), "data: .*datetime"),
    "ragged lists": (lambda: model().fit([[1.0, 2.0], [3.0]]), "data: "),
    "none": (lambda: model().fit(None), "data: .*None"),
    "a mapping": (lambda: model().fit({"x": DATA}), "data: .*dict"),
    "a path": (lambda: model().fit("data.npy"), "data: .*str"),
    "complex": (lambda: model().fit(DATA.to(torch.complex64)), "data: .*complex64"),
    "a complex array": (lambda: model().fit(DATA.numpy().astype(complex)), "data: .*complex"),
    "sparse": (lambda: model().fit(DATA.to_sparse()), "data: .*sparse.*to_dense"),
    "quantised": (
        lambda: model().fit(torch.quantize_per_tensor(DATA, 0.1, 0, torch.quint8)),
        "data: .*quint8.*dequantize",
    ),
    "meta": (lambda: model().fit(DATA.to("meta")), "data: .*meta"),
    "a loader that lies": (
        lambda: model().fit(lying_loader()),
        "data: item 60 of Lying, which says that it has 99",
    ),
    "a loader that raises": (lambda: model().fit(DataLoader(Failing())), "data: item 5 of Failing.*the disk is gone"),
    "a set that raises": (lambda: model().fit(Failing()), "data: item 5 of Failing.*OSError.*the disk is gone"),
    "a set of ragged rows": (lambda: model().fit(Ragged()), "data: item 1 of Ragged.*all items need one shape"),
    "a set of mappings": (lambda: model().fit(Objects()), "data: item 0 of Objects is a dict"),
    "an empty set": (lambda: model().fit(TensorDataset(DATA[:0])), "data: TensorDataset is empty"),
    # weights and labels
    "weights nan": (lambda: model().fit(DATA, weights=[math.nan] * 60), "weights: weights must be finite; 60 of 60"),
    "weights inf": (lambda: model().fit(DATA, weights=[math.inf] * 60), "weights: weights must be finite; 60 of 60"),
    "weights negative": (lambda: model().fit(DATA, weights=-torch.ones(60)), "weights: .*not be negative; 60 of 60"),
    "weights zero": (lambda: model().fit(DATA, weights=torch.zeros(60)), "weights: all 60 weights are zero"),
    "weights short": (lambda: model().fit(DATA, weights=torch.ones(59)), r"weights: expected 60 weights.*\(59,\)"),
    "weights of two columns": (lambda: model().fit(DATA, weights=torch.ones(60, 2)), r"weights: .*\(60, 2\)"),
    "weights text": (lambda: model().fit(DATA, weights=["a"] * 60), "weights: "),
    "weights complex": (lambda: model().fit(DATA, weights=torch.ones(60) * 1j), "weights: .*complex"),
    "weights by place": (lambda: model().fit(DATA, torch.ones(60)), "fit: only data without a name"),
    "labels short": (lambda: labelled([0, 1]), r"labels: expected 60 labels.*\(2,\)"),
    "labels half": (lambda: labelled([0.5] * 60), "labels: expected classes as whole numbers"),
    "labels nan": (lambda: labelled([math.nan] * 60), "labels: expected classes as whole numbers"),
    "labels below": (lambda: labelled([-2] * 60), "labels: expected classes from 0, and -1 .*got -2"),
    "labels none known": (lambda: labelled([-1] * 60), "labels: every row is unlabelled"),
    "labels of a component": (
        lambda: ClassConditional(Gaussian).fit(DATA, labels=torch.full((60,), 10**9)),
        "labels: .*1000000000.*return_inverse",
    ),
    "labels for nobody": (lambda: model().fit(DATA, labels=[0] * 60), "labels: Gaussian learns nothing from labels"),
    # the model
    "an object": (lambda: AdaGAN(Gaussian()), "component: expected a callable.*pass the class"),  # type: ignore[arg-type]
    "no component": (lambda: AdaGAN(None), "component: expected a callable"),  # type: ignore[arg-type]
    "no rounds": (lambda: AdaGAN(Gaussian, rounds=0), "rounds: expected a whole number of 1 or more.*got 0"),
    "half a round": (lambda: AdaGAN(Gaussian, rounds=1.5), "rounds: .*got 1.5"),  # type: ignore[arg-type]
    "rounds nan": (lambda: AdaGAN(Gaussian, rounds=math.nan), "rounds: .*got nan"),  # type: ignore[arg-type]
    "rounds true": (lambda: AdaGAN(Gaussian, rounds=True), "rounds: .*got True"),
    "rounds text": (lambda: AdaGAN(Gaussian, rounds="many"), "rounds: .*got 'many'"),  # type: ignore[arg-type]
    "seed negative": (lambda: model(seed=-1), "seed: expected 0 or more.*got -1"),
    "seed large": (lambda: model(seed=2**63), "seed: expected 0 or more"),
    "seed half": (lambda: model(seed=0.5), "seed: expected a whole number, got 0.5"),
    "seed true": (lambda: model(seed=True), "seed: expected a whole number, got True"),
    "seed none": (lambda: model(seed=None), "seed: expected a whole number, got None"),
    "a rule by name": (lambda: model(rule="star"), "rule: .*Star"),
    "a rule's class": (lambda: model(rule=Star), "rule: .*the class Star"),
    "a divergence by name": (lambda: model(divergence="kl"), "divergence: "),
    "a critic's object": (lambda: model(critic=Critic()), "critic: expected a callable"),
    "not fitted": (lambda: model().sample(3), r"not fitted yet; call fit\(data\) first"),
    "no folder": (lambda: model().resume(DATA), "folder: expected the folder of the run to resume, got None"),
    # components and critics
    "steps nan": (lambda: GAN(max_steps=math.nan), "max_steps: expected a whole number, got nan"),  # type: ignore[arg-type]
    "steps true": (lambda: GAN(max_steps=True), "max_steps: expected a whole number, got True"),
    "no steps": (lambda: VAE(max_steps=0), "max_steps: expected 1 or more, got 0"),
    "a rate nan": (lambda: GAN(learning_rate=math.nan), "learning_rate: expected a positive number, got nan"),
    "a rate inf": (lambda: GAN(learning_rate=math.inf), "learning_rate: expected a positive number, got inf"),
    "a rate text": (lambda: GAN(learning_rate="1e-3"), "learning_rate: expected a.* number, got '1e-3'"),  # type: ignore[arg-type]
    "few rows": (lambda: GAN(batch_size=100, max_steps=1).fit(DATA), "data: 60 rows are fewer than one minibatch"),
    "integer images": (
        lambda: GAN(max_steps=1).fit(torch.zeros(9, 1, 8, 8, dtype=torch.uint8)),
        "data: .*uint8.*float",
    ),
    "an image that cannot be built": (lambda: GAN(max_steps=1).fit(torch.zeros(99, 1, 7, 5)), "5|7"),
    "folds": (lambda: Critic(folds=1), "folds: expected 2 or more"),
    "many folds": (lambda: Critic(folds=256), "folds: expected 255 or fewer, got 256"),
    "half a fold": (lambda: Critic(folds=2.5), "folds: expected a whole number, got 2.5"),  # type: ignore[arg-type]
    "bandwidth zero": (
        lambda: KernelCritic().fit(torch.zeros(60, 2), Mixture([Memoriser().fit(torch.zeros(60, 2))])),
        "data: all points that a kernel critic looks at are equal.*bandwidth would be 0; give",
    ),
    "alpha": (lambda: KernelCritic(alpha=1.0), r"alpha: expected a number in \[0, 1\), got 1.0"),
    "no centres": (lambda: KernelCritic(num_centres=0), "num_centres: expected 1 or more, got 0"),
    "another shape": (lambda: FITTED.log_prob(DATA[:, :1]), "x: "),
    # mixtures and samples
    "no components": (lambda: Mixture([]), "components: a mixture needs at least one component"),
    "weights of a mixture": (lambda: Mixture([FITTED], [math.nan]), "weights: weights must be finite"),
    "no sample method": (lambda: Mixture([3]), "components: expected objects with a sample method, got int"),
    "samples nan": (lambda: MIXTURE.sample(math.nan), "num_samples: expected a whole number, got nan"),  # type: ignore[call-overload]
    "samples half": (lambda: MIXTURE.sample(2.5), "num_samples: expected a whole number, got 2.5"),  # type: ignore[call-overload]
    "samples true": (lambda: MIXTURE.sample(True), "num_samples: expected a whole number, got True"),
    "samples text": (lambda: MIXTURE.sample("9"), "num_samples: expected a whole number, got '9'"),  # type: ignore[call-overload]
    "samples negative": (lambda: MIXTURE.sample(-1), "num_samples: expected 0 or more, got -1"),
    "samples beyond memory": (lambda: MIXTURE.sample(10**15), "num_samples: .*1000000000000000.*stream_samples"),
    "seed of samples true": (lambda: MIXTURE.sample(3, seed=True), "seed: expected a whole number, got True"),
    "seed of samples nan": (lambda: MIXTURE.sample(3, seed=math.nan), "seed: expected a whole number, got nan"),  # type: ignore[call-overload]
    "seed and generator": (
        lambda: MIXTURE.sample(3, torch.Generator(), seed=0),
        "seed: expected a seed or a generator",
    ),
    "a numpy generator": (lambda: MIXTURE.sample(3, np.random.default_rng(0)), "generator: .*torch.Generator"),  # type: ignore[call-overload]
    "a component that is not there": (lambda: MIXTURE.sample(3, component=1), "component: "),
    "a class of none": (lambda: MIXTURE.sample(3, condition=0), "condition|conditional"),
    "streamed elsewhere": (
        lambda: stream_samples(MIXTURE, 3, "samples.txt"),
        "path: expected a file that ends in .npy",
    ),
    "streamed nan": (lambda: stream_samples(MIXTURE, math.nan, "s.npy"), "num_samples: expected a whole number"),  # type: ignore[arg-type]
    # the mathematics
    "ratios nan": (lambda: Star()([math.nan, 0.0], 0.5), "log_ratio: 1 of 2 values are NaN"),
    "ratios empty": (lambda: Star()([], 0.5), "log_ratio: expected a non-empty array"),
    "ratios complex": (lambda: Star()(torch.ones(3) * 1j, 0.5), "log_ratio: .*complex"),
    "beta nan": (lambda: Star()([0.0, 1.0], math.nan), "beta: expected a number in .*got nan"),
    "beta two": (lambda: Star()([0.0, 1.0], 2.0), "beta: expected a number in .*got 2.0"),
    "share": (lambda: TopK(0.0), r"share: expected a number in \(0, 1\], got 0.0"),
    "a step of text": (lambda: Constant("half"), "expected a number in .*got 'half'"),  # type: ignore[arg-type]
    "acceptance": (lambda: budgeted_acceptance([0.0, 1.0], 0.0), "budget: expected a number in .*got 0.0"),
    "ratios of one dimension": (lambda: fit_mixture_weights([0.0, 1.0], ForwardKL()), r"\(N, K\)"),
    # what is missing
    "missing nan": (lambda: missing_mass(ROW_NAN, DATA), "data: 1 values"),
    "missing in samples": (lambda: missing_mass(DATA, ROW_NAN), "samples: .*NaN"),
    "missing shapes": (lambda: missing_mass(DATA, DATA[:, :1]), r"samples: .*\(1,\)|\(2,\)"),
}


def saved(array: Any) -> Callable[[Path], str]:
    """A file of an array, in a folder."""

    def write(folder: Path) -> str:
        np.save(folder / "bad.npy", array)
        return str(folder / "bad.npy")

    return write


def of(make: Callable[[Path], str], *options: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, run: fit(make(folder), folder / "new", *options)


def fitting(*options: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, run: fit(points(folder, 60), folder / "new", *options)


def said(*words: str) -> Callable[[Path, Path], list[str]]:
    def command(folder: Path, run: Path) -> list[str]:
        threads = ["--threads", str(torch.get_num_threads())] if words[0] == "fit" else []  # as the tests were given
        return [word.replace("RUN", str(run)).replace("DIR", str(folder)) for word in (*words, *threads)]

    return command


def header(shape: str) -> Callable[[Path], str]:
    """A ``.npy`` file whose header declares another shape than the file holds."""

    def write(folder: Path) -> str:
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        (folder / "bad.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
        return str(folder / "bad.npy")

    return write


def bomb(folder: Path) -> str:
    content = Path(header(f"({2**40},)")(folder)).read_bytes() + bytes(2**20)
    with zipfile.ZipFile(folder / "bad.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content)
    packed = bytearray((folder / "bad.npz").read_bytes())
    place = packed.rfind(b"PK\x01\x02")
    packed[place + 24 : place + 28] = (2**32 - 2).to_bytes(4, "little")  # what it says that it unpacks to
    (folder / "bad.npz").write_bytes(packed)
    return str(folder / "bad.npz")


def picture_bomb(folder: Path) -> str:
    """A PNG of a few bytes that declares 60,000 × 60,000 pixels."""
    (folder / "images").mkdir()
    start = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", start), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )
    (folder / "images" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return str(folder / "images")


def postscript(folder: Path) -> str:
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n")
    return str(folder / "images")


def endless(folder: Path) -> str:
    (folder / "bad.csv").write_bytes(b"1,2\n" + b"7" * (2**24 + 1))
    return str(folder / "bad.csv")


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "bad.npy")
    return str(folder / "bad.npy")


def aliases(folder: Path, run: Path) -> list[str]:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in itertools.pairwise("abcdefghijkl")]
    shutil.copytree(run, folder / "run")
    (folder / "run" / "config.yaml").write_text("\n".join(lines))
    return ["sample", str(folder / "run"), "--out", str(folder / "s.npy")]


def damaged(name: str, text: str, *words: str) -> Callable[[Path, Path], list[str]]:
    def command(folder: Path, run: Path) -> list[str]:
        shutil.copytree(run, folder / "run")
        (folder / "run" / name).write_text(text)
        return [word.replace("RUN", str(folder / "run")) for word in words]

    return command


def huge_width(folder: Path, run: Path) -> list[str]:
    shutil.copytree(run, folder / "run")
    content = json.loads((folder / "run" / "run.json").read_text())
    content["critic"]["config"]["width"] = 10**7
    (folder / "run" / "run.json").write_text(json.dumps(content))
    return ["report", str(folder / "run")]


COMMANDS: dict[str, tuple[Callable[[Path, Path], list[str]], str]] = {
    "a file of NaN": (of(saved(ROW_NAN.numpy())), "bad.npy: 1 of 120 values are NaN or infinite .*row 8 column 2"),
    "a file of objects": (of(saved(np.array([{}, None]))), "bad.npy: .*pickled objects, which adagan does not open"),
    "a file of complex numbers": (of(saved(np.ones((60, 2)) * 1j)), "bad.npy: expected real numbers, .*complex128"),
    "a file of one row": (of(saved(np.ones((1, 2)))), "data: .*20 rows or more, got 1"),
    "a file of no rows": (of(saved(np.ones((0, 2)))), r"bad.npy: expected rows of numbers.*\(0, 2\)"),
    "a header of 10^15": (of(header(f"({10**15},)")), "bad.npy: .*declares .*8,000,000,000,000,000 bytes, and 0 are"),
    "a header of 10^40": (of(header(f"({10**20}, {10**20})")), "bad.npy: not a readable .npy array of numbers"),
    "a negative header": (of(header("(-1, 2)")), "bad.npy: .*declares shape"),
    "a header of lists": (of(header("[" * 50 + "]" * 50)), "bad.npy: not a readable .npy array"),
    "an archive that is a bomb": (of(bomb), "bad.npz: .*(bytes on the disk would become|declares|not a readable)"),
    "an image that is a bomb": (
        of(picture_bomb),
        r"a.png \(it declares more than the 16,777,216 pixels of an image; --resize",
    ),
    "postscript for an image": (of(postscript), "1 of 1 files are not readable images: a.png .cannot identify"),
    "a line without end": (of(endless), "bad.csv: line 2 goes on for more than"),
    "a pipe for data": (of(pipe), "bad.npy: no regular file, but a pipe or a device; save"),
    "a name in Unicode": (said("fit", "DIR/größe-数据.npy", "--out", "DIR/new"), "größe-数据.npy: no such file"),
    "a long path": (lambda folder, run: fit(points(folder, 60), folder / ("n" * 300)), "nnn.*: File name too long"),
    "a name for data": (said("fit", "rign", "--out", "DIR/new"), "rign: no such file.*did you mean ring"),
    "the meta device": (fitting("--device", "meta"), "--device: meta is not available here .*holds no values"),
    "no cuda": (fitting("--device", "cuda:99"), "--device: cuda:99 is not available here"),
    "no device": (fitting("--device", "abacus"), "--device: abacus is not available here"),
    "many threads": (fitting("--threads", "100000"), "--threads: expected 1 to 256, got 100000"),
    "no threads": (fitting("--threads", "0"), "--threads: expected 1 to 256, got 0"),
    "threads nan": (fitting("--threads", "nan"), "--threads: expected a whole number, got 'nan'"),
    "no rounds at all": (fitting("--rounds", "0"), "rounds: expected a whole number of 1 or more"),
    "rounds as a number": (fitting("--rounds", "1e3"), "rounds: "),
    "a seed of nan": (fitting("--seed", "nan"), "--seed: expected a whole number, got 'nan'"),
    "a misspelt option": (fitting("--ronds", "3"), "unknown option --ronds; did you mean --rounds?"),
    "an option without its dot": (
        fitting("--gan_max_steps", "3"),
        "unknown option --gan_max_steps; did you mean --gan.max-steps?",
    ),
    "an option of another component": (
        fitting("--component", "vae", "--gan.max-steps", "5"),
        "--gan.max-steps: it is an option of GANs, and --component is vae; leave it out, and vae:1000 sets max-steps",
    ),
    "an objective of no GAN": (fitting("--objective", "hinge"), "--objective: it is an option of GANs"),
    "a trainer of none": (
        said("fit", "ring", "--out", "DIR/new", "--component", "gaussian", "--trainer", "{precision: bf16-true}"),
        "--trainer: neither gaussian nor the critic is trained by Lightning; leave it out",
    ),
    "a warm start of none": (fitting("--warm-start", "true"), "--warm-start: gaussian cannot begin where"),
    "a resolution of nan": (fitting("--resolution", "nan"), "--resolution: expected a number, got 'nan'"),
    "a rule with nan": (fitting("--rule", "top-k:nan"), "--rule top-k:nan: share: expected a number in"),
    "a size of 10^400": (fitting("--component", f"gaussian-mixture:{10**400}"), "GaussianMixture refuses the data"),
    "samples of nan": (said("sample", "RUN", "-n", "nan"), "expected a whole number, got 'nan'"),
    "no samples": (said("sample", "RUN", "-n", "0"), "--num-samples: expected 1 or more, got 0"),
    "refined by nan": (said("sample", "RUN", "--refine", "nan"), "--refine: expected a number or auto, got 'nan'"),
    "a round that is not there": (said("sample", "RUN", "--round", "3"), "--round: expected 1 to 2"),
    "a class of no classes": (said("sample", "RUN", "--condition", "0", "--out", "DIR/s.npy"), "condition"),
    "samples on meta": (said("sample", "RUN", "--device", "meta"), "--device: meta is not available here"),
    "a threshold of nan": (said("missing", "RUN", "--threshold", "nan"), "--threshold: expected a number, got 'nan'"),
    "a report of no samples": (said("report", "RUN", "--num-samples", "0"), "--num-samples: expected 1 or more"),
    "a budget of nan": (said("study", "ring", "--budget", "nan"), "--budget: expected a number, got 'nan'"),
    "no run": (said("sample", "DIR/nowhere"), "nowhere holds no run"),
    "references without end": (aliases, "config.yaml is not readable as YAML: more than 12 levels, or 12 references"),
    "settings without end": (
        damaged("config.yaml", "a: b\n" * 20_000, "resume", "RUN", "--rounds", "9"),
        "config.yaml is larger than the 65,536 bytes",
    ),
    "settings that make Lightning write": (
        damaged("config.yaml", "trainer: {default_root_dir: /tmp, logger: true}\n", "resume", "RUN", "--rounds", "9"),
        "--trainer: the settings in .* ask Lightning for default_root_dir, logger, which may write files anywhere; if",
    ),
    "a number for a name": (damaged("config.yaml", "rule: 5\n", "sample", "RUN"), "config.yaml: rule: expected a name"),
    "settings without bottom": (damaged("config.yaml", "[" * 5_000, "sample", "RUN"), "config.yaml is not readable"),
    "records without bottom": (
        damaged("run.json", '{"format_version": 2, "rounds": ' + "[" * 1_000 + "]" * 1_000 + "}", "sample", "RUN"),
        "run.json is corrupted.* nested",
    ),
    "records far below": (damaged("run.json", "[" * 10**6, "sample", "RUN"), "run.json is corrupted or truncated"),
    "a number of digits": (
        damaged("run.json", '{"format_version": ' + "9" * 10_000 + "}", "sample", "RUN"),
        "run.json is corrupted or truncated",
    ),
    "weights that declare more": (
        damaged("component-000.safetensors", "\x0f\0\0\0\0\0\0\0" + '{"mean_":{"a":1}}', "sample", "RUN"),
        "component-000.safetensors is corrupted, truncated",
    ),
    "a critic as wide as the world": (huge_width, "settings ask for networks that are far larger"),
}


def check_line(text: str, pattern: str) -> None:
    assert re.search(pattern, text), text
    assert len(text) < 1_200, text


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_rounds(tmp_path_factory.mktemp("runs"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", [*PYTHON, *COMMANDS])
def test_one_line(name: str, tmp_path: Path, original: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if name in PYTHON:
        action, pattern = PYTHON[name]
        with pytest.raises(UserError if name not in BUGS_OF_USE else RuntimeError) as caught:
            action()
        check_line(str(caught.value), pattern)
        return
    command, pattern = COMMANDS[name]
    words = command(tmp_path, original)
    before = sorted(tmp_path.rglob("*"))
    status = main(words)
    lines = [line for line in capsys.readouterr().err.splitlines() if "note:" not in line]
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith("adagan: ")
    check_line(lines[0], pattern)
    assert sorted(tmp_path.rglob("*")) == before


BUGS_OF_USE = ("not fitted",)
"""Calls in the wrong order are no bad input, and no `UserError`."""

PLAIN = np.arange(24, dtype=np.float32).reshape(12, 2)


def test_a_memory_map_that_is_read_only_is_taken(tmp_path: Path) -> None:
    np.save(tmp_path / "größe 数据.npy", PLAIN)
    assert np.array_equal(TrainingData.checked(np.load(tmp_path / "größe 数据.npy", mmap_mode="r")).points, PLAIN)
