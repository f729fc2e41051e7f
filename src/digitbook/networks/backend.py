"""Keras, imported without the start-up log of its backend.

TensorFlow's C++ side writes lines about the machine's processor to standard error while it is
imported, before its log level applies. They would end up among a chapter's outputs.
"""

import logging
import os

from digitbook._util.stderr import silenced_stderr

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with silenced_stderr():
    import keras
# Importing TensorFlow sets its Python log level, so this comes after.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras"]
