"""How often one network may write to us, and in which ink."""

import pytest

from alerts.web.limits import Buckets, network_of


def test_a_burst_is_let_through_then_one_at_a_time() -> None:
    buckets = Buckets(per_second=2, burst=3)
    assert [buckets.take("a", now=0) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("a", now=0.4) is False
    assert buckets.take("a", now=0.6) is True


def test_one_network_does_not_use_up_anothers_share() -> None:
    buckets = Buckets(per_second=1, burst=1)
    assert buckets.take("a", now=0)
    assert buckets.take("b", now=0)


def test_a_rest_never_saves_up_more_than_the_burst() -> None:
    buckets = Buckets(per_second=10, burst=2)
    buckets.take("a", now=0)
    assert [buckets.take("a", now=10_000) for _ in range(3)] == [True, True, False]


def test_memory_stays_flat_and_the_longest_silent_is_forgotten() -> None:
    buckets = Buckets(per_second=0, burst=1)
    for number in range(10_001):
        buckets.take(str(number), now=number)
    assert buckets.take("0", now=10_002), "forgotten, so it starts anew"
    assert not buckets.take("10000", now=10_002)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2:3::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("nonsense", "", True),
    ],
)
def test_a_network_is_one_customer(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same
