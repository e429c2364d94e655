"""The lab's name server, which knows no name."""

import pytest

from lab.names import no_such_name

# As dig sends it: id 0xbeef, recursion desired, one question, one additional record (EDNS).
HEADER = bytes.fromhex("beef 0120 0001 0000 0000 0001")
REDIS_A = b"\x05redis\x00" + bytes.fromhex("0001 0001")
EDNS = bytes.fromhex("00 0029 04d0 0000 0000 0000")


def test_the_answer_repeats_id_and_question_and_says_that_there_is_no_such_name() -> None:
    answer = no_such_name(HEADER + REDIS_A + EDNS)

    assert answer == bytes.fromhex("beef 8183 0001 0000 0000 0000") + REDIS_A


@pytest.mark.parametrize("rubbish", [b"", b"\xff" * 7, HEADER, HEADER + b"\x05redis"])
def test_what_asks_for_no_name_is_refused(rubbish: bytes) -> None:
    with pytest.raises(ValueError):
        no_such_name(rubbish)
