"""``adagan fit DATA``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adagan.components.training.ranks.group import is_rank_zero
from adagan.mixtures.errors import UserError
from adagan.options.boosting_options import begin_with_samples, make_model
from adagan.options.config_file import CONFIG_FILE, written_config
from adagan.options.run_options import parse_run
from adagan.run_folder import RunFolder
from adagan.terminal.patch_told import tell_patch
from adagan.terminal.rounds_told import rounds_told
from adagan.verbs.stored_run import for_component, read_inputs


def run(arguments: Sequence[str]) -> None:
    """Reads the data, writes an empty run with its settings, and runs the rounds."""
    parser, settings = parse_run(arguments)
    if settings.data is None:
        raise UserError("fit: expected DATA, a file, a folder or a built-in name; see adagan fit --help")
    if settings.out is None:
        raise UserError("fit: expected --out RUN, the folder to write; see adagan fit --help")
    RunFolder(settings.out).check_free()
    model = make_model(settings, settings.out)
    data = for_component(read_inputs(settings), model.component, settings)
    begin_with_samples(model, settings, data)
    reproducible = settings.clone()
    del reproducible["config"], reproducible["out"]
    for name in ("data", "weights", "labels", "first_samples"):  # so that the run can be resumed from anywhere
        if reproducible[name] is not None and Path(reproducible[name]).exists():
            reproducible[name] = str(Path(reproducible[name]).absolute())
    with rounds_told(model, settings.out):
        model.fit(data, files={CONFIG_FILE: written_config(parser, reproducible)})
    if model.first is not None and is_rank_zero():
        tell_patch(model, Path(settings.out))
