"""Loops that say how far they are."""

from tasks.progress import Progress, listening, track


def test_without_a_listener_a_loop_is_only_a_loop() -> None:
    assert list(track("abc", "letters")) == ["a", "b", "c"]


def test_each_pass_is_told_after_it_was_made() -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        for position, _ in enumerate(track(iter("ab"), "letters")):
            assert len(heard) == position + 1
    assert [(state.done, state.total) for state in heard] == [(0, None), (1, None), (2, None)]
    list(track("abc", "letters"))
    assert len(heard) == 3


def test_what_is_expected_may_change_from_pass_to_pass() -> None:
    heard: list[Progress] = []
    expected = iter([5, 9, 2])
    with listening(heard.append):
        assert list(track("ab", "letters", lambda: next(expected))) == ["a", "b"]
    assert [(state.done, state.total) for state in heard] == [(0, 5), (1, 9), (2, 2)]


def test_time_left_is_in_proportion() -> None:
    assert Progress("fit", 2, 6, 10.0).seconds_left == 20.0
    assert Progress("fit", 0, 6, 10.0).seconds_left is None
    assert Progress("fit", 2, None, 10.0).seconds_left is None
