"""Being a camera of airo_camera_toolkit, without importing it.

Its interfaces are abstract base classes, so our classes are registered as theirs. To import them takes seconds:
that is left to whoever needs them, and the registration follows their import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

__all__ = ["INTERFACES", "register_interface"]

INTERFACES = "airo_camera_toolkit.interfaces"

_interfaces: list[tuple[type, str]] = []  # our class, and the name of theirs


def register_interface(ours: type, theirs: str) -> None:
    """Let a class of ours pass isinstance() and issubclass() of an interface, now or as soon as that is imported.

    Args:
        ours: the class.
        theirs: name of a class in airo_camera_toolkit.interfaces.
    """
    _interfaces.append((ours, theirs))
    module = sys.modules.get(INTERFACES)
    if module is not None:
        _register_all(module)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _register_all(module: ModuleType) -> None:
    for ours, theirs in _interfaces:
        interface = getattr(module, theirs, None)  # a version that lacks one has no code that asks for it
        if interface is not None:
            interface.register(ours)


class _Finder(MetaPathFinder):
    """Finds the one module as usual, and has it loaded by _Loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != INTERFACES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads a module as its own loader does, then registers our classes."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader  # what comes later, such as inspect, sees the module as ever
        _register_all(module)
