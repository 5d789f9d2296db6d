# sockutil, for those who change it: `make help-developer` lists the targets. Makefile includes this file. A target that
# needs a tool says which one is missing.

.PHONY: lint header man abi abi-baseline book test-book contract no-panic test-cross cross-build test-msrv test-faults test-broken \
	test-properties exhaustive test-fuzz test-debug test-posix posix-tests test-kernels test-clients test-load test-relay \
	soak test-memory test-valgrind test-valgrind-c test-sanitizers \
	test-planted test-header test-install test-python test-mutants test-places test-instructions \
	instructions bench bench-smoke bench-programs fuzz fuzz-smoke fuzz-corpus fuzz-lint dist test-dist release \
	test-release test-deb test-rpm help-developer

# List these targets.
help-developer:
	@sh packaging/help.sh developer.mk

# Some test programs, run as `make test` runs all.
SHIPPED = --no-default-features --features classic-names,test-shipped
TEST = SOCKUTIL_LIBDIR='$(LIBRARIES)' CC='$(CC)' $(CARGO) test --locked $(SHIPPED)

# ---- Sources ----

C_FILES = $(wildcard c_examples/*.[ch] bench/*.[ch] compat/*/*.h docs/*/*.c include/*.hpp man/examples/*.c tests/c/*.[ch] \
	tests/c/*/*.[ch] tests/c/compat/*/*.[ch] tests/cpp/*.[ch]pp tests/cross/*.c tests/faults/*.[ch] tests/shim/*.[ch] \
	tests/install/*.c tests/install/*.cpp tests/places/*.c packaging/*/*/*.c)
SCRIPTS = $(wildcard book/*.sh c_examples/*.sh capi/*.sh docs/*.sh packaging/*.sh packaging/*/*.sh tests/*.sh tests/abi/*.sh \
	tests/book/*.sh tests/deb/*.sh tests/recipes/*.sh tests/shim/*.sh fuzz/*.sh packaging/debian/tests/compile packaging/debian/tests/demo)

# Check the form of the sources, and compile them with all warnings as errors.
lint: need-build
	$(call need,clang-format,is missing: it checks the C sources (the clang-format package))
	$(call need,shellcheck,is missing: it checks the scripts (the shellcheck package))
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	rustfmt --edition 2024 --check tests/crate/dependent.rs
	$(CARGO) fmt --manifest-path bench/rust/Cargo.toml --check
	$(CARGO) fmt --manifest-path book/Cargo.toml --check
	$(CARGO) clippy --release --workspace --all-targets --locked --features sockutil/test-shipped -- -D warnings
	$(CARGO) clippy --release --all-targets --locked --no-default-features -- -D warnings
	$(CARGO) clippy --manifest-path bench/rust/Cargo.toml --target-dir $(TARGET)/bench/rust --release --all-targets --locked -- \
		-D warnings
	@echo 'clang-format, of $(words $(C_FILES)) files'
	@clang-format --dry-run -Werror $(C_FILES)
	@echo 'shellcheck, of $(words $(SCRIPTS)) scripts'
	@shellcheck $(SCRIPTS) .ci/run .ci/install
	@echo 'the example programs, each warning an error'
	@$(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -pedantic -Werror -fsyntax-only -Iinclude c_examples/*.c
	sh tests/workflow.sh

# The one tool that reads the header.
# (A tool runs on this machine, whatever the library is built for.)
READ_HEADER = env -u CARGO_BUILD_TARGET $(CARGO) run --locked --quiet --package sockutil-man --

# Check that the committed header is the one that the sources make, and that the tests and sockutil.cdef declare its
# functions.
header: need-build
	@mkdir -p target
	SOCKUTIL_HEADER='$(CURDIR)/target/header.h' $(CARGO) build --release --locked --package sockutil-capi
	diff -u include/sockutil.h target/header.h
	$(READ_HEADER) prototypes >target/c.rs
	diff -u tests/support/c.rs target/c.rs
	$(READ_HEADER) cdef >target/sockutil.cdef
	diff -u include/sockutil.cdef target/sockutil.cdef

# Check the committed manual pages: they are made from the header and man/, and mandoc finds no fault in them.
man: need-build
	$(call need,mandoc,is missing: it checks the manual pages (the mandoc package))
	$(CARGO) test --locked --quiet --package sockutil-man
	rm -rf target/man
	$(READ_HEADER) target/man
	diff -ru man/man3 target/man/man3
	diff -ru man/man7 target/man/man7
	sh tests/man_lint.sh target/man

# Check the names (symbols, header, manual pages, README) against each other, and the types against the baseline.
abi: library
	$(call need,nm,is missing: it lists the exported symbols (the binutils package))
	$(call need,abidiff,is missing: it compares the interface with the baseline (the abigail-tools package))
	@mkdir -p target
	$(READ_HEADER) names >target/names
	sh tests/abi/names.sh $(LIBRARIES)/libsockutil.so target/names man README.md README.zh-CN.md
	CC='$(CC)' sh tests/abi/types.sh check

# Write a new baseline, when the interface has changed on purpose (see CONTRIBUTING.md).
abi-baseline: library
	CC='$(CC)' sh tests/abi/types.sh baseline

# Run make test, and check that every pair (function, errno) of the header has a test of its name that ran.
contract: test
	$(READ_HEADER) pairs >target/pairs
	sh tests/contract.sh target/pairs '$(TARGET)/test.log' tests/contract.txt

# Prove by the linker that no panic can be reached.
no-panic: need-build
	CARGO='$(CARGO)' sh tests/no_panic.sh

# ---- The book ----

BOOK_CARGO = env -u CARGO_BUILD_TARGET $(CARGO)
BOOK_TOOL = --quiet --locked --manifest-path book/Cargo.toml --target-dir $(TARGET)/book/tool
MDBOOK_MESSAGE = is missing: it makes the pages (cargo install mdbook --version 0.5.4 --locked)

# Make the book of both languages, with the manual, as pages in target/book/html.
book: need-build
	$(call need,mdbook,$(MDBOOK_MESSAGE))
	$(call need,mandoc,is missing: it makes the manual's pages (the mandoc package))
	@mkdir -p $(TARGET)/book/html
	for language in en zh-CN; do \
		$(BOOK_CARGO) run $(BOOK_TOOL) -- $$language $(TARGET)/book/source/$$language && \
		mdbook build $(TARGET)/book/source/$$language --dest-dir $(TARGET)/book/html/$$language || exit 1; done
	cp book/theme/index.html $(TARGET)/book/html/index.html

# Check the book: its tool, its links, that both languages are complete, each page in Chromium, and that the programs still
# print what it shows.
test-book: examples book
	$(BOOK_CARGO) test $(BOOK_TOOL)
	$(BOOK_CARGO) clippy $(BOOK_TOOL) --all-targets -- -D warnings
	sh tests/book.sh $(TARGET)/book/html
	sh tests/book/recorded.sh '$(EXAMPLES)/bin'

# ---- Failures, properties, fuzzing, mutation ----

# Fail each call of libc in turn, by a preloaded shim; libraries that are broken on purpose must be caught.
test-faults: library
	$(TEST) --test faults -- --include-ignored --nocapture

# Run only the second part of test-faults, the broken libraries.
test-broken: library
	$(TEST) --test faults -- --ignored --nocapture broken_builds_are_caught

CASES = 2000
# Run the properties with CASES fresh cases each (2000).
test-properties: library
	PROPTEST_CASES='$(CASES)' $(TEST) --test properties

# Write and read back each of the 4,294,967,296 IPv4 addresses: minutes, on all processors.
exhaustive: library
	$(TEST) --test every_ipv4 -- --ignored --nocapture

TARGETS =
fuzz: SECONDS = 600
fuzz-smoke: SECONDS = 5
# Fuzz with the address sanitizer, each of TARGETS (all) for SECONDS (600, or 5). A few seconds find only obvious
# mistakes; rare ones need minutes or hours.
fuzz fuzz-smoke: need-build
	CARGO='$(CARGO)' sh fuzz/run.sh $(SECONDS) $(TARGETS)

# Make the committed corpora anew, from themselves and what make fuzz has found since.
fuzz-corpus: need-build
	CARGO='$(CARGO)' sh fuzz/run.sh corpus $(TARGETS)

# Run clippy on the fuzz targets.
fuzz-lint: need-build
	$(CARGO) clippy --manifest-path fuzz/Cargo.toml --target-dir fuzz/target \
		--release --all-targets --locked -- -D warnings

# Check that the fuzz targets find mistakes that are planted for them.
test-fuzz: library
	$(TEST) --test fuzzing -- --ignored --nocapture

MUTANTS =
JOBS = 2
RESUME =
MUTANTS_MESSAGE = is missing: it makes the changes (cargo install cargo-mutants --version 27.1.0 --locked)
# Change the core in one place at a time, and fail when no test notices. All places take hours: RESUME=yes goes on where
# a run was broken off, and MUTANTS='-f src/frame.rs' chooses. JOBS changes run at once. Changes that make no difference
# are listed, with the reason, in .cargo/mutants.toml.
test-mutants: need-build
	$(call need,cargo-mutants,$(MUTANTS_MESSAGE))
	CARGO='$(CARGO)' CC='$(CC)' JOBS='$(JOBS)' RESUME='$(RESUME)' sh tests/mutants.sh $(TARGET)/mutation $(MUTANTS)

# ---- Other compilers, languages, machines and programs ----

# Compile the headers by every standard of C and C++, and check the warnings that compilers must give.
test-header: library
	$(call need,gcc,is missing: the header is compiled with it (the gcc package))
	$(call need,g++,is missing: the header is compiled with it (the g++ package))
	$(call need,clang,is missing: the header is compiled with it (the clang package))
	sh tests/header.sh

# Call the library from Python: by ctypes, which reads no headers, and by cffi, which reads sockutil.cdef.
test-python: library
	$(call need,python3,is missing: the library is called from it (the python3 package))
	CC='$(CC)' python3 tests/python.py $(LIBRARIES)/libsockutil.so

# Make the release tarball of the last commit, with the crates that it needs.
dist: need-build
	CARGO='$(CARGO)' sh packaging/dist.sh $(VERSION) $(TARGET)/dist

# Check that the release tarball builds without a network.
test-dist: dist
	sh tests/dist.sh $(TARGET)/dist/sockutil-$(VERSION).tar.gz

# Make the archives for those who do not build: for x86-64 and ARM, with glibc and with musl.
release: need-build
	$(call need,python3,is missing: the C compiler for other machines comes by its pip (the python3 package))
	$(call need,apt-get,is missing: Rust for other machines comes from a Debian archive)
	sh packaging/release.sh $(VERSION) $(TARGET)/release-archives

# Unpack these archives and run programs with them; make them again, and compare every byte.
test-release: release
	sh tests/release.sh $(TARGET)/release-archives
	sh packaging/release.sh $(VERSION) $(TARGET)/release-again
	cmp $(TARGET)/release-archives/SHA256SUMS $(TARGET)/release-again/SHA256SUMS

# Build Debian packages of the release tarball in a Debian root of its own without a network, check them with lintian,
# install and test them, and remove them.
test-deb: dist
	sh tests/deb.sh '$(TARGET)/dist/sockutil-$(VERSION).tar.gz' '$(TARGET)/deb'

# Build RPM packages of the release tarball without a network, install them below an empty folder, use and remove them.
test-rpm: dist
	sh tests/rpm.sh '$(TARGET)/dist/sockutil-$(VERSION).tar.gz' '$(TARGET)/rpm'

# Install, build programs outside the tree against that, and measure what the library adds to them.
test-install: library
	$(call need,pkg-config,is missing: it tells programs where a library lies (the pkg-config package))
	$(call need,cmake,is missing: programs are built with it (the cmake package))
	$(call need,man,is missing: it is asked for the manual (the man-db package))
	$(call need,$(CXX),is missing: a program in C++ is built with it (the g++ package))
	CC='$(CC)' CXX='$(CXX)' sh tests/install.sh

# Run the example programs against netcat and socat.
test-clients: library
	$(call need,nc,is missing: it is the other side of some tests (the netcat-openbsd package))
	$(call need,socat,is missing: it is the other side of some tests (the socat package))
	$(TEST) --test examples -- --ignored clients::

MACHINES = s390x i686 aarch64 musl
TESTS =
# Run the tests on big-endian, 32-bit and ARM machines under qemu, and with musl, all by Rust 1.85. To choose:
# make test-cross MACHINES='s390x musl' TESTS='exports properties'
test-cross: need-build
	TESTS='$(TESTS)' sh tests/cross.sh $(MACHINES)

# Run the tests by Rust 1.85, the oldest that sockutil is for.
test-msrv: need-build
	TESTS='$(TESTS)' sh tests/cross.sh msrv

SYSTEMS =
# Build the libraries and the example programs for FreeBSD, NetBSD, OpenBSD and macOS, and the crate for Android,
# DragonFly and illumos, and compare with those systems' headers. Nothing of it runs. To choose: SYSTEMS='freebsd macos'.
cross-build: need-build
	$(call need,python3,is missing: the C compiler for other systems comes by its pip (the python3 package))
	$(call need,apt-get,is missing: Rust for other systems comes from a Debian archive)
	@mkdir -p '$(TARGET)/cross-build'
	$(READ_HEADER) names >'$(TARGET)/cross-build/names'
	sh tests/cross_build.sh '$(TARGET)/cross-build' $(SYSTEMS)

PLACES =
# Run the demo and some tests where machines differ from a developer's: without IPv6, as an ordinary user, with few open
# files, without a network, with spaces in paths, and others; tests/places.sh lists them. PLACES='user few-files' chooses.
test-places: need-build
	CC='$(CC)' sh tests/places.sh $(PLACES)

# Test the crate with Rust's checks of pointers and arithmetic and with debug_assert!, instead of what is shipped.
test-debug: need-build
	sh tests/programs.sh $(CARGO) test --locked --test exports --test process --test properties --test kinds --test connecting

# Test the library that uses nothing but POSIX, as other systems get it. What it cannot do is listed in
# tests/posix/left_out.txt. TESTS='exports kinds' chooses test programs.
test-posix: need-build
	$(call need,nm,is missing: it lists what the library imports (the binutils package))
	@CARGO_TARGET_DIR='$(TARGET)/posix' RUSTFLAGS='--cfg sockutil_posix' $(MAKE) posix-tests

posix-tests: library
	$(CARGO) clippy --release --locked --package sockutil -- -D warnings
	@SOCKUTIL_LIBDIR='$(LIBRARIES)' CC='$(CC)' TESTS='$(TESTS)' sh tests/run.sh '$(TARGET)/test.log' sh tests/posix.sh '$(TARGET)' \
		$(CARGO) test --locked $(SHIPPED)

KERNELS =
# Run tests of that library while the preloaded shim answers as the kernels of BSD and macOS do: a line for each of
# KERNELS (all; tests/shim/kernels.c lists them). TESTS chooses test programs.
test-kernels: need-build
	$(call need,ld,is missing: it makes one section of the library's code (the binutils package))
	@CARGO='$(CARGO)' CC='$(CC)' TESTS='$(TESTS)' sh tests/kernels.sh '$(TARGET)/posix' $(KERNELS)

# ---- Package systems: out of the release tarball, without a network ----

.PHONY: test-conan test-meson test-crate test-recipes recipes

# Create the Conan package out of the release tarball without a network, in three forms, and run a program with each.
test-conan: dist
	$(call need,python3,is missing: Conan is written in it (the python3 and python3-venv packages))
	$(call need,cmake,is missing: the package is tested with it (the cmake package))
	$(call need,pkg-config,is missing: the package is tested with it (the pkg-config package))
	CC='$(CC)' sh tests/conan.sh $(TARGET)/dist/sockutil-$(VERSION).tar.gz $(TARGET)/conan

# Build a Meson project with sockutil as its subproject, out of the release tarball and without a network.
test-meson: dist
	$(call need,meson,is missing: it builds the project (the meson package))
	$(call need,ninja,is missing: meson builds by it (the ninja-build package))
	sh tests/meson.sh $(TARGET)/dist/sockutil-$(VERSION).tar.gz

# Package the crate as for publishing, without a network: its list of files, and a program that depends on it.
test-crate: need-build
	CARGO='$(CARGO)' sh tests/crate.sh $(TARGET)/crate

RECIPES =
# Fill the recipes for Alpine, Arch, Nix, Homebrew and vcpkg in for the release tarball, and run them without a network:
# Arch's by makepkg, the others over stubs of their tools. RECIPES='nix vcpkg' chooses.
test-recipes: dist
	$(call need,shellcheck,is missing: it checks the recipes that are scripts (the shellcheck package))
	$(call need,makepkg,is missing: it runs the recipe for Arch (the makepkg package))
	$(call need,bsdtar,is missing: makepkg unpacks with it (the libarchive-tools package))
	$(call need,fakeroot,is missing: makepkg packs with it (the fakeroot package))
	$(call need,nix-instantiate,is missing: it reads the recipe for Nix (the nix-bin package))
	$(call need,ruby,is missing: it runs the recipe for Homebrew (the ruby package))
	$(call need,cmake,is missing: it runs the recipe for vcpkg (the cmake package))
	$(call need,python3,is missing: it reads the recipe for vcpkg (the python3 package))
	$(call need,pkg-config,is missing: a program is built with it (the pkg-config package))
	CC='$(CC)' RECIPES='$(RECIPES)' sh tests/recipes.sh $(TARGET)/dist/sockutil-$(VERSION).tar.gz

HOMEPAGE =
SOURCE =
# Write these recipes into target/dist/recipes. HOMEPAGE is the project's address, SOURCE that of the tarball.
recipes: dist
	sh packaging/recipes.sh $(TARGET)/dist/sockutil-$(VERSION).tar.gz $(TARGET)/dist/recipes '$(HOMEPAGE)' '$(SOURCE)'

# ---- Memory ----

# The tests that compile C and run it, and the example programs. What a tool cannot run is listed in tests/memory.sh.
C_TESTS = connections cpp endpoints every_ipv4 library man regressions syscalls threads
UNDER = SOCKUTIL_LIBDIR='$(LIBRARIES)' CARGO='$(CARGO)' CC='$(CC)' sh tests/memory.sh $(1) \
	sh tests/programs.sh $(CARGO) test --locked $(SHIPPED)
VALGRIND_MESSAGE = is missing: it checks the programs' memory (the valgrind package)

# Run test-valgrind, test-valgrind-c, test-sanitizers and test-planted.
test-memory: test-valgrind test-valgrind-c test-sanitizers test-planted

# Run the example programs under valgrind.
test-valgrind: library
	$(call need,valgrind,$(VALGRIND_MESSAGE))
	$(call UNDER,valgrind) --test examples --

# Run the tests that compile C under valgrind.
test-valgrind-c: library
	$(call need,valgrind,$(VALGRIND_MESSAGE))
	$(call UNDER,valgrind) $(C_TESTS:%=--test %) --

# Build the example programs and the tests in C with the sanitizers for addresses, undefined behaviour and threads, and
# run them. The leak
# sanitizer of gcc 12 can hang when a signal comes while it searches, and the example programs are ended by signals:
# valgrind looks for their leaks. The thread sanitizer delays signals while a call waits, so no server runs under it.
test-sanitizers: library
	$(call need,gcc,is missing: its sanitizers are used (the gcc package))
	$(call UNDER,address) $(C_TESTS:%=--test %) --test faults --
	LEAKS=0 $(call UNDER,address) --test examples --
	$(call UNDER,thread) --test threads --test connections --

# Check that these tools find mistakes that are planted for them.
test-planted: library
	$(call need,gcc,is missing: its sanitizers are used (the gcc package))
	$(call need,valgrind,$(VALGRIND_MESSAGE))
	$(TEST) --test planted -- --ignored --nocapture

# ---- Load and cost ----

# Serve 1,000 clients with a process each, 1,000 with a thread each, and 10,000 with one thread. The last needs 10,200
# open files in one process (ulimit -Hn).
test-load: library
	$(TEST) --test examples -- --ignored load:: --nocapture --test-threads=1

MINUTES = 1
SEED =
# Run the servers for MINUTES (1; 0 means 10 seconds) against clients of every kind and under signals. SEED=n, a seed
# that an earlier run printed, makes the same clients again.
soak: library
	SOAK_MINUTES='$(MINUTES)' SOAK_SEED='$(SEED)' $(TEST) --test examples -- --ignored \
		soak:: --nocapture --test-threads=1

# Move a gigabyte each way at once through two relays, under signals; every byte is compared.
test-relay: library
	$(TEST) --test exports -- --ignored --exact relay::a_gigabyte_both_ways_at_once_under_signals

# Count the instructions of each operation, and compare with tests/instructions.tsv: they may differ by 5 %.
test-instructions: library
	$(call need,valgrind,is missing: it counts the instructions (the valgrind package))
	CC='$(CC)' sh tests/instructions.sh check $(LIBRARIES)

# Write tests/instructions.tsv anew.
instructions: library
	$(call need,valgrind,is missing: it counts the instructions (the valgrind package))
	CC='$(CC)' sh tests/instructions.sh write $(LIBRARIES)

ROUNDS = 1000
PARTS =
# Measure the cost as ratios to what others cost in the same run: a table, bench/results.json, bench/results.svg, and
# the README's docs/speed.svg. PARTS='lines growth' chooses, and then writes no files.
bench: bench-programs
	$(TARGET)/bench/bench -r $(ROUNDS) $(if $(PARTS),$(PARTS),-j bench/results.json -s bench/results.svg)
	$(if $(PARTS),,sh docs/speed.sh bench/results.json >docs/speed.svg)

# Run two rounds of the benchmark, to check its data and not its times.
bench-smoke: bench-programs
	$(TARGET)/bench/bench -r 2

bench-programs: examples
	@$(MAKE) -C bench CC='$(CC)' CARGO='$(CARGO)' BIN='$(BELOW)$(TARGET)/bench' SOCKUTIL_LIBDIR='$(BELOW)$(LIBRARIES)'
