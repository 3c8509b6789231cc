# Runs when the environment is deactivated: takes back what activate.sh has set, unless it was changed since.
if [ -n "${_AIRO_ROS2_CONFIG:-}" ]; then
  if [ "${FASTRTPS_DEFAULT_PROFILES_FILE:-}" = "$_AIRO_ROS2_CONFIG" ]; then
    unset FASTRTPS_DEFAULT_PROFILES_FILE
  fi
  if [ "${FASTDDS_DEFAULT_PROFILES_FILE:-}" = "$_AIRO_ROS2_CONFIG" ]; then
    unset FASTDDS_DEFAULT_PROFILES_FILE
  fi
  if [ "${RMW_FASTRTPS_USE_QOS_FROM_XML:-}" = 1 ]; then
    unset RMW_FASTRTPS_USE_QOS_FROM_XML
  fi
  unset AIRO_ROS2_SHARING_DOMAIN _AIRO_ROS2_CONFIG
fi
