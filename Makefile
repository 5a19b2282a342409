# Each target works from a clean clone on a Debian machine that has Rust and make: what else it
# needs is installed with apt-get, if it is missing.
#
#   make demo                 a gateway, an endpoint, and steps sent through; Ctrl-C ends it
#   make demo ARGS=--once     the same, ending by itself
#   make bench                CPU a step, side by side with nginx and a bare Pingora proxy; latency by
#                             load; what grows with what; the schedule beside a bare file. Needs two
#                             cores; raw numbers and charts come to benches/results
#   make guard                instructions of parse, plan, render and judgement, beside those on record
#   make micro                the time of parse, merge, render and judgement each by itself; ARGS
#                             picks some, e.g. ARGS=render
#   make test                 every test; ARGS goes to the test runner, e.g. ARGS=architecture

CARGO = ./.ci/cargo
ARGS =

.DEFAULT_GOAL = demo
.PHONY: bench demo guard micro test

# The development profile: a newcomer waits minutes less for it than for a release build, and
# `make test` builds the same.
demo:
	@./.ci/install cc cmake
	@$(CARGO) run --locked -- demo $(ARGS)

test:
	@./.ci/install cc cmake openssl node npm python3-venv
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --locked $(ARGS); \
	else $(CARGO) test --locked $(ARGS); fi

guard:
	@./.ci/install cc cmake valgrind
	@$(CARGO) bench --quiet --locked --bench instructions

micro:
	@./.ci/install cc cmake
	@$(CARGO) bench --quiet --locked --bench micro -- $(ARGS)

bench:
	@./.ci/install cc cmake nginx wrk h2load openssl curl pgrep taskset column
	@$(CARGO) build --release --locked
	@CARGO=$(CARGO) ./benches/load.sh
	@CARGO=$(CARGO) ./benches/scale.sh
	@$(CARGO) bench --locked --bench charts
	@$(CARGO) bench --locked --bench schedule
