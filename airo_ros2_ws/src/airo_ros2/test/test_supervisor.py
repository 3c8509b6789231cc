"""The supervisor with real processes that misbehave."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airo_ros2.bringup.child_process import ChildState
from airo_ros2.bringup.config import LogPolicy, RestartPolicy
from airo_ros2.bringup.guardian import marked_processes
from airo_ros2.bringup.process_log import ProcessLogs
from airo_ros2.bringup.processes import NodeProcess
from airo_ros2.bringup.supervisor import Supervisor
from airo_ros2.exceptions import ProcessEndedError

HERE = Path(__file__).parent
OWN_NICE = os.getpriority(os.PRIO_PROCESS, 0)
WAIT_SECS = 60.0
AT_ONCE = RestartPolicy(limit=3, first_wait=0.01, longest_wait=0.05)
Start = Callable[..., Any]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes find the programs of these tests."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))


class Stage:
    """A supervisor, what it says, and what its processes print."""

    def __init__(self, policy: RestartPolicy | None, folder: Path) -> None:
        self.said: list[str] = []
        self.lines: list[str] = []
        self.logs = ProcessLogs(folder, LogPolicy(), echo=lambda name, line: self.lines.append(line))
        self.supervisor = Supervisor(policy, logs=self.logs, say=self.said.append)

    def start(self, behaviour: str, *, name: str = "it", **options: Any) -> Any:
        """Start a process and return it."""
        options = {"kind": "tags", **options}
        process = NodeProcess(
            title=name,
            package="",
            executable="",
            module="obstinate",
            namespace="front",
            node_name=name,
            parameters={"behaviour": behaviour},
            **options,
        )
        self.supervisor.start(process)
        return self.supervisor.child(process.name)

    def until(self, condition: Callable[[], bool]) -> None:
        """Poll until something is so."""
        deadline, tick = time.monotonic() + WAIT_SECS, threading.Event()
        while not condition():
            assert time.monotonic() < deadline, (self.said, self.lines)
            self.supervisor.poll(time.monotonic())
            tick.wait(0.005)

    def expect(self, pattern: str, *, times: int = 1) -> re.Match[str]:
        """Wait until a line was printed so often, and return the last match."""
        matches: list[re.Match[str]] = []

        def has_come() -> bool:
            matches[:] = [match for line in list(self.lines) if (match := re.search(pattern, line))]
            return len(matches) >= times

        self.until(has_come)
        return matches[-1]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """A function that makes supervisors; at the end nothing that they started may be left."""
    made: list[Stage] = []

    def make(policy: RestartPolicy | None = AT_ONCE) -> Stage:
        made.append(Stage(policy, tmp_path))
        return made[-1]

    yield make
    for each in made:
        mark = each.supervisor._guardian.mark
        each.supervisor.close()
        each.logs.close()
        assert marked_processes(mark) == []


def is_running(process_id: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(process_id: int) -> None:
    """Wait for the end of a process that is not our child."""
    deadline, tick = time.monotonic() + WAIT_SECS, threading.Event()
    while is_running(process_id):
        assert time.monotonic() < deadline
        tick.wait(0.01)


def test_a_killed_process_is_started_again(stage: Callable[..., Stage]) -> None:
    """With another process id, counted, and said with the signal."""
    on = stage()
    child = on.start("stay")
    first = int(on.expect(r"ready (\d+)")[1])
    os.kill(first, signal.SIGKILL)
    second = int(on.expect(r"ready (\d+)", times=2)[1])
    assert second != first and child.process_id == second
    assert (child.state, child.restarts) == (ChildState.RUNNING, 1)
    assert on.said == ["it was killed by SIGKILL: starting again at once (failure 1 of 3)"]


def test_a_process_in_reserve_takes_the_place(stage: Callable[..., Stage]) -> None:
    """The next start turns it into the node, with its priority, cores and log; another one is then in reserve."""
    on = stage()
    core = max(os.sched_getaffinity(0))
    child = on.start("stay", nice=7, cpus=(core,))
    first = int(on.expect(r"ready (\d+)")[1])
    on.until(lambda: on.supervisor.reserve is not None)
    reserve = on.supervisor.reserve
    os.kill(first, signal.SIGKILL)
    assert on.expect(r"ready (.*)", times=2)[1] == f"{reserve} {OWN_NICE + 7} [{core}]"
    assert child.process_id == reserve
    on.until(lambda: on.supervisor.reserve not in (None, reserve))


def test_a_process_in_reserve_that_has_died_is_not_needed(stage: Callable[..., Stage]) -> None:
    """The node is then started from nothing."""
    on = stage()
    child = on.start("stay")
    first = int(on.expect(r"ready (\d+)")[1])
    on.until(lambda: on.supervisor.reserve is not None)
    dead = on.supervisor.reserve
    os.kill(dead, signal.SIGKILL)
    os.kill(first, signal.SIGKILL)
    assert int(on.expect(r"ready (\d+)", times=2)[1]) == child.process_id
    assert child.process_id not in (first, dead)


def test_nothing_in_reserve_outlives_a_killed_supervisor(start: Start, tmp_path: Path) -> None:
    """It ends as the children do."""
    supervisor = start(HERE / "supervisor_program.py", tmp_path, "stay")
    reserve = int(supervisor.expect(r"reserve (\d+)")[1])
    supervisor.popen.kill()
    supervisor.wait()
    wait_until_gone(reserve)


def test_sessions_have_the_priority_too(stage: Callable[..., Stage]) -> None:
    """Where the kernel shares the cores out by session, a nice value inside a session means nothing."""
    on = stage()
    on.start("stay", nice=7)
    process_id = on.expect(r"ready (\d+)")[1]
    autogroup = Path(f"/proc/{process_id}/autogroup")
    if not autogroup.exists():
        pytest.skip("this kernel has no sched_autogroup")
    on.until(lambda: autogroup.read_text().endswith(f" nice {OWN_NICE + 7}\n"))


def test_the_limit(stage: Callable[..., Stage]) -> None:
    """A process that ends at once is given up with a verdict that has its last words; another one goes on."""
    on = stage()
    other = on.start("stay", name="other")
    child = on.start("exit 7")
    on.until(lambda: child.state is ChildState.FAILED)
    assert child.restarts == 3
    assert on.said[-1] == (
        "it ended with status 7: given up, it has failed 4 times within 120 s; it said last: has had enough"
    )
    on.expect("ready")
    assert other.state is ChildState.RUNNING
    on.supervisor.restart("front/it")  # by hand it begins anew
    on.until(lambda: child.state is ChildState.FAILED and child.restarts > 4)


def test_a_source_that_ends_is_at_its_end(stage: Callable[..., Stage]) -> None:
    """Status 0 of a source is no failure; of anything else it is."""
    on = stage()
    source = on.start("exit 0", is_source=True)
    on.until(lambda: source.state is ChildState.ENDED)
    assert source.restarts == 0 and on.said == []


def test_without_a_policy_the_first_failure_ends_all(stage: Callable[..., Stage]) -> None:
    """The error names the process and how it ended, and whether it has said why."""
    on = stage(None)
    on.start("exit 2")
    with pytest.raises(ProcessEndedError, match="^it ended with status 2$") as caught:
        on.until(lambda: False)
    assert caught.value.has_said_why


def test_ending_gets_harder(stage: Callable[..., Stage]) -> None:
    """A process that is deaf to SIGINT and SIGTERM is killed."""
    on = stage()
    child = on.start("deaf")
    process_id = int(on.expect(r"ready (\d+)")[1])
    on.supervisor.close()
    assert not is_running(process_id)
    assert child.last_ending is not None and child.last_ending.status == -signal.SIGKILL


def test_a_stopped_process_is_replaced(stage: Callable[..., Stage]) -> None:
    """One that does not react is killed at once, with the reason that was given."""
    on = stage()
    on.start("stay")
    os.kill(int(on.expect(r"ready (\d+)")[1]), signal.SIGSTOP)
    on.supervisor.fail("front/it", "does not react", kill=True)
    on.expect("ready", times=2)
    assert on.said == ["it does not react: starting again at once (failure 1 of 3)"]


def test_helpers_end_with_their_process(stage: Callable[..., Stage]) -> None:
    """What a killed process had started does not outlive it, however deaf it is."""
    on = stage()
    on.start("parent")
    helper = int(on.expect(r"child (\d+)")[1])
    os.kill(int(on.expect(r"ready (\d+)")[1]), signal.SIGKILL)
    on.until(lambda: not is_running(helper))
    on.expect("ready", times=2)


def test_a_removed_process_is_gone(stage: Callable[..., Stage]) -> None:
    """It ends and is not started again."""
    on = stage()
    on.start("stay")
    process_id = int(on.expect(r"ready (\d+)")[1])
    on.supervisor.remove("front/it")
    assert on.supervisor.child("front/it") is None
    on.until(lambda: not is_running(process_id))
    assert on.said == []


def test_a_process_is_replaced_by_another(stage: Callable[..., Stage]) -> None:
    """Restarting with a new description is no failure."""
    on = stage()
    child = on.start("stay")
    on.expect("ready")
    changed = NodeProcess("it", "tags", "", "", "obstinate", "front", "it", {"behaviour": "stay"}, nice=3)
    on.supervisor.restart("front/it", changed)
    assert on.expect(r"ready \d+ (\d+)", times=2)[1] == str(os.getpriority(os.PRIO_PROCESS, 0) + 3)
    assert child.history.recent == 0 and on.said == []


def test_priority_and_cores(stage: Callable[..., Stage]) -> None:
    """A process has the nice value and the cores that its description says."""
    on = stage()
    core = max(os.sched_getaffinity(0))
    on.start("stay", nice=7, cpus=(core,))
    assert on.expect(r"ready \d+ (.*)")[1] == f"{OWN_NICE + 7} [{core}]"


@pytest.mark.parametrize("behaviour", ["stay", "deaf", "parent"])
def test_nothing_outlives_a_killed_supervisor(start: Start, tmp_path: Path, behaviour: str) -> None:
    """Children, deaf ones, and children of children end when the supervisor is killed."""
    supervisor = start(HERE / "supervisor_program.py", tmp_path, behaviour)
    pids = [int(supervisor.expect(r"child (\d+)")[1])] if behaviour == "parent" else []
    pids.append(int(supervisor.expect(r"ready (\d+)")[1]))
    supervisor.popen.kill()
    supervisor.wait()
    for process_id in pids:
        wait_until_gone(process_id)


def test_a_stopped_child_does_not_outlive_a_killed_supervisor(start: Start, tmp_path: Path) -> None:
    """SIGTERM of the kernel waits for a stopped process to go on; the guardian does not."""
    supervisor = start(HERE / "supervisor_program.py", tmp_path, "stay")
    process_id = int(supervisor.expect(r"ready (\d+)")[1])
    os.kill(process_id, signal.SIGSTOP)
    supervisor.popen.kill()
    supervisor.wait()
    wait_until_gone(process_id)
