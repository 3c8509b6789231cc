#!/usr/bin/env bash
# Build one ament_python package into the prefix. Its nodes go to lib/<package>/, where `ros2 run` and launch look.
set -euo pipefail
package=$1
"$PYTHON" -m pip install "$SRC_DIR/airo_ros2_ws/src/$package" --prefix "$PREFIX" \
  --no-deps --no-build-isolation --no-index --no-cache-dir --ignore-installed

for script in "$PREFIX"/bin/*_node; do
  [ -e "$script" ] || continue
  rm "$script"
  node="$PREFIX/lib/$package/$(basename "$script")"
  mkdir -p "$(dirname "$node")"
  sed "s/@package@/$package/" "$SRC_DIR/cmake/node_executable.sh.in" > "$node"
  chmod 755 "$node"
done
