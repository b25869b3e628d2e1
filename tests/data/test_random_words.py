import numpy as np

from netdef.data.random_words import permutation, random_words


def test_a_records_words_do_not_depend_on_where_reading_began():
    whole = random_words(7, "a", 0, 10)
    np.testing.assert_array_equal(random_words(7, "a", 4, 3), whole[4:7])


def test_seed_and_stream_key_the_words():
    words = [
        random_words(*key, 0, 1).tobytes() for key in [(7, "a"), (8, "a"), (7, "b"), (-1, "a")]
    ]
    assert len(set(words)) == 4


def test_the_words_stay_what_they_are():
    assert random_words(1, "a", 0, 1)[0, 0] == 15662487205478564153


def test_a_permutation_has_every_number_once():
    order = permutation(3, "a", 101)
    assert sorted(order.tolist()) == list(range(101))
    assert order.tolist() != list(range(101))
    assert permutation(4, "a", 101).tolist() != order.tolist()


def test_bits_are_fair():
    ones = (random_words(3, "a", 0, 4000) & np.uint64(1)).mean(axis=0)
    np.testing.assert_allclose(ones, 0.5, atol=0.04)
