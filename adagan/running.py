"""A run: rounds until there are enough, from the beginning or from where the folder of a run is."""

from __future__ import annotations

import os
import warnings
from abc import ABC
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

from adagan.boosted import Boosted
from adagan.components.adapters.already_trained import AlreadyTrained
from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.images.layout import Layout
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.checks import keywords_only
from adagan.components.contract import learns_labels
from adagan.components.labels import refuse_labels
from adagan.components.training.progress import announce
from adagan.components.training.ranks.group import is_rank_zero, number_of_ranks
from adagan.data.images_alike import LayoutLike
from adagan.data.training_data import ColumnsLike, DataLike, TrainingData
from adagan.fitting import check_critics, unfitted
from adagan.missing.lookout import Lookout
from adagan.missing.missing_mass import Missing
from adagan.mixtures.arguments import ArrayLike
from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.components import component_record
from adagan.plan import LOOKING, REFINING, Alike, Plan, Repairs
from adagan.recipe import check_recipe, recipe_of
from adagan.rehearsal import rehearse
from adagan.round_checkpoints import RoundCheckpoints
from adagan.run_folder import RunFolder
from adagan.run_ranks import on_ranks
from adagan.second_try import NewcomerFailed
from adagan.stopping import StoppingRule


class BoostingRun(Boosted, ABC):
    """The contract: a boosted model that has a way to run one round, runs them all, and goes on from its folder."""

    rounds: int
    budget: float | None
    first: Any
    newcomer: Callable[[], Any] | None
    stop: StoppingRule
    warm_start: bool
    refine: bool
    folder: str | os.PathLike[str] | None
    checkpoint_minutes: float | None
    trainer_options: Mapping[str, Any]
    seed: int
    progress: bool
    _repairs: bool
    _plan: Plan
    _seen: Missing | None

    @on_ranks
    @keywords_only
    def fit(
        self,
        data: DataLike,
        *,
        weights: ArrayLike | str | None = None,
        labels: ArrayLike | str | None = None,
        columns: ColumnsLike | None = None,
        layout: LayoutLike | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Self:
        """Forgets everything and runs all the rounds.

        Args:
            data: Shape (N, *event), floating point; training runs on its device. A ``Dataset``, ``DataLoader`` or
                ``LightningDataModule`` is read once, in the order of its rows; of pairs (x, y) the y are the
                labels of a component that learns labels. A pandas DataFrame is encoded, and `sample` returns such;
                so are images that are bytes, or have their channels last or none: `sample` returns them as they came.
            weights: The points' own weights, shape (N,), non-negative; ``None`` means uniform. Of a table also the
                name of a column, which is then not learnt.
            labels: Classes from 0 of the points, −1 for unlabelled ones, shape (N,), for components that declare
                ``learns_labels = True``. Of a table also the name of a column.
            columns: Kinds of a table's columns by name, such as ``{"zip": "category"}``, see `TableEncoding`, where a
                look at the values would not do; or the encoding itself.
            layout: Of images, ``"NHW"``, ``"NHWC"`` or ``"NCHW"``, where the shape does not tell; ``"none"`` learns the
                array as it is.
            files: Text files of the caller's to keep in the run's folder, by name.

        Raises:
            ValueError: NaN or infinite data, weights that are negative, all zero or of the wrong length, no classes.
            FileExistsError: The folder holds a run already.
            TypeError: A run folder is wanted, and the component cannot be stored; labels, and it takes none.
            TrainingDiverged: The first component failed, or a critic; the rounds before it stay. A later component
                that fails is trained once more, with another seed; if that fails too, the run ends with the mixture so
                far, and `stopped_` says so.
        """
        folder = None if self.folder is None else RunFolder(self.folder)
        if folder is not None:
            folder.check_free()
        self._data = self._checked(data, weights=weights, labels=labels, columns=columns, layout=layout)
        if folder is not None:
            recipe = recipe_of(self, unfitted(self.component, self.seed))
            folder.create(self._data, self.seed, files, made_with=recipe, wanted=self._wanted())
        self.rounds_, self.data_weights_ = [], []
        for learnt in ("mixture_", "critic_", "_whole", "refined_", "refinement_", "_trial"):
            self.__dict__.pop(learnt, None)
        with nullcontext() if folder is None else folder.alone():
            return self._run(files or {})

    @on_ranks
    @keywords_only
    def resume(
        self, data: DataLike, *, weights: ArrayLike | str | None = None, labels: ArrayLike | str | None = None
    ) -> Self:
        """Goes on with the run in the folder until it has all its rounds; the data must be the same.

        Raises:
            FileNotFoundError: No run in the folder.
            ValueError: Other data, weights, labels or seed than the run's; a corrupted file; another format; another
                process runs rounds in the folder.
        """
        if self.folder is None:
            raise UserError("folder: expected the folder of the run to resume, got None")
        folder = RunFolder(self.folder)
        with folder.alone():
            encoding = folder.encoding()
            columns = encoding if isinstance(encoding, TableEncoding) else None
            layout = encoding if isinstance(encoding, ImageEncoding) else Layout.NONE
            self._data = self._checked(data, weights=weights, labels=labels, columns=columns, layout=layout)
            folder.check(self._data, self.seed)
            folder.want(self._wanted())
            if self._loaded and len(folder.rounds()) < self.rounds:
                check_recipe(self, folder.content().get("made_with"))
            self.rounds_, self.data_weights_ = folder.rounds(), folder.data_weights(self._data.points.device)
            if self.rounds_:
                device, makers = self._data.points.device, self._makers()
                self.mixture_ = self._whole = folder.mixture(components=makers, device=device, whole=True)
                self.critic_ = folder.critic(components=makers, device=device, whole=True)
            return self._run()

    def _wanted(self) -> int | str:
        """The rounds that were asked for: a later `resume` of the command line asks for as many."""
        asked = self.get_params(deep=False)["rounds"]
        return "auto" if asked == "auto" else self.rounds

    def _run(self, files: Collection[str] = ()) -> Self:
        from adagan.terminal.display import rounds_shown

        self._plan, self._seen = self._planned(), None
        self.stopped_ = self._reason_to_stop()
        with rounds_shown(self.rounds, len(self.rounds_), visible=self.progress and is_rank_zero()):
            try:
                while not self.rounds_ or (len(self.rounds_) < self.rounds and not self.stopped_):
                    self.boost()
                    announce("round", len(self.rounds_), self.rounds)
                    self.stopped_ = self._reason_to_stop()
            except NewcomerFailed as failure:
                self.stopped_ = str(failure)
                warnings.warn(f"{failure}; what was there before is kept", stacklevel=3)
            except Exception as error:
                if self.folder is not None and not self.rounds_:
                    # what was trained for minutes before the memory ran out, say, is not lost
                    goes_on = self._checkpoints(1).step is not None and not isinstance(error, UserError)
                    with suppress(OSError):  # the folder may have vanished, and the error says so
                        if not goes_on:
                            RunFolder(self.folder).discard(files)  # the next attempt is not refused for an empty run
                raise
        kept = self.stop.keep(self.rounds_)
        if kept < len(self.rounds_):
            self.mixture_ = self._whole[:kept]
            self.critic_.reweigh(self._whole.history[kept - 1])
        if self.refine:
            self._refine_where_it_helps(self._plan.left_after)
        if self.folder is not None:
            RunFolder(self.folder).finish(kept, self.stopped_, self.refined_, self.refinement_ if self.refine else None)
        return self

    def _planned(self) -> Plan:
        if not self._repairs:
            return Alike(self.component, self.warm_start)
        spent = sum(record.cpu_seconds for record in self.rounds_)
        spent += self._checkpoints(len(self.rounds_) + 1).spent["cpu_seconds"]
        trained = None if self.first is None else partial(AlreadyTrained, self.first)
        kept_back = REFINING if self.refine else 0.0
        return Repairs(self.component, trained, self.newcomer, self.budget, self._data, self.seed, spent, kept_back)

    def _checkpoints(self, index: int) -> RoundCheckpoints:
        """What the round of an index keeps in its middle."""
        folder = None if self.folder is None else Path(self.folder)
        # those of several processes would each have to hold what is random in its own steps
        return RoundCheckpoints(folder, index, self.checkpoint_minutes if number_of_ranks() == 1 else None)

    def _makers(self) -> list[Callable[[], Any]]:
        """What made the components and critics, for those that the package does not know."""
        return [make for make in (self.component, self.newcomer, self.critic) if make is not None]

    def _reason_to_stop(self) -> str:
        if not self.rounds_ or self._plan.goes_on(self.rounds_):
            return ""
        return self.stop.reason(self.rounds_) or self._plan.end(self.rounds_)

    def _checked(
        self,
        data: DataLike,
        *,
        weights: ArrayLike | str | None,
        labels: ArrayLike | str | None,
        columns: ColumnsLike | None,
        layout: LayoutLike | None,
    ) -> TrainingData:
        component = unfitted(self.component, self.seed)
        wanted = learns_labels(component)
        checked = TrainingData.checked(
            data, weights=weights, labels=labels, learns_labels=wanted, columns=columns, layout=layout
        )
        if self.folder is not None:
            component_record(component), component_record(self.critic())  # what cannot be stored is refused in advance
        refuse_labels(component, checked.labels)
        check_critics(self.critic, self.coarse_critic, component, self.rounds, self.seed)
        if self.folder is not None:
            rehearse(component, self.component, checked, self.seed)
        seconds = None if self.budget is None else LOOKING * self.budget
        self._lookout = Lookout(checked, self.coarse_critic, self.seed, seconds)
        return checked
