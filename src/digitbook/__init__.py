"""Handwritten digit recognition with Keras: the library behind the digitbook chapters."""
