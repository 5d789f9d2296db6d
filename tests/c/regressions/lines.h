/* lines.h - the readers of lines that a regression program tests: readline, and sockutil_read_line with readline's
 * signature. The tutorials have only the first.
 */
#ifndef LINES_H
#define LINES_H

#include "regression.h"

typedef ssize_t line_reader(int fd, void *buf, size_t cap);

#ifdef TUTORIAL
static line_reader *const LINE_READERS[] = {readline};
#else
static ssize_t read_line_forever(int fd, void *buf, size_t cap) {
    size_t done = 0;
    int answer = sockutil_read_line(fd, buf, cap, &done, SOCKUTIL_FOREVER);
    CHECK((answer == 1) == (done > 0 && ((char *)buf)[done - 1] == '\n'));
    return answer >= 0 || errno == EMSGSIZE ? (ssize_t)done : -1;
}

static line_reader *const LINE_READERS[] = {readline, read_line_forever};
#endif

#define LINE_READER_COUNT (sizeof LINE_READERS / sizeof LINE_READERS[0])

#endif
