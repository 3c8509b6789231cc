"""The set-ups that are measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SCENES", "Case", "Plan"]

# A real camera is read, not drawn. A still scene is drawn once, so that its source only fills the slot as a driver
# does; a moving one is drawn anew for each frame.
SCENES = {"still": "motion=0", "moving": "motion=1"}


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        cameras: numbers of cameras.
        scenes: names of SCENES.
        seconds: of each measurement.
        fps: asked of each camera.
        size_wh: of each camera, px.
    """

    cameras: tuple[int, ...] = (1, 2, 4, 6, 8)
    scenes: tuple[str, ...] = tuple(SCENES)
    seconds: float = 12.0
    fps: float = 30.0
    size_wh: tuple[int, int] = (640, 480)

    @property
    def cases(self) -> list[Case]:
        """Every set-up that is measured."""
        return [Case(scene, count) for scene in self.scenes for count in self.cameras]


@dataclass(frozen=True)
class Case:
    """A set-up.

    Attributes:
        scene: name of one of SCENES.
        cameras: how many, each with tags.
    """

    scene: str
    cameras: int

    def text(self, plan: Plan) -> str:
        """Return the set-up file."""
        width, height = plan.size_wh
        lines = ["name: scale", "view: false", "relay: false", "compressed_relay: false", "cameras:"]
        for index in range(self.cameras):
            source = f"sim:?{SCENES[self.scene]}&seed={index}"
            lines.append(
                f"  camera_{index}: {{source: '{source}', fps: {plan.fps:g}, size: [{width}, {height}], tags: true}}"
            )
        return "\n".join(lines) + "\n"
