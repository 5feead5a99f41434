"""The run folder: everything that is needed to resume, extend, report on and sample from a run.

``mixture.json`` and ``component-NNN.safetensors`` are the mixture's file (`adagan.mixtures.storage.mixture_folder`), so
that ``Mixture.load(run)`` works; when a stopping rule kept a prefix, that is what it loads, and the other components
are still there for more rounds. Beside them stand ``run.json`` (the rounds' records), per round its data weights and
critic, and a preview of the data for reports. Files of a round are written under new names first and ``run.json`` is
replaced last: a kill at any instant leaves the last complete round.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.data.training_data import TrainingData
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.storage.checked_reading import read_json, read_tensors
from adagan.mixtures.storage.components import component_record, read_component, write_component
from adagan.mixtures.storage.files import (
    remove_drafts,
    write_json,
    write_tensors,
    write_text,
    written_folder,
)
from adagan.mixtures.storage.mixture_folder import MIXTURE_FILE, component_file, mixture_content, read_mixture
from adagan.mixtures.storage.restoring import PROBES, check_restorable
from adagan.round import Round
from adagan.run_checks import check_draws, check_fields, checked_preview, checked_ratios, checked_weights
from adagan.run_lock import run_lock

RUN_FORMAT_VERSION = 2
RUN_FILE = "run.json"
PREVIEW_FILE = "preview.safetensors"
PREVIEW_ROWS = 2_000
OWN_FILES = r"(run|mixture)\.json|(component|round)-.*\.safetensors"
"""What the process that runs the rounds writes, and no other."""


class RunFolder:
    """One run's folder.

    Args:
        path: Where it is or is to be.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def check_free(self) -> None:
        """Makes sure that a run can be written here.

        Raises:
            FileExistsError: The folder holds a run, or anything else.
        """
        if (self.path / RUN_FILE).exists():
            raise FileExistsError(
                f"{self.path} holds a run already; resume it (adagan resume {self.path}, or AdaGAN.resume), "
                "or choose another folder"
            )
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise FileExistsError(f"{self.path} exists and is not an empty folder; choose another")

    def create(
        self,
        data: TrainingData,
        seed: int,
        files: Mapping[str, str] | None = None,
        made_with: Mapping[str, Any] | None = None,
    ) -> None:
        """Starts a run without rounds, with text files of the caller's beside it; see `recipe_of` for `made_with`.

        Raises:
            FileExistsError: The folder holds a run, or anything else.
        """
        self.check_free()
        points = data.points
        rows = torch.linspace(0, len(points) - 1, min(len(points), PREVIEW_ROWS)).long()
        with written_folder(self.path, overwrite=False) as draft:
            chosen = rows.to(points.device)
            preview = {"data": points[chosen], "rows": rows, "weights": data.weights[chosen]}
            write_tensors(draft / PREVIEW_FILE, preview)
            content: dict[str, Any] = {
                "format_version": RUN_FORMAT_VERSION,
                "num_points": len(points),
                "event_shape": list(points.shape[1:]),
                **data.fingerprints,
                "seed": seed,
                "made_with": made_with,
                "rounds": [],
            }
            if data.class_names:
                content["class_names"] = list(data.class_names)
            if data.encoding is not None:
                content["encoding"] = data.encoding.config()
            write_json(draft / RUN_FILE, content)
            for name, text in (files or {}).items():
                write_text(draft / name, text)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other processes from running rounds here during the block, see `run_lock`.

        Raises:
            FileNotFoundError: There is no run.
            UserError: Another process runs rounds here.
        """
        self.content()
        with run_lock(self.path):
            yield

    def discard(self) -> None:
        """Removes a run that has no rounds yet; one that has some is left alone."""
        if not self.content()["rounds"]:
            shutil.rmtree(self.path)

    def content(self) -> dict[str, Any]:
        """``run.json``.

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is corrupted, or of another format.
        """
        if not (self.path / RUN_FILE).is_file():
            raise FileNotFoundError(f"{self.path} holds no run: there is no {RUN_FILE} in it")
        content = read_json(self.path / RUN_FILE, newest=RUN_FORMAT_VERSION)
        if content["format_version"] < RUN_FORMAT_VERSION:
            raise UserError(
                f"{self.path / RUN_FILE} has format version {content['format_version']}, whose records lack what this "
                f"adagan needs (version {RUN_FORMAT_VERSION}); run it again, or load its mixture: "
                f"Mixture.load({str(self.path)!r})"
            )
        check_fields(content, self.path / RUN_FILE)
        return content

    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in their order, where the labels were text."""
        return tuple(map(str, self.content().get("class_names", ())))

    def encoding(self) -> TableEncoding | None:
        """What the points mean, if the run is of a table."""
        stored = self.content().get("encoding")
        return None if stored is None else TableEncoding.from_config(stored)

    def check(self, data: TrainingData, seed: int) -> None:
        """Makes sure that a run is whole, and resumed with what it began with.

        Raises:
            FileNotFoundError: Its preview, which every round reads, is missing.
            ValueError: Other data, weights, labels or seed; a corrupted file.
        """
        content = self.content()
        self.preview()
        remove_drafts(self.path, OWN_FILES)
        for name, value in {**data.fingerprints, "seed": seed}.items():
            if content[name] != value:
                raise UserError(
                    f"{name}: the run in {self.path} began with {'no' if content[name] is None else 'other'} {name}"
                    + (f" ({content[name]}, got {seed})" if name == "seed" else "")
                    + "; resume it with the same, or start a new run in another folder"
                )

    def rounds(self) -> list[Round]:
        """The records of the complete rounds."""
        content = self.content()
        try:
            rounds = [Round.from_json(record) for record in content["rounds"]]
        except TypeError as error:
            raise UserError(
                f"{self.path / RUN_FILE} is damaged: a round's record lacks or exceeds fields ({error})"
            ) from error
        for index, record in enumerate(rounds, start=1):
            counts = {len(record.weights), len(record.prefixes.divergences), len(record.prefixes.errors)}
            if record.index != index or counts != {index}:
                raise UserError(f"{self.path / RUN_FILE} is damaged: the record of round {index} is not that of it")
        return rounds

    def data_weights(self, device: torch.device | str = "cpu") -> list[DataWeights]:
        """The data weights of every complete round."""
        found = []
        for record in self.rounds():
            path = self._round_file(record.index, "weights")
            values = checked_weights(read_tensors(path), path, self.content()["num_points"])
            found.append(DataWeights(values.to(device), record.beta, record.level))
        return found

    def mixture(
        self,
        components: Sequence[Callable[[], Any]] = (),
        device: torch.device | str | None = None,
        *,
        whole: bool = False,
    ) -> Mixture:
        """The mixture that the run kept, or the `whole` one after its last complete round."""
        content = self.content()
        done = len(content["rounds"])
        if done == 0:
            raise UserError(f"{self.path} has no complete round yet; adagan resume {self.path} runs the first")
        stored = read_mixture(self.path, components)
        kept = done if whole else content.get("kept", done)
        if len(stored.components) < done:
            raise UserError(
                f"{self.path / MIXTURE_FILE} has {len(stored.components)} components, {RUN_FILE} beside it {done} "
                "rounds; files of different runs lie in one folder"
            )
        check_draws(stored.components[:done], tuple(content["event_shape"]), self.path)
        restored = Mixture(stored.components, history=stored.history, encoding=stored.encoding)
        return restored[:kept].to(device or "cpu")

    def critic(
        self,
        components: Sequence[Callable[[], Any]] = (),
        device: torch.device | str | None = None,
        *,
        whole: bool = False,
    ) -> RatioEstimator:
        """The sharp critic of the last complete round, weighed for what `mixture` returns."""
        rounds, content = self.rounds(), self.content()
        path = self._round_file(len(rounds), "critic")
        if not rounds or "critic" not in content:
            raise UserError(f"{self.path / RUN_FILE} is damaged: it says nothing of a critic")
        try:
            critic: Any = read_component(path, content["critic"], components)
            kept = len(rounds) if whole else content.get("kept", len(rounds))
            if kept < len(rounds):
                critic.reweigh((*rounds[kept - 1].weights, *[0.0] * (len(rounds) - kept)))
            points = self.preview()[0][:PROBES]
            if critic.log_ratio(points).shape != (len(points),):
                raise UserTypeError("its answers have another shape")
        except OSError:
            raise
        except Exception as error:  # whatever a class does with a state that is not its own
            read_tensors(path)  # a file that is corrupted says so itself
            raise UserError(f"{path} does not fit {RUN_FILE} beside it: {error}") from error
        if isinstance(critic, torch.nn.Module):
            critic.to(device or "cpu")
        found: RatioEstimator = critic
        return found

    def preview(self) -> tuple[Tensor, Tensor]:
        """Up to 2,000 of the data points, spread evenly over the data, and their row numbers."""
        path = self.path / PREVIEW_FILE
        content = self.content()
        data, rows, _ = checked_preview(read_tensors(path), path, content["num_points"], tuple(content["event_shape"]))
        return data, rows

    def preview_log_ratios(self) -> tuple[Tensor, Tensor]:
        """The critic's log dP_k/dP_data at the preview's points after the last complete round, and the points' weights.

        Returns:
            Ratios of shape (n, K), from estimates that did not see the points; weights of shape (n,), not normalised.
        """
        path = self._round_file(len(self.rounds()), "weights")
        preview, content = self.path / PREVIEW_FILE, self.content()
        shape = tuple(content["event_shape"])
        data, _, weights = checked_preview(read_tensors(preview), preview, content["num_points"], shape)
        return checked_ratios(read_tensors(path), path, (len(data), len(content["rounds"]))), weights

    def add(
        self,
        record: Round,
        data_weights: DataWeights,
        mixture: Mixture,
        critic: RatioEstimator,
        components: Sequence[Callable[[], Any]] = (),
    ) -> None:
        """Adds a complete round, if the newcomer and the critic will be the same when they are read.

        Raises:
            ValueError: One would not be; nothing is written, and the rounds before stay.
        """
        points = self.preview()[0][:PROBES].to(critic.component_log_ratios_.device)
        check_restorable(mixture.components[-1], components)
        check_restorable(critic, components, answers=lambda critic: [critic.log_ratio(points)], name="critic")
        write_component(component_file(self.path, record.index - 1), mixture.components[-1])
        rows = self.preview()[1].to(critic.component_log_ratios_.device)
        content = {"values": data_weights.values, "preview_log_ratios": critic.component_log_ratios_[rows]}
        write_tensors(self._round_file(record.index, "weights"), content)
        write_component(self._round_file(record.index, "critic"), critic)
        write_json(self.path / MIXTURE_FILE, mixture_content(mixture.components, mixture.history, mixture.encoding))
        run = {name: value for name, value in self.content().items() if name not in ("kept", "stopped")}
        run["critic"] = component_record(critic)
        run["rounds"] = [*run["rounds"][: record.index - 1], record.to_json()]
        write_json(self.path / RUN_FILE, run)

    def finish(self, kept: int, stopped: str) -> None:
        """Notes at the end of a run how many components it keeps, and why it stopped early, if it did."""
        write_json(self.path / MIXTURE_FILE, {**read_json(self.path / MIXTURE_FILE), "kept": kept})
        write_json(self.path / RUN_FILE, {**self.content(), "kept": kept, "stopped": stopped})

    def _round_file(self, index: int, kind: str) -> Path:
        return self.path / f"round-{index:03d}-{kind}.safetensors"
