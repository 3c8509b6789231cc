"""The recorder's services: start, stop, pause, resume, split and snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from std_srvs.srv import SetBool, Trigger

from airo_recorder.exceptions import RecorderError
from airo_recorder.recorder import Recorder

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["make_services"]


def make_services(node: Node, recorder: Recorder) -> None:
    """Offer ~/start, ~/stop, ~/pause, ~/resume, ~/split and ~/snapshot (Trigger), and ~/record (SetBool).

    The answer's message is the folder, or what was done, or why it was not.
    """
    actions: dict[str, Callable[[], str]] = {
        "start": lambda: str(recorder.start()),
        "stop": lambda: _stopped(recorder),
        "pause": _doing(recorder.pause, "paused"),
        "resume": _doing(recorder.resume, "resumed"),
        "split": _doing(recorder.split, "new files begin"),
        "snapshot": lambda: str(recorder.snapshot()),
    }
    for name, action in actions.items():
        node.create_service(Trigger, f"~/{name}", _answering(action))
    node.create_service(SetBool, "~/record", lambda request, response: _record(recorder, request, response))


def _doing(action: Callable[[], None], done: str) -> Callable[[], str]:
    def do() -> str:
        action()
        return done

    return do


def _answering(action: Callable[[], str]) -> Callable[[Trigger.Request, Trigger.Response], Trigger.Response]:
    def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return _fill(response, action)

    return answer


def _record(recorder: Recorder, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
    return _fill(response, (lambda: str(recorder.start())) if request.data else (lambda: _stopped(recorder)))


def _fill(response: Trigger.Response | SetBool.Response, action: Callable[[], str]) -> Trigger.Response:
    try:
        response.success, response.message = True, action()
    except (RecorderError, TimeoutError) as error:
        response.success, response.message = False, str(error)
    return response


def _stopped(recorder: Recorder) -> str:
    summary = recorder.stop()
    return f"{summary['written']} frames written, {summary['lost']} lost"
