"""What providers say, made fit for receipts and logs."""

import time

import pytest

from alerts.provider.words import fault, plain


@pytest.mark.parametrize(
    "address",
    [
        "ann@readers.example",
        "<ann@readers.example>",
        "o'neil+x@readers.example",
        "jürgen@bücher.example",
        "a@[10.0.0.1]",
    ],
)
def test_no_address_survives(address: str) -> None:
    said = plain(f"550 user {address} unknown")
    assert said == "550 user <address> unknown"


def test_lines_and_controls_become_one_line() -> None:
    assert plain("550-no\r\n550 such\tuser\x00\x1b[0m\ud800") == "550-no 550 such user [0m"


@pytest.mark.xdist_group("clock")
def test_a_megabyte_is_read_in_no_time() -> None:
    started = time.monotonic()
    assert len(plain("x" * 1_000_000)) == 300
    assert time.monotonic() - started < 1


def test_faults_are_named_even_where_the_system_has_no_words() -> None:
    assert fault(TimeoutError()) == "time ran out"
    assert fault(ConnectionResetError(104, "Connection reset by peer")) == "Connection reset by peer"
    assert fault(OSError()) == "OSError"
