"""Exported networks on a light runtime: `network` asks one, `predict` reads files with it.

Nothing here imports TensorFlow or Keras.
"""
