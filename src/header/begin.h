/* sockutil.h - the socket helpers that every C network program copies
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Made by build.rs from the comments in src/ffi: change those, not this file.
 *
 * Compile with this header, link with -lsockutil. What holds for every
 * function:
 *
 * Errors     Failure is -1 (or NULL) with errno set; on success errno is
 *            untouched. Bad input is EINVAL, and nothing has happened. The
 *            kernel's own errno values pass through. Nothing here exits,
 *            prints, allocates, takes a lock or keeps global state.
 * Transfers  return 1 done, 0 end of stream, -1 error. *done is in and out:
 *            set it to 0 to start; it is true on every return; after EAGAIN
 *            call again with the same arguments, and no byte is lost.
 * Time       int timeout_ms, as in poll(2): -1 waits, 0 does not, n > 0 bounds
 *            the whole call. It holds on every kind of descriptor whose driver
 *            implements poll(2): sockets, pipes, terminals, files, eventfd,
 *            timerfd, signalfd, inotify; whatever O_NONBLOCK, SO_RCVTIMEO,
 *            SO_SNDTIMEO, VMIN and VTIME say. When time runs out there is one
 *            last try, then EAGAIN. O_NONBLOCK is never changed, but by
 *            sockutil_connect for as long as it lasts. Beyond reach: network
 *            file systems, devices without poll, and a second reader or writer
 *            who is quicker between poll(2) and read(2) or write(2) on a
 *            blocking FIFO, terminal or eventfd.
 *            A call that looks at the clock or waits can also fail as
 *            clock_gettime(2) and poll(2) do.
 * Signals    EINTR never surfaces and never stretches a timeout. A socket
 *            never raises SIGPIPE: a peer that is gone is EPIPE or ECONNRESET.
 * Length 0   A transfer of no bytes moves nothing and never waits: 1, or 0 from
 *            the classic calls, and the memory may be NULL. A descriptor that
 *            is not open for it is EBADF all the same.
 * Messages   Sockets of SOCK_DGRAM and SOCK_SEQPACKET have messages, not lines:
 *            use sockutil_sendto and sockutil_recvfrom there. The calls for
 *            streams take the bytes that they ask for from a message, and the
 *            rest of it is lost; messages come joined, and an empty one looks
 *            like the end of the stream.
 * Threads    Calls on different descriptors and readers are independent. Two
 *            that read one descriptor at once share its bytes out between them,
 *            as read(2) does: a line can then be divided, or come joined to
 *            another. pthread_cancel ends every wait. Descriptors that the call
 *            has opened then stay open, and sockutil_connect does not put back
 *            what it has changed.
 * Text       Every text result is NUL-terminated. NUL and CR bytes in a stream
 *            are data.
 */
#ifndef SOCKUTIL_H
#define SOCKUTIL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* For the compiler to warn of misuse. NULL where it is not wanted stays EINVAL
 * when the program runs. */
#if defined(__GNUC__)
#define SOCKUTIL_RESULT __attribute__((warn_unused_result))
#define SOCKUTIL_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define SOCKUTIL_RESULT
#define SOCKUTIL_NONNULL(...)
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#define SOCKUTIL_READS(buf, n) __attribute__((access(read_only, buf, n)))
#define SOCKUTIL_WRITES(buf, n) __attribute__((access(write_only, buf, n)))
#else
#define SOCKUTIL_READS(buf, n)
#define SOCKUTIL_WRITES(buf, n)
#endif

#ifdef __cplusplus
extern "C" {
#endif

