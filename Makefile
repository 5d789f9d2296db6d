# sockutil, for those who use it: `make help` lists the targets. They need only Rust, a C compiler and make.
# Those who change it find more in developer.mk.

CARGO = cargo
CC = cc
AR = ar
OBJCOPY = objcopy
MAKEFLAGS += --no-print-directory

# Where cargo builds, by its environment and its configuration, and where the libraries lie as they are installed. Found
# when it is first used.
TARGET = $(eval TARGET := $(or $(subst $(CURDIR)/,,$(shell $(CARGO) metadata --format-version 1 --no-deps --offline \
	2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')),$(CARGO_TARGET_DIR),target))$(TARGET)
LIBRARIES = $(TARGET)/lib
# The same folder for a make in a folder below. Not $(abspath): it takes a path with a space for two.
BELOW = $(if $(filter /%,$(TARGET)),,../)

# make CLASSIC_NAMES=no: without the bare readn, writen, recv_peek and readline, beside GNU Readline for one.
CLASSIC_NAMES = yes
# Without the feature header: the committed header serves, and cbindgen is not needed.
FEATURES = --no-default-features $(if $(filter no,$(CLASSIC_NAMES)),,--features classic-names)

# Where the examples are built: beside their sources or, where these cannot be written to, in a folder of links to them.
EXAMPLES = $(if $(shell [ -w c_examples ] && echo yes),c_examples,$(TARGET)/c_examples)

RUST_NEEDED = sockutil is built by Rust 1.85 or newer (https://rustup.rs has it, and so may your system's cargo package)
RUST_MESSAGE = is missing: $(RUST_NEEDED)
CC_MESSAGE = is missing: the C programs need a C compiler (gcc or clang; set CC if it has another name)

# $(call need,command,message)
need = @command -v $(firstword $(1)) >/dev/null 2>&1 || { echo "sockutil: $(firstword $(1)) $(2)" >&2; exit 1; }

.PHONY: all library examples demo tour test install uninstall clean help need-build

# Build the libraries: target/lib/libsockutil.so (on macOS .dylib) and libsockutil.a.
all: library

need-build:
	$(call need,$(CARGO),$(RUST_MESSAGE))
	@version=$$($(CARGO) --version); case $$version in \
	'cargo 0.'* | 'cargo 1.'[0-9].* | 'cargo 1.'[0-7][0-9].* | 'cargo 1.8'[0-4].*) \
		echo "sockutil: $$version is too old: $(RUST_NEEDED)" >&2; exit 1 ;; esac
	$(call need,$(CC),$(CC_MESSAGE))

library: need-build
	@CC='$(CC)' AR='$(AR)' OBJCOPY='$(OBJCOPY)' LDFLAGS='$(LDFLAGS)' FEATURES='--package sockutil-capi $(FEATURES)' \
		sh capi/build.sh '$(TARGET)' $(CARGO)

# Build the example programs into c_examples/bin.
examples: library
	@[ '$(EXAMPLES)' = c_examples ] || { mkdir -p '$(EXAMPLES)' && rm -f '$(EXAMPLES)'/*.[ch] && \
		ln -sf '$(CURDIR)'/c_examples/*.[ch] '$(CURDIR)/c_examples/Makefile' '$(EXAMPLES)'; }
	@$(MAKE) -C '$(EXAMPLES)' CC='$(CC)' SOCKUTIL_INCLUDE='$(if $(filter c_examples,$(EXAMPLES)),..,$(CURDIR))/include' \
		SOCKUTIL_LIBDIR='$(BELOW)$(LIBRARIES)'

# Show the library at work: clients and servers of c_examples talk to each other.
demo: examples
	@sh c_examples/demo.sh '$(EXAMPLES)/bin'

# Walk through the states of TCP, live, in the terminal: the state diagram shows where both ends of a connection are.
tour: examples
	@sh c_examples/tour.sh '$(EXAMPLES)/bin'

# Test the library as it is built for shipping. The last line says what passed, what failed, what was left out and why.
# TESTS='exports man' chooses programs of tests/.
test: library
	@SOCKUTIL_LIBDIR='$(LIBRARIES)' CC='$(CC)' sh tests/run.sh '$(TARGET)/test.log' sh tests/programs.sh $(CARGO) test \
		--locked --no-default-features --features classic-names,test-shipped $(TESTS:%=--test %)

# ---- Installing: make && sudo make install. Nothing is built here: cargo is only asked where it has built. ----

PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/sockutil
INSTALL = install

VERSION := $(shell sed -n '/^version = /{s/.*"\(.*\)".*/\1/p;q;}' Cargo.toml)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
# As capi/stage.sh names them.
SYSTEM := $(shell uname -s)
SHARED_LIBRARY = libsockutil.so.$(VERSION)
SONAME = libsockutil.so.$(MAJOR)
LINK_NAME = libsockutil.so
ifeq ($(SYSTEM),Darwin)
SHARED_LIBRARY = libsockutil.$(VERSION).dylib
SONAME = libsockutil.$(MAJOR).dylib
LINK_NAME = libsockutil.dylib
else ifeq ($(SYSTEM),OpenBSD)
SHARED_LIBRARY = libsockutil.so.$(basename $(VERSION))
SONAME =
LINK_NAME =
endif
PACKAGING = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
	-e 's|@LIBDIR_UNDER_PREFIX@|$(patsubst $(PREFIX)/%,%,$(LIBDIR))|g' \
	-e 's|@INCLUDEDIR_UNDER_PREFIX@|$(patsubst $(PREFIX)/%,%,$(INCLUDEDIR))|g' \
	-e 's|@VERSION@|$(VERSION)|g' -e 's|@MAJOR@|$(MAJOR)|g'
# For C, for C++, and for Python's cffi.
HEADERS = sockutil.h sockutil.hpp sockutil.cdef
CMAKE_FILES = sockutil-config.cmake sockutil-config-version.cmake
# The drop-in headers, a folder for each family of programs.
COMPAT_HEADERS = $(wildcard compat/*/*.h)
COMPAT_FOLDERS = $(sort $(patsubst compat/%/,%,$(dir $(COMPAT_HEADERS))))
COMPATDIR = $(INCLUDEDIR)/sockutil
DOCS = README.md README.zh-CN.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT
EXAMPLE_FILES = $(wildcard c_examples/*.[ch] c_examples/*.sh c_examples/*.md) c_examples/Makefile
# What is empty without us, from the inside out; of the system's own prefixes only folders that are not always there.
FOLDERS = $(LIBDIR)/cmake/sockutil $(LIBDIR)/cmake $(LIBDIR)/pkgconfig $(COMPAT_FOLDERS:%=$(COMPATDIR)/%) $(COMPATDIR) \
	$(MANDIR)/man3 $(MANDIR)/man7 $(DOCDIR)/examples $(DOCDIR) $(dir $(DOCDIR)) \
	$(if $(filter /usr /usr/local,$(PREFIX)),,$(LIBDIR) $(INCLUDEDIR) $(MANDIR) $(dir $(MANDIR)) $(PREFIX)/lib $(PREFIX))
FIND = [ -n "$(DESTDIR)" ] || sh packaging/find.sh $(PREFIX) $(LIBDIR) $(INCLUDEDIR) $(MANDIR) $(SHARED_LIBRARY)

# Install what make has built, below PREFIX (/usr/local); DESTDIR is for packagers.
install:
	@for file in $(SHARED_LIBRARY) libsockutil.a; do [ -f $(LIBRARIES)/$$file ] || \
		{ echo "sockutil: $(LIBRARIES)/$$file is missing: run make first, as yourself" >&2; exit 1; }; done
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/sockutil $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(LIBRARIES)/$(SHARED_LIBRARY) $(DESTDIR)$(LIBDIR)/$(SHARED_LIBRARY)
	$(if $(SONAME),ln -sf $(SHARED_LIBRARY) $(DESTDIR)$(LIBDIR)/$(SONAME))
	$(if $(SONAME),ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/$(LINK_NAME))
	$(INSTALL) -m 644 $(LIBRARIES)/libsockutil.a $(DESTDIR)$(LIBDIR)/libsockutil.a
	$(INSTALL) -m 644 $(HEADERS:%=include/%) $(DESTDIR)$(INCLUDEDIR)
	for folder in $(COMPAT_FOLDERS); do $(INSTALL) -d $(DESTDIR)$(COMPATDIR)/$$folder && \
		$(INSTALL) -m 644 compat/$$folder/*.h $(DESTDIR)$(COMPATDIR)/$$folder || exit 1; done
	$(PACKAGING) packaging/sockutil.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/sockutil.pc
	for file in $(CMAKE_FILES); do \
		$(PACKAGING) packaging/$$file.in >$(DESTDIR)$(LIBDIR)/cmake/sockutil/$$file || exit 1; done
	for section in 3 7; do $(INSTALL) -d $(DESTDIR)$(MANDIR)/man$$section && \
		$(INSTALL) -m 644 man/man$$section/* $(DESTDIR)$(MANDIR)/man$$section || exit 1; done
	sh packaging/man_links.sh make man/man3 $(DESTDIR)$(MANDIR)/man3
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/sockutil.pc $(CMAKE_FILES:%=$(DESTDIR)$(LIBDIR)/cmake/sockutil/%)
	$(INSTALL) -d $(DESTDIR)$(DOCDIR)/examples
	$(INSTALL) -m 644 $(DOCS) $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 $(EXAMPLE_FILES) $(DESTDIR)$(DOCDIR)/examples
	@$(FIND)

# Remove what install has installed.
uninstall:
	sh packaging/man_links.sh remove man/man3 $(DESTDIR)$(MANDIR)/man3
	rm -f $(SHARED_LIBRARY:%=$(DESTDIR)$(LIBDIR)/%) $(SONAME:%=$(DESTDIR)$(LIBDIR)/%) $(LINK_NAME:%=$(DESTDIR)$(LIBDIR)/%) \
		$(DESTDIR)$(LIBDIR)/libsockutil.a $(HEADERS:%=$(DESTDIR)$(INCLUDEDIR)/%) \
		$(DESTDIR)$(LIBDIR)/pkgconfig/sockutil.pc $(CMAKE_FILES:%=$(DESTDIR)$(LIBDIR)/cmake/sockutil/%) \
		$(COMPAT_HEADERS:compat/%=$(DESTDIR)$(COMPATDIR)/%) \
		$(patsubst man/%,$(DESTDIR)$(MANDIR)/%,$(wildcard man/man3/* man/man7/*)) \
		$(DOCS:%=$(DESTDIR)$(DOCDIR)/%) $(EXAMPLE_FILES:c_examples/%=$(DESTDIR)$(DOCDIR)/examples/%)
	rmdir $(FOLDERS:%=$(DESTDIR)%) 2>/dev/null || :
	@$(FIND)

# Remove what was built.
clean:
	$(CARGO) clean
	rm -rf fuzz/target fuzz/artifacts
	$(MAKE) -C c_examples clean

# List the targets, from the comments above them.
help:
	@sh packaging/help.sh Makefile
	@echo 'Variables: CC, AR, OBJCOPY, CARGO, CLASSIC_NAMES=no, PREFIX, DESTDIR, V=1 to see the examples'\'' compile lines.'
	@echo 'Targets for those who change sockutil: make help-developer'

include developer.mk
