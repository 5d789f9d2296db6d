/* Goes into a copy of libsockutil (tests/kernels.sh): tells the shim, if there is one, where the library's code is. The
 * linker gives the section's start and stop these names. */
extern const char __start_sockutil_code[] __attribute__((visibility("hidden")));
extern const char __stop_sockutil_code[] __attribute__((visibility("hidden")));
void shim_library(const void *start, const void *stop) __attribute__((weak));

__attribute__((constructor)) static void mark(void) {
    if (shim_library)
        shim_library(__start_sockutil_code, __stop_sockutil_code);
}
