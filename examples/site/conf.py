"""The documentation site: ``sphinx-build -W --keep-going -n examples/site build/site``. It needs no network."""

import sys
import warnings
from pathlib import Path

import torch

import adagan

torch.set_num_threads(1)  # more cost more than they bring the examples' small networks
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from extensions import gallery, reference  # noqa: E402

project = "adagan"
author = "The adagan developers"
copyright = author
release = version = adagan.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "extensions.gallery",
    "extensions.reference",
]
root_doc = "index"
exclude_patterns = ["templates", "extensions", "README.md"]
nitpicky = True

html_theme = "furo"
html_title = "adagan"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3

# what the docstrings say in single backticks: a link where something has that name, code otherwise
default_role = "adagan"
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
templates_path = ["templates"]
strip_signature_backslash = True  # or napoleon takes the attribute mixture_ for a link
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Guarantees", "notes_style")]

reference.write(HERE / "generated" / "api")
sphinx_gallery_conf = gallery.settings(HERE)
# what the examples and the imported libraries warn of is no fault of the pages
warnings.filterwarnings("ignore")
