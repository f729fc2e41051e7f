"""Figures of the book: one style, and a text alternative with every picture."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as MatplotlibFigure

from digitbook.book import fonts

PAPER, INK, MUTED = "#fdfcf9", "#22313f", "#667380"
BLUE, ORANGE, GREEN, PURPLE = "#2f6690", "#d1603d", "#4c8055", "#7b5a94"
TILE = "#f1ede3"
PIXELS = LinearSegmentedColormap.from_list("digitbook", [TILE, "#16212b"])
"""From empty paper to full ink, a shade darker than the page so that an image's edges show."""
SEQUENTIAL = sns.light_palette(BLUE, as_cmap=True)
WIDTH = 7.2
"""A figure's width in inches: the text column of the site."""


def set_style() -> None:
    """Make every figure drawn from now on look like the book's, in notebooks of your own too."""
    colormaps.register(PIXELS, force=True)
    sns.set_theme(
        context="notebook",
        style="ticks",
        palette=[BLUE, ORANGE, GREEN, PURPLE, "#b8860b", "#8c564b", MUTED, "#17828c"],
        font=fonts.OWN,
        rc={
            "figure.facecolor": PAPER,
            "axes.facecolor": PAPER,
            "savefig.facecolor": PAPER,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "axes.labelsize": 10,
            "axes.titlesize": 10.5,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "legend.fontsize": 9,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "lines.linewidth": 2,
            "image.cmap": PIXELS.name,
        },
    )


def legible(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return what figures begun from now on can call the classes: their names, if there are fonts.

    Fonts for scripts that Matplotlib's own font lacks are added to the style, so call this before
    `subplots`: axes keep the fonts that they were made with. Where there are none, a `UserWarning` says
    so and the classes are called by their numbers, `"0"`, `"1"`, ….
    """
    text = "".join(class_names)
    families: tuple[str, ...] = (fonts.OWN,)
    if fonts.lacking(text, families):
        families += fonts.others()
        mpl.rcParams["font.family"] = families
    if missing := fonts.lacking(text, families):
        warnings.warn(
            f"Figures call the classes by their numbers, since no font here has {missing}. "
            "`digitbook build` fetches fonts for several scripts, if npm can be reached.",
            stacklevel=2,
        )
        return tuple(str(number) for number in range(len(class_names)))
    return tuple(class_names)


class Figure(MatplotlibFigure):
    """A Matplotlib figure that shows itself in a notebook, with a text alternative once it has one."""

    alt = ""

    def describe(self, alt: str) -> Figure:
        """Say what the figure shows and what to conclude, for readers who cannot see it."""
        self.alt = " ".join(alt.split())
        return self

    def _repr_mimebundle_(self, **_: object) -> tuple[dict, dict]:
        buffer = io.BytesIO()
        # Without Matplotlib's version in the file, equal figures are equal bytes.
        self.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
        shown = {"image/png": buffer.getvalue(), "text/plain": f"<Figure: {self.alt or 'a figure'}>"}
        return shown, {"image/png": {"alt": self.alt}} if self.alt else {}


def subplots(rows: int = 1, columns: int = 1, height: float = 3.2, **kwargs) -> tuple:
    """Return a `Figure` as wide as the text and its axes, as `matplotlib.pyplot.subplots` does.

    `height` is in inches and counts for the whole figure; further arguments go to
    `matplotlib.figure.Figure.subplots`.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **kwargs)


def show_image(axes: Axes, image: np.ndarray, title: str = "", **kwargs) -> None:
    """Draw one image `(height, width)` without ticks; uint8 runs from paper (0) to ink (255)."""
    if image.dtype == "uint8":
        kwargs = {"vmin": 0, "vmax": 255, **kwargs}
    axes.imshow(image, **kwargs)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9, fontweight="normal", loc="center", pad=3)
    axes.spines[:].set_visible(False)


def percent(share: float, places: int = 0) -> str:
    """Write a network's probability as a percentage; what would round to 100% becomes `>99%`."""
    text = f"{share:.{places}%}"
    return f">{1 - 0.1 ** (places + 2):.{places}%}" if text == f"{1:.{places}%}" else text


def digits(images: np.ndarray, titles: Sequence[str] = (), columns: int = 10) -> Figure:
    """Draw images `(N, 28, 28)` in rows of `columns`, each under its title if titles are given."""
    rows = max(1, -(-len(images) // columns))
    height = WIDTH / columns * rows * (1.25 if len(titles) else 1.05)
    figure, axes = subplots(rows, columns, height=height, squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, image, title in zip(axes.flat, images, titles or [""] * len(images), strict=False):
        show_image(place, image, title)
    return figure


def learning_curves(histories: dict[str, dict[str, list[float]]], metric: str = "accuracy") -> Figure:
    """Draw `metric` (`accuracy` or `loss`) by epoch: training dashed, validation solid."""
    figure, axes = subplots()
    for colour, (name, history) in zip(sns.color_palette(), histories.items(), strict=False):
        epochs = np.arange(1, len(history[metric]) + 1)
        axes.plot(epochs, history[metric], "--", color=colour, label=f"{name}, training")
        axes.plot(epochs, history[f"val_{metric}"], color=colour, label=f"{name}, validation")
    axes.set(xlabel="epoch", ylabel=metric)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    return figure


def confusion_matrix(counts: pd.DataFrame) -> Figure:
    """Draw a confusion matrix, counts or shares, with its mistakes coloured and its zeros blank."""
    names = legible(counts.index)
    figure, axes = subplots(height=5.4)
    wrong = counts.where(~np.eye(len(counts), dtype=bool), 0).set_axis(names).set_axis(names, axis=1)
    shares = counts.to_numpy().dtype.kind == "f"
    labels = counts.map(lambda value: (f"{value:.1%}" if shares else f"{value:,}") if value else "")
    sns.heatmap(
        wrong,
        annot=labels,
        fmt="",
        cmap=SEQUENTIAL,
        cbar=False,
        square=True,
        linewidths=1,
        linecolor=PAPER,
        annot_kws={"fontsize": 8},
        ax=axes,
    )
    # Seaborn's own rule puts white on middling blues, which is hard to read.
    dark = (wrong > 0.65 * wrong.to_numpy().max()).to_numpy().ravel()
    for text, on_dark in zip(axes.texts, dark, strict=True):
        text.set_color(PAPER if on_dark else INK)
    axes.set(xlabel="predicted", ylabel="true")
    axes.tick_params(length=0, labelrotation=0)
    return figure


def answers(
    images: np.ndarray,
    probabilities: np.ndarray,
    y: np.ndarray,
    class_names: Sequence[str],
    columns: int = 5,
) -> Figure:
    """Draw images over bars of their classes' probabilities; blue answers are right, orange wrong."""
    names = legible(class_names)
    between = ", " if max(map(len, names)) <= 2 else ",\n"  # words need a line each
    rows = max(1, -(-len(images) // columns))
    figure, axes = subplots(
        2 * rows, columns, height=2.3 * rows, squeeze=False, height_ratios=[1.6, 1] * rows
    )
    for place in axes.flat:
        place.axis("off")
    for k, (image, shares, truth) in enumerate(zip(images, probabilities, y, strict=True)):
        row, column = divmod(k, columns)
        answer = int(shares.argmax())
        show_image(
            axes[2 * row, column],
            image,
            f"{names[answer]} at {percent(shares[answer])}{between}true {names[truth]}",
        )
        axes[2 * row, column].axis("on")
        bars = axes[2 * row + 1, column]
        bars.axis("on")
        colours = [MUTED] * len(shares)
        colours[answer] = BLUE if answer == truth else ORANGE
        bars.bar(range(len(shares)), shares, color=colours)
        bars.set(ylim=(0, 1), yticks=[])
        bars.set_xticks(range(len(shares)), names)
        bars.tick_params(labelsize=6.5, length=0, pad=1)
        bars.spines["left"].set_visible(False)
    return figure


def reliability(steps: pd.DataFrame) -> Figure:
    """Draw accuracy against confidence, with the diagonal of perfect calibration and the counts."""
    figure, (top, bottom) = subplots(2, 1, height=4.6, sharex=True, height_ratios=[3, 1])
    top.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1)
    top.plot(steps["confidence"], steps["accuracy"], "o-", clip_on=False)
    top.set(ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
    middle, width = (steps["low"] + steps["high"]) / 2, (steps["high"] - steps["low"]) * 0.9
    bottom.bar(middle, steps["count"], width=width, color=BLUE)
    bottom.set(yscale="log", ylabel="answers", xlabel="confidence")
    return figure
