"""The run folder: everything that is needed to resume, extend, report on and sample from a run.

``mixture.json`` and ``component-NNN.safetensors`` are the mixture's file (see `adagan.mixtures.storage`), so that
``Mixture.load(run)`` works. Beside them stand ``run.json`` (the rounds' records), per round its data weights and
critic, and a preview of the data for reports. Files of a round are written under new names first and ``run.json`` is
replaced last: a kill at any instant leaves the last complete round.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adagan.components.critic import Critic
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.storage import (
    FORMAT_VERSION,
    MIXTURE_FILE,
    component_record,
    load_mixture,
    read_json,
    read_tensors,
    sync,
    write_component,
    write_json,
    write_tensors,
    written_atomically,
)
from adagan.round import Round

RUN_FILE = "run.json"
PREVIEW_ROWS = 2_000


def fingerprint(tensor: Tensor) -> str:
    """SHA-256 of a tensor's shape, dtype and bytes."""
    content = tensor.detach().cpu().contiguous()
    digest = hashlib.sha256(f"{tuple(content.shape)} {content.dtype}".encode())
    digest.update(content.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


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

    def create(self, data: Tensor, base: Tensor, seed: int, files: Mapping[str, str] | None = None) -> None:
        """Starts a run without rounds, with text files of the caller's beside it.

        Raises:
            FileExistsError: The folder holds a run, or anything else.
        """
        self.check_free()
        rows = torch.linspace(0, len(data) - 1, min(len(data), PREVIEW_ROWS)).long()
        with written_atomically(self.path, overwrite=False) as draft:
            write_tensors(draft / "preview.safetensors", {"data": data[rows.to(data.device)], "rows": rows})
            content = {
                "format_version": FORMAT_VERSION,
                "seed": seed,
                "num_points": len(data),
                "event_shape": list(data.shape[1:]),
                "data": fingerprint(data),
                "weights": fingerprint(base),
                "rounds": [],
            }
            write_json(draft / RUN_FILE, content)
            for name, text in (files or {}).items():
                (draft / name).write_text(text, encoding="utf-8")

    def discard(self) -> None:
        """Removes a run that has no rounds yet; one that has some is left alone."""
        if not self.content()["rounds"]:
            shutil.rmtree(self.path)

    def content(self) -> dict[str, Any]:
        """``run.json``.

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is corrupted, or of a newer format.
        """
        if not (self.path / RUN_FILE).is_file():
            raise FileNotFoundError(f"{self.path} holds no run: there is no {RUN_FILE} in it")
        content = read_json(self.path / RUN_FILE)
        lacking = [name for name in ("seed", "data", "weights", "rounds") if name not in content]
        if lacking:
            raise ValueError(f"{self.path / RUN_FILE} is damaged: it lacks {', '.join(lacking)}")
        return content

    def check(self, data: Tensor, base: Tensor, seed: int) -> None:
        """Makes sure that a run is resumed with what it began with.

        Raises:
            ValueError: Other data, weights or seed.
        """
        content = self.content()
        for name, value in (("data", fingerprint(data)), ("weights", fingerprint(base)), ("seed", seed)):
            if content[name] != value:
                raise ValueError(
                    f"{name}: the run in {self.path} began with other {name}"
                    + (f" ({content[name]}, got {seed})" if name == "seed" else "")
                    + "; resume it with the same, or start a new run in another folder"
                )

    def rounds(self) -> list[Round]:
        """The records of the complete rounds."""
        content = self.content()
        try:
            return [Round.from_json(record) for record in content["rounds"]]
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path / RUN_FILE} is damaged: a round's record lacks or exceeds fields ({error})"
            ) from error

    def data_weights(self, device: torch.device | str = "cpu") -> list[DataWeights]:
        """The data weights of every complete round."""
        found = []
        for record in self.rounds():
            values = read_tensors(self._round_file(record.index, "weights"))["values"].to(device)
            found.append(DataWeights(values, record.beta, record.level))
        return found

    def mixture(
        self,
        components: Sequence[Callable[[], Any]] = (),
        device: torch.device | str | None = None,
    ) -> Mixture:
        """The mixture after the last complete round."""
        done = len(self.content()["rounds"])
        if done == 0:
            raise ValueError(f"{self.path} has no complete round yet; adagan resume {self.path} runs the first")
        return load_mixture(self.path, device=device, components=components)[:done]

    def critic(self, device: torch.device | str | None = None) -> Critic:
        """The sharp critic of the mixture after the last complete round."""
        path = self._round_file(len(self.rounds()), "critic")
        state = read_tensors(path)
        try:
            critic = Critic.from_config(self.content()["critic"])
            critic.load_state_dict(state)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"{path} does not fit {RUN_FILE} beside it: {error}") from error
        return critic.to(device or "cpu").eval()

    def preview(self) -> tuple[Tensor, Tensor]:
        """Up to 2,000 of the data points, spread evenly over the data, and their row numbers."""
        tensors = read_tensors(self.path / "preview.safetensors")
        return tensors["data"], tensors["rows"]

    def add(self, record: Round, data_weights: DataWeights, mixture: Mixture, critic: Critic) -> None:
        """Adds a complete round."""
        newcomer = self.path / f"component-{record.index - 1:03d}.safetensors"
        with self._replacing(newcomer) as draft:
            write_component(draft, mixture.components[-1])
        with self._replacing(self._round_file(record.index, "weights")) as draft:
            write_tensors(draft, {"values": data_weights.values})
        with self._replacing(self._round_file(record.index, "critic")) as draft:
            write_tensors(draft, critic.state_dict())
        records = [component_record(component) for component in mixture.components]
        with self._replacing(self.path / MIXTURE_FILE) as draft:
            history = mixture.history.tolist()
            write_json(draft, {"format_version": FORMAT_VERSION, "history": history, "components": records})
        content = self.content()
        content["critic"] = critic.config()
        content["rounds"] = [*content["rounds"][: record.index - 1], record.to_json()]
        with self._replacing(self.path / RUN_FILE) as draft:
            write_json(draft, content)

    def _round_file(self, index: int, kind: str) -> Path:
        return self.path / f"round-{index:03d}-{kind}.safetensors"

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[Path]:
        """Yields a draft beside the file to write; then it is flushed and takes the name."""
        draft = path.with_name(f".{path.name}.draft")
        try:
            yield draft
            sync(draft)
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        sync(self.path)
