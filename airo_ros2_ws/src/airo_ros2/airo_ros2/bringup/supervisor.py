"""Child processes that are started again when they fail, never outlive their parent and leave nothing behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType

from airo_frames.exit_status import EXIT_SAID_WHY
from airo_ros2.bringup.child_process import HARDER, HELPER_SECS, Child, ChildState, Ending
from airo_ros2.bringup.config import RestartPolicy
from airo_ros2.bringup.guardian import Guardian
from airo_ros2.bringup.node_kinds import NODE_KINDS
from airo_ros2.bringup.process_log import ProcessLogs
from airo_ros2.bringup.processes import NodeProcess
from airo_ros2.bringup.spare import Spare
from airo_ros2.exceptions import ProcessEndedError
from rclpy_loans.orphans import remove_orphans

__all__ = ["Supervisor"]

POLL_SECS = 0.01
SPARE_AFTER_SECS = 1.0  # after the last start: that one is to have the cores for itself
_ORDER = [kind.key for kind in NODE_KINDS]


class Supervisor:
    """Starts processes, looks after them, and ends them all. A context manager: leaving ends them.

    Without a policy, the first process that ends before its time ends the whole set-up. With one, it is started again,
    and given up after too many failures, while the others go on.

    Args:
        policy: when a process that failed is started again; None for never.
        logs: get what the processes print; None for letting it go to our stderr.
        say: gets a line for people when something happens to a process.
    """

    def __init__(
        self,
        policy: RestartPolicy | None = None,
        *,
        logs: ProcessLogs | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._policy = policy
        self._logs = logs
        self._say = say
        self._children: dict[str, Child] = {}  # by name of the process
        self._leaving: list[Child] = []  # removed ones that have not ended yet
        self._guardian = Guardian()
        self._spare = None
        if policy is not None:
            self._spare = Spare(environment=self._guardian.environment, is_piped=logs is not None)
        self._has_killed = False  # something was killed or crashed since shared memory was cleaned

    def __enter__(self) -> Supervisor:
        """Return self."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes."""
        self.close()

    @property
    def children(self) -> list[Child]:
        """All processes, whatever they are at."""
        return list(self._children.values())

    @property
    def reserve(self) -> int | None:
        """Id of the process in reserve; None if there is none now."""
        return None if self._spare is None else self._spare.process_id

    def child(self, name: str) -> Child | None:
        """Return a process by its name; None if there is none."""
        return self._children.get(name)

    def children_of(self, camera: str) -> list[Child]:
        """Return the processes of a camera."""
        return [child for child in self._children.values() if child.process.namespace == camera]

    def start(self, process: NodeProcess) -> None:
        """Start a process that was not there before."""
        child = Child(
            process,
            environment=self._guardian.environment,
            policy=self._policy,
            follow=None if self._logs is None else self._logs.follow,
            spare=self._spare,
        )
        self._children[process.name] = child
        child.start()

    def restart(self, name: str, process: NodeProcess | None = None) -> None:
        """End a process if it runs, and start it anew, whatever has happened to it before.

        Args:
            name: of the process.
            process: its new description; None for the one it has.
        """
        child = self._children[name]
        child.process = process or child.process
        if child.history is not None:
            child.history.forget()
        now = time.monotonic()
        child.stop(now)
        child.restart_at = now
        if child.process_id is None:
            child.state = ChildState.WAITING

    def remove(self, name: str) -> None:
        """End a process for good."""
        child = self._children.pop(name)
        child.stop(time.monotonic())
        self._leaving.append(child)

    def fail(self, name: str, reason: str, *, kill: bool = False) -> None:
        """End a process because something is wrong with it; the policy decides what follows.

        Args:
            name: of the process.
            reason: for people, after the process's title.
            kill: at once: it does not react.
        """
        self._children[name].stop(time.monotonic(), reason=reason, kill=kill)

    def poll(self, now: float) -> None:
        """Do what is due: notice ends, start again, send the next signal. Call it every few hundredths of a second.

        Args:
            now: s, monotonic.

        Raises:
            ProcessEndedError: a process ended that should not have, and there is no policy.
        """
        for child in self.children:
            ending = child.poll(now)
            if ending is not None:
                self._has_killed |= ending.status != 0
                self._follow_up(child, ending, now)
        for child in list(self._leaving):
            ending = child.poll(now)
            self._has_killed |= ending is not None and ending.status != 0
            if child.is_over:
                self._leaving.remove(child)
                if self._logs is not None and child.process.name not in self._children:
                    self._logs.forget(child.process.name)
        if self._has_killed and self._policy is not None:
            self._has_killed = False
            remove_orphans()  # before anything starts again: it may need the room
        for child in self.children:
            if child.state is ChildState.WAITING and child.restart_at <= now:
                child.restarts += 1
                child.start()
        self._keep_spare(now)

    def _keep_spare(self, now: float) -> None:
        """Have a process in reserve for the next failure, once everything runs."""
        running = [child for child in self.children if child.state is ChildState.RUNNING]
        if self._spare is None or not running or now < max(c.started_at for c in running) + SPARE_AFTER_SECS:
            return
        self._spare.renew(sorted({child.process.module for child in running if child.process.namespace}), now)

    def _follow_up(self, child: Child, ending: Ending, now: float) -> None:
        """Decide what follows from the end of a process."""
        process = child.process
        if ending.was_asked:
            child.state = ChildState.WAITING if child.restart_at > child.started_at else ChildState.ENDED
        elif ending.status == 0 and process.is_source:
            child.state = ChildState.ENDED
        elif child.history is None:
            child.state = ChildState.FAILED
            if not process.is_vital:
                self._say(f"{process.title} {ending.text}: the set-up goes on without it")
                return
            raise ProcessEndedError(f"{process.title} {ending.text}", has_said_why=ending.status == EXIT_SAID_WHY)
        else:
            wait = child.history.wait_after_failure(now)
            child.state = ChildState.FAILED if wait is None else ChildState.WAITING
            child.restart_at = now + (wait or 0.0)
            self._tell(child, ending, wait)

    def _tell(self, child: Child, ending: Ending, wait: float | None) -> None:
        history, process = child.history, child.process
        if history is None:
            return
        if wait is None:
            within = f"{history.recent} times within {history.policy.within:g} s"
            last = self._logs.last_line(process.name) if self._logs is not None else ""
            said = f"; it said last: {last}" if last else ""
            self._say(f"{process.title} {ending.text}: given up, it has failed {within}{said}")
        else:
            limit = f" of {history.policy.limit}" if history.policy.limit else ""
            when = f"in {wait:.1f} s" if wait else "at once"
            self._say(f"{process.title} {ending.text}: starting again {when} (failure {history.recent}{limit})")

    def close(self) -> None:
        """End all processes: first what reads frames, then what makes them."""
        if self._spare is not None:
            self._spare.close()
        for key in reversed(_ORDER):
            self._end([child for child in self.children if child.process.kind == key])
        self._end([*self.children, *self._leaving])
        self._guardian.close()

    def _end(self, children: Iterable[Child]) -> None:
        children = list(children)
        for child in children:
            child.stop(time.monotonic())
        # A process that hangs in the kernel outlives even SIGKILL: nobody waits for it.
        longest = max((child.process.ending_secs for child in children), default=0.0)
        deadline = time.monotonic() + longest + sum(patience for _, patience in HARDER) + HELPER_SECS
        while not all(child.is_over for child in children) and time.monotonic() < deadline:
            for child in children:
                child.poll(time.monotonic())
            time.sleep(POLL_SECS)
