"""The recipes that ours are timed against, one module each, written from their published settings.

Each has `train(images, labels, seed, finished)`: it trains on uint8 `images` `(N, 28, 28)` and their
classes, and after each epoch calls `finished` with a function from such images to classes, until
that returns true.
"""

MAX_EPOCHS = 30
"""A peer that has not reached the line after so many epochs is stopped."""
