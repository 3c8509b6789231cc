"""Parameters of a node as a frozen dataclass: declared once, with description, range and unit, and validated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

from rclpy_loans.exceptions import AiroRos2Error

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["LiveParameters", "ParameterError", "declare_parameters", "parameter"]

T = TypeVar("T")
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list[str]: "a list of texts"}
_BUILT_IN = ("use_sim_time", "start_type_description_service", "qos_overrides.")


class ParameterError(AiroRos2Error, ValueError):
    """A node was given a parameter that it does not have, or a value that does not suit."""


@dataclass(frozen=True)
class _Meaning:
    description: str
    minimum: float | None
    maximum: float | None
    live: bool


def parameter(
    default: Any, description: str, *, minimum: float | None = None, maximum: float | None = None, live: bool = False
) -> Any:
    """Return a dataclass field that is a parameter of a node.

    Args:
        default: value when the user sets none; its type is the parameter's.
        description: what it means, with its unit.
        minimum: smallest value of a number.
        maximum: largest value of a number.
        live: it can be set while the node runs, see LiveParameters; otherwise it is read-only.
    """
    meaning = {"meaning": _Meaning(description, minimum, maximum, live)}
    if isinstance(default, list):
        return field(default_factory=default.copy, metadata=meaning)
    return field(default=default, metadata=meaning)


def declare_parameters(node: Node, parameters: type[T]) -> T:
    """Declare the parameters of a dataclass on a node and return their values.

    Raises:
        ParameterError: a value has the wrong type or is out of range, or the user set a parameter that does not exist.
    """
    hints = get_type_hints(parameters)
    names = [f.name for f in fields(parameters)]  # type: ignore[arg-type]  # T is a dataclass
    unknown = [name for name in node._parameter_overrides if name not in names and not name.startswith(_BUILT_IN)]
    if unknown:
        raise ParameterError(f"unknown parameter {unknown[0]!r}: expected one of {', '.join(sorted(names))}")
    return parameters(**{f.name: _declare(node, f, hints[f.name]) for f in fields(parameters)})  # type: ignore[arg-type]


class LiveParameters(Generic[T]):
    """Lets the live parameters of a node be set while it runs: a new value counts whole, or nothing changes.

    Works in the node's executor. A whole number is taken for a number: `ros2 param set ... decimate 2`.

    Args:
        node: on which they were declared.
        current: what declare_parameters() returned.
        prepare: gets the new parameters and returns what makes them count, which is called when all of ROS has agreed;
            raises AiroRos2Error to refuse them, with the reason that the user will read. Must not change anything yet.
    """

    def __init__(self, node: Node, current: T, *, prepare: Callable[[T], Callable[[], None]]) -> None:
        self._current = current
        self._prepare = prepare
        self._prepared: tuple[T, Callable[[], None]] | None = None  # between agreement and effect, in one call of rclpy
        self._kinds = {name: kind for name, kind in get_type_hints(type(current)).items()}
        node.add_pre_set_parameters_callback(self._with_numbers)
        node.add_on_set_parameters_callback(self._agree)
        node.add_post_set_parameters_callback(self._apply)

    @property
    def current(self) -> T:
        """The parameters that count now."""
        return self._current

    def _with_numbers(self, given: list[Any]) -> list[Any]:
        from rclpy.parameter import Parameter

        is_whole = Parameter.Type.INTEGER
        return [
            Parameter(one.name, Parameter.Type.DOUBLE, float(one.value))
            if self._kinds.get(one.name) is float and one.type_ is is_whole
            else one
            for one in given
        ]

    def _agree(self, given: list[Any]) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        changes = {
            one.name: list(one.value) if self._kinds[one.name] == list[str] else one.value
            for one in given
            if one.name in self._kinds
        }
        try:
            changed = replace(self._current, **changes)  # type: ignore[type-var]  # T is a dataclass
            self._prepared = changed, self._prepare(changed)
        except AiroRos2Error as error:
            self._prepared = None
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _apply(self, given: list[Any]) -> None:
        if self._prepared is not None:
            self._current, take_effect = self._prepared
            self._prepared = None
            take_effect()


def _declare(node: Node, declared: Any, kind: Any) -> Any:
    from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException

    meaning: _Meaning = declared.metadata["meaning"]
    default = declared.default_factory() if kind == list[str] else declared.default
    override = node._parameter_overrides.get(declared.name)
    if kind is float and override is not None and isinstance(override.value, int) and override.value is not True:
        default = float(override.value)  # `rate:=5` means 5.0
        del node._parameter_overrides[declared.name]
    try:
        value = node.declare_parameter(declared.name, default, _descriptor(meaning, kind)).value
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        got = default if override is None else override.value
        raise ParameterError(
            f"parameter {declared.name} got {got!r}: expected {_expected(meaning, kind)} ({meaning.description})"
        ) from error
    return list(value) if kind == list[str] else value


def _expected(meaning: _Meaning, kind: Any) -> str:
    bounds = [f"at least {meaning.minimum:g}"] if meaning.minimum is not None else []
    bounds += [f"at most {meaning.maximum:g}"] if meaning.maximum is not None else []
    return " ".join([_KINDS[kind], " and ".join(bounds)]).strip()


def _descriptor(meaning: _Meaning, kind: Any) -> Any:
    from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

    descriptor = ParameterDescriptor(description=meaning.description, read_only=not meaning.live)
    if meaning.minimum is None and meaning.maximum is None:
        return descriptor
    if kind is int:
        low, high = meaning.minimum or 0, meaning.maximum if meaning.maximum is not None else 2**31 - 1
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    else:
        low, high = meaning.minimum or 0.0, meaning.maximum if meaning.maximum is not None else 1e300
        descriptor.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)]
    return descriptor
