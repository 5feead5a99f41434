"""The run folder: everything that is needed to resume, extend, report on and sample from a run.

``mixture.json`` and ``component-NNN.safetensors`` are the mixture's file (`adagan.mixtures.storage.mixture_folder`), so
that ``Mixture.load(run)`` works; when a stopping rule kept a prefix, that is what it loads, and the other components
are still there for more rounds. Beside them stand ``run.json`` (the rounds' records), per round its data weights and
critic, and a preview of the data for reports; at its end, where held-out data say that refining helps, the refinement
(`Refined.load` reads it). Files of a round are written under new names first and ``run.json`` is replaced last: a kill
at any instant leaves the last complete round. What a round is in the middle of (`adagan.round_checkpoints`) stands
beside them until it is complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.training.checkpoints.kept_trainings import remove_checkpoints
from adagan.components.training.ranks.group import by_rank_zero, is_rank_zero
from adagan.data.training_data import TrainingData
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Refined
from adagan.mixtures.refinement.refinement_files import CRITIC_FILE, REFINEMENT_FILE, write_refinement
from adagan.mixtures.storage.checked_reading import read_json
from adagan.mixtures.storage.components import component_record, write_component
from adagan.mixtures.storage.files import (
    remove_drafts,
    write_json,
    write_tensors,
    write_text,
    written_folder,
)
from adagan.mixtures.storage.held_folder import held_folder
from adagan.mixtures.storage.mixture_folder import MIXTURE_FILE, component_file, mixture_content
from adagan.mixtures.storage.restoring import PROBES, check_restorable
from adagan.refining.trial import RefinementTrial
from adagan.round import Round
from adagan.round_checkpoints import CHECKPOINT, CHECKPOINT_FILES
from adagan.run_lock import LOCK_FILE, run_lock
from adagan.written_run import PREVIEW_FILE, RUN_FILE, RUN_FORMAT_VERSION, WrittenRun

PREVIEW_ROWS = 2_000
OWN_FILES = r"(run|mixture|refinement)\.json|(component|round|checkpoint|refinement)-.*\.safetensors"
"""What the process that runs the rounds writes, and no other."""
OF_THE_END = ("kept", "stopped", "is_refined", "refinement")
"""What is noted at the end of a run, and no longer true when it goes on."""


class RunFolder(WrittenRun):
    """One run's folder.

    Args:
        path: Where it is or is to be.
    """

    @by_rank_zero
    def check_free(self) -> None:
        """Makes sure that a run can be written here.

        Raises:
            FileExistsError: The folder holds a run, or anything else.
        """
        self._check_free()

    def _check_free(self) -> None:
        if (self.path / RUN_FILE).exists():
            raise FileExistsError(
                f"{self.path} holds a run already; resume it (adagan resume {self.path}, or AdaGAN.resume), "
                "or choose another folder"
            )
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise FileExistsError(f"{self.path} exists and is not an empty folder; choose another")

    @by_rank_zero
    def create(
        self,
        data: TrainingData,
        seed: int,
        files: Mapping[str, str] | None = None,
        made_with: Mapping[str, Any] | None = None,
        wanted: int | str = 1,
    ) -> None:
        """Starts a run without rounds, with text files of the caller's beside it; see `recipe_of` for `made_with`.

        Raises:
            FileExistsError: The folder holds a run, or anything else.
        """
        self._check_free()
        points, looked_at = data.points, data.looked_at
        chosen = _spread(len(looked_at.points), PREVIEW_ROWS)
        rows = chosen if looked_at.rows is None else looked_at.rows[chosen]
        with written_folder(self.path, overwrite=False) as draft:
            chosen = chosen.to(points.device)
            preview = {"data": looked_at.points[chosen], "rows": rows, "weights": looked_at.weights[chosen]}
            write_tensors(draft / PREVIEW_FILE, preview)
            content: dict[str, Any] = {
                "format_version": RUN_FORMAT_VERSION,
                "num_points": len(points),
                "event_shape": list(points.shape[1:]),
                **data.fingerprints,
                "seed": seed,
                "made_with": made_with,
                "wanted": wanted,
                "rounds": [],
            }
            if data.class_names:
                content["class_names"] = list(data.class_names)
            if data.encoding is not None:
                content["encoding"] = data.encoding.config()
            if data.names:
                content["names"] = [data.names[row] for row in rows.tolist()]
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
        with ExitStack() as held:
            by_rank_zero(lambda: held.enter_context(run_lock(self.path)))()
            yield

    @by_rank_zero
    def want(self, rounds: int | str) -> None:
        """Notes how many rounds were asked for; a kill does not forget it."""
        content = self.content()
        if content.get("wanted") != rounds:
            write_json(self.path / RUN_FILE, {**content, "wanted": rounds})

    def discard(self, files: Collection[str] = ()) -> None:
        """Removes a run that has no rounds yet; one that has some is left alone.

        What others have put there stays, and the folder with it.

        Args:
            files: Names of the caller's files, as of `create`.
        """
        if not is_rank_zero() or self.content()["rounds"]:
            return
        own = re.compile(rf"{OWN_FILES}|{re.escape(PREVIEW_FILE)}|{LOCK_FILE}")
        names = [path.name for path in self.path.iterdir() if own.fullmatch(path.name) or path.name in files]
        with held_folder(self.path) as held:
            for name in sorted(names, key=RUN_FILE.__eq__):  # what says that there is a run goes last
                if not (self.path / name).is_dir():
                    held.remove(name)
        with suppress(OSError):
            self.path.rmdir()

    def check(self, data: TrainingData, seed: int) -> None:
        """Makes sure that a run is whole, and resumed with what it began with.

        Raises:
            FileNotFoundError: Its preview, which every round reads, is missing.
            ValueError: Other data, weights, labels or seed; a corrupted file.
        """
        content = self.content()
        self.preview()
        if is_rank_zero():
            remove_drafts(self.path, OWN_FILES)
            self._remove_checkpoints(but=len(content["rounds"]) + 1)
        for name, value in {**data.fingerprints, "seed": seed}.items():
            if content[name] != value:
                raise UserError(
                    f"{name}: the run in {self.path} began with {'no' if content[name] is None else 'other'} {name}"
                    + (f" ({content[name]}, got {seed})" if name == "seed" else "")
                    + "; resume it with the same, or start a new run in another folder"
                )

    @by_rank_zero
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
        ratios = critic.component_log_ratios_
        chosen = _spread(len(ratios), len(self.preview()[1])).to(ratios.device)
        content = {"values": data_weights.values, "preview_log_ratios": ratios[chosen]}
        write_tensors(self.round_file(record.index, "weights"), content)
        write_component(self.round_file(record.index, "critic"), critic)
        write_json(self.path / MIXTURE_FILE, mixture_content(mixture.components, mixture.history, mixture.encoding))
        run = {name: value for name, value in self.content().items() if name not in OF_THE_END}
        run["critic"] = component_record(critic)
        run["rounds"] = [*run["rounds"][: record.index - 1], record.to_json()]
        write_json(self.path / RUN_FILE, run)
        self._remove_refinement()
        self._remove_checkpoints()

    @by_rank_zero
    def finish(
        self, kept: int, stopped: str, refined: Refined | None = None, refinement: RefinementTrial | None = None
    ) -> None:
        """Notes at the end of a run what it comes to.

        Args:
            kept: How many components it keeps.
            stopped: Why it stopped early, if it did.
            refined: What samples are drawn from, unless it is the mixture.
            refinement: Why, if that was asked.
        """
        write_json(self.path / MIXTURE_FILE, {**read_json(self.path / MIXTURE_FILE), "kept": kept})
        end: dict[str, Any] = {"kept": kept, "stopped": stopped, "is_refined": refined is not None}
        if refinement is not None:
            end["refinement"] = str(refinement)
        if refined is not None:
            write_refinement(self.path, refined.critic, refined.refinement, refined.pilot)
        write_json(self.path / RUN_FILE, {**self.content(), **end})
        if refined is None:
            self._remove_refinement()
        self._remove_checkpoints()

    def _remove_refinement(self) -> None:
        """Removes that of a mixture which is no longer the run's."""
        with held_folder(self.path) as held:
            for name in (REFINEMENT_FILE, CRITIC_FILE):
                if (self.path / name).is_file():
                    held.remove(name)

    def _remove_checkpoints(self, but: int | None = None) -> None:
        """Removes what was kept in the middle of rounds, but for the round of an index."""
        kept = None if but is None else CHECKPOINT.format(index=but)
        remove_checkpoints(self.path, CHECKPOINT_FILES, lambda name: kept is None or not name.startswith(kept))


def _spread(count: int, most: int) -> Tensor:
    """Numbers of at most so many of the rows, spread evenly over them."""
    return torch.linspace(0, count - 1, min(count, most)).long()
