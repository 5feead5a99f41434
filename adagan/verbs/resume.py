"""``adagan resume RUN``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser

HARMLESS = (
    *("accelerator", "accumulate_grad_batches", "benchmark", "detect_anomaly", "deterministic", "devices"),
    *("fast_dev_run", "gradient_clip_algorithm", "gradient_clip_val", "inference_mode", "limit_train_batches"),
    *("log_every_n_steps", "max_epochs", "max_steps", "max_time", "min_epochs", "min_steps", "num_nodes"),
    *("overfit_batches", "precision", "strategy"),
)
"""Arguments of ``lightning.Trainer`` by which nothing is written and nobody's code is called."""


def resume_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "resume",
        "RUN [options]",
        "Goes on with a run that was interrupted, or adds rounds to a complete one; the result is the same, bit for "
        "bit, as that of an uninterrupted run.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--rounds", type=int | str | None, metavar="N", help="rounds in all, or auto; by default as for fit"
    )
    parser.add_argument("--data", type=str | None, metavar="DATA", help="where the data are now, if they have moved")
    parser.add_argument(
        "--checkpoint-minutes",
        type=float | None,
        metavar="M",
        help="keep the training of a round every so many minutes; by default the run's",
    )
    parser.add_argument(
        "--device", type=str | None, metavar="NAME", help="cpu, cuda, cuda:1, mps, or auto; by default the run's"
    )
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    parser.add_argument(
        "--trainer",
        type=dict[str, Any] | None,
        metavar="OPTIONS",
        help="of lightning.Trainer, in the place of the run's; needed where those make Lightning write files",
    )
    return parser


def run(arguments: Sequence[str]) -> None:
    """Runs the rounds that a run still lacks."""
    if any(word.partition("=")[0] == "--columns" for word in arguments):
        raise UserError("--columns: a run keeps the kinds that it began with; leave it out, or start a new run")
    options = resume_parser().parse(arguments)
    from adagan.boosting import MOST_ROUNDS
    from adagan.components.training.ranks.group import is_rank_zero
    from adagan.options.boosting_options import begin_with_samples, make_model
    from adagan.run_folder import RunFolder
    from adagan.terminal.patch_told import tell_patch
    from adagan.terminal.rounds_told import rounds_told
    from adagan.verbs.stored_run import for_component, read_inputs, read_settings

    settings = read_settings(options.run, options.component)
    if options.trainer is None:
        _check_trainer(settings.trainer, options.run)
    for name in ("rounds", "data", "device", "trainer", "checkpoint_minutes"):
        settings[name] = settings[name] if options[name] is None else options[name]
    folder = RunFolder(options.run)
    done, is_finished = len(folder.rounds()), "kept" in folder.content()
    if options.rounds is None:  # those that were asked for last, were it by a resume that was killed
        settings.rounds = folder.content().get("wanted", settings.rounds)
    wanted = MOST_ROUNDS if settings.rounds == "auto" else settings.rounds
    # a run that was killed between its last record and its end has its rounds, and lacks what it keeps of them
    if isinstance(wanted, int) and wanted <= done and (is_finished or (options.rounds is not None and wanted < done)):
        raise UserError(f"--rounds: the run in {options.run} has {done} rounds already; ask for more to add some")
    model = make_model(settings, options.run)
    with rounds_told(model, options.run):
        data = for_component(read_inputs(settings, options.run), model.component, settings)
        begin_with_samples(model, settings, data)
        model.resume(data)
    if model.first is not None and is_rank_zero():
        tell_patch(model, Path(options.run))


def _check_trainer(trainer: Mapping[str, Any], run: str) -> None:
    """Makes sure that a folder alone does not make Lightning write elsewhere: anybody may have written its settings.

    Raises:
        UserError: It would; the option is named.
    """
    writing = [name for name in trainer if name not in HARMLESS]
    if writing:
        raise UserError(
            f"--trainer: the settings in {run} ask Lightning for {', '.join(writing)}, which may write files anywhere; "
            f"if you trust them, pass them: --trainer '{dict(trainer)}'"
        )
