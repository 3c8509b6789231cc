"""Tests of airo_frames.parameters with a real node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import rclpy
from rclpy.parameter import Parameter

from airo_frames.parameters import LiveParameters, ParameterError, declare_parameters, parameter


@dataclass(frozen=True)
class Example:
    """Parameters of every kind."""

    rate: float = parameter(30.0, "frames per second", minimum=0.0, maximum=100.0)
    frames: int = parameter(0, "how many", minimum=0)
    loop: bool = parameter(False, "again and again")
    source: str = parameter("sim:", "what to read")
    families: list[str] = parameter(["tag36h11"], "what to look for")


@pytest.fixture
def make_node(ros_domain: int) -> Iterator[Any]:
    """Give a function that makes a node with overrides."""
    rclpy.init(domain_id=ros_domain)
    nodes = []

    def make(**overrides: Any) -> Any:
        values = [Parameter(name, value=value) for name, value in overrides.items()]
        nodes.append(rclpy.create_node("example", parameter_overrides=values))
        return nodes[-1]

    yield make
    for made in nodes:
        made.destroy_node()
    rclpy.shutdown()


def test_defaults_and_overrides(make_node: Any) -> None:
    """What the user does not set has its default; a whole number is a number."""
    assert declare_parameters(make_node(), Example) == Example()
    given = {"rate": 5, "frames": 3, "loop": True, "source": "0", "families": ["tag25h9", "tag36h11"]}
    assert declare_parameters(make_node(**given), Example) == Example(5.0, 3, True, "0", ["tag25h9", "tag36h11"])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("rate", -1.0, r"rate got -1.0: expected a number at least 0 and at most 100 \(frames per second\)"),
        ("rate", 200, "rate got 200.*at most 100"),
        ("rate", "fast", "rate got 'fast': expected a number"),
        ("frames", -1, "frames got -1: expected a whole number at least 0"),
        ("loop", "yes", "loop got 'yes': expected true or false"),
        ("source", 3, "source got 3: expected a text"),
        ("families", "tag36h11", "families got 'tag36h11': expected a list of texts"),
        ("sorce", "sim:", "unknown parameter 'sorce': expected one of families, frames, loop, rate, source"),
    ],
)
def test_bad_parameters_are_refused(make_node: Any, name: str, value: Any, text: str) -> None:
    """A wrong type, a value out of range and an unknown name each give one clear error."""
    with pytest.raises(ParameterError, match=text):
        declare_parameters(make_node(**{name: value}), Example)


def test_parameters_are_described_and_read_only(make_node: Any) -> None:
    """`ros2 param describe` shows what a parameter means."""
    node = make_node()
    declare_parameters(node, Example)
    descriptor = node.describe_parameter("rate")
    assert descriptor.description == "frames per second" and descriptor.read_only
    assert descriptor.floating_point_range[0].to_value == 100.0


@dataclass(frozen=True)
class Live:
    """Parameters that can be set while a node runs, beside one that cannot."""

    rate: float = parameter(30.0, "frames per second", minimum=0.0, maximum=100.0, live=True)
    families: list[str] = parameter(["tag36h11"], "what to look for", live=True)
    source: str = parameter("sim:", "what to read")


@pytest.fixture
def live(make_node: Any) -> Any:
    """Give a node with live parameters, and what has taken effect."""
    node, effects = make_node(), []

    def prepare(changed: Live) -> Any:
        if "tag0h0" in changed.families:
            raise ParameterError("families has 'tag0h0': expected one that exists")
        return lambda: effects.append(changed)

    return node, LiveParameters(node, declare_parameters(node, Live), prepare=prepare), effects


def test_live_parameters_take_effect(live: Any) -> None:
    """A good value counts at once; a whole number is a number."""
    node, parameters, effects = live
    assert all(one.successful for one in node.set_parameters([Parameter("rate", value=5)]))
    assert effects == [Live(rate=5.0)] and parameters.current.rate == 5.0 and node.get_parameter("rate").value == 5.0
    node.set_parameters([Parameter("families", value=["tag25h9"])])
    assert parameters.current == Live(rate=5.0, families=["tag25h9"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"families": ["tag0h0"]}, "families has 'tag0h0': expected one that exists"),
        ({"rate": 20.0, "families": ["tag0h0"]}, "families has 'tag0h0'"),
        ({"rate": 200.0}, "rate"),
        ({"rate": "fast"}, "Wrong parameter type"),
        ({"source": "0"}, "read-only parameter: source"),
    ],
)
def test_refused_values_change_nothing(live: Any, changes: dict[str, Any], reason: str) -> None:
    """What is refused gives a reason, and the old values count on, also those that were set together with it."""
    node, parameters, effects = live
    result = node.set_parameters_atomically([Parameter(name, value=value) for name, value in changes.items()])
    assert not result.successful and reason in result.reason
    assert effects == [] and parameters.current == Live()
    assert node.get_parameter("rate").value == 30.0


def test_a_refusal_is_not_remembered(live: Any) -> None:
    """After a refusal, parameters of others still work and nothing of the refused ones takes effect."""
    node, parameters, effects = live
    node.set_parameters([Parameter("families", value=["tag0h0"])])
    node.set_parameters([Parameter("use_sim_time", value=False)])
    assert [effect for effect in effects if effect != Live()] == [] and parameters.current == Live()
