"""What the folder of a run holds, read and checked: anybody may have written it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Refined
from adagan.mixtures.refinement.refinement_files import REFINEMENT_FILE, read_refinement
from adagan.mixtures.storage.checked_reading import read_json, read_tensors
from adagan.mixtures.storage.components import read_component
from adagan.mixtures.storage.mixture_folder import MIXTURE_FILE, read_mixture
from adagan.mixtures.storage.restoring import PROBES
from adagan.round import Round
from adagan.run_checks import check_draws, check_fields, checked_preview, checked_ratios, checked_weights

RUN_FORMAT_VERSION = 2
RUN_FILE = "run.json"
PREVIEW_FILE = "preview.safetensors"


class WrittenRun:
    """The contract: what is read of a run; `adagan.run_folder.RunFolder` writes it.

    Args:
        path: Its folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

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

    def encoding(self) -> TableEncoding | ImageEncoding | None:
        """What the points mean, if the run is of a table, or of images that came otherwise than as points."""
        stored = self.content().get("encoding")
        if stored is None:
            return None
        return ImageEncoding.from_config(stored) if "layout" in stored else TableEncoding.from_config(stored)

    def names(self) -> tuple[str, ...]:
        """Names of the points of `preview`, such as those of files; empty if they have none."""
        return tuple(map(str, self.content().get("names", ())))

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
            path = self.round_file(record.index, "weights")
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
        path = self.round_file(len(rounds), "critic")
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

    def refined(self, mixture: Mixture, components: Sequence[Callable[[], Any]] = ()) -> Refined | None:
        """The mixture that the run kept as its samples are refined; ``None`` where all draws are kept."""
        if not self.content().get("is_refined", False):
            return None
        critic, refinement, pilot = read_refinement(self.path, components)
        refined = Refined(mixture, critic, refinement, pilot=pilot).to(mixture.device)
        try:
            refined.sample(1, seed=0)
        except Exception as error:  # whatever a class does with a state that is not its own
            raise UserError(f"{self.path / REFINEMENT_FILE} does not fit {RUN_FILE} beside it: {error}") from error
        return refined

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
        path = self.round_file(len(self.rounds()), "weights")
        preview, content = self.path / PREVIEW_FILE, self.content()
        shape = tuple(content["event_shape"])
        data, _, weights = checked_preview(read_tensors(preview), preview, content["num_points"], shape)
        return checked_ratios(read_tensors(path), path, (len(data), len(content["rounds"]))), weights

    def round_file(self, index: int, kind: str) -> Path:
        """Where a round's ``weights`` or ``critic`` are."""
        return self.path / f"round-{index:03d}-{kind}.safetensors"
