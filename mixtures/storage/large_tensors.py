"""Safetensors files of tensors larger than memory, written in parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from adagan.mixtures.large_arrays import fits, parts


def are_large(tensors: Mapping[str, Tensor]) -> bool:
    """Whether one of them is passed over in parts."""
    return not all(value.ndim == 0 or fits(value) for value in tensors.values())


def safetensors_in_parts(tensors: Mapping[str, Tensor]) -> Iterator[bytes]:
    """The content of a safetensors file: the header's length, the header, the tensors one after another.

    References:
        https://huggingface.co/docs/safetensors/index (the format)
    """
    from safetensors.torch import save

    header, end = {}, 0
    for name, value in sorted(tensors.items(), key=lambda pair: (-pair[1].element_size(), pair[0])):  # all are aligned
        empty = save({name: torch.empty(0, dtype=value.dtype)})
        kind = json.loads(empty[8 : 8 + int.from_bytes(empty[:8], "little")])[name]["dtype"]
        begin, end = end, end + value.numel() * value.element_size()
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for name in header:
        value = tensors[name].detach()
        for (part,) in parts(value if value.ndim else value[None]):
            yield part.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
