# sockutil. `make demo` shows it at work, `make test` proves it; both need only Rust, a C compiler and make.
# The targets below the line need more, and say what.

CARGO = cargo
CC = cc
AR = ar

# Where cargo builds, and where the libraries lie as they are installed.
TARGET = $(or $(CARGO_TARGET_DIR),target)
LIBRARIES = $(TARGET)/lib
# The same folder for a make in a folder below. Not $(abspath): it takes a path with a space for two.
BELOW = $(if $(filter /%,$(TARGET)),,../)

# make CLASSIC_NAMES=no: without the bare readn, writen, recv_peek and readline, beside GNU Readline for one.
CLASSIC_NAMES = yes
FEATURES = $(if $(filter no,$(CLASSIC_NAMES)),--no-default-features)

RUST_MESSAGE = is missing: sockutil is built by Rust 1.85 or newer (https://rustup.rs, or your system's cargo package)
CC_MESSAGE = is missing: the C programs need a C compiler (gcc or clang; set CC if it has another name)

# $(call need,command,message)
need = @command -v $(firstword $(1)) >/dev/null 2>&1 || { echo "sockutil: $(firstword $(1)) $(2)" >&2; exit 1; }

.PHONY: all library examples demo install uninstall test need-build clean lint header man abi abi-baseline contract \
	no-panic test-cross test-msrv test-faults test-broken test-properties exhaustive test-fuzz test-debug test-clients \
	test-load soak test-memory test-valgrind test-valgrind-c test-sanitizers test-planted test-header test-install test-python \
	test-mutants test-mutants-quick test-instructions instructions bench bench-smoke bench-programs fuzz fuzz-smoke \
	fuzz-corpus fuzz-lint dist test-dist

all: library

need-build:
	$(call need,$(CARGO),$(RUST_MESSAGE))
	$(call need,$(CC),$(CC_MESSAGE))

library: need-build
	$(CARGO) build --release --locked $(FEATURES)
	AR='$(AR)' sh capi/stage.sh $(TARGET)/release $(LIBRARIES)

examples: library
	$(MAKE) -C c_examples CC='$(CC)' SOCKUTIL_LIBDIR='$(BELOW)$(LIBRARIES)'

demo: examples
	sh c_examples/demo.sh

# ---- Installing: make && sudo make install. Nothing is built here, so that cargo never runs as root. ----

PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
INSTALL = install

VERSION := $(shell sed -n '/^version = /{s/.*"\(.*\)".*/\1/p;q;}' Cargo.toml)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
SHARED_LIBRARY = libsockutil.so.$(VERSION)
SONAME = libsockutil.so.$(MAJOR)
PACKAGING = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
	-e 's|@LIBDIR_UNDER_PREFIX@|$(patsubst $(PREFIX)/%,%,$(LIBDIR))|g' \
	-e 's|@INCLUDEDIR_UNDER_PREFIX@|$(patsubst $(PREFIX)/%,%,$(INCLUDEDIR))|g' \
	-e 's|@VERSION@|$(VERSION)|g' -e 's|@MAJOR@|$(MAJOR)|g'
CMAKE_FILES = sockutil-config.cmake sockutil-config-version.cmake

install:
	@for file in $(SHARED_LIBRARY) libsockutil.a; do [ -f $(LIBRARIES)/$$file ] || \
		{ echo "sockutil: $(LIBRARIES)/$$file is missing: run make first, as yourself" >&2; exit 1; }; done
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/sockutil $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(LIBRARIES)/$(SHARED_LIBRARY) $(DESTDIR)$(LIBDIR)/$(SHARED_LIBRARY)
	ln -sf $(SHARED_LIBRARY) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libsockutil.so
	$(INSTALL) -m 644 $(LIBRARIES)/libsockutil.a $(DESTDIR)$(LIBDIR)/libsockutil.a
	$(INSTALL) -m 644 include/sockutil.h $(DESTDIR)$(INCLUDEDIR)/sockutil.h
	$(PACKAGING) packaging/sockutil.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/sockutil.pc
	for file in $(CMAKE_FILES); do \
		$(PACKAGING) packaging/$$file.in >$(DESTDIR)$(LIBDIR)/cmake/sockutil/$$file || exit 1; done
	for section in 3 7; do $(INSTALL) -d $(DESTDIR)$(MANDIR)/man$$section && \
		$(INSTALL) -m 644 man/man$$section/* $(DESTDIR)$(MANDIR)/man$$section || exit 1; done
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/sockutil.pc $(CMAKE_FILES:%=$(DESTDIR)$(LIBDIR)/cmake/sockutil/%)
	[ -n "$(DESTDIR)" ] || ldconfig || echo "sockutil: ldconfig failed: programs may not find the library yet" >&2

uninstall:
	rm -f $(DESTDIR)$(LIBDIR)/libsockutil.so $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/$(SHARED_LIBRARY) \
		$(DESTDIR)$(LIBDIR)/libsockutil.a $(DESTDIR)$(INCLUDEDIR)/sockutil.h \
		$(DESTDIR)$(LIBDIR)/pkgconfig/sockutil.pc $(CMAKE_FILES:%=$(DESTDIR)$(LIBDIR)/cmake/sockutil/%) \
		$(patsubst man/%,$(DESTDIR)$(MANDIR)/%,$(wildcard man/man3/* man/man7/*))
	rmdir $(DESTDIR)$(LIBDIR)/cmake/sockutil 2>/dev/null || :

# The programs of Rust and of C that test the libraries in target/lib, as they are shipped.
SHIPPED = --features test-shipped
TEST = SOCKUTIL_LIBDIR='$(LIBRARIES)' CC='$(CC)' $(CARGO) test --locked $(SHIPPED)

# The log is what `make contract` looks into.
test: library
	@SOCKUTIL_LIBDIR='$(LIBRARIES)' CC='$(CC)' sh tests/run.sh target/test.log \
		$(CARGO) test --locked $(SHIPPED) --no-fail-fast

# ---------------------------------------------------------------------------

C_FILES = $(wildcard c_examples/*.[ch] bench/*.[ch] man/examples/*.c tests/c/*.[ch] tests/c/*/*.[ch] tests/cross/*.c \
	tests/faults/*.[ch] tests/install/*.c)
SCRIPTS = $(wildcard c_examples/*.sh capi/*.sh packaging/*.sh tests/*.sh tests/abi/*.sh fuzz/*.sh)

lint: need-build
	$(call need,clang-format,is missing: it checks the C sources (the clang-format package))
	$(call need,shellcheck,is missing: it checks the scripts (the shellcheck package))
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) fmt --manifest-path bench/rust/Cargo.toml --check
	$(CARGO) clippy --release --workspace --all-targets --locked --features sockutil/test-shipped -- -D warnings
	$(CARGO) clippy --release --all-targets --locked --no-default-features -- -D warnings
	$(CARGO) clippy --manifest-path bench/rust/Cargo.toml --target-dir $(TARGET)/bench/rust --release --all-targets --locked -- \
		-D warnings
	clang-format --dry-run -Werror $(C_FILES)
	shellcheck $(SCRIPTS) .ci/run

# The committed header is the one that the sources make.
header: need-build
	@mkdir -p target
	SOCKUTIL_HEADER='$(CURDIR)/target/header.h' $(CARGO) build --release --locked --package sockutil
	diff -u include/sockutil.h target/header.h

# The committed pages are those that the header and man/ make, and mandoc has nothing to say of them.
man: need-build
	$(call need,mandoc,is missing: it checks the manual pages (the mandoc package))
	rm -rf target/man
	$(CARGO) run --release --locked --quiet --package sockutil-man -- target/man
	diff -ru man/man3 target/man/man3
	diff -ru man/man7 target/man/man7
	sh tests/man_lint.sh target/man

# Symbols = header = manual pages = the README's table; and the types are those of the committed baseline.
abi: library
	$(call need,nm,is missing: it lists the exported symbols (the binutils package))
	$(call need,abidiff,is missing: it compares the interface with the baseline (the abigail-tools package))
	sh tests/abi/names.sh $(LIBRARIES)/libsockutil.so include/sockutil.h man README.md README.zh-CN.md
	CC='$(CC)' sh tests/abi/types.sh check

# A new baseline, when the interface has changed on purpose: see CONTRIBUTING.md.
abi-baseline: library
	CC='$(CC)' sh tests/abi/types.sh baseline

# Every pair (function, errno) of the header has a test of its name, and that test ran.
contract: test
	sh tests/contract.sh include/sockutil.h target/test.log tests/contract.txt

# The linker proves that no panic can be reached.
no-panic: need-build
	CARGO='$(CARGO)' sh tests/no_panic.sh

# A preloaded shim fails each call of libc in turn; builds that are broken on purpose must be caught.
test-faults: library
	$(TEST) --test faults -- --include-ignored --nocapture

# Of that, only the builds that are broken on purpose.
test-broken: library
	$(TEST) --test faults -- --ignored --nocapture broken_builds_are_caught

# Fresh cases of the properties, as many of each as you like: make test-properties CASES=20000
CASES = 2000
test-properties: library
	PROPTEST_CASES='$(CASES)' $(TEST) --test properties

# Each of the 4,294,967,296 IPv4 addresses is written as expected and read back: minutes, on all processors.
exhaustive: library
	$(TEST) --test every_ipv4 -- --ignored --nocapture

# The fuzz targets, with the address sanitizer, for SECONDS each: all, or make fuzz TARGETS='reader line'. A few seconds
# find a mistake that was made today; minutes and hours may find an older one.
TARGETS =
fuzz: SECONDS = 600
fuzz-smoke: SECONDS = 5
fuzz fuzz-smoke: need-build
	CARGO='$(CARGO)' sh fuzz/run.sh $(SECONDS) $(TARGETS)

# The committed corpora anew, from themselves and what make fuzz has found since.
fuzz-corpus: need-build
	CARGO='$(CARGO)' sh fuzz/run.sh corpus $(TARGETS)

fuzz-lint: need-build
	SOCKUTIL_HEADER='$(CURDIR)/target/header.h' $(CARGO) clippy --manifest-path fuzz/Cargo.toml --target-dir fuzz/target \
		--release --all-targets --locked -- -D warnings

# The fuzz targets find what is planted for them.
test-fuzz: library
	$(TEST) --test fuzzing -- --ignored --nocapture

# cargo-mutants changes the core in one place at a time, and fails when no test notices one of the changes. All of them
# (hours), or make test-mutants MUTANTS='-f src/reader.rs'. JOBS of them at once. What can make no difference is in
# .cargo/mutants.toml, each with the reason. The quick form: ways to close, and TCP states, some thirty changes that the
# first tests notice.
MUTANTS =
JOBS = 2
MUTANTS_MESSAGE = is missing: it makes the changes (cargo install cargo-mutants --version 27.1.0 --locked)
test-mutants-quick: MUTANTS = -f src/close.rs -f src/tcp_state.rs
test-mutants test-mutants-quick: need-build
	$(call need,cargo-mutants,$(MUTANTS_MESSAGE))
	CARGO='$(CARGO)' CC='$(CC)' JOBS='$(JOBS)' sh tests/mutants.sh $(TARGET)/mutation $(MUTANTS)

# The header in every standard of C and C++, and what compilers must warn of.
test-header: library
	$(call need,gcc,is missing: the header is compiled with it (the gcc package))
	$(call need,g++,is missing: the header is compiled with it (the g++ package))
	$(call need,clang,is missing: the header is compiled with it (the clang package))
	sh tests/header.sh

# The library from a language that reads no headers.
test-python: library
	$(call need,python3,is missing: the library is called from it (the python3 package))
	python3 tests/python.py $(LIBRARIES)/libsockutil.so

# The release tarball of the last commit, with the crates that it needs; and that it builds without a network.
dist: need-build
	CARGO='$(CARGO)' sh packaging/dist.sh $(VERSION) $(TARGET)/dist

test-dist: dist
	sh tests/dist.sh $(TARGET)/dist/sockutil-$(VERSION).tar.gz

# Programs from outside the tree against an install, and what the library adds to them.
test-install: library
	$(call need,pkg-config,is missing: it tells programs where a library lies (the pkg-config package))
	$(call need,cmake,is missing: programs are built with it (the cmake package))
	CC='$(CC)' sh tests/install.sh

# The programs against netcat and socat.
test-clients: library
	$(call need,nc,is missing: a client of another house (the netcat-openbsd package))
	$(call need,socat,is missing: a client and a server of another house (the socat package))
	$(TEST) --test examples -- --ignored clients::

# What looks after memory. The tests that compile C and run it, and the programs, each under valgrind, then built with
# sanitizers; what a tool cannot run is named in tests/memory.sh. At last, mistakes that the tools must find.
C_TESTS = connections endpoints every_ipv4 library man regressions syscalls threads
UNDER = SOCKUTIL_LIBDIR='$(LIBRARIES)' CARGO='$(CARGO)' CC='$(CC)' sh tests/memory.sh $(1) $(CARGO) test --locked $(SHIPPED)
VALGRIND_MESSAGE = is missing: it looks after the programs' memory (the valgrind package)
test-memory: test-valgrind test-valgrind-c test-sanitizers test-planted

test-valgrind: library
	$(call need,valgrind,$(VALGRIND_MESSAGE))
	$(call UNDER,valgrind) --test examples --

test-valgrind-c: library
	$(call need,valgrind,$(VALGRIND_MESSAGE))
	$(call UNDER,valgrind) $(C_TESTS:%=--test %) --

# The leak sanitizer of gcc 12 can hang when a signal comes while it looks, and the programs are ended by signals: their
# leaks are valgrind's business. The thread sanitizer keeps a signal back while a call waits, so no server runs under it.
test-sanitizers: library
	$(call need,gcc,is missing: its sanitizers are used (the gcc package))
	$(call UNDER,address) $(C_TESTS:%=--test %) --test faults --
	LEAKS=0 $(call UNDER,address) --test examples --
	$(call UNDER,thread) --test threads --test connections --

test-planted: library
	$(call need,gcc,is missing: its sanitizers are used (the gcc package))
	$(call need,valgrind,$(VALGRIND_MESSAGE))
	$(TEST) --test planted -- --ignored --nocapture

# The tests where bytes, words and libc are others, by Rust 1.85: big-endian, 32-bit and ARM under qemu's user mode, and
# musl. A few test programs on some machines: make test-cross MACHINES='s390x musl' TESTS='exports properties'
MACHINES = s390x i686 aarch64 musl
TESTS =
test-cross: need-build
	TESTS='$(TESTS)' sh tests/cross.sh $(MACHINES)

# The tests by the oldest Rust that sockutil is for, 1.85.
test-msrv: need-build
	TESTS='$(TESTS)' sh tests/cross.sh msrv

# The crate with Rust's own checks of pointers and arithmetic and with debug_assert!, instead of what is shipped.
test-debug: need-build
	$(CARGO) test --locked --no-fail-fast --test exports --test process --test properties --test kinds --test connecting

# A thousand processes and a thousand threads that serve a client each, and one thread that serves ten thousand. For the
# last, a process must be allowed 10200 open files (ulimit -Hn).
test-load: library
	$(TEST) --test examples -- --ignored load:: --nocapture --test-threads=1

# The servers for so many minutes (0: for 10 seconds), against clients of every kind and under signals; and that mistakes
# are noticed. SEED=n, a seed that was printed, lets the same clients come again.
MINUTES = 1
SEED =
soak: library
	SOAK_MINUTES='$(MINUTES)' SOAK_SEED='$(SEED)' $(TEST) --test examples -- --ignored \
		soak:: --nocapture --test-threads=1

# Instructions of an operation, within 5 % of tests/instructions.tsv; and the table anew.
test-instructions: library
	$(call need,valgrind,is missing: it counts the instructions (the valgrind package))
	CC='$(CC)' sh tests/instructions.sh check $(LIBRARIES)

instructions: library
	$(call need,valgrind,is missing: it counts the instructions (the valgrind package))
	CC='$(CC)' sh tests/instructions.sh write $(LIBRARIES)

# What it costs, as ratios to what others cost in the same run: a table, bench/results.json and bench/results.svg. PARTS
# chooses, and writes no files then: make bench PARTS='lines growth'
ROUNDS = 1000
PARTS =
bench: bench-programs
	$(TARGET)/bench/bench -r $(ROUNDS) $(if $(PARTS),$(PARTS),-j bench/results.json -s bench/results.svg)

# All of it once or twice, for the bytes and not for the time: it fails if one is wrong.
bench-smoke: bench-programs
	$(TARGET)/bench/bench -r 2

bench-programs: examples
	$(MAKE) -C bench CC='$(CC)' CARGO='$(CARGO)' BIN='$(BELOW)$(TARGET)/bench' SOCKUTIL_LIBDIR='$(BELOW)$(LIBRARIES)'

clean:
	$(CARGO) clean
	rm -rf fuzz/target fuzz/artifacts
	$(MAKE) -C c_examples clean
