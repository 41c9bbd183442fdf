"""Configuration of the documentation: `sphinx-build -W --keep-going docs docs/_build/html`.

The build reads this machine only: it downloads nothing, and the notebooks run in the sandbox or
from recordings.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

import enrich_pandas as ep  # noqa: E402 - after the path of the extensions

NOTEBOOKS = [f"gallery/{path.stem}" for path in (HERE.parent / "notebooks").glob("*.ipynb")]

project = "enrich_pandas"
author = "The enrich_pandas maintainers"
project_copyright = author
release = version = ep.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "fields",
    "gallery",
    "repository",
]
exclude_patterns = ["_build", "_ext", "_templates"]
templates_path = ["_templates"]

# Markdown
myst_enable_extensions = ["colon_fence", "attrs_block"]
myst_heading_anchors = 3

# Notebooks: the extension `gallery` executes them in their own folder; myst-nb renders the result.
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # widgets are removed: nothing comes from a CDN

# API reference
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc shows the types of the docstring
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # autodoc lists the methods that have a docstring
numpydoc_xref_param_type = False
default_role = "py:obj"
suppress_warnings = ["ref.python"]  # `version` in a docstring is an attribute of several classes
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries = False

# Pages
html_theme = "pydata_sphinx_theme"
html_title = "enrich_pandas"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {
    page: []
    for page in (
        *("changelog", "fields", "getting_started", "index", "providers"),
        *("security", "statuses", "write_a_provider"),
    )
}
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        **{page: [] for page in ("fields", "index", *NOTEBOOKS)},
    },
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
