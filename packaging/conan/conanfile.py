"""Builds sockutil for Conan 2 by its Makefile: conan create packaging/conan

Out of the release tarball this needs no network. Rust 1.85 or newer, make and a C compiler are taken from the system.
"""

import re
import shlex
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import cross_building
from conan.tools.files import copy, rm, rmdir

required_conan_version = ">=2.0"


class Sockutil(ConanFile):
    name = "sockutil"
    description = "The socket helpers that every C network program copies: full transfers, lines, frames, time limits"
    license = "MIT OR Apache-2.0"
    topics = ("sockets", "networking", "readn", "writen", "readline")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    # There is no fPIC: the code is always position-independent.
    options = {"shared": [True, False], "classic_names": [True, False]}
    default_options = {"shared": False, "classic_names": True}
    no_copy_source = True

    def set_version(self):
        cargo = (Path(self.recipe_folder) / "../../Cargo.toml").read_text(encoding="utf-8")
        self.version = re.search('^version = "(.*)"', cargo, re.MULTILINE)[1]

    def export_sources(self):
        copy(self, "*", Path(self.recipe_folder) / "../..", self.export_sources_folder,
             excludes=(".git/*", "target/*", "bench/bin/*", "c_examples/bin/*", "fuzz/target/*", "fuzz/artifacts/*",
                       "packaging/conan/test_package/build/*"))

    def validate(self):
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration("sockutil is for POSIX systems")

    def validate_build(self):
        if cross_building(self):
            raise ConanInvalidConfiguration("this recipe builds for its own machine only")

    def package_id(self):
        # There is one way to build it, and no other library than libc in it.
        del self.info.settings.build_type
        del self.info.settings.compiler

    def _make(self, target, **variables):
        variables["CLASSIC_NAMES"] = "yes" if self.options.classic_names else "no"
        compilers = self.conf.get("tools.build:compiler_executables", default={}, check_type=dict)
        if "c" in compilers:
            variables["CC"] = compilers["c"]
        # cargo builds in the folder that the environment names.
        command = ["env", f"CARGO_TARGET_DIR={self.build_folder}", "make", target]
        self.run(shlex.join(command + [f"{name}={value}" for name, value in variables.items()]), cwd=self.source_folder)

    def build(self):
        self._make("library")

    def package(self):
        self._make("install", DESTDIR=self.package_folder, PREFIX="")
        copy(self, "LICENSE-*", self.source_folder, Path(self.package_folder) / "licenses")
        libraries = Path(self.package_folder) / "lib"
        if self.options.shared:
            rm(self, "libsockutil.a", libraries)
        else:
            rm(self, "libsockutil*.so*", libraries)
            rm(self, "libsockutil*.dylib", libraries)
        # Conan writes its own, and has no place for the manual.
        rmdir(self, libraries / "cmake")
        rmdir(self, libraries / "pkgconfig")
        rmdir(self, Path(self.package_folder) / "share")

    def package_info(self):
        self.cpp_info.libs = ["sockutil"]
        self.cpp_info.set_property("cmake_file_name", "sockutil")
        self.cpp_info.set_property("cmake_target_name", "sockutil::sockutil")
        if not self.options.shared:
            self.cpp_info.set_property("cmake_target_aliases", ["sockutil::sockutil_static"])
        self.cpp_info.set_property("pkg_config_name", "sockutil")
        self.cpp_info.set_property("pkg_config_custom_content", {"compatdir": "${includedir}/sockutil"})
