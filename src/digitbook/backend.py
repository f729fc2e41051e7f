"""Keras, imported without the start-up log of its backend.

TensorFlow's C++ side writes lines about the machine's processor to standard error while it is
imported, before its log level applies. They would end up among a chapter's outputs.
"""

import logging
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_nowhere = os.open(os.devnull, os.O_WRONLY)
_stderr = os.dup(2)
os.dup2(_nowhere, 2)
try:
    import keras
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_nowhere)
# Importing TensorFlow sets its Python log level, so this comes after.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras"]
