"""``adagan resume RUN``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from adagan.reading import read_data, read_weights
from adagan.run_folder import RunFolder
from adagan.verbs.outcome import print_outcome
from adagan.verbs.settings import CONFIG_FILE, choose_device, make_model, parse_settings


def run(arguments: Sequence[str]) -> None:
    """Runs the rounds that a run still lacks."""
    parser = ArgumentParser(
        prog="adagan resume",
        description="Goes on with a run that was interrupted, or adds rounds to a complete one; the result is the "
        "same, bit for bit, as that of an uninterrupted run.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--rounds", type=int | None, help="rounds in all; by default as many as the run was to have")
    parser.add_argument("--data", type=str | None, help="where the data are now, if they have moved")
    parser.add_argument("--device", type=str | None, help="cpu, cuda, cuda:1, mps, or auto; by default the run's")
    options = parser.parse_args(list(arguments))
    RunFolder(options.run).content()
    config = Path(options.run) / CONFIG_FILE
    if not config.is_file():
        raise FileNotFoundError(
            f"{options.run}: there is no {CONFIG_FILE}, so this run was started from Python; resume it there with "
            "AdaGAN(..., folder=...).resume(data)"
        )
    _, settings = parse_settings(["--config", str(config)])
    settings.rounds = options.rounds if options.rounds is not None else settings.rounds
    done = len(RunFolder(options.run).rounds())
    if settings.rounds <= done:
        raise ValueError(f"--rounds: the run in {options.run} has {done} rounds already; ask for more to add some")
    model = make_model(settings, options.run)
    data = read_data(options.data or settings.data, settings.seed).to(choose_device(options.device or settings.device))
    weights = None if settings.weights is None else read_weights(settings.weights)
    print_outcome(model.resume(data, weights), options.run)
