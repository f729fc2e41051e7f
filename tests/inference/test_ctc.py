"""What an output of connectionist temporal classification says, against counting all rows of steps."""

from itertools import product

import numpy as np
import pytest

from digitbook.inference import ctc

pytestmark = pytest.mark.quick


@pytest.fixture
def steps():
    rng = np.random.default_rng(3)
    return rng.dirichlet(np.ones(4), size=6)


def spelt_by(row, blank=3):
    joined = [each for n, each in enumerate(row) if n == 0 or each != row[n - 1]]
    return tuple(each for each in joined if each != blank)


def counted(steps):
    total = {}
    for row in product(range(4), repeat=len(steps)):
        chance = np.prod([step[each] for step, each in zip(steps, row, strict=True)])
        total[spelt_by(row)] = total.get(spelt_by(row), 0) + chance
    return total


def test_probabilities_are_sums_over_all_that_spell_the_reading(steps):
    expected = counted(steps)
    readings = list(expected)
    found = np.exp(ctc.log_probabilities(np.log(steps), readings))
    np.testing.assert_allclose(found, [expected[reading] for reading in readings], rtol=1e-9)
    assert np.isclose(found.sum(), 1)


def test_two_of_a_kind_need_a_blank_between():
    steps = np.full((2, 3), 1 / 3)
    assert np.isneginf(ctc.log_probabilities(np.log(steps), [(0, 0)])[0])


def test_spelt_joins_repetitions_and_leaves_blanks_out():
    row = [3, 1, 1, 3, 1, 0, 0, 3]
    assert ctc.spelt(np.eye(4)[row]) == spelt_by(row) == (1, 1, 0)


def test_neighbours_are_one_change_away():
    found = ctc.neighbours((0, 1), 3)
    assert len(found) == len(set(found))
    assert {(0, 1), (2, 1), (0,), (1,), (0, 2, 1), (1, 0, 1)} <= set(found)
    assert (1, 0) not in found


def test_places_are_where_the_classes_stand():
    row = [3, 3, 1, 1, 3, 1, 3, 0, 3]
    steps = np.full((9, 4), 0.01) + np.eye(4)[row]
    steps[3, 1] += 1
    steps /= steps.sum(axis=1, keepdims=True)
    assert ctc.places(np.log(steps), (1, 1, 0)).tolist() == [3, 5, 7]
