"""What is published of a recorded network: `card` its file and model card, `export` the network for
those who have no Keras.
"""
