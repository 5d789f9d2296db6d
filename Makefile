# sockutil. `make demo` shows it at work, `make test` proves it; both need only Rust, a C compiler and make.
# The targets below the line need more, and say what.

CARGO = cargo
CC = cc

RUST_MESSAGE = is missing: sockutil is built by Rust 1.85 or newer (https://rustup.rs, or your system's cargo package)
CC_MESSAGE = is missing: the C programs need a C compiler (gcc or clang; set CC if it has another name)

# $(call need,command,message)
need = @command -v $(firstword $(1)) >/dev/null 2>&1 || { echo "sockutil: $(firstword $(1)) $(2)" >&2; exit 1; }

.PHONY: all library examples demo test test-faults test-properties test-clients test-valgrind \
	test-debug lint header contract no-panic clean need-build

all: library

need-build:
	$(call need,$(CARGO),$(RUST_MESSAGE))
	$(call need,$(CC),$(CC_MESSAGE))

library: need-build
	$(CARGO) build --release --locked

examples: library
	$(MAKE) -C c_examples CC='$(CC)'

demo: examples
	sh c_examples/demo.sh

# The log is what `make contract` looks into.
test: library
	@CC='$(CC)' sh tests/run.sh target/test.log $(CARGO) test --release --locked

# ---------------------------------------------------------------------------

C_FILES = $(wildcard c_examples/*.[ch] tests/c/*.[ch] tests/c/*/*.[ch] tests/faults/*.[ch])
SCRIPTS = $(wildcard c_examples/*.sh tests/*.sh)

lint: need-build
	$(call need,clang-format,is missing: it checks the C sources (the clang-format package))
	$(call need,shellcheck,is missing: it checks the scripts (the shellcheck package))
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --all-targets --locked -- -D warnings
	$(CARGO) clippy --release --all-targets --locked --no-default-features -- -D warnings
	clang-format --dry-run -Werror $(C_FILES)
	shellcheck $(SCRIPTS) .ci/run

# The committed header is the one that the sources make.
header: need-build
	@mkdir -p target
	SOCKUTIL_HEADER='$(CURDIR)/target/header.h' $(CARGO) build --release --locked --package sockutil
	diff -u include/sockutil.h target/header.h

# Every pair (function, errno) of the header has a test of its name, and that test ran.
contract: test
	sh tests/contract.sh include/sockutil.h target/test.log tests/contract.txt

# The linker proves that no panic can be reached.
no-panic: need-build
	CARGO='$(CARGO)' sh tests/no_panic.sh

# A preloaded shim fails each call of libc in turn; builds that are broken on purpose must be caught.
test-faults: library
	CC='$(CC)' $(CARGO) test --release --locked --test faults -- --include-ignored --nocapture

# Fresh cases of the properties, as many of each as you like: make test-properties CASES=20000
CASES = 2000
test-properties: library
	PROPTEST_CASES='$(CASES)' $(CARGO) test --release --locked --test properties

# The programs against netcat and socat.
test-clients: library
	$(call need,nc,is missing: a client of another house (the netcat-openbsd package))
	$(call need,socat,is missing: a client and a server of another house (the socat package))
	CC='$(CC)' $(CARGO) test --release --locked --test examples -- --ignored clients::

# The programs under valgrind. One test is left out: valgrind cannot start with four descriptors.
test-valgrind: library
	$(call need,valgrind,is missing: it looks after the programs' memory (the valgrind package))
	CC='$(CC)' sh tests/valgrind.sh target/valgrind $(CARGO) test --release --locked --test examples -- \
		--skip without_a_free_descriptor_the_server_pauses_and_then_goes_on

# With Rust's own checks of pointers and arithmetic switched on.
test-debug: need-build
	$(CARGO) test --locked --test exports --test process

clean:
	$(CARGO) clean
	$(MAKE) -C c_examples clean
