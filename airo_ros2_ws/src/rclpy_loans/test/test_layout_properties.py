"""Properties of rclpy_loans.layout: any message of fixed size is laid out as the C compiler does."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosidl_parser.definition import (
    Array,
    BasicType,
    BoundedSequence,
    BoundedString,
    BoundedWString,
    NamespacedType,
    UnboundedSequence,
    UnboundedString,
    UnboundedWString,
)

from rclpy_loans import UnsupportedMessageError, layout

C_TYPES = {
    "boolean": ctypes.c_bool,
    "octet": ctypes.c_uint8,
    "char": ctypes.c_uint8,
    "wchar": ctypes.c_uint16,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "int8": ctypes.c_int8,
    "uint8": ctypes.c_uint8,
    "int16": ctypes.c_int16,
    "uint16": ctypes.c_uint16,
    "int32": ctypes.c_int32,
    "uint32": ctypes.c_uint32,
    "int64": ctypes.c_int64,
    "uint64": ctypes.c_uint64,
}
PROPERTY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Field:
    """A field: a basic type or a nested message, and how many of it; None for one that is no array."""

    element: str | tuple[Field, ...]
    count: int | None


basic_fields = st.builds(Field, st.sampled_from(sorted(C_TYPES)), st.none() | st.integers(1, 7))


def messages(fields: st.SearchStrategy[Field]) -> st.SearchStrategy[tuple[Field, ...]]:
    """Return messages of such fields."""
    return st.lists(fields, min_size=1, max_size=6).map(tuple)


fields = st.recursive(
    basic_fields, lambda inner: st.builds(Field, messages(inner), st.none() | st.integers(1, 3)), max_leaves=12
)


class Classes:
    """Makes message classes, and finds those that are nested by their names."""

    def __init__(self) -> None:
        self._by_name: dict[str, type] = {}

    def find(self, slot: NamespacedType) -> type:
        """Return the class of a nested message."""
        return self._by_name[slot.name]

    def make(self, slots: list[Any]) -> type:
        """Return a message class whose fields are f0, f1, ... of such rosidl types."""
        name = f"Message{len(self._by_name)}"
        types = {f"f{index}": str(slot) for index, slot in enumerate(slots)}
        namespace = {"SLOT_TYPES": tuple(slots), "get_fields_and_field_types": classmethod(lambda cls: dict(types))}
        self._by_name[name] = type(name, (), namespace)
        return self._by_name[name]

    def slot(self, field: Field) -> Any:
        """Return the rosidl type of a field."""
        if isinstance(field.element, str):
            element: Any = BasicType(field.element)
        else:
            element = NamespacedType(["fake", "msg"], self.make([*map(self.slot, field.element)]).__name__)
        return element if field.count is None else Array(element, field.count)


@pytest.fixture
def classes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Classes]:
    """Give a function that makes a new set of message classes, which nested messages are looked up in."""

    def make() -> Classes:
        made = Classes()
        monkeypatch.setattr(layout, "_message_class", made.find)
        return made

    return make


def c_struct(message: tuple[Field, ...]) -> type[ctypes.Structure]:
    """Return the C struct of a message."""

    def c_type(field: Field) -> Any:
        element: Any = C_TYPES[field.element] if isinstance(field.element, str) else c_struct(field.element)
        return element if field.count is None else element * field.count

    members = [(f"f{index}", c_type(field)) for index, field in enumerate(message)]
    return type("Struct", (ctypes.Structure,), {"_fields_": members})


def assert_same_layout(dtype: np.dtype[Any], struct: type[ctypes.Structure], message: tuple[Field, ...]) -> None:
    """Compare sizes, alignment and the offset of each field, of nested messages as well."""
    assert dtype.itemsize == ctypes.sizeof(struct)
    assert dtype.alignment == ctypes.alignment(struct)
    assert dtype.fields is not None
    assert list(dtype.names or ()) == [name for name, _ in struct._fields_]
    for index, field in enumerate(message):
        member_dtype, offset = dtype.fields[f"f{index}"][:2]
        member = getattr(struct, f"f{index}")
        assert (offset, member_dtype.itemsize) == (member.offset, member.size)
        assert member_dtype.shape == (() if field.count is None else (field.count,))
        if isinstance(field.element, str):
            assert member_dtype.base == np.dtype(C_TYPES[field.element])
        else:
            c_member: Any = struct._fields_[index][1]
            nested = c_member if field.count is None else c_member._type_
            assert_same_layout(member_dtype.base, nested, field.element)


@PROPERTY
@given(message=messages(fields))
def test_layouts_are_those_of_the_c_compiler(classes: Callable[[], Classes], message: tuple[Field, ...]) -> None:
    """Nested messages, numbers of every type and fixed arrays lie where an equal C struct has them."""
    made = classes()
    msg_type = made.make([*map(made.slot, message)])
    assert_same_layout(layout._struct_dtype(msg_type, path="Message"), c_struct(message), message)


@PROPERTY
@given(message=messages(basic_fields), content=st.binary(min_size=512, max_size=512))
def test_values_are_those_of_the_c_struct(
    classes: Callable[[], Classes], message: tuple[Field, ...], content: bytes
) -> None:
    """The same bytes have the same values in both, for every type of number."""
    made = classes()
    dtype = layout._struct_dtype(made.make([*map(made.slot, message)]), path="Message")
    record = np.frombuffer(content, dtype, count=1)[0]
    struct = c_struct(message).from_buffer_copy(content)
    for index, field in enumerate(message):
        value = getattr(struct, f"f{index}")
        assert isinstance(field.element, str)
        expected = np.array(value if field.count is None else list(value), np.dtype(C_TYPES[field.element]))
        np.testing.assert_array_equal(record[f"f{index}"], expected)


UNBOUNDED = {
    "a string": [UnboundedString(), BoundedString(8), UnboundedWString(), BoundedWString(8)],
    "a sequence": [UnboundedSequence(BasicType("uint8")), BoundedSequence(BasicType("double"), 4)],
}
unbounded = st.sampled_from([(kind, slot) for kind, slots in UNBOUNDED.items() for slot in slots])


@PROPERTY
@given(
    before=st.lists(basic_fields, max_size=4),
    bad=unbounded,
    depth=st.integers(0, 3),
    is_array=st.booleans(),
    count=st.none() | st.integers(1, 3),
)
def test_strings_and_sequences_are_refused_with_their_path(
    classes: Callable[[], Classes],
    before: list[Field],
    bad: tuple[str, Any],
    depth: int,
    is_array: bool,
    count: int | None,
) -> None:
    """However deep it is, a field without a fixed size is named with its path, with what it is and what to use."""
    made = classes()
    kind, slot = bad
    if is_array and kind == "a string":
        slot = Array(slot, 3)
    path = "Message"
    for _ in range(depth):
        inner = made.make([*map(made.slot, before), slot])
        slot = NamespacedType(["fake", "msg"], inner.__name__)
        slot = slot if count is None else Array(slot, count)
    msg_type = made.make([*map(made.slot, before), slot])
    path += f".f{len(before)}" * (depth + 1)
    with pytest.raises(UnsupportedMessageError) as caught:
        layout._struct_dtype(msg_type, path="Message")
    text = str(caught.value)
    assert text.startswith(f"{path} is {kind}, so ") and "use a fixed array" in text


@pytest.mark.parametrize("name", ["long double", "nonsense"])
def test_other_types_are_refused(classes: Callable[[], Classes], name: str) -> None:
    """A basic type that has no fixed size in C, or that is not known, is refused with its path."""
    slot = BasicType("long double")
    slot.typename = name
    with pytest.raises(UnsupportedMessageError, match=r"^Message\.f0 is of type .*use fixed-size fields"):
        layout._struct_dtype(classes().make([slot]), path="Message")
