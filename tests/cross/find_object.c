/* gcc's unwinder, made for glibc, asks this first: where there is no answer, as with musl, it looks for itself. */
int _dl_find_object(void *address, void *result);
int _dl_find_object(void *address, void *result) {
    (void)address;
    (void)result;
    return -1;
}
