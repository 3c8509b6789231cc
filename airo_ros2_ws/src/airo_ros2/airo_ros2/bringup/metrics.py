"""The status of a set-up as Prometheus metrics, on 127.0.0.1."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from airo_ros2.bringup.child_process import ChildState
from airo_ros2.bringup.setup_status import ProcessStatus, SetupStatus
from airo_ros2.exceptions import ConfigError

__all__ = ["MetricsEndpoint"]

_PREFIX = "airo_ros2_"
_NUMBERS: dict[str, tuple[str, Callable[[ProcessStatus], float]]] = {
    "process_up": ("1 while the process runs", lambda p: float(p.state == ChildState.RUNNING.value)),
    "process_given_up": ("1 when it failed too often", lambda p: float(p.state == ChildState.FAILED.value)),
    "process_restarts": ("since the set-up was started", lambda p: p.restarts),
    "process_memory_bytes": ("resident, without files and shared memory", lambda p: p.memory_bytes),
    "process_shared_memory_bytes": ("of the messages that it publishes", lambda p: p.shared_memory_bytes),
    "process_cpu_ratio": ("cores it keeps busy", lambda p: p.cpu_percent / 100),
    "process_threads": ("threads", lambda p: p.threads),
    "process_open_files": ("open descriptors", lambda p: p.open_files),
    "node_level": ("of its diagnostics: 0 ok, 1 warning, 2 error", lambda p: -1 if p.level is None else p.level),
}


class MetricsEndpoint:
    """Answers http://127.0.0.1:PORT/metrics in threads of its own.

    Args:
        port: TCP; 0 for any free one.
        newest: returns the newest status; called in those threads.

    Raises:
        ConfigError: the port is taken.
    """

    def __init__(self, port: int, newest: Callable[[], SetupStatus | None]) -> None:
        registry = CollectorRegistry()
        registry.register(_StatusCollector(newest))
        try:
            self._server, self._thread = start_http_server(port, addr="127.0.0.1", registry=registry)
        except OSError as error:
            raise ConfigError(f"prometheus: cannot listen on port {port}: {error.strerror}") from error
        self.port = self._server.server_port

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)


class _StatusCollector(Collector):
    def __init__(self, newest: Callable[[], SetupStatus | None]) -> None:
        self._newest = newest

    def collect(self) -> Iterator[Metric]:
        """Yield what the newest status says."""
        status = self._newest()
        if status is None:
            return
        for name, (help_text, number) in _NUMBERS.items():
            yield _family(name, help_text, status, {process.name: number(process) for process in status.processes})
        for name, values in _reported(status).items():
            yield _family(f"node_{name}", "as the node reports it on /diagnostics", status, values)
        for name, amount in (("free", status.shared_memory_free), ("total", status.shared_memory_total)):
            yield GaugeMetricFamily(f"{_PREFIX}shared_memory_{name}_bytes", "of /dev/shm", value=amount)


def _family(name: str, help_text: str, status: SetupStatus, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, help_text, labels=["setup", "camera", "node"])
    for process in status.processes:
        if process.name in values:
            family.add_metric([status.name, process.camera, process.name], values[process.name])
    return family


def _reported(status: SetupStatus) -> dict[str, dict[str, float]]:
    """Return the numbers that nodes report, by the name of the metric and of the process; units are in the name."""
    found: dict[str, dict[str, float]] = {}
    for process in status.processes:
        for key, text in process.values.items():
            number: Any = _number(text)
            if number is not None:
                found.setdefault(_metric_name(key), {})[process.name] = number
    return found


def _metric_name(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", key.lower().replace("%", "percent")).strip("_")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
