#!/usr/bin/env bash
# Run a command on top of the built workspace, as the tasks of pixi.toml do. `colcon ...` itself runs inside the folder.
set -eo pipefail
workspace="$(dirname "$(readlink -f "$0")")/../airo_ros2_ws"
if [ "$1" = colcon ]; then
  cd "$workspace"
else
  # shellcheck disable=SC1091
  . "$workspace/install/setup.bash"
fi
exec "$@"
