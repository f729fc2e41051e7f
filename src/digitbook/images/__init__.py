"""From a photo, a scan or a drawing to the 28×28 pixels that a network takes.

`read` opens files, `photo` finds the ink on paper, `prepare` makes of it what MNIST's authors made of
theirs; `corruptions` spoil images in graded strengths, and `handwriting` draws digits by many hands.
Nothing here imports TensorFlow.
"""
