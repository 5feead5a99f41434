"""Settings in YAML: old spellings, what is gone, mistakes, and the way back."""

import logging
from pathlib import Path

import pytest
import yaml

from adagan.mixtures.errors import UserError
from adagan.options.config_file import read_config, written_config
from adagan.options.run_options import parse_run, run_parser, stored_settings

OLD = Path(__file__).parents[2] / "runs_of_version_0_1"


def settings_file(folder: Path, text: str) -> str:
    path = folder / "settings.yaml"
    path.write_text(text)
    return str(path)


def test_settings_come_back_as_they_were(tmp_path: Path) -> None:
    words = ["ring", "--gan.max-steps", "7", "--warm-start", "true", "--gan.learning-rate", "1e-5"]
    words += ["--rule", "top-k:0.3", "--trainer", "{max_time: 00:00:01:00}", "--gan.techniques", "[packing:2]"]
    parser, settings = parse_run(words)
    text = written_config(parser, settings)
    content = yaml.safe_load(text)
    assert content["warm-start"] is True
    assert content["gan"]["max-steps"] == 7
    assert content["trainer"] == {"max_time": "00:00:01:00"}
    assert "_" not in text.replace("max_time", "")
    assert read_config(parser, settings_file(tmp_path, text)) == settings


@pytest.mark.parametrize("spelled", ["max-steps", "max_steps"])
def test_both_spellings_are_read_and_the_command_line_overrides(spelled: str, tmp_path: Path) -> None:
    config = settings_file(tmp_path, f"data: ring\nrounds: auto\nseed: 3\ngan:\n  {spelled}: 7\n")
    _, settings = parse_run(["--seed", "4", "--config", config])
    assert (settings.data, settings.rounds, settings.seed, settings.gan.max_steps) == ("ring", "auto", 4, 7)
    assert parse_run(["grid", "--config", config])[1].data == "grid"
    assert settings.gan.ema_decay == 0.995


@pytest.mark.parametrize("run", ["gan", "gaussian"])
def test_settings_of_version_0_1_are_read(run: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = stored_settings(str(OLD / run / "config.yaml"))
    assert settings.component.startswith(run)
    assert "warm" not in settings.critic
    assert caplog.records == []


def test_critics_that_were_to_start_warm_are_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "adagan"):
        settings = read_config(run_parser(), settings_file(tmp_path, "critic:\n  warm: true\n  folds: 3\n"))
    assert settings.critic.folds == 3
    assert "critic.warm is gone: every round's critic starts anew" in caplog.text


MISTAKES = {
    "no YAML": ("rounds: [", "settings.yaml is not readable as YAML"),
    "no settings": ("5", "settings.yaml: expected settings such as 'rounds: 5', got '5'"),
    "unknown": ("ronds: 5", "settings.yaml: unknown setting ronds; did you mean rounds?"),
    "unknown of the GAN": ("gan:\n  max_step: 5", "unknown setting gan.max-step; did you mean gan.max-steps?"),
    "another kind": ("gan:\n  max-steps: many", "--gan.max-steps: expected a whole number, got 'many'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_the_file_and_the_setting(name: str, tmp_path: Path) -> None:
    text, message = MISTAKES[name]
    with pytest.raises(UserError) as caught:
        read_config(run_parser(), settings_file(tmp_path, text))
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--config: there is no file"):
        read_config(run_parser(), str(tmp_path / "none.yaml"))
