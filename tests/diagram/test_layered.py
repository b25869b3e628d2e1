"""Boxes in ranks: none on another, edges forward, long edges around what they pass."""

from itertools import combinations, pairwise

import pytest

from netdef.diagram.layered import lay_out

GAP, RANK_GAP = 10.0, 20.0


def boxes_apart(sizes, layout):
    """Return the least room between two boxes, across or along."""
    rooms = []
    for a, b in combinations(sizes, 2):
        (ax, ay), (bx, by) = layout.places[a], layout.places[b]
        across = abs(ax - bx) - (sizes[a][0] + sizes[b][0]) / 2
        along = abs(ay - by) - (sizes[a][1] + sizes[b][1]) / 2
        rooms.append(max(across, along))
    return min(rooms)


def test_a_chain_is_a_straight_line():
    sizes = {"a": (40.0, 10.0), "b": (80.0, 30.0), "c": (20.0, 10.0)}
    layout = lay_out(sizes, [("a", "b"), ("b", "c")], GAP, RANK_GAP)
    assert layout.places == {"a": (40, 5), "b": (40, 45), "c": (40, 85)}
    assert layout.size == (80, 90)


def test_branches_stand_apart_under_their_fork_and_over_their_join():
    sizes = dict.fromkeys(("fork", "left", "middle", "right", "join"), (50.0, 10.0))
    edges = [("fork", k) for k in ("left", "middle", "right")]
    edges += [(k, "join") for k in ("left", "middle", "right")]
    places = lay_out(sizes, edges, GAP, RANK_GAP).places
    assert [places[k][0] for k in ("left", "middle", "right")] == [25, 85, 145]
    assert places["fork"][0] == places["join"][0] == pytest.approx(85)


def test_a_long_edge_bends_around_the_boxes_that_it_passes():
    sizes = dict.fromkeys("abc", (50.0, 10.0))
    layout = lay_out(sizes, [("a", "b"), ("b", "c"), ("a", "c")], GAP, RANK_GAP)
    ((x, y),) = layout.bends["a", "c"]
    assert y == layout.places["b"][1]
    assert abs(x - layout.places["b"][0]) >= 25 + GAP


def test_a_source_stands_right_before_its_reader():
    sizes = dict.fromkeys(("data", "conv", "ip", "label", "loss"), (50.0, 10.0))
    edges = [("data", "conv"), ("conv", "ip"), ("ip", "loss"), ("label", "loss")]
    places = lay_out(sizes, edges, GAP, RANK_GAP).places
    assert places["label"][1] == places["ip"][1]


def test_crossed_parents_are_put_in_the_order_of_their_children():
    sizes = dict.fromkeys(("root", "a", "b", "c", "d", "of_d", "of_a"), (50.0, 10.0))
    edges = [("root", k) for k in "abcd"] + [("d", "of_d"), ("a", "of_a")]
    places = lay_out(sizes, edges, GAP, RANK_GAP).places
    assert (places["of_d"][0] < places["of_a"][0]) == (places["d"][0] < places["a"][0])


def test_nothing_is_laid_out_as_nothing():
    assert lay_out({}, [], GAP, RANK_GAP).size == (0, 0)


@pytest.mark.parametrize("width", [30.0, 90.0])
def test_boxes_of_a_ladder_never_overlap(width):
    keys = [f"{side}{i}" for i in range(12) for side in "ab"]
    sizes = {k: (width + 7 * (i % 5), 10.0 + 9 * (i % 3)) for i, k in enumerate(keys)}
    edges = [(f"{s}{i}", f"{t}{i + 1}") for i in range(11) for s in "ab" for t in "ab"]
    edges += [("a0", f"b{i}") for i in range(3, 12)]
    layout = lay_out(sizes, edges, GAP, RANK_GAP)
    assert boxes_apart(sizes, layout) >= GAP - 1e-9


def test_modules_of_branches_stay_below_each_other():
    sizes, edges, last = {"top": (60.0, 10.0)}, [], "top"
    for i in range(9):  # chains of 1, 2, 4 and 4 boxes, as in GoogLeNet
        ends = []
        for branch, length in enumerate((4, 4, 2, 1)):
            own = [last, *(f"{i}.{branch}.{place}" for place in range(length))]
            sizes |= dict.fromkeys(own[1:], (60.0 + 5 * branch, 10.0))
            edges += list(pairwise(own))
            ends.append(own[-1])
        last = f"join{i}"
        sizes[last] = (60.0, 10.0)
        edges += [(end, last) for end in ends]
    layout = lay_out(sizes, edges, GAP, RANK_GAP)
    widest = 4 * 60 + 5 * (1 + 2 + 3) + 3 * GAP
    assert layout.size[0] < 1.3 * widest
