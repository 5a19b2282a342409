# Each target works from a clean clone on a Debian machine that has Rust and make: what else it
# needs is installed with apt-get, if it is missing.
#
#   make demo                 a gateway, an endpoint, and steps sent through; Ctrl-C ends it
#   make demo ARGS=--once     the same, ending by itself
#   make bench                CPU a step, side by side with nginx and a bare Pingora proxy; latency by
#                             load, and beside a flooded admin listener; what grows with what; the
#                             schedule beside a bare file. Needs two cores; raw numbers and charts come
#                             to benches/results
#   make guard                instructions of parse, plan, render and judgement, beside those on record
#   make micro                the time of parse, merge, render and judgement each by itself; ARGS
#                             picks some, e.g. ARGS=render
#   make test                 every test; ARGS goes to the test runner, e.g. ARGS=architecture
#   make screenshots          the console's pages looked at anew, and the README's pictures of them
#                             (they are made for the font Inter, Debian's fonts-inter)

CARGO = ./.ci/cargo
ARGS =

.DEFAULT_GOAL = demo
# Of the pages that `tests/it/console/looks.rs` looks at, those that the README shows.
PICTURES = webhooks-1440-light webhook-form-1440-light tail-1440-dark webhooks-390-light tail-390-light \
           webhook-form-390-dark

.PHONY: bench demo guard micro screenshots test

# The development profile: a newcomer waits minutes less for it than for a release build, and
# `make test` builds the same.
demo:
	@./.ci/install cc cmake
	@$(CARGO) run --locked -- demo $(ARGS)

test:
	@./.ci/install cc cmake openssl node npm python3-venv chromium chromedriver
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --locked $(ARGS); \
	else $(CARGO) test --locked $(ARGS); fi

screenshots:
	@./.ci/install pngquant
	@$(MAKE) --no-print-directory test ARGS=console::looks
	@for picture in $(PICTURES); do pngquant --force --strip --skip-if-larger \
	    --output tests/it/console/screenshots/$$picture.png target/tmp/screenshots/$$picture.png || exit; done

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
	@CARGO=$(CARGO) ./benches/door.sh
	@$(CARGO) bench --locked --bench charts
	@$(CARGO) bench --locked --bench schedule
