"""The sender keeps Telegram's limits, is fair between chats, and sends news before corrections."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.pacing import Limits, Pacer, Rank
from tests.e2e.telegram_chats import FloodGate

LOOSE = Limits(per_s=1e6, slack_s=1.0, most_in_a_second=10**6)  # for tests of one chat's own limits
GROUP = -100


def pass_one(pacer, now):
    """Return what `next` does; who is let through is answered at once."""
    ticket, wait = pacer.next(now)
    if ticket is not None:
        pacer.answered(now, 0.0)
    return ticket, wait


def drain(pacer, now=0.0, limit=100_000):
    """Return (time, ticket) of every turn until nobody waits."""
    turns = []
    while len(pacer) and len(turns) < limit:
        ticket, wait = pass_one(pacer, now)
        if ticket is None:
            now += wait
        else:
            turns.append((now, ticket))
    return turns


def test_a_person_gets_a_short_burst_and_then_one_message_a_second():
    pacer = Pacer(LOOSE)
    for n in range(5):
        pacer.ask(n, 7, Rank.ALERT, 0.0)
    assert [round(at, 2) for at, _ in drain(pacer)] == [0, 0, 1, 2, 3]


def test_a_group_gets_its_fill_and_then_waits_out_its_minute():
    pacer = Pacer(LOOSE)
    for n in range(23):
        pacer.ask(n, GROUP, Rank.ALERT, 0.0)
    times = [at for at, _ in drain(pacer)]
    assert times[:18] == [0.0] * 18
    assert times[18:] == [61.0] * 5


def test_a_sender_that_takes_over_waits_a_second_has_no_burst_left_and_recalls_what_groups_were_sent():
    pacer = Pacer(LOOSE)
    pacer.take_over(100.0)
    for n in range(3):
        pacer.ask(n, 7, Rank.ALERT, 100.0)
    assert [round(at) for at, _ in drain(pacer, 100.0)] == [101, 101, 102]

    pacer = Pacer(LOOSE)
    pacer.take_over(100.0)
    for n in range(17):
        pacer.recall(GROUP, 60.0 + n)
    pacer.recall(7, 99.0)
    for n in range(3):
        pacer.ask(n, GROUP, Rank.ALERT, 100.0)
    assert [at for at, _ in drain(pacer, 100.0)] == [101, 121, 122]


def test_all_together_flow_at_28_a_second():
    pacer = Pacer()
    for chat in range(1, 281):
        pacer.ask(chat, chat, Rank.ALERT, 0.0)
    last, _ = drain(pacer)[-1]
    assert last == pytest.approx(10, abs=0.1)


def test_news_goes_before_corrections_and_answers_before_news():
    pacer = Pacer()
    pacer.ask("edit", 1, Rank.EDIT, 0.0)
    pacer.ask("alert", 2, Rank.ALERT, 0.0)
    pacer.ask("reply", 3, Rank.REPLY, 0.0)
    pacer.ask("own alert", 1, Rank.ALERT, 0.0)
    assert [t for _, t in drain(pacer)] == ["reply", "alert", "own alert", "edit"]


def test_a_chat_with_many_waiting_does_not_delay_one_with_a_single_alert():
    pacer = Pacer()
    for n in range(500):
        pacer.ask(n, GROUP, Rank.ALERT, 0.0)
    for _ in range(3):
        pass_one(pacer, 0.1)
    pacer.ask("mine", 7, Rank.ALERT, 0.2)
    turns = drain(pacer, 0.2, limit=2)
    assert "mine" in [t for _, t in turns]


def test_chats_take_turns():
    pacer = Pacer(LOOSE)
    for n in range(3):
        for chat in (-1, -2, -3):
            pacer.ask((chat, n), chat, Rank.ALERT, 0.0)
    assert [t for _, t in drain(pacer)] == [(c, n) for n in range(3) for c in (-1, -2, -3)]


def test_what_telegram_holds_back_is_held_and_nothing_else():
    pacer = Pacer(LOOSE)
    pacer.ask("held", 7, Rank.ALERT, 0.0)
    pacer.ask("free", 8, Rank.ALERT, 0.0)
    pacer.hold(7, 30.0, 0.0)
    assert drain(pacer) == [(0.0, "free"), (30.0, "held")]


@pytest.mark.parametrize("trip_s", [0.01, 0.1, 0.4])
def test_a_long_way_to_telegram_costs_no_throughput_and_a_jam_on_it_breaks_no_limit(trip_s):
    """Now and then the way is jammed, and all that is on it arrives together afterwards."""
    chance, pacer, gate = random.Random(2), Pacer(), FloodGate()
    for chat in range(1, 6_001):
        pacer.ask(chat, chat, Rank.ALERT, 0.0)
    now, jam, jams, on_the_way = 0.0, 5.0, 0.0, []
    while len(pacer):
        turn, wait = pacer.next(now)
        if turn is not None:
            arrival = now + trip_s / 2
            if jam <= arrival < jam + 0.8:
                arrival = jam + 0.8
            on_the_way.append((arrival, now, turn))
            continue
        answers = [arrival + trip_s / 2 for arrival, _, _ in on_the_way]
        now = min(now + wait, *answers) if answers else now + wait
        for way in sorted(w for w in on_the_way if w[0] + trip_s / 2 <= now):
            arrival, left, chat = way
            assert gate.wait_s(chat, arrival) == 0
            pacer.answered(now, now - left)
            on_the_way.remove(way)
        if now > jam + 5:
            jam, jams = now + chance.uniform(1, 20), jams + 0.8
    assert 6_000 / (now - jams) > 27.5
    assert gate.peak <= 30


def test_a_timer_that_wakes_late_costs_no_throughput_and_a_stall_ends_in_no_bunch():
    """Wake 0..25 ms late each time, stall for half a second now and then, as a busy machine does."""
    chance, pacer, gate = random.Random(1), Pacer(), FloodGate()
    for chat in range(1, 6_001):
        pacer.ask(chat, chat, Rank.ALERT, 0.0)
    now, stalled = 0.0, 0.0
    while len(pacer):
        turn, wait = pass_one(pacer, now)
        if turn is None:
            stall = 0.5 if chance.random() < 0.002 else 0.0
            now, stalled = now + wait + chance.uniform(0, 0.025) + stall, stalled + stall
        else:
            assert gate.wait_s(turn, now) == 0
    assert 6_000 / (now - stalled) > 27.8
    assert gate.peak <= 29


def test_who_leaves_the_queue_is_not_served_and_costs_no_turn():
    pacer = Pacer()
    pacer.ask("x", 7, Rank.ALERT, 0.0)
    pacer.ask("y", 7, Rank.ALERT, 0.0)
    pacer.withdraw("x")
    pacer.withdraw("never there")
    assert drain(pacer) == [(0.0, "y")]


def test_an_empty_queue_waits_for_ever():
    assert Pacer().next(0.0) == (None, float("inf"))


def test_chats_at_rest_are_named_and_those_long_quiet_forgotten():
    pacer = Pacer(LOOSE)
    for n in range(18):
        pacer.ask(n, GROUP, Rank.ALERT, 0.0)
    pacer.ask("x", 7, Rank.ALERT, 0.0)
    drain(pacer)
    assert pacer.resting(0.0) == {GROUP}
    assert pacer.resting(70.0) == set()
    assert not pacer._lines


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(0, 6))
def test_whatever_comes_no_limit_is_broken_and_everybody_gets_a_turn(seed, people, groups):
    chance = random.Random(seed)
    chats = [*range(1, people + 1), *range(-groups, 0)]
    pacer, gate, now, to = Pacer(), FloodGate(), 0.0, {}
    served = []
    while len(to) < 300 or len(pacer):
        if len(to) < 300 and chance.random() < 0.5:
            ticket = len(to)
            to[ticket] = chance.choice(chats)
            pacer.ask(ticket, to[ticket], chance.choice(list(Rank)), now)
            continue
        turn, wait = pass_one(pacer, now)
        if turn is None:
            now += min(wait, chance.random() * 2)
        else:
            assert gate.wait_s(to[turn], now) == 0
            served.append(turn)
    assert sorted(served) == list(range(300))


@pytest.mark.parametrize("seed", range(5))
def test_the_servers_own_gate_lets_all_of_it_through(seed):
    chance = random.Random(seed)
    pacer, gate = Pacer(), FloodGate(burst=2)
    chats = {}
    for n in range(3_000):
        chats[n] = chance.choice([*range(1, 200), -1, -2])
        pacer.ask(n, chats[n], chance.choice(list(Rank)), 0.0)
    refused = [t for at, t in drain(pacer) if gate.wait_s(chats[t], at) > 1e-6]
    assert refused == []
    assert gate.peak <= 30
