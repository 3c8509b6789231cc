"""Kills the processes of a running set-up at random, again and again: `make soak-bringup ARGS="--minutes 15"`.

Prints how soon each came back, whether anybody else lost a frame, memory, threads, descriptors and shared memory after
a third of the time and at the end, and what is left when all is over. Status 1 if something did not come back, was
lost, grew or is left. `--each 50 --load 1` kills each process 50 times while one process per core computes beside
the set-up.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rclpy
from airo_camera_msgs.msg import TagDetections
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger

from airo_frames.formats import smallest_format
from airo_ros2.bringup.guardian import marked_processes
from airo_ros2.bringup.node_kinds import TAGS
from airo_ros2.bringup.process_meter import ProcessMeter, ProcessUse
from airo_ros2.bringup.setup_status import SetupStatus
from rclpy_loans import LoanSubscription, Sample, apply_profile, loan_qos
from rclpy_loans.orphans import remove_orphans

WAIT_SECS = 60.0
LOAD_NICE = TAGS.nice  # encoders, viewers and detectors yield to cameras, and not to each other
MARK = "AIRO_ROS2_SOAK"  # in the environment of everything that is started here
PAUSE_SECS = 1.0  # between two kills: the streams settle, so that a loss belongs to one kill
SHARED_MEMORY = Path("/dev/shm")
MEMORY_MARGIN_BYTES = 12e6  # of the supervisor: what Python and Fast DDS keep for later


class Stream:
    """Counts the messages of one topic, and the numbers that are missing between them."""

    def __init__(self, node: Any, msg_type: Any, topic: str) -> None:
        self.count = self.lost = 0
        self.first_after: float | None = None  # s, when the first message of a new publisher came
        self._last: tuple[bytes, int] | None = None
        self._subscription = LoanSubscription(node, msg_type, topic, self._take, qos=loan_qos(64), newest=False)

    def _take(self, sample: Sample) -> None:
        publisher, sequence = sample.info.publisher_gid, int(sample["sequence"])
        if not sample.is_valid():
            return
        if self._last is not None and self._last[0] == publisher:
            self.lost += max(0, sequence - self._last[1] - 1)
        elif self._last is not None:
            self.first_after = time.monotonic()
        self._last = publisher, sequence
        self.count += 1

    def close(self) -> None:
        """Stop counting."""
        self._subscription.close()


class Soak:
    """A set-up under fire."""

    def __init__(self, cameras: int, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.victims: list[str] = []  # names, in the order in which they are to be killed; empty for any, for ever
        self.node = rclpy.create_node("soak")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.client = self.node.create_client(Trigger, "/airo_ros2_soak/status")
        names = [f"camera_{index}" for index in range(cameras)]
        file = folder / "soak.yaml"
        file.write_text(
            "restart: {limit: 0, first_wait: 0.05, longest_wait: 0.05}\n"
            "view: false\nrelay: false\ncompressed_relay: false\n"
            f"logs: {{folder: {folder / 'logs'}}}\ndefaults: {{source: 'sim:?fps=10', size: [640, 480]}}\ncameras:\n"
            + "".join(
                f"  {name}: {{tags: {'true' if index % 2 == 0 else 'false'}}}\n" for index, name in enumerate(names)
            )
        )
        image = smallest_format((640, 480), "rgb8").msg_type
        self.frames = {name: Stream(self.node, image, f"/{name}/frame") for name in names}
        self.tags = {name: Stream(self.node, TagDetections, f"/{name}/tags") for name in names[::2]}
        command = [sys.executable, "-m", "airo_ros2.cli", "bringup", str(file), "--quiet"]
        self.supervisor = subprocess.Popen(command, stderr=(folder / "stderr").open("wb"), env=marked())
        self.meter = ProcessMeter()

    def spin_until(self, condition: Callable[[], bool], what: str) -> None:
        """Deliver messages until something is so."""
        deadline = time.monotonic() + WAIT_SECS
        while not condition():
            if time.monotonic() > deadline or self.supervisor.poll() is not None:
                raise SystemExit(f"soak: {what} did not happen within {WAIT_SECS:g} s")
            self.executor.spin_once(timeout_sec=0.05)

    def pause(self, seconds: float) -> None:
        """Deliver messages for a while."""
        until = time.monotonic() + seconds
        self.spin_until(lambda: time.monotonic() >= until, "time")

    def status(self) -> SetupStatus:
        """Ask the supervisor."""
        self.spin_until(self.client.service_is_ready, "the supervisor")
        while True:
            future = self.client.call_async(Trigger.Request())
            until = time.monotonic() + 1.0
            self.spin_until(lambda future=future, until=until: future.done() or time.monotonic() > until, "an answer")
            if future.done():
                return SetupStatus.from_json(future.result().message)
            self.client.remove_pending_request(future)

    def settle(self) -> None:
        """Wait until every stream flows."""
        for stream in (*self.frames.values(), *self.tags.values()):
            before = stream.count
            self.spin_until(
                lambda stream=stream, before=before: stream.count > before + 3, "the beginning of all streams"
            )

    def plan(self, times: int) -> None:
        """Choose the order in which each process is killed so many times."""
        self.victims = [process.name for process in self.status().processes] * times
        self.random.shuffle(self.victims)

    def kill_one(self) -> tuple[str, float, int]:
        """Kill a process; return its name, how long until its stream went on, s, and what all others lost."""
        running = [p for p in self.status().processes if p.process_id and p.state == "running"]
        name = self.victims.pop() if self.victims else self.random.choice(running).name
        (victim,) = [process for process in running if process.name == name]
        own = (self.frames if victim.kind == "camera" else self.tags)[victim.camera]
        others = [stream for stream in self.frames.values() if stream is not own]
        lost = sum(stream.lost for stream in others)
        own.first_after = None
        start = time.monotonic()
        os.kill(victim.process_id, signal.SIGKILL)
        self.spin_until(lambda: own.first_after is not None, f"the return of {victim.name}")
        recovery = (own.first_after or 0.0) - start
        self.pause(PAUSE_SECS)
        return victim.name, recovery, sum(stream.lost for stream in others) - lost

    def look(self) -> tuple[ProcessUse, int, int]:
        """Return what the supervisor takes, and bytes and number of files in shared memory."""
        use = self.meter.look(self.supervisor.pid, time.monotonic())
        assert use is not None
        files = [path for path in SHARED_MEMORY.iterdir() if path.name.startswith(("fast", "sem.fast"))]
        return use, sum(path.stat().st_size for path in files if path.exists()), len(files)

    def end(self) -> int:
        """End the set-up and return its status."""
        for stream in (*self.frames.values(), *self.tags.values()):
            stream.close()
        self.supervisor.send_signal(signal.SIGINT)
        status = self.supervisor.wait(WAIT_SECS)
        self.executor.shutdown()
        self.node.destroy_node()
        return status


def main() -> int:
    """Run and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15.0, help="default %(default)s")
    parser.add_argument("--kills", type=int, default=10**9, help="end after so many")
    parser.add_argument("--each", type=int, default=0, help="end after so many kills of each process")
    parser.add_argument("--load", type=int, default=0, help="processes per core that compute; default %(default)s")
    parser.add_argument("--cameras", type=int, default=3, help="every second one with tags; default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which processes are killed")
    given = parser.parse_args()
    apply_profile()
    before = shared_files()
    with tempfile.TemporaryDirectory() as folder, load(given.load):
        rclpy.init()
        try:
            found = run(given, Path(folder))
        finally:
            rclpy.try_shutdown()
            remove_orphans()  # killed processes keep our own files from being removed with us
    found += leftovers(before)
    for problem in found:
        print(f"problem: {problem}")
    return 1 if found else 0


def marked() -> dict[str, str]:
    """Return the environment of what is started here."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {MARK: str(os.getpid()), "PYTHONPATH": path}


@contextmanager
def load(per_core: int) -> Iterator[None]:
    """Keep the cores busy meanwhile."""
    call = [sys.executable, "-m", "airo_ros2.bringup.child", str(os.getpid()), str(LOAD_NICE), "all", "burn"]
    count = per_core * len(os.sched_getaffinity(0))
    burners = [subprocess.Popen(call, env=marked(), start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def run(given: argparse.Namespace, folder: Path) -> list[str]:
    """Kill until it is enough, report, and return what is not as it should be."""
    soak = Soak(given.cameras, folder, given.seed)
    try:
        soak.settle()
        soak.pause(3 * PAUSE_SECS)
        if given.each:
            soak.plan(given.each)
        kills = len(soak.victims) or given.kills
        begin, recoveries, lost, mark = None, dict[str, list[float]](), 0, time.monotonic()
        until, done = time.monotonic() + 60 * given.minutes, 0
        while done < kills and (given.each or time.monotonic() < until):
            name, recovery, others = soak.kill_one()
            recoveries.setdefault(name.rpartition("/")[2], []).append(recovery)
            lost += others
            done += 1
            print(f"{name:20} back after {recovery:5.2f} s, others lost {others} frames", flush=True)
            is_warm = time.monotonic() > until - 40 * given.minutes or done > kills / 3
            if begin is None and is_warm:  # Fast DDS keeps some memory for those that come and go
                begin = soak.look()
            if time.monotonic() - mark > 60:
                mark = time.monotonic()
                print(line("now", soak.look()), flush=True)
        soak.settle()
        end = soak.look()
        status = soak.end()
    finally:
        if soak.supervisor.poll() is None:
            soak.supervisor.kill()
    frames = sum(stream.count for stream in soak.frames.values())
    print(line("begin", begin or end), line("end", end), sep="\n")
    for kind, each in sorted(recoveries.items()):
        print(f"{kind}: {summary(each)}")
    together = [recovery for each in recoveries.values() for recovery in each]
    print(f"{summary(together)}; others lost {lost} of {frames} frames; bringup ended with status {status}")
    return problems(begin or end, end, lost, status)


def summary(recoveries: list[float]) -> str:
    """Return how soon so many killed processes were back."""
    p95 = sorted(recoveries)[int(0.95 * (len(recoveries) - 1))]
    return (
        f"{len(recoveries)} kills: back after {statistics.median(recoveries):.2f} s (median), {p95:.2f} s (p95), "
        f"{max(recoveries):.2f} s (worst)"
    )


def shared_files() -> set[str]:
    """Return the names of all files in shared memory."""
    return {path.name for path in SHARED_MEMORY.iterdir()}


def leftovers(before: set[str]) -> list[str]:
    """Return what is left of all that was started: processes, and files in shared memory."""
    deadline = time.monotonic() + WAIT_SECS
    while (left := marked_processes(str(os.getpid()), variable=MARK)) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECS)  # guardians end by themselves
    return [f"process {each} is left" for each in left] + [f"{each} is left" for each in shared_files() - before]


def problems(begin: Any, end: Any, lost: int, status: int) -> list[str]:
    """Return what is not as it should be."""
    found = [f"status {status}"] if status else []
    found += [f"{lost} frames lost"] if lost else []
    if end[0].memory_bytes > begin[0].memory_bytes + MEMORY_MARGIN_BYTES:
        found.append("the supervisor's memory has grown")
    for name in ("threads", "open_files"):
        if getattr(end[0], name) > getattr(begin[0], name) + 2:
            found.append(f"{name} have grown")
    if end[2] > begin[2] + 2 or end[1] > 1.1 * begin[1] + 1e6:
        found.append("shared memory has grown")
    return found


def line(when: str, look: tuple[ProcessUse, int, int]) -> str:
    """Return a line about what is taken."""
    use, shared_bytes, files = look
    return (
        f"{when:6} supervisor {use.memory_bytes / 1e6:.1f} MB, {use.threads} threads, {use.open_files} descriptors; "
        f"/dev/shm {shared_bytes / 1e6:.1f} MB in {files} files"
    )


if __name__ == "__main__":
    sys.exit(main())
