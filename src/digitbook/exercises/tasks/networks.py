"""What a network computes: layers, softmax, the loss and its gradient."""

from __future__ import annotations

import numpy as np

from digitbook.exercises.exercise import Exercise


def _random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def dense(x, weights, biases):
    """Return the output of a dense layer with ReLU: x (N, inputs), weights (inputs, units)."""
    return np.maximum(x @ weights + biases, 0)


DENSE = Exercise(
    "04.4",
    "A dense layer with ReLU, in NumPy",
    dense,
    lambda: [(_random(5, 4), _random(4, 3, seed=1), _random(3, seed=2))],
    (
        (lambda x, w, b: x @ w + b, "negative sums come out as they are; ReLU makes 0 of them."),
        (lambda x, w, b: np.maximum(x @ w, 0), "the biases are missing: each sum has one added to it."),
        (
            lambda x, w, b: np.maximum(x @ w, 0) + b,
            "the biases come after ReLU; they belong to the sums, before it.",
        ),
        (lambda x, w, b: np.abs(x @ w + b), "negative sums change their sign; ReLU makes 0 of them."),
    ),
    (
        "One matrix product does all the weighted sums of all examples at once.",
        "`x @ weights` has a row for each example; the biases are added to each row.",
        "ReLU is `np.maximum(sums, 0)`.",
    ),
)


def softmax(sums):
    """Turn rows of sums (N, classes) into rows of probabilities, however large the sums are."""
    raised = np.exp(sums - sums.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


SOFTMAX = Exercise(
    "04.5",
    "Softmax, for large sums as well",
    softmax,
    lambda: [(_random(4, 3),), (np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1000.0, -1001.0]]),)],
    (
        (
            lambda sums: np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True),
            "it is right for small sums, but exp(1000) is more than a float holds. Take the "
            "largest sum of "
            "each row from its sums first: the quotients stay the same.",
        ),
        (
            lambda sums: np.exp(sums - sums.max()) / np.exp(sums - sums.max()).sum(),
            "all probabilities together add up to 1; those of each row should.",
        ),
        (
            lambda sums: np.exp(sums - sums.max(axis=0)) / np.exp(sums - sums.max(axis=0)).sum(axis=0),
            "the columns add up to 1, not the rows: the classes of one example lie along axis 1.",
        ),
        (
            lambda sums: sums / sums.sum(axis=1, keepdims=True),
            "the sums are divided by their total, without the exponential that makes them positive.",
        ),
    ),
    (
        "Exponentials make the sums positive; dividing by their total makes them add up to 1, "
        "row by row.",
        "`keepdims=True` keeps the total of each row as a column, which divides the row.",
        "Subtract `sums.max(axis=1, keepdims=True)` first, so that no exponential is too large.",
    ),
)


def cross_entropy(probabilities, labels):
    """Return the mean loss: probabilities (N, classes), labels (N,) from 0."""
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def _probabilities() -> np.ndarray:
    return softmax(_random(6, 4))


CROSS_ENTROPY = Exercise(
    "04.6",
    "Cross-entropy",
    cross_entropy,
    lambda: [(_probabilities(), np.array([0, 3, 1, 1, 2, 0]))],
    (
        (
            lambda p, y: -np.log(p[np.arange(len(y)), y]).sum(),
            "it adds up the losses of all examples; the mean is asked for.",
        ),
        (
            lambda p, y: np.log(p[np.arange(len(y)), y]).mean(),
            "the sign is the other one: a loss is large where the probability is small.",
        ),
        (
            lambda p, y: -np.log(p).mean(),
            "it looks at the probabilities of all classes; only that of the true class counts.",
        ),
        (
            lambda p, y: -np.log(p.max(axis=1)).mean(),
            "it takes the largest probability of each row instead of that of the true class.",
        ),
        (
            lambda p, y: 1 - p[np.arange(len(y)), y].mean(),
            "it has no logarithm: a loss of -ln p has no upper limit.",
        ),
    ),
    (
        "Of each row one number counts: the probability of the true class.",
        "`probabilities[np.arange(len(labels)), labels]` picks these.",
        "Then the logarithm, its sign changed, and the mean.",
    ),
)


def gradient(probabilities, labels):
    """Return the slopes of the mean cross-entropy along the sums before softmax, (N, classes)."""
    slopes = probabilities.copy()
    slopes[np.arange(len(labels)), labels] -= 1
    return slopes / len(labels)


def _one_hot(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.eye(p.shape[1])[labels]


GRADIENT = Exercise(
    "04.7",
    "The gradient of cross-entropy after softmax",
    gradient,
    CROSS_ENTROPY.cases,
    (
        (
            lambda p, y: p - _one_hot(p, y),
            "these are the slopes of the sum of the losses; of their mean they are smaller by a "
            "factor, the "
            "number of examples.",
        ),
        (
            lambda p, y: (_one_hot(p, y) - p) / len(y),
            "the sign is the other one: raising the sum of the true class lowers the loss.",
        ),
        (
            lambda p, y: -_one_hot(p, y) / p / len(y),
            "these are the slopes along the probabilities; softmax lies between them and the sums.",
        ),
        (lambda p, y: p / len(y), "the true classes are missing: 1 is to be taken from each one's."),
    ),
    (
        "Through softmax and logarithm nearly everything cancels: what is left is short.",
        "For a class that is not the true one, the slope is its probability.",
        "For the true one it is its probability less 1; divide all by the number of examples.",
    ),
)


def convolve(image, kernel):
    """Slide a kernel over an image (rows, columns) as Keras does, without padding."""
    height, width = kernel.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    answer = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            answer[row, column] = (image[row : row + height, column : column + width] * kernel).sum()
    return answer


CONVOLVE = Exercise(
    "06.4",
    "A convolution",
    convolve,
    lambda: [(_random(6, 7), _random(3, 3, seed=1)), (_random(5, 5), _random(2, 3, seed=1))],
    (
        (
            lambda image, kernel: convolve(image, kernel[::-1, ::-1]),
            "the kernel is turned by half a turn, as mathematicians do; networks lay it on as it is.",
        ),
        (
            lambda image, kernel: convolve(image, kernel) / kernel.size,
            "it takes the mean of the products; the sum is asked for.",
        ),
        (
            lambda image, kernel: convolve(image, kernel)[:-1, :-1],
            "the last row and column are missing: a kernel of 3 has 28 - 3 + 1 = 26 places along "
            "28 pixels.",
        ),
        (
            lambda image, kernel: convolve(
                np.pad(image, [(side // 2, (side - 1) // 2) for side in kernel.shape]), kernel
            ),
            "it pads the image, so that the answer is as large; without padding it is smaller.",
        ),
    ),
    (
        "Each number of the answer is one patch of the image times the kernel, added up.",
        "Two loops over the places do; there are `rows - height + 1` of them down.",
        "The patch at a place is `image[row : row + height, column : column + width]`.",
    ),
)


def max_pool(image):
    """Return the largest of each 2x2 block of an image; an odd row or column at the end is left out."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    blocks = image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return blocks.max(axis=(1, 3))


def _blocks(image: np.ndarray) -> np.ndarray:
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)


MAX_POOL = Exercise(
    "06.5",
    "Max pooling",
    max_pool,
    lambda: [(_random(6, 8),), (_random(7, 5),)],
    (
        (
            lambda image: _blocks(image).mean(axis=(1, 3)),
            "it takes the mean of each block, not the largest.",
        ),
        (
            lambda image: np.lib.stride_tricks.sliding_window_view(image, (2, 2)).max(axis=(2, 3)),
            "the blocks overlap: it moves by one pixel where it should move by two.",
        ),
        (
            lambda image: image[: image.shape[0] // 2 * 2 : 2, : image.shape[1] // 2 * 2 : 2],
            "it takes the pixel at the top left of each block, not the largest.",
        ),
        (
            lambda image: _blocks(np.abs(image)).max(axis=(1, 3)),
            "it looks at sizes without their signs: of -3 and 1, 1 is larger.",
        ),
    ),
    (
        "Cut the image into blocks of two by two, side by side, and keep the largest of each.",
        "`image[0::2, 0::2]` is the top left pixel of every block; three others are found likewise.",
        "Or `reshape(rows, 2, columns, 2)`, and `max` over the axes 1 and 3.",
    ),
)

EXERCISES = (DENSE, SOFTMAX, CROSS_ENTROPY, GRADIENT, CONVOLVE, MAX_POOL)
