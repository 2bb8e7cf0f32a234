# The words people type. CMake does the work; each preset of CMakePresets.json has its own folder.
#
#   make run ARGS='--listen 0.0.0.0:9000'     make check TESTS=unit     make PRESET=debug

PRESET ?= release
ARGS   ?=
TESTS  ?= .
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local

sources = $(shell git ls-files '*.c' '*.h')

# In the shell, because make run may just have installed Ninja. A folder keeps its generator.
# The tests need more packages than the program: make alone leaves them out until make check asks for them.
configure = \
	if command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi; \
	cmake --preset $(1) --log-level=WARNING >/dev/null
without_tests = $(if $(wildcard build/CMakeCache.txt),,-D WEFT_TESTS=OFF)
build  = $(call configure,$(1)) && cmake --build --preset $(1) -j $(JOBS)
verify = $(call build,$(1)) && ctest --preset $(1) -j $(JOBS) -R '$(TESTS)' $(2)

# Browsers and other people's programs meet the plain build; what the sanitizers look at is ours.
ours = -L 'unit|sim|integration|conformance|fuzz|examples'

.PHONY: build run check asan tsan debug clang asan-clang tsan-clang fuzz bench bench-peers bench-idle bench-growth instructions \
        instructions-baseline format format-check tidy install clean help

build: ## Build the library and the program, build/weft
	@$(call configure,$(PRESET)) $(without_tests) && cmake --build --preset $(PRESET) -j $(JOBS)

run: ## Install what is missing, build, and serve the site on http://127.0.0.1:8080
	@tools/bootstrap.sh run
	@$(call configure,release) $(without_tests) && \
		cmake --build --preset release -j $(JOBS) --target weft_program
	@exec build/weft serve $(ARGS)

check: ## Install what is missing, build, and run all tests
	@tools/bootstrap.sh check
	@$(call configure,$(PRESET)) -D WEFT_TESTS=ON && cmake --build --preset $(PRESET) -j $(JOBS)
	@ctest --preset $(PRESET) -j $(JOBS) -R '$(TESTS)'

debug clang: ## Build with debug information, or with clang
	@$(call build,$@)

asan tsan asan-clang tsan-clang: ## Run the tests under a sanitizer, with gcc or with clang
	@tools/bootstrap.sh check
	@$(call verify,$@,$(ours))

fuzz: ## Run every fuzz target for FUZZ_SECONDS
	@$(call build,fuzz) && tools/fuzz.sh build-fuzz

bench: ## Measure the kernels of the codec, and the server beside a raw TCP echo and other servers that are installed
	@$(call configure,release) $(without_tests) && cmake --build --preset release -j $(JOBS) --target bench_programs
	@build/bench/kernels
	@echo && build/bench/steps
	@echo && python3 bench/run.py build --picture docs/performance.svg $(ARGS)

bench-peers: ## Install the others that make bench then measures too
	@tools/bootstrap.sh bench
	@$(call configure,release) $(without_tests)
	@cp bench/peers/package.json bench/peers/package-lock.json build/bench/peers/
	@cd build/bench/peers && npm ci --ignore-scripts --no-audit --no-fund

bench-idle: ## Open 200,000 connections, and measure what an idle one costs
	@$(call configure,release) $(without_tests) && cmake --build --preset release -j $(JOBS) --target bench_idle
	@build/bench/idle $(ARGS)

bench-growth: ## Measure how costs grow with connections, subscribers and topics
	@$(call configure,release) $(without_tests) && cmake --build --preset release -j $(JOBS) --target bench_growth
	@build/bench/growth $(ARGS)

instructions: ## Count the instructions per message, and fail when a kind of message takes 3 % more
	@$(call configure,release) $(without_tests) && cmake --build --preset release -j $(JOBS) --target bench_instructions
	@tools/check_instructions.sh build $(REFRESH)

instructions-baseline: ## Write them into bench/instructions.baseline
	@$(MAKE) --no-print-directory instructions REFRESH=refresh

format: ## Lay out the C files
	@clang-format -i $(sources)

format-check:
	@clang-format --dry-run -Werror $(sources)

tidy: ## Let clang-tidy look at the C files
	@$(call build,debug-clang) && tools/tidy.sh build-debug-clang

install: build ## Install the library, the headers and the program below PREFIX
	@cmake --install build --prefix $(PREFIX)

clean: ## Remove the build folders
	@rm -rf build build-debug build-asan build-tsan build-fuzz \
		build-clang build-debug-clang build-asan-clang build-tsan-clang

help: ## Show these lines
	@sed -n 's/^\([a-z][a-z -]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 36
