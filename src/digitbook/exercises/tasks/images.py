"""What is done to images before and after: standardising, centring, noise."""

from __future__ import annotations

import numpy as np

from digitbook.exercises.exercise import Exercise


def standardise(images):
    """Give uint8 images (N, rows, columns) mean 0 and standard deviation 1, taken over all of them."""
    values = images / 255
    return (values - values.mean()) / values.std()


def _images() -> np.ndarray:
    random = np.random.default_rng(0)
    strokes = random.integers(0, 256, (4, 6, 5)) * (random.random((4, 6, 5)) < 0.4)
    return strokes.astype("uint8")


STANDARDISE = Exercise(
    "03.4",
    "Standardising",
    standardise,
    lambda: [(_images(),)],
    (
        (lambda images: images / 255, "these are fractions from 0 to 1; their mean is not 0 yet."),
        (
            lambda images: (
                (images - images.mean(axis=(1, 2), keepdims=True))
                / images.std(axis=(1, 2), keepdims=True)
            ),
            "each image has its own mean and deviation, so that faint ink becomes as strong as "
            "black; take "
            "them over all images.",
        ),
        (
            lambda images: (images - images.mean(axis=0)) / (images.std(axis=0) + 1e-9),
            "each pixel has its own mean and deviation; take them over all pixels of all images.",
        ),
        (
            lambda images: (images / 255 - (images / 255).mean()) / (images / 255).var(),
            "it divides by the variance; the standard deviation is its root.",
        ),
        (
            lambda images: (images - images.mean().astype("uint8")) / images.std(),
            "uint8 has no negative numbers, so that 0 - 1 is 255: make floats before you subtract.",
        ),
    ),
    (
        "Subtract the mean, then divide by the standard deviation.",
        "Both are single numbers, over all pixels of all images: `values.mean()`.",
        "Divide by 255 first: that makes floats of bytes.",
    ),
)


def centre(image):
    """Move the ink of a 28x28 image by whole pixels so that its centre of mass is nearest to (14, 14).

    No ink reaches the edge on the way.
    """
    mass = image.astype(float)
    rows, columns = np.indices(image.shape)
    down = round(14 - (mass * rows).sum() / mass.sum())
    right = round(14 - (mass * columns).sum() / mass.sum())
    return np.roll(image, (down, right), axis=(0, 1))


def _drawing(top: int, left: int) -> np.ndarray:
    image = np.zeros((28, 28), "uint8")
    image[top : top + 8, left : left + 3] = 60
    image[top : top + 2, left : left + 9] = 255
    return image


def _moved(image: np.ndarray, row: float, column: float, way: int = 1) -> np.ndarray:
    return np.roll(image, (way * round(14 - row), way * round(14 - column)), axis=(0, 1))


def _mean_place(image: np.ndarray) -> tuple[float, float]:
    weights = image / image.sum()
    return float(weights.sum(axis=1) @ np.arange(28)), float(weights.sum(axis=0) @ np.arange(28))


CENTRE = Exercise(
    "10.4",
    "Centring a digit as `prepare_drawing` does",
    centre,
    lambda: [(_drawing(5, 9),), (_drawing(12, 4),)],
    (
        (
            lambda image: _moved(
                image, *((place.min() + place.max()) / 2 for place in np.nonzero(image))
            ),
            "the middle of the ink's box is at (14, 14), not its centre of mass, where dark "
            "pixels weigh more.",
        ),
        (
            lambda image: _moved(image, *_mean_place(image), way=-1),
            "it moves the other way: away from the centre.",
        ),
        (
            lambda image: _moved(image, *_mean_place(image)[::-1]),
            "rows and columns are exchanged: the first axis counts rows.",
        ),
        (
            lambda image: _moved(image, *(place.mean() for place in np.nonzero(image))),
            "every pixel with ink weighs the same; a pixel of 255 should weigh more than one of 200.",
        ),
    ),
    (
        "The centre of mass is the mean place of the ink, each pixel weighed by its grey level.",
        "`rows, columns = np.indices(image.shape)`; then `(image * rows).sum() / "
        "image.sum()`, in floats.",
        "`np.roll(image, (down, right), axis=(0, 1))` moves the pixels.",
    ),
)


def add_noise(images, noise):
    """Add noise, floats of the same shape, to uint8 images; round, and return uint8 from 0 to 255."""
    return np.clip(np.round(images + noise), 0, 255).astype("uint8")


NOISE = Exercise(
    "12.4",
    "Noise that stays within grey levels",
    add_noise,
    lambda: [(_images(), np.random.default_rng(1).normal(0, 60, (4, 6, 5)))],
    (
        (
            lambda images, noise: np.round(images + noise).astype("int64").astype("uint8"),
            "grey levels below 0 and above 255 come round at the other end, black as white: clip "
            "them first.",
        ),
        (
            lambda images, noise: np.round(images + noise),
            "there are levels below 0 and above 255, which no image holds: clip them.",
        ),
        (
            lambda images, noise: np.clip(images + noise, 0, 255).astype("uint8"),
            "`astype` cuts the fraction off, so that 7.9 becomes 7 and images grow darker; round "
            "first.",
        ),
        (
            lambda images, noise: np.where(images > 0, add_noise(images, noise), images),
            "only the ink is noisy; a camera's noise is on the paper, too.",
        ),
    ),
    (
        "Adding floats to bytes gives floats: there nothing is lost yet.",
        "Then round, and keep within 0 and 255.",
        "`np.clip` keeps within limits, `np.round` rounds, `astype` comes last.",
    ),
)

EXERCISES = (STANDARDISE, CENTRE, NOISE)
