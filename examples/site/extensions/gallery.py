"""The gallery: which examples are run while the site is built, and what they are shown with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx_gallery.scrapers import figure_rst
from sphinx_gallery.utils import scale_image

FOLDER = "generated/gallery"

NOT_RUN = {
    "benchmark_draws": "a benchmark",
    "benchmark_memory": "a benchmark",
    "benchmark_mixture_weights": "a benchmark",
    "benchmark_ratios": "a benchmark",
    "benchmark_rules": "a benchmark",
    "benchmark_sampling": "a benchmark",
    "costs": "a benchmark that takes minutes",
    "digits_codes": "takes a minute",
    "lightning_module": "takes half a minute",
    "sdgym_synthesizer": "takes half a minute",
    "synthesiser": "needs CTGAN",
    "unbalanced_ring": "takes minutes",
    "whats_missing": "takes a minute",
    "when_to_stop": "takes a minute",
}
"""Examples that are shown without being run, and why; those that draw a picture keep it beside them."""


FIRST = ("unbalanced_ring", "your_own_generator", "whats_missing", "when_to_stop", "conditional", "mixed_table")


class Order:
    """The gallery's order: what answers most readers' questions first, benchmarks last."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, filename: str) -> tuple[int, bool, str]:
        name = Path(filename).stem
        return FIRST.index(name) if name in FIRST else len(FIRST), name.startswith("benchmark"), name


def picture(script_vars: Mapping[str, Any]) -> Path:
    """Where an example writes its picture while the site is built."""
    return Path(script_vars["target_file"]).with_suffix(".png")


def arguments(gallery_conf: Mapping[str, Any], script_vars: Mapping[str, Any]) -> list[str]:
    """The command-line arguments of an example."""
    return [str(picture(script_vars))]


def scraper(block: Any, block_vars: Mapping[str, Any], gallery_conf: Mapping[str, Any]) -> str:
    """Takes the picture that an example wrote into its page."""
    written = picture(block_vars)
    if not written.exists():
        return ""
    taken = next(block_vars["image_path_iterator"])
    written.replace(taken)
    return figure_rst([taken], gallery_conf["src_dir"])


def kept_picture(app: Sphinx, docname: str, source: list[str]) -> None:
    """An example that is not run is shown with the picture that is kept beside it, before its code."""
    name = docname.rpartition("/")[2]
    kept = app.srcdir.parent / f"{name}.png"
    if docname.startswith(f"{FOLDER}/") and name in NOT_RUN and kept.exists():
        before, mark, after = source[0].partition(".. code-block::")
        source[0] = f"{before}.. image:: /../{kept.name}\n   :alt: The picture that this example draws\n\n{mark}{after}"


def thumbnails(app: Sphinx) -> None:
    """Kept pictures are thumbnails too."""
    for name in NOT_RUN:
        kept = app.srcdir.parent / f"{name}.png"
        if kept.exists():
            thumbnail = app.srcdir / FOLDER / "images" / "thumb" / f"sphx_glr_{name}_thumb.png"
            scale_image(str(kept), str(thumbnail), 400, 280)


def without_picture(path: Path) -> str:
    """The thumbnail of examples that print and do not draw: lines as of a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(4, 2.8))
    for row in range(5):
        figure.text(0.2, 0.75 - 0.12 * row, "▬▬▬▬   ▬▬   ▬▬", color="#0072B2", alpha=0.25 if row else 0.6, fontsize=14)
    figure.savefig(path)
    return str(path)


def settings(site: Path) -> dict[str, Any]:
    """The configuration of sphinx-gallery."""
    run = sorted(path.stem for path in site.parent.glob("*.py") if path.stem not in NOT_RUN)
    return {
        "examples_dirs": str(site.parent),
        "gallery_dirs": FOLDER,
        "filename_pattern": rf"/({'|'.join(run)})\.py$",
        "ignore_pattern": r"/site/",
        "default_thumb_file": without_picture(site / "generated" / "without_picture.png"),
        "image_scrapers": ("extensions.gallery.scraper",),
        "reset_argv": "extensions.gallery.arguments",
        "remove_config_comments": True,
        "show_memory": False,
        "write_computation_times": False,
        "show_signature": False,
        "min_reported_time": 1,
        "download_all_examples": False,
        "backreferences_dir": "generated/backreferences",
        "doc_module": ("adagan",),
        "inspect_global_variables": False,
        "within_subsection_order": "extensions.gallery.Order",
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Connects what sphinx-gallery does not do by itself."""
    app.connect("source-read", kept_picture)
    app.connect("builder-inited", thumbnails, priority=900)  # after the gallery was made
    return {"parallel_read_safe": True, "parallel_write_safe": True}
