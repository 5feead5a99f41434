"""What a row keeps of the samples that it scores, so that a page can show them: a few, in half precision, as text."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST, MOST_IMAGES = 500, 16


def sketched(samples: Tensor) -> dict[str, Any]:
    """The first of the samples, shape (N, *event): `MOST`, or `MOST_IMAGES` images; JSON can hold it."""
    few = samples[: MOST_IMAGES if samples.ndim == 4 else MOST]
    limit = float(torch.finfo(torch.float16).max)
    halves = few.float().nan_to_num().clamp(-limit, limit).half().cpu().numpy()
    return {"shape": list(halves.shape), "float16": base64.b64encode(halves.astype("<f2").tobytes()).decode("ascii")}


def restored(sketch: Mapping[str, Any]) -> Tensor:
    """The samples of a sketch, shape (N, *event), float32."""
    halves = np.frombuffer(base64.b64decode(sketch["float16"]), dtype="<f2")
    return torch.from_numpy(halves.astype(np.float32).reshape(sketch["shape"]))
