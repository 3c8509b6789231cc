"""One native AprilTag detector, owned so that it can neither leak nor be freed in the wrong order.

Both Python bindings wrap the C library of AprilTag 3 in the same way, so both are used in the same way: the binding
creates a detector and converts its results; this class owns what the C library allocated.

    opening     the binding makes a detector with the smallest family; that one is replaced by the families asked for,
                with decoding tables no larger than max_hamming needs (the bindings always ask for 2 corrected bits:
                gigabytes for the large families, and the process exits when they cannot be had)
    detecting   under a lock: a native detector serves one thread at a time
    closing     the detector first, then its families; also at interpreter exit, before modules are torn down
"""

from __future__ import annotations

import importlib
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tag_pose.exceptions import DetectorClosedError, DetectorFailedError, DetectorSettingError
from tag_pose.observation import TagObservation

if TYPE_CHECKING:
    from tag_pose.detector_settings import DetectorSettings

__all__ = ["NativeBackend"]

PIXEL_CENTRE = 0.5  # the C library puts the centre of the first pixel at (0.5, 0.5), OpenCV at (0, 0)
PLACEHOLDER_FAMILY = "tag16h5"
MAX_TABLE_BYTES = 512 * 1024**2
CLOSE_TIMEOUT_SECS = 10.0

logger = logging.getLogger(__name__)


class NativeBackend:
    """A native detector behind two calls, detect() and close().

    Subclasses name the library: `name` in settings, `module` to import, `distribution` to install, its `families`.

    Raises:
        DetectorSettingError: the library is not installed, or a family needs more memory than is reasonable.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    distribution: ClassVar[str]
    families: ClassVar[tuple[str, ...]]

    def __init__(self, settings: DetectorSettings) -> None:
        self._lock = threading.Lock()  # held while the native detector works or dies
        self._binding = self._open_binding(settings)
        families: dict[str, Any] = {}
        # The finalizer keeps the binding alive until it has run: the binding's own __del__ never frees anything.
        self._finalizer = weakref.finalize(self, _destroy, self._binding, families, self._lock)
        _replace_families(self._binding, families, settings)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return not self._finalizer.alive

    def detect(self, gray: NDArray[np.uint8]) -> list[TagObservation]:
        """Return everything the library takes for a tag, unfiltered and in the library's order.

        Args:
            gray: (H, W) uint8, any strides, may be read-only; large enough for the settings (the caller checks).
        Memory: the binding copies the image into a buffer of its own; nothing of it is kept afterwards.

        Raises:
            DetectorClosedError: after close().
            DetectorFailedError: the library reported that it could not do its work, for example for want of threads
                or memory. The detector stays usable.
        """
        with self._lock:
            if self.closed:
                raise DetectorClosedError("the detector is closed: make a new one")
            try:
                detections = self._binding.detect(gray)
            except Exception as error:  # whatever a binding raises: RuntimeError, MemoryError, ValueError of ctypes
                raise DetectorFailedError(
                    f"{self.distribution} failed at a {gray.shape[1]}x{gray.shape[0]} px image: {error}"
                ) from error
        return [_observation(detection) for detection in detections]

    def close(self) -> None:
        """Free the native detector, after a running detection has ended. Closing again does nothing."""
        self._finalizer()

    @classmethod
    def _open_binding(cls, settings: DetectorSettings) -> Any:
        try:
            binding_module = importlib.import_module(cls.module)
        except ImportError as error:
            other = "pyapriltags" if cls.name == "pupil" else "pupil"
            raise DetectorSettingError(
                f"backend {cls.name!r} cannot be imported ({error}): install {cls.distribution}, or choose {other!r}"
            ) from error
        binding = binding_module.Detector(
            families=PLACEHOLDER_FAMILY,
            nthreads=1,  # more threads end the process when one cannot be created
            quad_decimate=settings.decimate,
            quad_sigma=settings.blur_sigma,
            refine_edges=int(settings.refine_edges),
        )
        # Set here because the bindings cut it to an integer.
        binding.tag_detector_ptr.contents.decode_sharpening = settings.sharpening
        return binding


def _replace_families(binding: Any, families: dict[str, Any], settings: DetectorSettings) -> None:
    library = binding.libc
    placeholder = binding.tag_families.pop(PLACEHOLDER_FAMILY)
    library.apriltag_detector_clear_families.restype = None
    library.apriltag_detector_clear_families(binding.tag_detector_ptr)
    _destroy_family(library, PLACEHOLDER_FAMILY, placeholder)
    for name in settings.families:
        create = getattr(library, f"{name}_create")
        create.restype = type(placeholder)
        families[name] = create()
        _check_table(name, families[name].contents, max_hamming=settings.max_hamming)
        library.apriltag_detector_add_family_bits.restype = None
        library.apriltag_detector_add_family_bits(binding.tag_detector_ptr, families[name], settings.max_hamming)


def _check_table(name: str, family: Any, *, max_hamming: int) -> None:
    # As quick_decode_init() of the C library: three entries of 16 bytes for every word that decodes.
    bits = int(family.nbits)
    words = int(family.ncodes) * (1, 1 + bits, 1 + bits * bits)[max_hamming]
    if words * 48 > MAX_TABLE_BYTES:
        raise DetectorSettingError(
            f"{name} with max_hamming {max_hamming} needs a decoding table of {words * 48 / 1e9:.1f} GB: "
            f"expected at most {MAX_TABLE_BYTES / 1e9:.1f} GB, use max_hamming {max_hamming - 1}"
        )


def _destroy(binding: Any, families: dict[str, Any], lock: threading.Lock) -> None:
    library, detector = binding.libc, binding.tag_detector_ptr
    # At exit another thread may still detect: wait for it, but rather leave memory behind than hang or pull it away.
    if not lock.acquire(timeout=CLOSE_TIMEOUT_SECS):
        logger.error("a detection runs for more than %g s: its detector is not freed", CLOSE_TIMEOUT_SECS)
        binding.tag_detector_ptr = None
        return
    try:
        binding.tag_detector_ptr = None
        library.apriltag_detector_destroy.restype = None
        library.apriltag_detector_destroy(detector)
        for name, family in families.items():
            _destroy_family(library, name, family)
        families.clear()
    finally:
        lock.release()


def _destroy_family(library: Any, name: str, family: Any) -> None:
    destroy = getattr(library, f"{name}_destroy")
    destroy.restype = None
    destroy(family)


def _observation(detection: Any) -> TagObservation:
    return TagObservation(
        tag_id=int(detection.tag_id),
        family=detection.tag_family.decode(),
        hamming=int(detection.hamming),
        decision_margin=float(detection.decision_margin),
        center=np.asarray(detection.center, dtype=np.float64) - PIXEL_CENTRE,
        corners=np.asarray(detection.corners, dtype=np.float64) - PIXEL_CENTRE,
    )
