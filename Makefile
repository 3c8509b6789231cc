# make setup | bringup | test | install-test | soak | soak-bringup | bench | toolkit | docs | lint | colcon, with
# ARGS="..." for the program behind the verb.
# Every verb first brings .venv up to date, which costs nothing when it is.
PYTHON ?= python3
ROS_DISTRO ?= jazzy
BENCH ?= transport
export ROS_DISTRO
# .venv is a ROS 2 of its own: nothing of another one that is active in this shell may leak in.
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.PHONY: setup bringup test install-test soak soak-bringup bench toolkit docs lint colcon environment

setup: environment
	@echo "Ready: .venv/bin/airo-ros2 and .venv/bin/python"

bringup: environment
	@.venv/bin/airo-ros2 bringup $(ARGS)

test: environment
	@.venv/bin/python -m pytest $(ARGS)

# What pip and uv make of the sources in empty environments: downloads ROS 2 for each.
install-test: environment
	@.venv/bin/python -m pytest -m install tests/packaging $(ARGS)

# The tests of safety at length: ARGS="--minutes 30".
soak: environment
	@.venv/bin/python tests/safety/soak.py $(ARGS)

# A set-up whose processes are killed at random: ARGS="--minutes 15".
soak-bringup: environment
	@.venv/bin/python tests/supervision/soak.py $(ARGS)

# Installs the peers that it compares, too. BENCH=acquisition, scale, tags, tags_node, recorder or facade for another.
bench: environment
	@.venv/bin/python benchmarks/environment.py
	@.venv/bin/airo-ros2 bench $(BENCH) $(ARGS)

# airo_camera_toolkit in build/toolkit: with it, the tests run the facade beside the original, too.
toolkit: environment
	@.venv/bin/python -m pip install --quiet --upgrade --target build/toolkit -r requirements/toolkit.txt

# The documentation in build/site; ends with an error when a link or an anchor leads nowhere.
docs: environment
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet $(ARGS)
	@echo "Ready: build/site; read it with .venv/bin/python -m http.server --directory build/site"

lint: environment
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/python msg_defs/generate.py --check

# The same packages as an ordinary colcon workspace.
colcon: export PATH := $(CURDIR)/.venv/bin:$(PATH)
colcon: export VIRTUAL_ENV := $(CURDIR)/.venv
colcon: export CMAKE_PREFIX_PATH := $(CURDIR)/.venv
colcon: environment
	@cd airo_ros2_ws && colcon build $(ARGS)

environment:
	@$(PYTHON) scripts/environment.py
