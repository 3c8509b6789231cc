#!/usr/bin/env bash
# Build one ament_python package into the prefix. Its nodes go to lib/<package>/, where `ros2 run` and launch look.
set -euo pipefail
package=$1
"$PYTHON" -m pip install "$SRC_DIR/airo_ros2_ws/src/$package" --prefix "$PREFIX" \
  --no-deps --no-build-isolation --no-index --no-cache-dir --ignore-installed

for script in "$PREFIX"/bin/*_node; do
  [ -e "$script" ] || continue
  module=$(sed -n 's/^from \([a-z_.]*\) import main$/\1/p' "$script")
  rm "$script"
  node="$PREFIX/lib/$package/$(basename "$script")"
  mkdir -p "$(dirname "$node")"
  cat > "$node" <<END
#!/bin/sh
exec "\$(dirname "\$(readlink -f "\$0")")/../../bin/python3" -m $module "\$@"
END
  chmod 755 "$node"
done
