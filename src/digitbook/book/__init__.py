"""The book itself: what chapters use (`Chapter` in `chapter`, `plots`), and what builds the site.

`build` runs what changed, by `dependencies`; `execute` runs a chapter and `render` makes the site, with
`sphinx_ext` for what Jupyter Book lacks, `web_assets` from npm, and the `explorer` of mistakes.
"""
