"""``adagan fit DATA``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adagan.mixtures.errors import UserError
from adagan.run_folder import RunFolder
from adagan.verbs.outcome import print_outcome
from adagan.verbs.settings import CONFIG_FILE, make_model, parse_settings
from adagan.verbs.stored_run import read_inputs


def run(arguments: Sequence[str]) -> None:
    """Reads the data, writes an empty run with its settings, and runs the rounds."""
    parser, settings = parse_settings(arguments)
    if settings.data is None:
        raise UserError("fit: expected DATA, a file, a folder or a built-in name; see adagan fit --help")
    if settings.out is None:
        raise UserError("fit: expected --out FOLDER, the run folder to write; see adagan fit --help")
    folder = RunFolder(settings.out)
    folder.check_free()
    model = make_model(settings, settings.out)
    inputs = read_inputs(settings)
    reproducible = settings.clone()
    del reproducible["config"], reproducible["out"]
    for name in ("data", "weights", "labels"):  # so that the run can be resumed from anywhere
        if reproducible[name] is not None and Path(reproducible[name]).exists():
            reproducible[name] = str(Path(reproducible[name]).absolute())
    text = parser.dump(reproducible, skip_validation=True)
    model.start(inputs.data, weights=inputs.weights, labels=inputs.labels, files={CONFIG_FILE: text})
    print_outcome(model.resume(inputs.data, weights=inputs.weights, labels=inputs.labels), settings.out)
