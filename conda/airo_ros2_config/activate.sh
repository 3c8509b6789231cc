# Runs when the environment is activated. Without these settings of Fast DDS nothing is shared without a copy.
# Whoever has settings of their own, whichever of the three, keeps them all.
if [ -z "${FASTRTPS_DEFAULT_PROFILES_FILE+x}${FASTDDS_DEFAULT_PROFILES_FILE+x}${RMW_FASTRTPS_USE_QOS_FROM_XML+x}" ]; then
  # Fast DDS 3 complains of the variable of Fast DDS 2. (find, since zsh does not go on after a pattern without a match.)
  if [ -n "$(find "$CONDA_PREFIX/lib" -maxdepth 1 -name 'libfastdds.so.3*' 2>/dev/null)" ]; then
    export FASTDDS_DEFAULT_PROFILES_FILE="$CONDA_PREFIX/share/airo_ros2_config/fastdds.xml"
  else
    export FASTRTPS_DEFAULT_PROFILES_FILE="$CONDA_PREFIX/share/airo_ros2_config/fastdds.xml"
  fi
  export RMW_FASTRTPS_USE_QOS_FROM_XML=1
  # Processes that see the same /dev/shm share among themselves; the profile reads this number.
  AIRO_ROS2_SHARING_DOMAIN=$(((0x$(head -c 4 /proc/sys/kernel/random/boot_id) + $(stat -c %d /dev/shm)) % 65536))
  export AIRO_ROS2_SHARING_DOMAIN
  export _AIRO_ROS2_CONFIG="$CONDA_PREFIX/share/airo_ros2_config/fastdds.xml"
fi
