"""A copy beside its original: what is shared is marked, and nothing of either text is lost."""

import time

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.difference import MAX_WORDS, Run, compare_texts


def test_a_trimmed_copy_with_another_byline_is_shared_but_for_those():
    original = "By Ani. The port is shut. Nine ships wait outside."
    copy = "(Agency) The port is shut, again."
    found = compare_texts(original, copy)
    assert [run.text for run in found.left if run.shared] == ["The port is shut. "]
    assert [run.text for run in found.right if not run.shared] == ["(Agency) ", "again."]
    assert found.share == 4 / 6


def test_punctuation_and_case_are_no_difference():
    assert compare_texts("The PORT, shut!", "the port shut").left == (Run("The PORT, shut!", True),)


def test_texts_without_words_share_nothing():
    assert compare_texts("", "").share == 0
    assert compare_texts("", "port").left == ()


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_runs_are_the_text_and_sharing_is_mutual(left, right):
    found = compare_texts(left, right)
    assert "".join(run.text for run in found.left) == left.lstrip()
    assert "".join(run.text for run in found.right) == right.lstrip()
    assert 0 <= found.share <= 1
    assert compare_texts(right, left).share == found.share


def test_the_longest_texts_are_compared_at_once():
    left = " ".join(f"w{i % 997}" for i in range(2 * MAX_WORDS))
    right = " ".join(f"w{i * 7 % 991}" for i in range(2 * MAX_WORDS))
    started = time.perf_counter()
    compare_texts(left, right)
    assert time.perf_counter() - started < 0.5
