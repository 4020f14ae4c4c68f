"""What `outpost outlets list` says of a feed."""

import pytest

from bot.cli.outlets import interval


@pytest.mark.parametrize(
    ("s", "words"), [(3, "3 s"), (119, "119 s"), (120, "2 min"), (7_300, "121 min")]
)
def test_how_often_a_feed_is_polled_is_never_every_0_min(s: int, words: str) -> None:
    assert interval(s) == words
