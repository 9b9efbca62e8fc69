# What one does with Tamada. `make test` and `make demo` do everything on a fresh Debian 12 machine.
BUILD     ?= build
TYPE      ?= RelWithDebInfo
SANITIZED ?= build-sanitized
CXX_19    := clang++-19
JOBS      ?= $(shell nproc)
SEEDS     ?= 200
STORE     ?= etcd3
NAME      ?=
PG        ?= 15
FAILOVERS ?= 200
CMAKE      = cmake -G Ninja -DCMAKE_CXX_COMPILER=$(CXX_19)

.PHONY: configured build package demo test check sim acceptance campaign bench full clean setup format sanitized
.DEFAULT_GOAL := build

setup:
	@tools/setup

configured: setup
	@$(CMAKE) -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=$(TYPE) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

build: configured
	ninja -C $(BUILD) -j $(JOBS)

# Debian packages, in $(BUILD)/packages.
package: configured
	ninja -C $(BUILD) -j $(JOBS) packaging
	cpack --config $(BUILD)/CPackConfig.cmake
	@ls $(BUILD)/packages/*.deb

demo: configured
	ninja -C $(BUILD) -j $(JOBS) tamada tamadactl
	@tools/demo --bin $(BUILD)/bin $(if $(KEEP),--keep)

# Everything, in the order in which a failure is found soonest.
test: build sanitized
	@tools/run_tests --build $(BUILD) --sanitized $(SANITIZED)

# What one runs all the time: format, warnings as errors, unit, rules, a few hundred seeds.
check: build
	@tools/check_format
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -LE 'acceptance|slow'
	$(BUILD)/bin/tamada-sim --seeds $(SEEDS)

sim: build
	$(BUILD)/bin/tamada-sim --seeds $(SEEDS) $(if $(SEED),--seed $(SEED))

acceptance: build
	@tests/acceptance/run --bin $(BUILD)/bin --store $(STORE) --pg $(PG) $(if $(NAME),--name $(NAME))

campaign: build
	@tests/acceptance/campaign --bin $(BUILD)/bin --pg $(PG) --failovers $(FAILOVERS)

bench: build
	@bench/run --bin $(BUILD)/bin

sanitized: setup
	@$(CMAKE) -S . -B $(SANITIZED) -DCMAKE_BUILD_TYPE=Debug -DTAMADA_SANITIZE=address,undefined >/dev/null
	ninja -C $(SANITIZED) -j $(JOBS) sanitized_tests

full: build sanitized
	@tools/run_tests --build $(BUILD) --sanitized $(SANITIZED) --full

format:
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

clean:
	rm -rf build build-*
