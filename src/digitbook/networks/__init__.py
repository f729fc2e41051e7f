"""Networks and their training with Keras: `models` build them, `recipes` name how each is trained.

`training` fits them or loads what was fitted, `augmentation` varies their images, `evaluation` scores
their answers. `backend` is Keras without its backend's log.
"""
