"""From a photo, a scan or a drawing to the 28×28 pixels that a network takes.

`read` opens files, `photo` finds the ink on paper, `prepare` makes of it what MNIST's authors made of
theirs; `corruptions` spoil images in graded strengths, `handwriting` draws digits by many hands, and
`strangers` what is no digit.
Nothing here imports TensorFlow.
"""
