"""Recorded experiments: what is run, how it is recorded, and how records are read.

`records` reads and writes them and imports no TensorFlow. `run` makes a single run, `sweep` many, and
each other module is a kind of experiment. `store` keeps trained networks, `scoring` asks them.
"""
