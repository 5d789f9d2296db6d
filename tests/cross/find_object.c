/* gcc's unwinder, made for glibc, finds a function's unwind tables only with this function. musl lacks it: this one
 * uses what musl has. */
#define _GNU_SOURCE
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* glibc's struct dl_find_object, as x86-64 has it. */
struct object {
    unsigned long long flags;
    void *start, *end;
    struct link_map *map;
    void *eh_frame;
    unsigned long long reserved[7];
};
struct search {
    uintptr_t address;
    struct object *found;
};

static int look(struct dl_phdr_info *info, size_t size, void *data) {
    const struct search *search = data;
    uintptr_t tables = 0, start = 0, end = 0;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t begins = info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_GNU_EH_FRAME)
            tables = begins;
        if (part->p_type == PT_LOAD && search->address >= begins && search->address - begins < part->p_memsz)
            start = begins, end = begins + part->p_memsz;
    }
    if (tables == 0 || end == 0)
        return 0;
    *search->found = (struct object){.start = (void *)start, .end = (void *)end, .eh_frame = (void *)tables};
    return 1;
}

int _dl_find_object(void *address, void *result);
int _dl_find_object(void *address, void *result) {
    struct search search = {(uintptr_t)address, result};
    return dl_iterate_phdr(look, &search) == 1 ? 0 : -1;
}
