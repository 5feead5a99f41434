"""``adagan fit DATA``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adagan.reading import read_data, read_weights
from adagan.run_folder import RunFolder
from adagan.verbs.outcome import print_outcome
from adagan.verbs.settings import CONFIG_FILE, choose_device, make_model, parse_settings


def run(arguments: Sequence[str]) -> None:
    """Reads the data, writes an empty run with its settings, and runs the rounds."""
    parser, settings = parse_settings(arguments)
    if settings.data is None:
        raise ValueError("fit: expected DATA, a file, a folder or a built-in name; see adagan fit --help")
    if settings.out is None:
        raise ValueError("fit: expected --out FOLDER, the run folder to write; see adagan fit --help")
    folder = RunFolder(settings.out)
    folder.check_free()
    model = make_model(settings, settings.out)
    device = choose_device(settings.device)
    data = read_data(settings.data, settings.seed).to(device)
    weights = None if settings.weights is None else read_weights(settings.weights)
    reproducible = settings.clone()
    del reproducible["config"], reproducible["out"]
    for name in ("data", "weights"):  # so that the run can be resumed from anywhere
        if reproducible[name] is not None and Path(reproducible[name]).exists():
            reproducible[name] = str(Path(reproducible[name]).absolute())
    text = parser.dump(reproducible, skip_validation=True)
    model.start(data, weights, files={CONFIG_FILE: text})
    print_outcome(model.resume(data, weights), settings.out)
