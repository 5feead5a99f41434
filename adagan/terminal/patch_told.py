"""What repairs a model of the user's, written apart from it."""

from __future__ import annotations

from pathlib import Path

from adagan.boosting import AdaGAN
from adagan.mixtures.mixture import Mixture

PATCH = "patch"


def tell_patch(model: AdaGAN, run: Path) -> None:
    """Writes the newcomers of a run that began with samples as a mixture of their own, and says how to use it.

    Args:
        model: Fitted; its first component stands for the user's model.
        run: Its folder.
    """
    first, *rest = model.mixture_.weights.tolist()
    weight = sum(rest)
    if weight == 0:
        print("No patch: nothing that was trained makes your model clearly better.")  # noqa: T201
        return
    newcomers, shares = list(model.mixture_.components[1:]), [each / weight for each in rest]
    patch = Mixture(newcomers, shares, encoding=model.mixture_.encoding)
    patch.save(run / PATCH, overwrite=True)  # a run that is resumed has an older one
    print(  # noqa: T201
        f"Patch written to {run / PATCH}: take {weight:.1%} of your samples from it and {first:.1%} from your model; "
        f"adagan sample {run} does so with the samples that you gave"
    )
