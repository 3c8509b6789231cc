"""metadata.yaml, which makes a folder with MCAP files a ROS 2 bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from mcap.exceptions import McapError
from mcap.reader import make_reader

from airo_recorder.exceptions import RecordingRepairError

__all__ = [
    "FILE_NAME",
    "BagContents",
    "bag_files",
    "bag_metadata",
    "read_contents",
    "rebuild_bag_metadata",
    "write_bag_metadata",
]

FILE_NAME = "metadata.yaml"
_VERSION = 5  # the oldest that has a list of files: read by rosbag2 from Humble on


@dataclass
class BagContents:
    """What an MCAP file holds.

    Attributes:
        path: of the file.
        counts: messages by topic.
        types: of the topics.
        start_nanos: when the first message was received, ns since the epoch.
        end_nanos: when the last message was received, ns since the epoch.
    """

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    types: dict[str, str] = field(default_factory=dict)
    start_nanos: int = 0
    end_nanos: int = 0


def bag_metadata(files: Sequence[BagContents]) -> dict[str, Any]:
    """Return what rosbag2 wants to know of the files of a bag."""
    used = [file for file in files if file.counts]
    counts: Counter[str] = sum((file.counts for file in files), Counter())
    types = {topic: type_name for file in files for topic, type_name in file.types.items()}
    start = min((file.start_nanos for file in used), default=0)
    end = max((file.end_nanos for file in used), default=0)
    return {
        "rosbag2_bagfile_information": {
            "version": _VERSION,
            "storage_identifier": "mcap",
            "duration": {"nanoseconds": end - start},
            "starting_time": {"nanoseconds_since_epoch": start},
            "message_count": counts.total(),
            "topics_with_message_count": [
                {
                    "topic_metadata": {
                        "name": topic,
                        "type": types[topic],
                        "serialization_format": "cdr",
                        "offered_qos_profiles": "",
                    },
                    "message_count": counts[topic],
                }
                for topic in sorted(types)
            ],
            # Chunks are compressed inside the MCAP file: for rosbag2 that is not a compressed bag.
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [file.path.name for file in files],
            "files": [
                {
                    "path": file.path.name,
                    "starting_time": {"nanoseconds_since_epoch": file.start_nanos},
                    "duration": {"nanoseconds": file.end_nanos - file.start_nanos},
                    "message_count": file.counts.total(),
                }
                for file in files
            ],
        }
    }


def rebuild_bag_metadata(folder: Path) -> None:
    """Write metadata.yaml anew from the MCAP files of a folder, after a repair.

    Raises:
        RecordingRepairError: a file cannot be read.
    """
    try:
        write_bag_metadata(folder, bag_metadata([read_contents(path) for path in bag_files(folder)]))
    except (OSError, McapError) as error:
        raise RecordingRepairError(f"cannot make {folder / FILE_NAME}: {error}") from error


def bag_files(folder: Path) -> list[Path]:
    """Return the MCAP files of a folder, in the order in which they were written."""
    return sorted(folder.glob("*.mcap"), key=lambda path: (len(path.name), path.name))


def read_contents(path: Path) -> BagContents:
    """Return what an MCAP file with an index holds.

    Raises:
        OSError: it cannot be read.
        McapError: it has no index or is damaged.
    """
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    contents = BagContents(path)
    if summary is None or summary.statistics is None:
        return contents
    for channel in summary.channels.values():
        contents.types[channel.topic] = summary.schemas[channel.schema_id].name
        contents.counts[channel.topic] += summary.statistics.channel_message_counts.get(channel.id, 0)
    contents.start_nanos = summary.statistics.message_start_time
    contents.end_nanos = summary.statistics.message_end_time
    return contents


def write_bag_metadata(folder: Path, content: dict[str, Any]) -> None:
    """Write metadata.yaml, replacing one that is there as a whole.

    Raises:
        OSError: it cannot be written.
    """
    made = folder / f".{FILE_NAME}.new"
    made.write_text(yaml.safe_dump(content, sort_keys=False))
    made.replace(folder / FILE_NAME)
