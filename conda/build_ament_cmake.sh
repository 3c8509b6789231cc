#!/usr/bin/env bash
# Build one ament_cmake package into the prefix.
set -euo pipefail
package=$1
# A compiler of conda-forge brings several arguments in CMAKE_ARGS.
# shellcheck disable=SC2086
cmake -G Ninja -S "$SRC_DIR/airo_ros2_ws/src/$package" -B "build_$package" ${CMAKE_ARGS:-} \
  -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DAMENT_PREFIX_PATH="$PREFIX" \
  -DCMAKE_INSTALL_LIBDIR=lib \
  -DPython3_EXECUTABLE="$PYTHON" \
  -DPython3_FIND_STRATEGY=LOCATION \
  -DBUILD_TESTING=OFF
cmake --build "build_$package" --target install
