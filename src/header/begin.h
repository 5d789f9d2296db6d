/* sockutil.h - the socket helpers that every C network program copies
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Made by src/header/make.rs from the comments in src/ffi: change those, not this file.
 *
 * Compile with this header, link with -lsockutil. What holds for every
 * function:
 *
 * Errors     Failure is -1 (or NULL) with errno set; on success errno is
 *            untouched. Bad input is EINVAL, and nothing has happened. The
 *            kernel's own errno values pass through. Nothing here exits,
 *            prints, allocates, takes a lock or keeps global state
 *            (getaddrinfo(3) may, when a name is looked up).
 * Transfers  return 1 done, 0 end of stream, -1 error. *done is in and out:
 *            set it to 0 to start; it is true on every return. After EAGAIN
 *            call again with the same arguments and do not reset *done: no
 *            byte is lost.
 * Time       int timeout_ms, as in poll(2): -1 waits, 0 does not, n > 0 bounds
 *            the whole call. It holds on every kind of descriptor whose driver
 *            implements poll(2): sockets, pipes, terminals, files, eventfd,
 *            timerfd, signalfd, inotify; whatever O_NONBLOCK, SO_RCVTIMEO,
 *            SO_SNDTIMEO, VMIN and VTIME are. When time runs out there is one
 *            last try, then EAGAIN; the functions that connect and
 *            sockutil_close_graceful say ETIMEDOUT instead. Only
 *            sockutil_connect changes O_NONBLOCK and SO_SNDTIMEO, and restores
 *            them. The limit can fail on network file systems, on devices
 *            without poll, and on a blocking FIFO, terminal or eventfd that
 *            another process or thread uses at the same time.
 *            A call that looks at the clock or waits can also fail as
 *            clock_gettime(2) and poll(2) do.
 * Signals    No call fails with EINTR, and no signal stretches a timeout: if a
 *            handler only sets a flag, the call goes on waiting: use
 *            sockutil_wait_any. A socket never raises SIGPIPE: a peer that is
 *            gone is EPIPE or ECONNRESET.
 * Length 0   With n 0 a call never waits. It returns 1 (a classic call 0), and
 *            the memory may be NULL. A descriptor that is not open for reading
 *            or writing is still EBADF, except where held bytes or room in a
 *            writer are all that is needed.
 * Messages   Sockets of SOCK_DGRAM and SOCK_SEQPACKET have messages, not lines:
 *            use sockutil_sendto and sockutil_recvfrom there. A stream call
 *            takes the bytes that it needs from a message, and the rest of the
 *            message is lost; it joins messages, and takes an empty one for the
 *            end of the stream.
 * Threads    Calls on different descriptors, readers and writers are
 *            independent. If two read one descriptor at once, each gets some of
 *            its bytes, as with read(2): a line can be divided, or joined to
 *            another.
 *            If you cancel a thread (pthread_cancel) while it waits here,
 *            descriptors that the call has opened stay open, and
 *            sockutil_connect does not restore what it has changed.
 * Systems    Tested on Linux. On other systems the functions do the same; where
 *            a system cannot, the comment says so. On macOS descriptors become
 *            close-on-exec right after they are made, not in one step, and a
 *            timed write to a blocking socket polls and then sends no more than
 *            there is room for.
 * Text       Every text result is NUL-terminated. NUL and CR bytes in a stream
 *            are data.
 * Sources    UNP is Stevens, UNIX Network Programming, volume 1; CS:APP is
 *            Bryant and O'Hallaron, Computer Systems.
 */
#ifndef SOCKUTIL_H
#define SOCKUTIL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* With these the compiler warns of misuse. At run time a wrong NULL is still
 * EINVAL. */
#if defined(__GNUC__)
#define SOCKUTIL_RESULT __attribute__((warn_unused_result))
#define SOCKUTIL_NONNULL(arguments) __attribute__((nonnull arguments))
#else
#define SOCKUTIL_RESULT
#define SOCKUTIL_NONNULL(arguments)
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

