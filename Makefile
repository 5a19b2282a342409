# Each target works from a clean clone on a Debian machine that has Rust and make: what else it
# needs is installed with apt-get, if it is missing.
#
#   make demo                 a gateway, an endpoint, and steps sent through; Ctrl-C ends it
#   make demo ARGS=--once     the same, ending by itself
#   make bench                CPU per request, side by side with nginx, and what the schedule
#                             takes and gives back a second, beside a bare file; needs two cores
#   make test                 every test; ARGS goes to the test runner, e.g. ARGS=architecture

CARGO = ./.ci/cargo
ARGS =

.DEFAULT_GOAL = demo
.PHONY: bench demo test

# The development profile: a newcomer waits minutes less for it than for a release build, and
# `make test` builds the same.
demo:
	@./.ci/install cc cmake
	@$(CARGO) run --locked -- demo $(ARGS)

test:
	@./.ci/install cc cmake openssl node npm
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --locked $(ARGS); \
	else $(CARGO) test --locked $(ARGS); fi

bench:
	@./.ci/install cc cmake nginx wrk pgrep taskset
	@$(CARGO) build --release --locked
	@./benches/load.sh
	@$(CARGO) bench --locked --bench schedule
