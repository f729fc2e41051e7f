"""Data sets: what there is by name (`registry`), where it lies (`finder`), and how it is read.

`load`, `hold_out` and `Dataset` are what most people need. `layouts` knows the ways in which sets are
stored, `idx` reads the files, `download` fetches them, `folder` reads a folder of one's own images,
`samples` draws from larger sets. Nothing here imports TensorFlow.
"""

from digitbook.data.dataset import Dataset, hold_out, load
from digitbook.data.idx import sha256

__all__ = ["Dataset", "hold_out", "load", "sha256"]
