"""Flatbuffers, whose lists may end where the buffer ends, and not after it."""

from __future__ import annotations

import struct

import pytest

from cryptoforecast.prices.files.readers.flatbuffer import Flat

#: The root's place, the places of its fields, the root with one field, and a list of one record.
BUFFER = struct.pack("<I3Hxxii", 12, 6, 8, 4, 8, 4) + struct.pack("<Iqq", 1, 7, 9)


def test_a_list_ends_where_the_buffer_ends() -> None:
    assert list(Flat.root(BUFFER).structs(0, "<qq")) == [(7, 9)]
    assert not list(Flat.root(BUFFER).structs(1, "<qq"))


def test_a_list_that_ends_after_the_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the file"):
        list(Flat.root(BUFFER[:-1]).structs(0, "<qq"))
