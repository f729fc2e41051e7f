"""From a sheet of ink to lines, and from a line to what the network is fed."""

import numpy as np
import pytest

from digitbook.images import lines
from digitbook.images.lines import joined, lines_of, pieces, prepare_line
from digitbook.images.read import NotReadable

pytestmark = pytest.mark.quick


def sheet(*boxes, shape=(200, 300)):
    """A sheet with filled boxes: left, top, right, bottom."""
    ink = np.zeros(shape, "uint8")
    for left, top, right, bottom in boxes:
        ink[top:bottom, left:right] = 255
    return ink


def lefts(ink):
    return [[piece.left + 1 for piece in line] for line in lines_of(ink)]


def test_a_prepared_line_has_32_rows_and_its_proportions():
    prepared = prepare_line(sheet((20, 30, 140, 90)))
    assert prepared.shape == (32, 8 + 64 + 8)
    assert prepared.max() == 255
    assert not prepared[:, :8].any()
    assert not prepared[:, -8:].any()


def test_without_ink_a_line_has_no_columns():
    assert prepare_line(np.zeros((9, 9), "uint8")).shape == (32, 0)


def test_a_line_that_is_far_too_long_is_refused():
    with pytest.raises(ValueError, match="24 times"):
        prepare_line(sheet((0, 50, 300, 52)))


def test_two_lines_come_from_top_to_bottom_and_left_to_right():
    ink = sheet((150, 20, 170, 70), (20, 25, 40, 75), (80, 120, 100, 170), (30, 118, 50, 168))
    assert lefts(ink) == [[20, 150], [30, 80]]


def test_a_line_may_climb():
    boxes = [(20 + 40 * n, 120 - 14 * n, 40 + 40 * n, 160 - 14 * n) for n in range(6)]
    assert lefts(sheet(*boxes)) == [[20 + 40 * n for n in range(6)]]


def test_commas_points_and_minus_signs_belong_to_their_line():
    ink = sheet((20, 20, 40, 70), (60, 62, 66, 76), (80, 22, 100, 72), (120, 44, 140, 49))
    assert lefts(ink) == [[20, 60, 80, 120]]


def test_a_bar_above_its_digit_belongs_to_it():
    assert lefts(sheet((20, 20, 60, 26), (20, 32, 40, 90), (100, 20, 130, 90))) == [[20, 20, 100]]


def test_pieces_keep_their_soft_edges_and_join_again():
    ink = sheet((20, 20, 40, 70), (60, 20, 80, 70))
    ink[20:70, 40] = 60
    first, second = pieces(ink)
    assert first.ink.shape == (52, 22)
    assert first.ink[20, -1] == 60
    whole = joined([first, second])
    np.testing.assert_array_equal(whole.ink[1:-1, 1:-1], ink[20:70, 20:80])


def test_too_many_pieces_are_refused_before_they_are_sorted():
    dots = np.zeros((200, 200), "uint8")
    dots[::4, ::4] = 255
    with pytest.raises(NotReadable, match=f"more than {lines.MOST_PIECES} pieces"):
        lines_of(dots)
