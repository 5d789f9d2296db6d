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

/* ---- Version ----------------------------------------------------------- */

/**
 * The version of this header: major.
 */
#define SOCKUTIL_VERSION_MAJOR 0

/**
 * The version of this header: minor.
 */
#define SOCKUTIL_VERSION_MINOR 1

/**
 * The version of this header: patch.
 */
#define SOCKUTIL_VERSION_PATCH 0

/**
 * Return the version of the library that is linked, as "major.minor.patch".
 *
 * A program compares it with SOCKUTIL_VERSION_MAJOR, _MINOR and _PATCH, those
 * of the header that it was compiled with.
 *
 * Returns a static text, never NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: semver.org.
 */
const char *sockutil_version(void);

/* ---- Time and waiting -------------------------------------------------- */

/**
 * A timeout_ms that waits for ever, as in poll(2).
 */
#define SOCKUTIL_FOREVER -1

/**
 * A timeout_ms that never waits: the call does what it can do at once.
 */
#define SOCKUTIL_NOWAIT 0

/**
 * Return the time of CLOCK_MONOTONIC, in milliseconds.
 *
 * It counts from an arbitrary point in the past, never goes back, and does not
 * change with the date. For one time limit over several calls: end =
 * sockutil_now_ms() + 5000, then sockutil_ms_left(end) for each.
 *
 * Returns the time; -1 with the errno of clock_gettime(2) where there is no
 * such clock.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX clock_gettime.
 */
int64_t sockutil_now_ms(void);

/**
 * Return how many milliseconds are left until end_ms, a time of
 * sockutil_now_ms.
 *
 * The result is a timeout_ms for the next call, and never SOCKUTIL_FOREVER.
 *
 * Returns the milliseconds, at most INT_MAX; 0 if end_ms is past, or there is
 * no such clock.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX clock_gettime.
 */
int sockutil_ms_left(int64_t end_ms);

/**
 * Wait until a descriptor is ready.
 *
 * Calls poll(2) for one descriptor. Unlike select(2), numbers above 1023 work.
 * poll_events is made of POLLIN, POLLPRI, POLLOUT, POLLRDHUP, POLLRDNORM,
 * POLLRDBAND, POLLWRNORM and POLLWRBAND; POLLERR and POLLHUP are always
 * included, and may be given. Signals neither end nor stretch it; setting a
 * flag in a handler does not end a wait.
 *
 * Returns the revents, above 0; -1 with errno:
 *   EAGAIN   timeout_ms ran out
 *   EBADF    fd is not a descriptor
 *   EINVAL   timeout_ms is below -1, or poll_events has other bits
 * and the errors of poll(2): ENOMEM.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX poll.
 */
int sockutil_wait(int fd, int poll_events, int timeout_ms) SOCKUTIL_RESULT;

/**
 * Wait until one of several descriptors is ready.
 *
 * Calls poll(2) for the n entries of fds. The events of an entry are as for
 * poll(2), and its revents are set on success, 0 for an entry that is not
 * ready. An entry with a negative fd is passed over, and one whose fd is not a
 * descriptor is ready: POLLNVAL is in its revents. If n is 0, fds may be NULL,
 * and the call only waits. Signals neither end nor stretch it; setting a flag
 * in a handler does not end a wait.
 *
 * To end a wait from a handler, give the handler something to wait for: wait
 * here for the socket beside a signalfd(2), or beside a pipe to which the
 * handler writes a byte. Then call with SOCKUTIL_NOWAIT what is to read.
 *
 * Returns how many entries have revents, above 0; -1 with errno:
 *   EAGAIN   timeout_ms ran out: every revents is 0
 *   EINVAL   fds is NULL and n is not 0, n is above the process's limit
 *            RLIMIT_NOFILE, timeout_ms is below -1
 * and the errors of poll(2): ENOMEM.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX poll.
 */
int sockutil_wait_any(struct pollfd *fds,
                      size_t n,
                      int timeout_ms)
SOCKUTIL_RESULT;

/* ---- Streams ----------------------------------------------------------- */

/**
 * Read n bytes within a time limit.
 *
 * Repeats recv(2), or read(2) where fd is not a socket, until n bytes are in
 * buf. *done counts them: set it to 0 to start; it is true on every return.
 * After EAGAIN the same call goes on where this one stopped; no byte is lost
 * or repeated. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
 * SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK and
 * SO_RCVTIMEO are, and changes neither. Signals neither end nor stretch it;
 * setting a flag in a handler does not end a wait. shutdown(2) from another
 * thread or a handler ends a wait on a connected socket. done may be NULL:
 * then the count starts at 0 and is not reported. On a terminal a time limit
 * takes what FIONREAD reports, whatever VMIN and VTIME say; SOCKUTIL_FOREVER
 * follows VMIN. On a blocking FIFO, terminal or eventfd a second reader can
 * make read(2) block after poll(2) reported it ready.
 *
 * Returns 1, all n bytes are there; 0, end of stream: clean if *done is 0,
 * else cut short; -1 with errno:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   buf is NULL and n is not 0, n is above SSIZE_MAX, timeout_ms is
 *            below -1, *done is above n, or is n already (did you set it to 0?)
 *   EBADF    fd is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX recv, read, poll; preadv2(2).
 */
int sockutil_read_full(int fd,
                       void *buf,
                       size_t n,
                       size_t *done,
                       int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3);

/**
 * Read what is there, 1 to n bytes, within a time limit.
 *
 * Calls recv(2), or read(2) where fd is not a socket, until that returns
 * something. Sets *len to the number of bytes that are in buf then. timeout_ms
 * bounds the whole call: -1 SOCKUTIL_FOREVER waits for the first byte, 0
 * SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK and
 * SO_RCVTIMEO are, and changes neither. Signals neither end nor stretch it;
 * setting a flag in a handler does not end a wait. On terminals, FIFOs and
 * eventfd waiting is as for sockutil_read_full.
 *
 * Returns 1, *len bytes are in buf; 0, end of stream; -1 with errno, and *len
 * is 0:
 *   EAGAIN   timeout_ms ran out: call again
 *   EINVAL   buf or len is NULL, n is 0 or above SSIZE_MAX, timeout_ms is below
 *            -1
 *   EBADF    fd is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX recv, read, poll; preadv2(2).
 */
int sockutil_read_some(int fd,
                       void *buf,
                       size_t n,
                       size_t *len,
                       int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 4)) SOCKUTIL_WRITES(2, 3);

/**
 * Write n bytes within a time limit.
 *
 * Repeats send(2) with MSG_NOSIGNAL, or write(2) where fd is not a socket,
 * until all n bytes are taken. *done counts them: set it to 0 to start; it is
 * true on every return. After EAGAIN the same call goes on where this one
 * stopped; no byte is lost or repeated. timeout_ms bounds the whole call: -1
 * SOCKUTIL_FOREVER waits, 0 SOCKUTIL_NOWAIT writes what is taken at once. It
 * holds whatever O_NONBLOCK and SO_SNDTIMEO are, and changes neither. Signals
 * neither end nor stretch it; setting a flag in a handler does not end a wait.
 * A socket never raises SIGPIPE; on a pipe the program's own disposition of
 * SIGPIPE decides. done may be NULL: then the count starts at 0 and is not
 * reported. With a time limit a blocking pipe or terminal gets small pieces
 * that it can take at once: for a terminal at most 256 bytes without control
 * characters, or one control character. After poll(2) reported a blocking
 * descriptor ready, write(2) can still block: if a FIFO or a terminal has a
 * second writer, or if an eventfd has no room for the value.
 *
 * Returns 1, all n bytes are taken (not: received by the peer); -1 with
 * errno:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   buf is NULL and n is not 0, n is above SSIZE_MAX, timeout_ms is
 *            below -1, *done is above n, or is n already (did you set it to 0?)
 *   EPIPE    the peer is gone, or this side was shut down for writing
 *   EBADF    fd is not open for writing
 *   EIO      a device took nothing and gave no reason
 * and the errors of send(2) and write(2): ECONNRESET, ETIMEDOUT (the
 * connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX send, write, poll; pwritev2(2), pipe(7).
 */
int sockutil_write_full(int fd,
                        const void *buf,
                        size_t n,
                        size_t *done,
                        int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_READS(2, 3);

/**
 * Write the bytes of several buffers within a time limit.
 *
 * As sockutil_write_full, for the buffers of iov[0] to iov[iovcnt-1], in that
 * order; n is the sum of all iov_len. iovcnt has no upper limit: each
 * sendmsg(2) or writev(2) takes up to 1,024 buffers. iov is never modified:
 * after EAGAIN the same call with the same iov goes on where this one stopped.
 * Setting a flag in a handler does not end a wait.
 *
 * Returns 1, all bytes are taken (not: received by the peer); -1 with errno:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   iovcnt is below 0, iov is NULL and iovcnt is not 0, an iov_base
 *            is NULL and its iov_len is not 0, the sum is above SSIZE_MAX,
 *            timeout_ms is below -1, *done is above the sum, or is the sum
 *            already (did you set it to 0?)
 *   EPIPE    the peer is gone, or this side was shut down for writing
 *   EBADF    fd is not open for writing
 *   EIO      a device took nothing and gave no reason
 * and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
 * connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX sendmsg, writev, poll; pwritev2(2), pipe(7).
 */
int sockutil_writev_full(int fd,
                         const struct iovec *iov,
                         int iovcnt,
                         size_t *done,
                         int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_READS(2, 3);

/**
 * Read one line within a time limit, and not a byte past its newline.
 *
 * Stores at most cap-1 bytes and a NUL after them, on failure too. The newline
 * is kept; NUL and CR bytes are data. The rest stays in the queue, so that you
 * can mix this call with sockutil_read_full. *done counts the bytes of the
 * line in buf: set it to 0 to start each line; it is true on every return.
 * After EAGAIN the same call goes on where this one stopped; no byte is lost
 * or repeated. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
 * SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK and
 * SO_RCVTIMEO are, and changes neither. Signals neither end nor stretch it;
 * setting a flag in a handler does not end a wait. done may be NULL: then the
 * count starts at 0 and is not reported. A line of up to 2 KB costs two system
 * calls on a socket; other descriptors are read byte by byte. On a Unix socket
 * the cost of a call grows with the number of queued messages: use
 * sockutil_reader_line there.
 *
 * Returns 1, a whole line is in buf; 0, end of stream: an unterminated line is
 * in buf, empty if *done is 0; -1 with errno:
 *   EAGAIN     timeout_ms ran out: nothing is lost, call again
 *   EMSGSIZE   cap-1 bytes of a longer line are in buf; set *done to 0 and
 *              call for the rest
 *   EINVAL     buf is NULL, cap is below 2 or above SSIZE_MAX, timeout_ms is
 *              below -1, *done is above cap-1, or buf holds a whole line or
 *              cap-1 bytes already (was *done reset?)
 *   EBADF      fd is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe. If two threads read one descriptor, each
 * gets some of its bytes: a line can be divided, or joined to another.
 * Source: POSIX recv, read, poll; UNP figures 3.17 and 3.18.
 */
int sockutil_read_line(int fd,
                       char *buf,
                       size_t cap,
                       size_t *done,
                       int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2)) SOCKUTIL_WRITES(2, 3);

/**
 * Cut the newline off a line: "\n", or "\r\n".
 *
 * Cuts one newline, only at the end, and puts a NUL at the new end. If there
 * is no newline, nothing is written.
 *
 * Returns the new length; 0 if line is NULL. It cannot fail.
 *
 * Async-signal-safe and thread-safe.
 * Source: Perl's chomp.
 */
size_t sockutil_chomp(char *line, size_t len);

/* ---- Buffered reader --------------------------------------------------- */

/**
 * A reader: the caller's struct, over the caller's memory.
 *
 * All fields are private; the size is part of the ABI. You need not free it:
 * if you drop the struct and its memory, only the bytes that it still holds
 * are lost. Two threads must not use it at once. Do not copy it.
 */
typedef struct sockutil_reader {
  int fd;
  int16_t covered;
  uint8_t delimiter;
  uint8_t may_be_socket;
  char *mem;
  size_t cap;
  size_t start;
  size_t end;
  size_t searched;
  size_t found;
  size_t text_or_frame;
  uint8_t text_length;
  uint8_t matched;
  uint8_t shown;
  uint8_t frame_header;
  uint8_t frame_header_left;
  uint8_t reserved[3];
} sockutil_reader;

/**
 * Make a reader of a stream descriptor and cap bytes of memory.
 *
 * fd is any stream: a socket, a pipe, a terminal, a file. It is not checked
 * here, and the reader never closes it. mem must live as long as the reader.
 * A line, or a frame with its header, must fit in cap-1 bytes of it.
 *
 * Returns 0; -1 with errno:
 *   EINVAL   r or mem is NULL, cap is below 2 or above SSIZE_MAX
 *
 * Async-signal-safe and thread-safe.
 * Source: CS:APP rio_readinitb, with the caller's memory.
 */
int sockutil_reader_init(struct sockutil_reader *r,
                         int fd,
                         void *mem,
                         size_t cap)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3)) SOCKUTIL_WRITES(3, 4);

/**
 * Read one line.
 *
 * Sets *line to the line in the reader's memory, with its newline and a NUL
 * after that, and *len to its length without the NUL. They stay valid until
 * the next call on the reader other than sockutil_reader_pending. You may
 * change these *len bytes, not the NUL. The reader keeps the bytes after the
 * line for the next call: see sockutil_reader_pending. If it holds no whole
 * line, it reads until it does; each recv(2), or read(2), takes as much as
 * fits in the memory. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER
 * waits, 0 SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK
 * and SO_RCVTIMEO are. Signals neither end nor stretch it; setting a flag in a
 * handler does not end a wait. After EAGAIN repeat the call: the reader keeps
 * what has arrived.
 *
 * Returns 1, a whole line; 0, end of stream: *line and *len show the rest, an
 * unterminated line, and *len is 0 if there is none. It is returned once: the
 * next call returns 0 with *len 0, or bytes that came later. -1 with errno,
 * and nothing is lost:
 *   EAGAIN     timeout_ms ran out: call again
 *   EMSGSIZE   the line is longer than cap-1 bytes; *line and *len show what
 *              is held; take it with sockutil_reader_take, or drop the line
 *              with sockutil_reader_skip_line
 *   EINVAL     r, line or len is NULL, r is all zeros (not initialized),
 *              timeout_ms is below -1, or sockutil_reader_skip_frame has not
 *              finished
 *   EBADF      the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ... On a failure other than EMSGSIZE *line is NULL and
 * *len 0.
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; CS:APP rio_readlineb.
 */
int sockutil_reader_line(struct sockutil_reader *r,
                         char **line,
                         size_t *len,
                         int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2, 3));

/**
 * Read up to a delimiter.
 *
 * As sockutil_reader_line, for any byte instead of the newline. delimiter is 0
 * to 255, and is kept at the end of *data. Setting a flag in a handler does
 * not end a wait.
 *
 * Returns 1, *data ends with the delimiter; 0, end of stream: *data and *len
 * show the rest, returned once; -1 with errno, and nothing is lost:
 *   EAGAIN     timeout_ms ran out: call again
 *   EMSGSIZE   there is no delimiter within cap-1 bytes; *data and *len show
 *              what is held; take it with sockutil_reader_take
 *   EINVAL     r, data or len is NULL, r is all zeros (not initialized),
 *              delimiter is not 0 to 255, timeout_ms is below -1, or
 *              sockutil_reader_skip_frame has not finished
 *   EBADF      the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ... On a failure other than EMSGSIZE *data is NULL and
 * *len 0.
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll, getdelim.
 */
int sockutil_reader_until(struct sockutil_reader *r,
                          int delimiter,
                          char **data,
                          size_t *len,
                          int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3, 4));

/**
 * Read up to a delimiter of several bytes.
 *
 * As sockutil_reader_line, for n bytes instead of the newline, which are kept
 * at the end of *data: "\r\n", "\r\n\r\n" or "\r\n.\r\n". They are found
 * wherever a packet divides them. The time of a call is linear in what is
 * held, for any delimiter and any bytes, and bytes that were searched are not
 * searched again. Delimiters may change between calls. Setting a flag in a
 * handler does not end a wait.
 *
 * Returns 1, *data ends with the delimiter; 0, end of stream: *data and *len
 * show the rest, returned once; -1 with errno, and nothing is lost:
 *   EAGAIN     timeout_ms ran out: call again
 *   EMSGSIZE   there is no delimiter within cap-1 bytes; *data and *len show
 *              what is held; take it with sockutil_reader_take
 *   EINVAL     r, delimiter, data or len is NULL, r is all zeros (not
 *              initialized), n is 0, above 255 or above cap-1, timeout_ms is
 *              below -1, or sockutil_reader_skip_frame has not finished
 *   EBADF      the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ... On a failure other than EMSGSIZE *data is NULL and
 * *len 0.
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; Knuth, Morris and Pratt 1977.
 */
int sockutil_reader_until_text(struct sockutil_reader *r,
                               const void *delimiter,
                               size_t n,
                               char **data,
                               size_t *len,
                               int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2, 4, 5)) SOCKUTIL_READS(2, 3);

/**
 * Read the body of one frame, as sockutil_send_frame sends it.
 *
 * A frame is a big-endian length of header_bytes (1, 2 or 4) and as many bytes
 * of body. Sets *body to the body in the reader's memory, with a NUL after it,
 * and *len to its length. They stay valid until the next call on the reader
 * other than sockutil_reader_pending. You may change these *len bytes, not the
 * NUL. Waiting, signals and held bytes are as for sockutil_reader_line;
 * setting a flag in a handler does not end a wait. The announced length is
 * never trusted: the reader's memory bounds it.
 *
 * Returns 1, a whole frame, whose body may be empty; 0, end of stream: clean
 * if *len is 0, else inside a frame: *body and *len show the rest, header
 * included, returned once; -1 with errno, and nothing is lost:
 *   EAGAIN     timeout_ms ran out: call again
 *   EMSGSIZE   the announced body is longer than cap-1-header_bytes; *len is
 *              the announced length, *body is NULL, and the header is still
 *              held: drop the frame with sockutil_reader_skip_frame
 *   EINVAL     r, body or len is NULL, r is all zeros (not initialized),
 *              header_bytes is not 1, 2 or 4, or above cap-1, timeout_ms is
 *              below -1, or sockutil_reader_skip_frame has not finished
 *   EBADF      the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ... On a failure other than EMSGSIZE *body is NULL and
 * *len 0.
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; RFC 1700, data notations.
 */
int sockutil_reader_frame(struct sockutil_reader *r,
                          int header_bytes,
                          char **body,
                          size_t *len,
                          int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3, 4));

/**
 * Copy one line into the caller's memory.
 *
 * As sockutil_read_line, for a descriptor that has a reader: stores at most
 * cap-1 bytes of the line and a NUL after them, on failure too. The newline is
 * kept; NUL and CR bytes are data. The line may be longer than the reader's
 * memory. *done counts the bytes of the line in buf: set it to 0 to start each
 * line; it is true on every return. After EAGAIN the same call goes on where
 * this one stopped. done may be NULL: then the count starts at 0 and is not
 * reported. Waiting and signals are as for sockutil_reader_line; setting a
 * flag in a handler does not end a wait.
 *
 * Returns 1, a whole line is in buf; 0, end of stream: an unterminated line is
 * in buf, empty if *done is 0; -1 with errno:
 *   EAGAIN     timeout_ms ran out: nothing is lost, call again
 *   EMSGSIZE   cap-1 bytes of a longer line are in buf; set *done to 0 and
 *              call for the rest
 *   EINVAL     r is NULL or all zeros (not initialized), buf is NULL, cap is
 *              below 2 or above SSIZE_MAX, timeout_ms is below -1, *done is
 *              above cap-1, buf holds a whole line or cap-1 bytes already (was
 *              *done reset?), or sockutil_reader_skip_frame has not finished
 *   EBADF      the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; CS:APP rio_readlineb.
 */
int sockutil_reader_copy_line(struct sockutil_reader *r,
                              char *buf,
                              size_t cap,
                              size_t *done,
                              int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2)) SOCKUTIL_WRITES(2, 3);

/**
 * Read n bytes: first from the reader's memory, then from its descriptor.
 *
 * As sockutil_read_full, for a descriptor that has a reader. Bytes that are
 * not held are read directly into buf, and no more than n. Setting a flag in a
 * handler does not end a wait.
 *
 * Returns 1, all n bytes are there; 0, end of stream: clean if *done is 0,
 * else cut short; -1 with errno:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   r is NULL or all zeros (not initialized), buf is NULL and n is
 *            not 0, n is above SSIZE_MAX, timeout_ms is below -1, *done is
 *            above n, or is n already (did you set it to 0?), or
 *            sockutil_reader_skip_frame has not finished
 *   EBADF    the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; CS:APP rio_readnb.
 */
int sockutil_reader_read_full(struct sockutil_reader *r,
                              void *buf,
                              size_t n,
                              size_t *done,
                              int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_WRITES(2, 3);

/**
 * Read what is there, 1 to n bytes: from the reader's memory, or else from its
 * descriptor.
 *
 * As sockutil_read_some, for a descriptor that has a reader. If bytes are
 * held, it returns those that fit, without a system call; else it reads once,
 * directly into buf. Setting a flag in a handler does not end a wait.
 *
 * Returns 1, *len bytes are in buf; 0, end of stream; -1 with errno, and *len
 * is 0:
 *   EAGAIN   timeout_ms ran out: call again
 *   EINVAL   r, buf or len is NULL, r is all zeros (not initialized), n is 0
 *            or above SSIZE_MAX, timeout_ms is below -1, or
 *            sockutil_reader_skip_frame has not finished
 *   EBADF    the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; CS:APP rio_read.
 */
int sockutil_reader_read_some(struct sockutil_reader *r,
                              void *buf,
                              size_t n,
                              size_t *len,
                              int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2, 4)) SOCKUTIL_WRITES(2, 3);

/**
 * Drop one whole frame, of any announced length.
 *
 * For a frame that is too long for the reader's memory, or not wanted. A frame
 * is as for sockutil_reader_frame; the reader's memory may be smaller than its
 * header. *done counts the bytes dropped, header included: set it to 0 to
 * start; it is true on every return, and stops at SIZE_MAX. done may be NULL:
 * the reader itself keeps the place. After EAGAIN the same call goes on
 * dropping the same frame. From this call until it has returned 1 or 0, every
 * other call that reads through the reader is EINVAL. Waiting and signals are
 * as for sockutil_reader_line; setting a flag in a handler does not end a
 * wait. A SOCKUTIL_NOWAIT call ends after 256 KiB with EAGAIN, although more
 * may be queued: with edge-triggered epoll call again until *done stops
 * changing.
 *
 * Returns 1, the frame was dropped; 0, end of stream after *done dropped
 * bytes: clean if *done is 0, else inside the frame; -1 with errno:
 *   EAGAIN   timeout_ms ran out, or 256 KiB were dropped: call again
 *   EINVAL   r is NULL or all zeros (not initialized), header_bytes is not 1,
 *            2 or 4, or not that of the call that goes on, timeout_ms is below
 *            -1
 *   EBADF    the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll; RFC 1700, data notations.
 */
int sockutil_reader_skip_frame(struct sockutil_reader *r,
                               int header_bytes,
                               size_t *done,
                               int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Drop all bytes up to and including the next newline.
 *
 * For a line that is too long, or not wanted. *done counts the bytes dropped,
 * newline included: set it to 0 to start; it is true on every return. After
 * EAGAIN the same call goes on dropping the same line. done may be NULL.
 * Waiting and signals are as for sockutil_reader_line; setting a flag in a
 * handler does not end a wait. A SOCKUTIL_NOWAIT call ends after 256 KiB with
 * EAGAIN, although more may be queued: a peer that sends without end does not
 * hold up the caller. With edge-triggered epoll call again until *done stops
 * changing.
 *
 * Returns 1, the newline was dropped; 0, end of stream after *done dropped
 * bytes; -1 with errno:
 *   EAGAIN   timeout_ms ran out, or 256 KiB were dropped: call again
 *   EINVAL   r is NULL or all zeros (not initialized), timeout_ms is below -1,
 *            or sockutil_reader_skip_frame has not finished
 *   EBADF    the descriptor is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
 * is dead), ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: POSIX recv, read, poll.
 */
int sockutil_reader_skip_line(struct sockutil_reader *r,
                              size_t *done,
                              int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Take the bytes that EMSGSIZE has shown.
 *
 * For the line that is longer than the memory: after sockutil_reader_line,
 * sockutil_reader_until or sockutil_reader_until_text has failed with EMSGSIZE,
 * this takes exactly the bytes that *line and *len show. They stay where they
 * are until the next call on the reader. What the next call returns is the
 * same line going on, even if that is only its newline. A delimiter of
 * several bytes may have begun in the bytes taken: if the next search is for
 * the same delimiter, it is found when its rest comes.
 *
 * Returns the number of bytes taken, which is that *len; 0 if r is NULL, after
 * every other return, and if they were taken already. It cannot fail.
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: none.
 */
size_t sockutil_reader_take(struct sockutil_reader *r);

/**
 * Return how many bytes a reader holds.
 *
 * They have left the descriptor, so poll(2) cannot see them: in an event loop
 * call the reader until it returns EAGAIN, and only then wait.
 *
 * Returns the number of bytes that were read and not returned yet; 0 if r is
 * NULL. It cannot fail.
 *
 * Async-signal-safe and thread-safe, with one reader in one thread at a time.
 * Source: none.
 */
size_t sockutil_reader_pending(const struct sockutil_reader *r) SOCKUTIL_RESULT;

/* ---- Frames ------------------------------------------------------------ */

/**
 * Send one frame: a big-endian length of header_bytes, then n bytes of body.
 *
 * This cures "sticky packets": a stream has no messages, so each frame
 * announces its length. header_bytes is 1, 2 or 4. Header and body leave in
 * one system call if the kernel takes them at once. *done counts both: set it
 * to 0 to start; it is true on every return. After EAGAIN the same call goes
 * on where this one stopped. timeout_ms bounds the whole call, whatever
 * O_NONBLOCK and SO_SNDTIMEO are. Signals neither end nor stretch it; setting
 * a flag in a handler does not end a wait. A socket never raises SIGPIPE.
 * Receive frames with sockutil_reader_frame.
 *
 * Returns 1, header and body are taken (not: received by the peer); -1 with
 * errno:
 *   EAGAIN     timeout_ms ran out: nothing is lost, call again
 *   EMSGSIZE   n is more than header_bytes can count; nothing was sent
 *   EINVAL     header_bytes is not 1, 2 or 4, body is NULL and n is not 0, n
 *              or the whole is above SSIZE_MAX, timeout_ms is below -1, *done
 *              is above the whole, or is the whole already (did you set it to 0?)
 *   EPIPE      the peer is gone, or this side was shut down for writing
 *   EBADF      fd is not open for writing
 *   EIO        a device took nothing and gave no reason
 * and the errors of send(2), sendmsg(2) and write(2): ECONNRESET, ETIMEDOUT
 * (the connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe; frames that two threads send on one
 * descriptor at once can be mixed up.
 * Source: RFC 1700, data notations; POSIX send, sendmsg, poll.
 */
int sockutil_send_frame(int fd,
                        int header_bytes,
                        const void *body,
                        size_t n,
                        size_t *done,
                        int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_READS(3, 4);

/* ---- Buffered writer --------------------------------------------------- */

/**
 * A writer: the caller's struct, over the caller's memory.
 *
 * All fields are private; the size is part of the ABI. You need not free it:
 * if you drop the struct and its memory, only the bytes that it still holds
 * are lost. Two threads must not use it at once. Do not copy it.
 */
typedef struct sockutil_writer {
  int fd;
  uint8_t may_be_socket;
  uint8_t begun_header;
  uint8_t reserved_bytes[2];
  char *mem;
  size_t cap;
  size_t start;
  size_t end;
  size_t begun_done;
  size_t begun_whole;
  size_t reserved;
  int reserved_too[2];
} sockutil_writer;

/**
 * Make a writer of a stream descriptor and cap bytes of memory.
 *
 * The reader's sister: many small pieces leave in one system call. fd is any
 * stream: a socket, a pipe, a terminal, a file. It is not checked here, and
 * the writer never closes it. Do not write to fd past the writer, nor close it
 * with bytes held: sockutil_writer_flush sends them. mem must live as long as
 * the writer.
 *
 * Returns 0; -1 with errno:
 *   EINVAL   w or mem is NULL, cap is 0 or above SSIZE_MAX
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX setvbuf, with the caller's memory.
 */
int sockutil_writer_init(struct sockutil_writer *w,
                         int fd,
                         void *mem,
                         size_t cap)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3)) SOCKUTIL_WRITES(3, 4);

/**
 * Put n bytes: hold them, or send them together with what is held.
 *
 * Bytes that fit in the writer's memory are only copied, without a system
 * call. Bytes that do not fit leave together with the held ones, in one system
 * call if the kernel takes them at once (a pipe may take PIPE_BUF at a time),
 * and bytes that are never held are not copied. Nothing leaves by itself: see
 * sockutil_writer_flush. Set *done to 0 to start; it is true on every return.
 * done may be NULL if n is at most cap, or with SOCKUTIL_FOREVER: if such a
 * call with n above cap fails, the number of bytes sent is unknown, and every
 * later put and flush is EINVAL. Call sockutil_writer_init to use it again.
 *
 * n at most cap is all or nothing: after EAGAIN *done is 0, and none of the n
 * bytes is held or sent. Call again, or drop them if the peer is too slow.
 * More than cap bytes leave piece by piece. After EAGAIN with *done above 0
 * that many are sent, and none of the rest is held: repeat the call until it
 * returns 1 (its last bytes may be held then). Until then every other put,
 * frame or flush is EINVAL.
 *
 * timeout_ms bounds the whole call, whatever O_NONBLOCK and SO_SNDTIMEO are.
 * Signals neither end nor stretch it; setting a flag in a handler does not end
 * a wait. A socket never raises SIGPIPE.
 *
 * Returns 1, all n bytes are held or taken by the kernel (not: received by the
 * peer); -1 with errno, and the held bytes stay held, in order:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   w is NULL or all zeros (not initialized), buf is NULL and n is
 *            not 0, n is above SSIZE_MAX, timeout_ms is below -1, *done is not
 *            0 (or, if this goes on, what the last call reported), done is
 *            NULL, n is above cap and timeout_ms is not SOCKUTIL_FOREVER,
 *            another put or frame has begun
 *   EPIPE    the peer is gone, or this side was shut down for writing
 *   EBADF    the descriptor is not open for writing; not noticed while all fits
 *   EIO      a device took nothing and gave no reason
 * and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
 * connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe, with one writer in one thread at a time.
 * Source: POSIX sendmsg, writev, poll; fwrite, with a limit.
 */
int sockutil_writer_put(struct sockutil_writer *w,
                        const void *buf,
                        size_t n,
                        size_t *done,
                        int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_READS(2, 3);

/**
 * Put one frame: a big-endian length of header_bytes, then n bytes of body.
 *
 * As sockutil_writer_put, for a frame as sockutil_send_frame sends it. *done
 * counts the header and the body. A frame whose header and body are at most
 * cap bytes together is all or nothing: after EAGAIN you may drop it. A longer
 * one that has begun goes on with the same n. Setting a flag in a handler does
 * not end a wait. Receive frames with sockutil_reader_frame.
 *
 * Returns 1, header and body are held or taken by the kernel; -1 with errno,
 * and the held bytes stay held, in order:
 *   EAGAIN     timeout_ms ran out: nothing is lost, call again
 *   EMSGSIZE   n is more than header_bytes can count; nothing was put
 *   EINVAL     header_bytes is not 1, 2 or 4, body is NULL and n is not 0, n
 *              or the whole is above SSIZE_MAX, and as for sockutil_writer_put
 *   EPIPE      the peer is gone, or this side was shut down for writing
 *   EBADF      the descriptor is not open for writing; not noticed while all
 *              fits
 *   EIO        a device took nothing and gave no reason
 * and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
 * connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe, with one writer in one thread at a time.
 * Source: RFC 1700, data notations; POSIX sendmsg, writev, poll.
 */
int sockutil_writer_frame(struct sockutil_writer *w,
                          int header_bytes,
                          const void *body,
                          size_t n,
                          size_t *done,
                          int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_READS(3, 4);

/**
 * Send all held bytes.
 *
 * timeout_ms bounds the whole call, whatever O_NONBLOCK and SO_SNDTIMEO are.
 * Signals neither end nor stretch it; setting a flag in a handler does not end
 * a wait. In an event loop use SOCKUTIL_NOWAIT, and wait for POLLOUT while
 * sockutil_writer_pending is above 0.
 *
 * Returns 1, nothing is held any more: the kernel has taken all (not: the peer
 * has received it); -1 with errno, and what the kernel has not taken stays
 * held, in order:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   w is NULL or all zeros (not initialized), timeout_ms is below -1,
 *            a put or frame of more than cap bytes has begun
 *   EPIPE    the peer is gone, or this side was shut down for writing
 *   EBADF    the descriptor is not open for writing; not noticed if nothing is
 *            held
 *   EIO      a device took nothing and gave no reason
 * and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
 * connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe, with one writer in one thread at a time.
 * Source: POSIX sendmsg, writev, poll; fflush, with a limit.
 */
int sockutil_writer_flush(struct sockutil_writer *w,
                          int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Return how many bytes a writer holds.
 *
 * The kernel has not taken them yet. Above 0: flush before you wait for an
 * answer, and wait for POLLOUT after EAGAIN.
 *
 * Returns the number of bytes held; 0 if w is NULL. It cannot fail.
 *
 * Async-signal-safe and thread-safe, with one writer in one thread at a time.
 * Source: glibc __fpending.
 */
size_t sockutil_writer_pending(const struct sockutil_writer *w) SOCKUTIL_RESULT;

/* ---- Relay ------------------------------------------------------------- */

/**
 * A relay: the caller's struct, over the caller's memory. It opens nothing.
 *
 * All fields are private; the size is part of the ABI. You need not free it:
 * if you drop the struct and its memory, only the bytes that it still holds
 * are lost. Two threads must not use it at once.
 */
typedef struct sockutil_relay {
  int from;
  int to;
  void *mem;
  size_t cap;
  size_t start;
  size_t end;
  uint64_t moved;
  int error;
  uint8_t has_ended;
  uint8_t is_over;
  uint16_t kinds;
  size_t reserved[2];
} sockutil_relay;

/**
 * Make a relay that moves the bytes of one descriptor to another.
 *
 * from is read and to is written to; each is any stream: a socket, a pipe, a
 * terminal, a file. They are not checked here, and the relay never closes
 * them. The cap bytes at mem hold what was read and not yet written, never
 * more, and must live as long as the relay. 64 KiB are quick, and 1 byte is
 * enough. A proxy is two relays, one for each direction, each with its own
 * memory. A descriptor can be in several relays, but the first that ends shuts
 * a socket down for writing, for all others that write to it.
 *
 * Returns 0; -1 with errno:
 *   EINVAL   r or mem is NULL, cap is 0 or above SSIZE_MAX, from and to are
 *            the same descriptor
 *
 * Async-signal-safe and thread-safe.
 * Source: none.
 */
int sockutil_relay_init(struct sockutil_relay *r,
                        int from,
                        int to,
                        void *mem,
                        size_t cap)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 4)) SOCKUTIL_WRITES(4, 5);

/**
 * Move what all n relays can move, until all of them are over.
 *
 * relays is an array of 1 to 16. None holds up another: while one waits for a
 * descriptor, the others move. Each is over by itself, and the others go on:
 * an answer that is already on its way still arrives.
 *
 * At the end of its stream, once all bytes are written, to is shut down for
 * writing if it is a socket; otherwise you close it when sockutil_relay_ended
 * returns 1. A terminal that hangs up (EIO) has ended. When a read fails, the
 * relay is over once all bytes that were read before are written; that is no
 * end of the stream, so it is not passed on. When a write fails, the relay is
 * over at once, and the bytes that it holds are dropped.
 *
 * timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
 * SOCKUTIL_NOWAIT moves what can be moved now. It holds whatever O_NONBLOCK,
 * SO_RCVTIMEO and SO_SNDTIMEO are. Signals neither end nor stretch it; setting
 * a flag in a handler does not end a wait. After EAGAIN call again: the relays
 * hold what they have read. If sockutil_relay_moved of all of them has not
 * changed, the connection is idle. A SOCKUTIL_NOWAIT call ends after 256 KiB
 * of all relays together with EAGAIN, although more may be queued; before that
 * each relay has had its turn. With edge-triggered epoll call again until no
 * sockutil_relay_moved changes. A to that fails is noticed by the next write.
 *
 * A socket never raises SIGPIPE; a pipe does, as write(2): ignore it if to can
 * be one.
 *
 * Returns 1, all are over; -1 with EAGAIN, with EINVAL for a wrong argument, or
 * with an error of poll(2) (ENOMEM); -1 with any other errno if all are over:
 * it is the error of the first relay in the array that has one. A call after
 * that returns the same again:
 *   EAGAIN   timeout_ms ran out: nothing is lost, call again
 *   EINVAL   relays is NULL, one of them is all zeros (not initialized), n is
 *            not 1 to 16, timeout_ms is below -1
 *   EPIPE    the peer of a to is gone, or to was shut down for writing
 *   EBADF    a from is not open for reading, or a to for writing
 *   EIO      a device took nothing and gave no reason
 * and the errors of recv(2), read(2), send(2), write(2) and shutdown(2):
 * ECONNRESET, ETIMEDOUT (the connection is dead), ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe, with one relay in one thread at a time.
 * Source: POSIX recv, send, read, write, poll, shutdown.
 */
int sockutil_relay_run(struct sockutil_relay *relays,
                       size_t n,
                       int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Set ends to what a relay waits for: ends[0] is from, ends[1] is to.
 *
 * For a poll(2) or epoll(7) of your own: when one of them is ready, call
 * sockutil_relay_run with SOCKUTIL_NOWAIT, and this again. Where there is
 * nothing to wait for, fd is -1: poll ignores such an entry, and from an epoll
 * set you delete the descriptor, since epoll reports EPOLLHUP and EPOLLERR
 * even for no events. from is waited for while there is room behind the held
 * bytes, or as much before them as they are; to while bytes are held. A descriptor that is in two relays must be in an epoll
 * set once, with the events of both. A relay that is over, r NULL and one that
 * is all zeros wait for nothing.
 *
 * Returns nothing, and cannot fail.
 *
 * Async-signal-safe and thread-safe, with one relay in one thread at a time.
 * Source: POSIX poll.
 */
void sockutil_relay_wants(const struct sockutil_relay *r,
                          struct pollfd ends[2]);

/**
 * Return whether a relay is over, and why.
 *
 * Sets *error to 0 if the stream has ended and all of it is written, else to
 * the errno value of the failure. error may be NULL. If to is no socket, close
 * it now: that passes the end on.
 *
 * Returns 1, it is over; 0, it is not: *error is unchanged. r that is NULL or
 * all zeros (not initialized) will never move a byte: 1, and *error is EINVAL.
 * It cannot fail.
 *
 * Async-signal-safe and thread-safe, with one relay in one thread at a time.
 * Source: none.
 */
int sockutil_relay_ended(const struct sockutil_relay *r, int *error);

/**
 * Return how many bytes a relay has written to its to since it was made.
 *
 * If it stays the same for a while, the direction is idle: this is how you
 * find connections to close.
 *
 * Returns the number of bytes; 0 if r is NULL. It cannot fail.
 *
 * Async-signal-safe and thread-safe, with one relay in one thread at a time.
 * Source: none.
 */
uint64_t sockutil_relay_moved(const struct sockutil_relay *r) SOCKUTIL_RESULT;

/* ---- Classic names, prefixed ------------------------------------------- */

/**
 * Read n bytes, or fewer if the stream ends before.
 *
 * Repeats recv(2), or read(2) where fd is not a socket, until n bytes are in
 * buf. Waits as the descriptor's own O_NONBLOCK and SO_RCVTIMEO say. Signals
 * neither end nor stretch it; setting a flag in a handler does not end a wait.
 * A failure loses the count of bytes read: sockutil_read_full keeps it.
 *
 * Returns n; fewer, or 0, at the end of the stream; -1 with errno:
 *   EAGAIN   the descriptor is non-blocking and no more is there, or its
 *            SO_RCVTIMEO ran out
 *   EINVAL   buf is NULL and n is not 0, or n is above SSIZE_MAX
 *   EBADF    fd is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ENOTCONN, EISDIR, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: UNP figure 3.15; POSIX recv, read.
 */
ssize_t sockutil_readn(int fd,
                       void *buf,
                       size_t n)
SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3);

/**
 * Write n bytes.
 *
 * Repeats send(2) with MSG_NOSIGNAL, or write(2) where fd is not a socket,
 * until all n bytes are taken. Waits as the descriptor's own O_NONBLOCK and
 * SO_SNDTIMEO say. Signals neither end nor stretch it; setting a flag in a
 * handler does not end a wait. A socket never raises SIGPIPE; on a pipe the
 * program's own disposition of SIGPIPE decides. A failure loses the count of
 * bytes taken: sockutil_write_full keeps it.
 *
 * Returns n; -1 with errno:
 *   EAGAIN   the descriptor is non-blocking and has no room, or its
 *            SO_SNDTIMEO ran out
 *   EINVAL   buf is NULL and n is not 0, or n is above SSIZE_MAX
 *   EPIPE    the peer is gone, or this side was shut down for writing
 *   EBADF    fd is not open for writing
 *   EIO      a device took nothing and gave no reason
 * and the errors of send(2) and write(2): ECONNRESET, ENOTCONN, ENOSPC, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: UNP figure 3.16; POSIX send, write.
 */
ssize_t sockutil_writen(int fd,
                        const void *buf,
                        size_t n)
SOCKUTIL_RESULT SOCKUTIL_READS(2, 3);

/**
 * Copy the bytes that a socket has to read, and leave them in the queue.
 *
 * Calls recv(2) with MSG_PEEK, again after a signal. Waits for the first byte
 * as the descriptor's own O_NONBLOCK and SO_RCVTIMEO say; setting a flag in a
 * handler does not end a wait.
 *
 * Returns the number of bytes put in buf, at most len; 0 at the end of the
 * stream; -1 with errno:
 *   EAGAIN     the descriptor is non-blocking and nothing is there, or its
 *              SO_RCVTIMEO ran out
 *   EINVAL     buf is NULL, len is 0 or above SSIZE_MAX
 *   EBADF      sockfd is not a descriptor
 *   ENOTSOCK   sockfd is not a socket: nothing else can be looked into
 * and the errors of recv(2): ECONNRESET, ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX recv.
 */
ssize_t sockutil_recv_peek(int sockfd,
                           void *buf,
                           size_t len)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2)) SOCKUTIL_WRITES(2, 3);

/**
 * Read one line, and not a byte past its newline.
 *
 * Stores at most maxlen-1 bytes and a NUL after them. The newline is kept. A
 * longer line comes in pieces of maxlen-1 bytes without newline, as from
 * fgets(3). NUL and CR bytes are data. Waits as the descriptor's own
 * O_NONBLOCK and SO_RCVTIMEO say; setting a flag in a handler does not end a
 * wait. A failure loses the count, but the bytes taken are in buf, with a NUL
 * after them: sockutil_read_line can go on from there. A line of up to 2 KB
 * costs two system calls on a socket; other descriptors are read byte by byte.
 * On a Unix socket the cost of a call grows with the number of queued
 * messages: use sockutil_reader_line there. Datagram sockets have no lines:
 * use sockutil_recvfrom there.
 *
 * Returns the number of bytes stored, newline included, NUL not; at the end of
 * the stream an unterminated last line, then 0; -1 with errno:
 *   EAGAIN   the descriptor is non-blocking and the line is not complete, or
 *            its SO_RCVTIMEO ran out
 *   EINVAL   buf is NULL, maxlen is below 2 or above SSIZE_MAX; nothing is
 *            stored, not even the NUL
 *   EBADF    sockfd is not open for reading
 * and the errors of recv(2) and read(2): ECONNRESET, ENOTCONN, ...
 *
 * Async-signal-safe and thread-safe. If two threads read one descriptor, each
 * gets some of its bytes: a line can be divided, or joined to another.
 * Source: UNP figures 3.17 and 3.18, which read ahead or byte by byte.
 */
ssize_t sockutil_readline(int sockfd,
                          void *buf,
                          size_t maxlen)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2)) SOCKUTIL_WRITES(2, 3);

/* ---- Byte order -------------------------------------------------------- */

/**
 * Turn a 16-bit number from this host's byte order into network byte order.
 *
 * Returns the number, big-endian in memory.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX htons.
 */
uint16_t sockutil_htons(uint16_t host);

/**
 * Turn a 16-bit number from network byte order into this host's.
 *
 * Returns the number.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX ntohs.
 */
uint16_t sockutil_ntohs(uint16_t net);

/**
 * Turn a 32-bit number from this host's byte order into network byte order.
 *
 * Returns the number, big-endian in memory.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX htonl.
 */
uint32_t sockutil_htonl(uint32_t host);

/**
 * Turn a 32-bit number from network byte order into this host's.
 *
 * Returns the number.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX ntohl.
 */
uint32_t sockutil_ntohl(uint32_t net);

/**
 * Turn a 64-bit number from this host's byte order into network byte order.
 *
 * Returns the number, big-endian in memory.
 *
 * Async-signal-safe and thread-safe.
 * Source: be64toh(3).
 */
uint64_t sockutil_htonll(uint64_t host);

/**
 * Turn a 64-bit number from network byte order into this host's.
 *
 * Returns the number.
 *
 * Async-signal-safe and thread-safe.
 * Source: be64toh(3).
 */
uint64_t sockutil_ntohll(uint64_t net);

/**
 * Read a big-endian 16-bit number from memory of any alignment.
 *
 * Returns the number, in this host's byte order; 0 if from is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1700, data notations.
 */
uint16_t sockutil_get_be16(const void *from) SOCKUTIL_RESULT;

/**
 * Write a 16-bit number to memory of any alignment, big-endian.
 *
 * Returns nothing; nothing is written if to is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1700, data notations.
 */
void sockutil_put_be16(void *to, uint16_t value);

/**
 * Read a big-endian 32-bit number from memory of any alignment.
 *
 * Returns the number, in this host's byte order; 0 if from is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1700, data notations.
 */
uint32_t sockutil_get_be32(const void *from) SOCKUTIL_RESULT;

/**
 * Write a 32-bit number to memory of any alignment, big-endian.
 *
 * Returns nothing; nothing is written if to is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1700, data notations.
 */
void sockutil_put_be32(void *to, uint32_t value);

/**
 * Read a big-endian 64-bit number from memory of any alignment.
 *
 * Returns the number, in this host's byte order; 0 if from is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1700, data notations.
 */
uint64_t sockutil_get_be64(const void *from) SOCKUTIL_RESULT;

/**
 * Write a 64-bit number to memory of any alignment, big-endian.
 *
 * Returns nothing; nothing is written if to is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1700, data notations.
 */
void sockutil_put_be64(void *to, uint64_t value);

/**
 * Check whether this host stores the most significant byte first.
 *
 * Returns 1 on a big-endian host, 0 on a little-endian one.
 *
 * Async-signal-safe and thread-safe.
 * Source: UNP figure 3.10.
 */
int sockutil_is_big_endian(void);

/* ---- Addresses --------------------------------------------------------- */

/**
 * A socket address of any family, and its length.
 *
 * Pass it to bind(2) and the like as (struct sockaddr *)&a.ss, a.len.
 * Compare with sockutil_addr_equal, never with memcmp: there is padding.
 */
typedef struct sockutil_addr {
  /**
   * The address.
   */
  struct sockaddr_storage ss;
  /**
   * The length of the address in ss.
   */
  socklen_t len;
} sockutil_addr;

/**
 * A network: all addresses whose first bits are those of base.
 *
 * A network of zeros holds no address.
 */
typedef struct sockutil_network {
  /**
   * The first address, with port 0.
   */
  struct sockutil_addr base;
  /**
   * How many of its bits count: 0 to 32, or to 128 for IPv6.
   */
  int bits;
  int reserved[3];
} sockutil_network;

/**
 * Read an address from its text.
 *
 * Accepts for AF_INET four decimal numbers of 0 to 255 without leading zeros,
 * with dots between them; for AF_INET6 the forms of RFC 4291, section 2.2,
 * without a zone; no blanks, no other form. dst is a struct in_addr or a
 * struct in6_addr, in network byte order, of any alignment; it is written only
 * on success.
 *
 * Returns 1; 0 if text is not an address of that family; -1 with errno:
 *   EAFNOSUPPORT   af is neither AF_INET nor AF_INET6
 *   EINVAL         text or dst is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX inet_pton; RFC 4291.
 */
int sockutil_pton(int af,
                  const char *text,
                  void *dst)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 3));

/**
 * Write an address as text.
 *
 * Writes the one text that RFC 5952 allows, the same on every libc: lower
 * case, "::" for the first of the longest runs of two or more zero groups,
 * dotted only for ::ffff:0:0/96. src is a struct in_addr or a struct in6_addr,
 * in network byte order, of any alignment. size is the size of dst, NUL
 * included: INET_ADDRSTRLEN or INET6_ADDRSTRLEN is enough. Bytes after the
 * NUL, within size, are unspecified.
 *
 * Returns dst; NULL with errno, and dst untouched:
 *   ENOSPC         the text and its NUL are longer than size
 *   EAFNOSUPPORT   af is neither AF_INET nor AF_INET6
 *   EINVAL         src or dst is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX inet_ntop; RFC 5952.
 */
const char *sockutil_ntop(int af,
                          const void *src,
                          char *dst,
                          socklen_t size)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 3)) SOCKUTIL_WRITES(3, 4);

/**
 * Read an address, with or without a port, from its text.
 *
 * Reads "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80",
 * "[fe80::1%eth0]:80" (a zone is an interface's name or number),
 * "unix:/run/x.sock" and "unix:@name" (a name in Linux's abstract space). The
 * address is as for sockutil_pton; the port is 0 to 65535 without leading
 * zeros. If the text has no port, default_port is used; with -1 the text must
 * have one. a is written only on success.
 *
 * Returns 1; 0 if text is not an address, or lacks a required port; -1 with
 * errno:
 *   ENODEV         no interface has the zone's name
 *   ENAMETOOLONG   a Unix path or name is longer than 107 bytes
 *   EINVAL         a or text is NULL, default_port is not -1 to 65535
 *
 * Thread-safe. Async-signal-safe unless the text has a zone's name.
 * Source: RFC 3986, section 3.2.2; RFC 4007, section 11; unix(7).
 */
int sockutil_addr_parse(struct sockutil_addr *a,
                        const char *text,
                        int default_port)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2));

/**
 * Write an address and its port as text that sockutil_addr_parse reads.
 *
 * Writes "1.2.3.4:80", "[::1]:80", "[fe80::1%eth0]:80" (the zone's number if
 * its interface is gone), "unix:/run/x.sock", "unix:@name". 128 bytes are
 * enough for any. dst is written only on success.
 *
 * Returns the text's length, without its NUL; -1 with errno:
 *   ENOSPC         the text and its NUL are longer than size
 *   EAFNOSUPPORT   a is of another family, is cut short, or is a Unix address
 *                  without a name, with a NUL in its name, or with a path too
 *                  long for sockutil_addr_parse
 *   EINVAL         a is NULL, dst is NULL and size is not 0, or size is above
 *                  SSIZE_MAX
 *
 * Thread-safe. Async-signal-safe unless the address has a zone.
 * Source: RFC 5952; RFC 4007, section 11; unix(7).
 */
int sockutil_addr_format(const struct sockutil_addr *a,
                         char *dst,
                         size_t size)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_WRITES(2, 3);

/**
 * Return the port of an address.
 *
 * Returns the port, in this host's byte order; -1 with errno:
 *   EAFNOSUPPORT   a is neither IPv4 nor IPv6, or is cut short
 *   EINVAL         a is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX netinet/in.h.
 */
int sockutil_addr_port(const struct sockutil_addr *a)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Copy an address from a struct sockaddr.
 *
 * sockaddr is what accept(2), recvfrom(2) or getaddrinfo(3) have filled in, len
 * its length. The rest of *a is zero.
 *
 * Returns 0; -1 with errno, and a untouched:
 *   EINVAL   a or sockaddr is NULL, len is above a sockaddr_storage's or below
 *            the length of the family's struct, or the family is AF_UNSPEC
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX sys/socket.h, netinet/in.h, sys/un.h.
 */
int sockutil_addr_from(struct sockutil_addr *a,
                       const void *sockaddr,
                       socklen_t len)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2)) SOCKUTIL_READS(2, 3);

/**
 * Set the port of an address.
 *
 * port is 0 to 65535, in this host's byte order.
 *
 * Returns 0; -1 with errno, and a untouched:
 *   EAFNOSUPPORT   a is neither IPv4 nor IPv6, or is cut short
 *   EINVAL         a is NULL, port is not 0 to 65535
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX netinet/in.h.
 */
int sockutil_addr_set_port(struct sockutil_addr *a,
                           int port)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Replace an IPv4-mapped address by the IPv4 address that it stands for.
 *
 * ::ffff:1.2.3.4 becomes 1.2.3.4, with its port. Other addresses are untouched.
 * On a socket that serves IPv6 and IPv4, IPv4 peers have mapped addresses. A
 * program that expects a struct sockaddr_in, counts clients by address or looks
 * up names calls this on each.
 *
 * Returns 1 if it replaced the address, 0 if there was nothing to do; -1 with
 * errno:
 *   EINVAL   a is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 4291, section 2.5.5.2; ipv6(7).
 */
int sockutil_addr_unmap(struct sockutil_addr *a) SOCKUTIL_NONNULL((1));

/**
 * Get the address that a socket is bound to.
 *
 * Returns 0; -1 with errno, and a untouched:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 *   EINVAL     a is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX getsockname.
 */
int sockutil_addr_local(int fd,
                        struct sockutil_addr *a)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Get the address of a socket's peer.
 *
 * Returns 0; -1 with errno, and a untouched:
 *   ENOTCONN   the socket is not connected, or its peer has reset it
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 *   EINVAL     a is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX getpeername.
 */
int sockutil_addr_peer(int fd,
                       struct sockutil_addr *a)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Find the local address from which the kernel would send to a peer.
 *
 * Connects a datagram socket, which sends nothing, and reads its own address.
 * The port of *local is 0: each connection gets its own.
 *
 * Returns 0; -1 with errno, and local untouched:
 *   EAFNOSUPPORT   peer is neither IPv4 nor IPv6
 *   EINVAL         peer or local is NULL
 * and the errors of socket(2) and connect(2): ENETUNREACH, there is no route;
 * EMFILE, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: UNP section 8.14.
 */
int sockutil_addr_source_for(const struct sockutil_addr *peer,
                             struct sockutil_addr *local)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2));

/**
 * Compare two addresses: address, port and zone.
 *
 * Unix addresses are compared by their names. An IPv4 address is not the same
 * as its IPv4-mapped IPv6 form.
 *
 * Returns 1 if they are the same; 0 if not, or if one is NULL or of another
 * family. It cannot fail.
 *
 * Async-signal-safe and thread-safe.
 * Source: UNP section 3.8, sock_cmp_addr.
 */
int sockutil_addr_equal(const struct sockutil_addr *a,
                        const struct sockutil_addr *b)
SOCKUTIL_RESULT;

/**
 * Read a network from text.
 *
 * "192.168.0.0/16", "fe80::/10", or a single address. The bits after the first
 * ones must be zero: "10.0.0.1/8" is no network. A network inside
 * ::ffff:0:0/96 becomes the IPv4 network of its last 32 bits. Ports, zones and
 * leading zeros are not accepted.
 *
 * Returns 1; 0 if text is not a network, and *n is all zeros: it holds no
 * address; -1 with errno, and n untouched:
 *   EINVAL   n or text is NULL
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 4632, section 3.1; RFC 4291, section 2.3.
 */
int sockutil_network_parse(struct sockutil_network *n,
                           const char *text)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2));

/**
 * Report whether an address is in a network.
 *
 * An IPv4-mapped address is compared as IPv4, so that "::/0" holds no IPv4
 * address. Port and zone do not matter. An address of another family is in no
 * network.
 *
 * Returns 1 if it is, 0 if not, or if a or n is NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 4632, section 3.1; RFC 4291, section 2.3.
 */
int sockutil_addr_in(const struct sockutil_addr *a,
                     const struct sockutil_network *n);

/**
 * Describe a failure in words.
 *
 * err is an errno value. gai is the code that a function with a gai parameter
 * has set, 0 for the others. If gai is neither 0 nor EAI_SYSTEM, it is
 * described, else err. The text is libc's, and cut to size. errno is untouched.
 *
 * Returns buf; "" if buf is NULL or size is 0.
 *
 * Thread-safe.
 * Source: POSIX strerror_r, gai_strerror.
 */
const char *sockutil_error_text(int err,
                                int gai,
                                char *buf,
                                size_t size)
SOCKUTIL_WRITES(3, 4);

/**
 * Find the addresses of a host and a service.
 *
 * host is a literal address, with or without a zone, or a name; NULL is the
 * loopback. service is a decimal port or a name. socktype is SOCK_STREAM,
 * SOCK_DGRAM or 0 for any. flags: SOCKUTIL_IPV4 or SOCKUTIL_IPV6 for addresses
 * of that family alone; with SOCKUTIL_NUMERIC host must be a literal or NULL
 * and service a number, and a name is an error. The resolver is not asked if
 * host is a literal (or NULL) and service is a number. A host that looks
 * numeric and is no address ("010.1.1.1", "127.1", "0x7f.1") is refused, never
 * read as octal; so is "*", which some resolvers take for every address. out
 * gets at most cap addresses, each once, in the resolver's order; *count is
 * the number found, and can be more than cap. No timeout bounds the resolver.
 *
 * Returns 0; -1 with errno, and *count is 0:
 *   EADDRNOTAVAIL   the resolver's failure: *gai is an EAI_ code of
 *                   getaddrinfo(3), for gai_strerror(3); EAI_SERVICE for a
 *                   port above 65535 or with leading zeros, EAI_SOCKTYPE for
 *                   another socktype
 *   EAFNOSUPPORT    host has no address of the family that flags asks for
 *   EINVAL          service or count is NULL, out is NULL and cap is not 0,
 *                   flags has other bits, or SOCKUTIL_IPV4 with SOCKUTIL_IPV6
 *   ENODEV          no interface has the zone's name
 * EAI_SYSTEM keeps the resolver's errno, or sets EIO if there is none. *gai is
 * 0 for every other failure; gai may be NULL.
 *
 * Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
 * zone's name.
 * Source: POSIX getaddrinfo; RFC 6724.
 */
int sockutil_resolve(const char *host,
                     const char *service,
                     int socktype,
                     unsigned int flags,
                     struct sockutil_addr *out,
                     size_t cap,
                     size_t *count,
                     int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 7)) SOCKUTIL_WRITES(5, 6);

/* ---- Flags ------------------------------------------------------------- */

/**
 * Let several sockets of one user bind to one port, and distribute connections
 * and datagrams among them (SO_REUSEPORT, on each of them).
 */
#define SOCKUTIL_REUSEPORT (1 << 16)

/**
 * Keep IPv4 out of an IPv6 socket (IPV6_V6ONLY).
 */
#define SOCKUTIL_V6ONLY (1 << 17)

/**
 * Give the new descriptor O_NONBLOCK.
 */
#define SOCKUTIL_NONBLOCK (1 << 18)

/**
 * Do not give the new descriptor FD_CLOEXEC.
 */
#define SOCKUTIL_INHERIT (1 << 19)

/**
 * Never ask the resolver, whose time no timeout can bound.
 */
#define SOCKUTIL_NUMERIC (1 << 20)

/**
 * Use only IPv4 addresses.
 */
#define SOCKUTIL_IPV4 (1 << 21)

/**
 * Use only IPv6 addresses. For listeners and sockutil_udp_bind this implies
 * SOCKUTIL_V6ONLY.
 */
#define SOCKUTIL_IPV6 (1 << 22)

/**
 * For sockutil_udp_bind: let several programs that set this flag bind to one
 * port, as mDNS does (SO_REUSEADDR). Each gets the multicast and broadcast
 * datagrams; one of them, unspecified which, gets the others.
 */
#define SOCKUTIL_REUSEADDR (1 << 23)

/**
 * Replace whatever socket is at the path, a living listener's too.
 */
#define SOCKUTIL_REPLACE (1 << 24)

/* ---- Endpoints --------------------------------------------------------- */

/**
 * Listen for TCP connections.
 *
 * Calls socket(2), bind(2) and listen(2) for the first address of host that
 * this machine has, and sets SO_REUSEADDR and IPV6_V6ONLY. A NULL host is
 * every address: IPv6 and, without SOCKUTIL_V6ONLY, IPv4 in one socket; only
 * IPv4 if there is no IPv6, and on OpenBSD, where no socket has both. host and
 * service are as for sockutil_resolve; for service "0" the kernel chooses a
 * port: see sockutil_addr_local. backlog is 0 to 65535. flags:
 * SOCKUTIL_REUSEPORT (ENOTSUP where sockutil_set_reuseport is; without it a second listener is
 * refused), SOCKUTIL_V6ONLY, SOCKUTIL_IPV4 or SOCKUTIL_IPV6 (addresses of that
 * family alone), SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NUMERIC.
 *
 * On a socket that serves both families the address of an IPv4 client is
 * IPv4-mapped, ::ffff:1.2.3.4, in a struct sockaddr_in6. A program that expects
 * a struct sockaddr_in uses SOCKUTIL_IPV4 or host "0.0.0.0", or calls
 * sockutil_addr_unmap on each client's address.
 *
 * Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
 * errno:
 *   EADDRINUSE      another socket listens there already
 *   EADDRNOTAVAIL   no address of host is this machine's; or, with *gai not 0,
 *                   the resolver's failure
 *   EAFNOSUPPORT    host has no address of the family that flags asks for
 *   EINVAL          service is NULL, backlog is not 0 to 65535, flags has
 *                   other bits, or SOCKUTIL_IPV4 with SOCKUTIL_IPV6 or
 *                   SOCKUTIL_V6ONLY
 * and the errors of socket(2), bind(2) and listen(2): EACCES, EMFILE, ... *gai
 * is an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
 * NULL.
 *
 * Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
 * zone's name.
 * Source: POSIX socket, bind, listen; UNP section 11.13; ipv6(7).
 */
int sockutil_tcp_listen(const char *host,
                        const char *service,
                        int backlog,
                        unsigned int flags,
                        int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Connect to a TCP server.
 *
 * Tries the addresses of host, IPv6 and IPv4 alternating, as RFC 8305
 * describes. The next attempt begins as soon as one fails, or after 250 ms
 * (less where little time is left for many addresses, but at least 100 ms).
 * The attempts that have begun go on until the first succeeds; the others are
 * closed. Only the first 16 addresses are tried. At most eight attempts, each
 * with a descriptor, go on at once: a ninth waits until one of the eight has
 * failed. After two seconds it replaces the oldest, which counts as timed out.
 *
 * timeout_ms bounds the whole call except the resolver, which SOCKUTIL_NUMERIC
 * avoids. An address whose turn does not come within that time is not tried. 0
 * means that no time is left: after the resolver the call fails with ETIMEDOUT
 * and tries nothing, so that you may pass what sockutil_ms_left returns. With
 * SOCKUTIL_FOREVER the last attempts end when the kernel gives them up;
 * setting a flag in a handler does not end the wait.
 *
 * If no server listens at a local port, the kernel can connect a socket to
 * itself. The call finds this, closes the socket with RST and fails with
 * ECONNREFUSED, so that no TIME_WAIT blocks the server's port. host (NULL is
 * the loopback) and service are as for sockutil_resolve. flags: SOCKUTIL_IPV4
 * or SOCKUTIL_IPV6 (addresses of that family alone), SOCKUTIL_NONBLOCK,
 * SOCKUTIL_INHERIT, SOCKUTIL_NUMERIC.
 *
 * Returns the connected descriptor, blocking unless SOCKUTIL_NONBLOCK,
 * close-on-exec unless SOCKUTIL_INHERIT; -1 with one errno for all attempts.
 * ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL and EAFNOSUPPORT count least,
 * ETIMEDOUT more, any other errno most; of equal ones the first counts:
 *   ECONNREFUSED    no server listens there
 *   ETIMEDOUT       no answer in time, the caller's or the kernel's
 *   EADDRNOTAVAIL   no local port is left; or, with *gai not 0, the resolver's
 *                   failure
 *   EAFNOSUPPORT    host has no address of the family that flags asks for
 *   EINVAL          service is NULL, timeout_ms is below -1, flags has other
 *                   bits, or SOCKUTIL_IPV4 with SOCKUTIL_IPV6
 * and the errors of socket(2) and connect(2): EMFILE, ENETUNREACH, ... *gai is
 * an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
 * NULL.
 *
 * Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
 * zone's name.
 * Source: POSIX connect; UNP section 11.12; RFC 8305, sections 4 and 5.
 */
int sockutil_tcp_connect(const char *host,
                         const char *service,
                         unsigned int flags,
                         int timeout_ms,
                         int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Listen at the endpoint that one text names, for TCP or a Unix socket.
 *
 * A text that begins with "unix:" names a Unix socket: "unix:/run/x.sock", or
 * "unix:@name" for an abstract name (Linux). The call then does what
 * sockutil_unix_listen does with what follows. Any other text is a host and a
 * service for sockutil_tcp_listen: "example.org:http", "192.0.2.1:80",
 * "[::1]:80", "[fe80::1%eth0]:80"; ":80" is the service at every address. The
 * service is what follows the last ':'. Brackets hold a numeric IPv6 address,
 * with or without a zone, and nothing else.
 *
 * backlog is 0 to 65535. flags: those of both functions. Those that mean
 * nothing to the kind that the text names are ignored, but SOCKUTIL_IPV4
 * together with SOCKUTIL_IPV6 never is. For IPv4 clients of an IPv6 socket see
 * sockutil_tcp_listen.
 *
 * Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
 * errno:
 *   EADDRINUSE      another socket listens there already (at a path: without
 *                   SOCKUTIL_REPLACE), or the path is not a socket; it is left
 *                   alone
 *   EADDRNOTAVAIL   no address of the host is this machine's; or, with *gai not
 *                   0, the resolver's failure
 *   EAFNOSUPPORT    the host has no address of the family that flags asks for
 *   ENAMETOOLONG    the path is longer than 107 bytes, or an abstract name and
 *                   its '@' are longer than 108
 *   EINVAL          at is NULL or none of these texts, the path is empty or
 *                   "@", backlog is not 0 to 65535, flags has other bits, or
 *                   SOCKUTIL_IPV4 with SOCKUTIL_IPV6 or, for TCP,
 *                   SOCKUTIL_V6ONLY, or SOCKUTIL_REPLACE for an abstract name
 * and the errors of the two functions: EACCES, ENOENT, EMFILE, ... *gai is an
 * EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be NULL.
 * A host of more than 1024 bytes is EAI_NONAME.
 *
 * Thread-safe. Async-signal-safe for a Unix socket, or with SOCKUTIL_NUMERIC
 * unless the host has a zone's name.
 * Source: RFC 3986, section 3.2; unix(7); POSIX bind, listen.
 */
int sockutil_stream_listen(const char *at,
                           int backlog,
                           unsigned int flags,
                           int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Connect to the endpoint that one text names, by TCP or a Unix socket.
 *
 * The texts are those of sockutil_stream_listen; without a host, as in ":80",
 * it is the loopback. The call does what sockutil_unix_connect or
 * sockutil_tcp_connect does. timeout_ms is as for these: it bounds the whole
 * call except the resolver, which SOCKUTIL_NUMERIC avoids, and 0 is a time that
 * has run out, so that you may pass what sockutil_ms_left returns. Setting a
 * flag in a handler does not end a SOCKUTIL_FOREVER call. flags: SOCKUTIL_IPV4,
 * SOCKUTIL_IPV6 and SOCKUTIL_NUMERIC, which are ignored for a Unix socket
 * unless the first two are together; SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
 *
 * Returns the connected descriptor, blocking unless SOCKUTIL_NONBLOCK,
 * close-on-exec unless SOCKUTIL_INHERIT; -1 with errno:
 *   ECONNREFUSED    no server listens there
 *   ETIMEDOUT       no answer in time, the caller's or the kernel's; or
 *                   timeout_ms is 0
 *   ENOENT          there is no file at the path
 *   EADDRNOTAVAIL   no local port is left; or, with *gai not 0, the resolver's
 *                   failure
 *   EAFNOSUPPORT    the host has no address of the family that flags asks for
 *   ENAMETOOLONG    the path is longer than 107 bytes, or an abstract name and
 *                   its '@' are longer than 108
 *   EINVAL          to is NULL or none of these texts, the path is empty or
 *                   "@", timeout_ms is below -1, flags has other bits, or
 *                   SOCKUTIL_IPV4 with SOCKUTIL_IPV6
 * and the errors of the two functions: EACCES, EMFILE, ENETUNREACH, ... *gai is
 * an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
 * NULL. A host of more than 1024 bytes is EAI_NONAME.
 *
 * Thread-safe. Async-signal-safe for a Unix socket, or with SOCKUTIL_NUMERIC
 * unless the host has a zone's name.
 * Source: RFC 3986, section 3.2; RFC 8305; unix(7); POSIX connect.
 */
int sockutil_stream_connect(const char *to,
                            unsigned int flags,
                            int timeout_ms,
                            int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Connect a socket within a time limit.
 *
 * Calls connect(2) once, then waits in poll(2) and reads the result from
 * SO_ERROR; on a Unix socket it waits in connect(2). A signal does not end the
 * attempt. timeout_ms -1 SOCKUTIL_FOREVER waits as long as the kernel does; 0
 * SOCKUTIL_NOWAIT starts the attempt and fails with EINPROGRESS: finish it
 * with sockutil_wait for POLLOUT and sockutil_take_error. timeout_ms holds
 * whatever O_NONBLOCK and SO_SNDTIMEO are. The call may change both while it
 * lasts, for all that share the descriptor, and restores them on every return.
 * After EINPROGRESS, EISCONN or EINVAL keep the socket. After any other
 * failure close it: the attempt may still go on, and the socket cannot be used
 * again. A connected datagram socket gets the new peer.
 *
 * Setting a flag in a handler does not end a SOCKUTIL_FOREVER call. If fd is
 * not a Unix socket, shutdown(2) from the handler or another thread does:
 * ECONNRESET. Or use SOCKUTIL_NOWAIT, and poll(2) for fd and a signalfd or
 * pipe together.
 *
 * Returns 0; -1 with errno:
 *   ETIMEDOUT      no answer in time, the caller's or the kernel's
 *   ECONNREFUSED   no server listens there
 *   EISCONN        fd is connected already, and is not a datagram socket
 *   EINPROGRESS    with SOCKUTIL_NOWAIT: it has been started
 *   EAGAIN         with SOCKUTIL_NOWAIT: a Unix listener's backlog is full
 *   EINVAL         to is NULL, timeout_ms is below -1
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of connect(2): EALREADY, ENETUNREACH, ENOENT, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX connect; UNP section 16.3; connect(2).
 */
int sockutil_connect(int fd,
                     const sockutil_addr *to,
                     int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Accept a connection within a time limit.
 *
 * Calls accept4(2), again after EINTR and after the errors of a connection
 * that is already gone: ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT,
 * EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH. *peer is the client's address,
 * IPv4-mapped for an IPv4 client of an IPv6 listener (see
 * sockutil_tcp_listen); peer may be NULL. timeout_ms holds whatever O_NONBLOCK
 * and SO_RCVTIMEO are. Setting a flag in a handler does not end a wait. With a
 * time limit the call waits in poll(2). If the listener is blocking and
 * another process or thread accepts from it too, that one can be quicker: then
 * accept4 waits for the next client without a limit. Set O_NONBLOCK on such a
 * listener. flags: SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
 *
 * Returns the connection's descriptor, blocking unless SOCKUTIL_NONBLOCK,
 * close-on-exec unless SOCKUTIL_INHERIT; -1 with errno, and *peer untouched:
 *   EAGAIN       timeout_ms ran out
 *   EMFILE       this process has no descriptor left: the client still waits
 *   EINVAL       listenfd does not listen, timeout_ms is below -1, flags has
 *                other bits
 *   EOPNOTSUPP   listenfd is no stream socket
 *   EBADF        listenfd is not a descriptor
 *   ENOTSOCK     listenfd is not a socket
 * and the errors of accept(2): ENFILE, ENOBUFS, ENOMEM, EPERM.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX accept; accept(2), "Error handling"; UNP section 16.6.
 */
int sockutil_accept(int listenfd,
                    sockutil_addr *peer,
                    unsigned int flags,
                    int timeout_ms)
SOCKUTIL_RESULT;

/**
 * Take over the descriptors that the service manager has opened.
 *
 * This is systemd's socket activation: a manager binds the sockets of a
 * service, starts it when the first client comes, and passes them as
 * descriptors 3, 4, ... with the environment variables LISTEN_PID and
 * LISTEN_FDS. Sets *first to the first of them, and makes all close-on-exec, or
 * none on failure. The order is that of the unit file; a descriptor can also be
 * a datagram socket, a FIFO or another file. The environment is not changed: a
 * second call returns the same, and a child finds another LISTEN_PID than its
 * own.
 *
 * Returns how many were passed; 0, and -1 in *first, if none: LISTEN_PID is not
 * set or is another process, or LISTEN_FDS is not set or 0; -1 with errno, and
 * -1 in *first:
 *   EINVAL   LISTEN_PID or LISTEN_FDS is no decimal number, or is too large;
 *            or first is NULL
 *   EBADF    one of the descriptors is not open
 *
 * Not async-signal-safe. Thread-safe only while no other thread changes the
 * environment (setenv(3), putenv(3)), because getenv(3) is: call it at the start
 * of main.
 * Source: sd_listen_fds and systemd.socket in systemd's manual; POSIX getenv.
 */
int sockutil_listen_fds(int *first)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Make a UDP socket that is bound to an address.
 *
 * host and service are as for sockutil_tcp_listen: a NULL host is every
 * address, IPv6 and IPv4 in one socket if there is IPv6; IPv4 senders then have
 * IPv4-mapped addresses. flags: SOCKUTIL_REUSEPORT, SOCKUTIL_REUSEADDR (share
 * the port with other programs that set it, for multicast), SOCKUTIL_V6ONLY,
 * SOCKUTIL_IPV4 or SOCKUTIL_IPV6 (addresses of that family alone),
 * SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NUMERIC.
 *
 * Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
 * errno:
 *   EADDRINUSE      the port is taken
 *   EADDRNOTAVAIL   no address of host is this machine's; or, with *gai not 0,
 *                   the resolver's failure
 *   EAFNOSUPPORT    host has no address of the family that flags asks for
 *   EINVAL          service is NULL, flags has other bits, or SOCKUTIL_IPV4
 *                   with SOCKUTIL_IPV6 or SOCKUTIL_V6ONLY
 * and the errors of socket(2) and bind(2): EACCES, EMFILE, ... *gai is an EAI_
 * code of getaddrinfo(3) if the resolver failed, else 0; gai may be NULL.
 *
 * Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
 * zone's name.
 * Source: POSIX socket, bind; udp(7).
 */
int sockutil_udp_bind(const char *host,
                      const char *service,
                      unsigned int flags,
                      int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Make a UDP socket that is connected to a peer.
 *
 * It sends only to that peer, receives only from it, and reports its ICMP
 * errors: ECONNREFUSED if the peer's port has no socket. host (NULL is the
 * loopback) and service are as for sockutil_resolve; the first address with a
 * route is used. Nothing is sent yet. flags: SOCKUTIL_IPV4 or SOCKUTIL_IPV6
 * (addresses of that family alone), SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT,
 * SOCKUTIL_NUMERIC.
 *
 * Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
 * errno:
 *   EADDRNOTAVAIL   no local port is left; or, with *gai not 0, the resolver's
 *                   failure
 *   EAFNOSUPPORT    host has no address of the family that flags asks for
 *   EINVAL          service is NULL, flags has other bits, or SOCKUTIL_IPV4
 *                   with SOCKUTIL_IPV6
 * and the errors of socket(2) and connect(2): ENETUNREACH, EMFILE, ... *gai is
 * an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
 * NULL.
 *
 * Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
 * zone's name.
 * Source: POSIX connect; UNP section 8.11.
 */
int sockutil_udp_connect(const char *host,
                         const char *service,
                         unsigned int flags,
                         int *gai)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Disconnect a UDP socket from its peer.
 *
 * Calls connect(2) with AF_UNSPEC. The socket can then connect to another
 * peer, or send to any.
 *
 * Returns 0; -1 with errno:
 *   EPROTOTYPE   fd is no datagram socket: a stream would be aborted
 *   EBADF        fd is not a descriptor
 *   ENOTSOCK     fd is not a socket
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX connect; UNP section 8.11.
 */
int sockutil_udp_disconnect(int fd) SOCKUTIL_RESULT;

/**
 * Send one datagram within a time limit.
 *
 * Calls sendto(2) with MSG_NOSIGNAL, to *to, or to the socket's peer if to is
 * NULL. A datagram is sent whole or not at all; n may be 0. (A stream socket
 * can take fewer than n bytes: use sockutil_write_full.) timeout_ms holds
 * whatever O_NONBLOCK and SO_SNDTIMEO are. Signals neither end nor stretch it;
 * setting a flag in a handler does not end a wait.
 *
 * Returns n; -1 with errno:
 *   EAGAIN         timeout_ms ran out, and nothing was sent
 *   EMSGSIZE       n is more than a datagram can hold
 *   EDESTADDRREQ   to is NULL and the socket has no peer
 *   EINVAL         buf is NULL and n is not 0, n is above SSIZE_MAX,
 *                  timeout_ms is below -1
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of sendto(2): ECONNREFUSED (for an earlier datagram),
 * EISCONN, ENETUNREACH, EACCES (broadcast not allowed), EPIPE, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX sendto; udp(7).
 */
ssize_t sockutil_sendto(int fd,
                        const void *buf,
                        size_t n,
                        const sockutil_addr *to,
                        int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_READS(2, 3);

/**
 * Receive one datagram within a time limit.
 *
 * Sets *from to the sender, and *truncated to 1 if the datagram was longer than
 * n, else to 0; bytes after the first n are lost. from and truncated may be
 * NULL; n may be 0. Calls recvmsg(2), or if truncated is NULL recvfrom(2), which
 * costs less. timeout_ms holds whatever O_NONBLOCK and SO_RCVTIMEO are. Signals
 * neither end nor stretch it; setting a flag in a handler does not end a wait.
 *
 * Returns the number of bytes stored: 0 is an empty datagram, not an end; -1
 * with errno, and *from and *truncated untouched:
 *   EAGAIN         timeout_ms ran out
 *   ECONNREFUSED   ICMP reported that the connected peer's port is closed
 *   EINVAL         buf is NULL and n is not 0, n is above SSIZE_MAX,
 *                  timeout_ms is below -1
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of recvfrom(2) and recvmsg(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX recvfrom, recvmsg; udp(7); recvmsg(2), MSG_TRUNC.
 */
ssize_t sockutil_recvfrom(int fd,
                          void *buf,
                          size_t n,
                          sockutil_addr *from,
                          int *truncated,
                          int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3);

/**
 * Report the local address of each datagram that arrives.
 *
 * Sets IP_PKTINFO on an IPv4 socket, and IP_PKTINFO and IPV6_RECVPKTINFO on an
 * IPv6 socket, if on is not 0; clears them if on is 0. sockutil_recvfrom_at then
 * returns which address of this machine a datagram was sent to. Call it before
 * bind(2), or know that the first datagrams may lack that. Other systems have
 * other options for IPv4, which do the same.
 *
 * Returns 0; -1 with errno:
 *   EAFNOSUPPORT   fd is neither an IPv4 nor an IPv6 socket
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: ip(7); RFC 3542, section 6.1; UNP sections 22.2 and 27.7.
 */
int sockutil_set_pktinfo(int fd,
                         int on)
SOCKUTIL_RESULT;

/**
 * Receive one datagram, and the local address that it was sent to.
 *
 * As sockutil_recvfrom, after sockutil_set_pktinfo. A server on the wildcard
 * address that answers with sockutil_sendto_from from *at answers from the
 * address that the client has asked; other answers many clients ignore.
 *
 * Sets *at to a local address that you can answer from, with port 0: where the
 * datagram was sent to; for a broadcast or multicast datagram the interface's
 * own address. Its family is that of *from: on an IPv6 socket an IPv4 address
 * is IPv4-mapped. A link-local address has its zone. If the kernel has not
 * reported an address (without sockutil_set_pktinfo, for datagrams that were
 * queued before it, on other than IPv4 and IPv6 sockets), or the interface has
 * none, the family of *at is AF_UNSPEC. Sets *ifindex to the interface that the
 * datagram came by, 0 if the kernel has not reported it, as for IPv4 on
 * FreeBSD, NetBSD and OpenBSD. from, at, ifindex and
 * truncated may be NULL. For an IPv6 multicast datagram the kernel does not
 * report the interface's own address: if at is not NULL, the call opens a
 * socket to find it. Descriptors that a Unix socket brings are closed.
 *
 * timeout_ms holds whatever O_NONBLOCK and SO_RCVTIMEO are. Signals neither end
 * nor stretch it; setting a flag in a handler does not end a wait.
 *
 * Returns the number of bytes stored: 0 is an empty datagram, not an end; -1
 * with errno, and the outputs untouched:
 *   EAGAIN         timeout_ms ran out
 *   ECONNREFUSED   ICMP reported that the connected peer's port is closed
 *   EINVAL         buf is NULL and n is not 0, n is above SSIZE_MAX,
 *                  timeout_ms is below -1
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of recvmsg(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: ip(7), IP_PKTINFO; RFC 3542, section 6; UNP section 22.2.
 */
ssize_t sockutil_recvfrom_at(int fd,
                             void *buf,
                             size_t n,
                             sockutil_addr *from,
                             sockutil_addr *at,
                             unsigned int *ifindex,
                             int *truncated,
                             int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3);

/**
 * Send one datagram from a chosen local address.
 *
 * As sockutil_sendto, but from the address at, which sockutil_recvfrom_at has
 * reported or which is another one of this machine; its port is ignored. The
 * socket needs no sockutil_set_pktinfo. at NULL, or of family AF_UNSPEC, leaves
 * the choice to the kernel. ifindex sends through that interface, whatever the
 * routes are: pass 0, except to a link-local or multicast address. With ifindex
 * 0 a link-local at is on its zone's interface. to NULL is the socket's peer.
 *
 * timeout_ms holds whatever O_NONBLOCK and SO_SNDTIMEO are. Signals neither end
 * nor stretch it; setting a flag in a handler does not end a wait.
 *
 * Returns n; -1 with errno:
 *   EAGAIN         timeout_ms ran out, and nothing was sent
 *   EMSGSIZE       n is more than a datagram can hold
 *   EDESTADDRREQ   to is NULL and the socket has no peer
 *   ENODEV         there is no such interface
 *   EINVAL         at is of another family than to (IPv4-mapped and other IPv6
 *                  addresses are two families here); at or ifindex is given,
 *                  and to is neither IPv4 nor IPv6; buf is NULL and n is not 0,
 *                  n is above SSIZE_MAX, timeout_ms is below -1
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of sendmsg(2): EINVAL or ENETUNREACH (at is not an address of
 * this machine), ECONNREFUSED (for an earlier datagram), EACCES (broadcast not
 * allowed), ...
 *
 * Async-signal-safe and thread-safe.
 * Source: ip(7), IP_PKTINFO; RFC 3542, section 6; UNP section 27.7.
 */
ssize_t sockutil_sendto_from(int fd,
                             const void *buf,
                             size_t n,
                             const sockutil_addr *to,
                             const sockutil_addr *at,
                             unsigned int ifindex,
                             int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_READS(2, 3);

/**
 * Listen for connections at a path.
 *
 * Calls socket(2), bind(2) and listen(2) with AF_UNIX and SOCK_STREAM. An
 * existing socket file is replaced only after a connect has shown that it has
 * no listener. A live listener sees that probe as a client that closes at
 * once. If two servers start at once, one can take the other's fresh socket
 * for a stale one: use a lock file to prevent that. The file stays when the
 * socket is closed. On FreeBSD, NetBSD, OpenBSD and macOS a busy listener
 * refuses as a dead one does: there nothing is replaced without
 * SOCKUTIL_REPLACE (EADDRINUSE), and sockutil_unix_connect to a listener with a
 * full backlog is ECONNREFUSED at once.
 *
 * A path that begins with '@' is an abstract name (Linux; elsewhere EINVAL), as
 * in sockutil_addr_parse: there is no file, and the name is free again when the
 * last descriptor of the socket is closed. No permissions protect it: every
 * process of the network namespace can connect. For a file of that name use
 * "./@name". backlog is 0 to 65535. flags: SOCKUTIL_REPLACE,
 * SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
 *
 * With SOCKUTIL_REPLACE there is no probe: whatever socket is at the path is
 * replaced, a living listener's too. That is for programs that hold a lock of
 * their own. For a moment there is nothing at the path. The old listener keeps
 * the clients that it has, and gets no new ones.
 *
 * Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
 * errno:
 *   EADDRINUSE     a server listens there, without SOCKUTIL_REPLACE, or path
 *                  is not a socket; it is left alone
 *   ENAMETOOLONG   path is longer than 107 bytes (103 where sun_path has 104),
 *                  or an abstract name and its '@' are longer than 108
 *   EINVAL         path is NULL, empty or "@", backlog is not 0 to 65535,
 *                  flags has other bits, or SOCKUTIL_REPLACE for an abstract
 *                  name
 * and the errors of bind(2) and unlink(2): EACCES, ENOENT, ENOTDIR, EROFS, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7); UNP section 15.5.
 */
int sockutil_unix_listen(const char *path,
                         int backlog,
                         unsigned int flags)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Listen for connections at a path whose permissions you choose.
 *
 * As sockutil_unix_listen, but the socket's file gets the permissions of mode,
 * 0 to 0777, whatever umask is. Who may write to it can connect: 0600 admits
 * your own user and root, 0660 also the file's group, 0666 everybody. The file
 * never has a permission that mode does not have, and it has all of them before
 * anyone can connect. umask itself, which belongs to the whole process, does
 * not change.
 *
 * The folder must not be writable by others, who could remove the file and put
 * another in its place. If there is another file after the bind, a symbolic
 * link too, the call fails and changes nothing. It cannot distinguish another
 * socket whose permissions do not exceed mode: this one would get those of
 * mode, and no client could reach yours. An abstract name has no permissions:
 * EINVAL. flags: SOCKUTIL_REPLACE, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
 *
 * Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
 * errno:
 *   EADDRINUSE     a server listens there, without SOCKUTIL_REPLACE, or path
 *                  is not a socket, or has just become another file; it is
 *                  left alone
 *   ENAMETOOLONG   path is longer than 107 bytes
 *   ENOTSUP        umask denies a permission of mode, and there is no safe way
 *                  to give it: no /proc is mounted, and Linux is older than 6.6
 *   EINVAL         path is NULL or empty, or begins with '@', mode is above
 *                  0777, backlog is not 0 to 65535, flags has other bits
 * and the errors of bind(2), unlink(2), open(2) and chmod(2): EACCES, EMFILE,
 * ENOENT, ENOTDIR, EROFS, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7), "Pathname socket ownership and permissions"; umask(2).
 */
int sockutil_unix_listen_mode(const char *path,
                              int backlog,
                              unsigned int mode,
                              unsigned int flags)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/**
 * Connect to a listener at a path, within a time limit.
 *
 * While the listener's backlog is full, the call waits for at most timeout_ms.
 * 0 is a time that has run out: ETIMEDOUT after the checks and without an
 * attempt, so that you may always pass the result of sockutil_ms_left. Setting
 * a flag in a handler does not end a SOCKUTIL_FOREVER call. A path that begins
 * with '@' is an abstract name (Linux), as for sockutil_unix_listen. flags:
 * SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
 *
 * Returns the connected descriptor, blocking unless SOCKUTIL_NONBLOCK,
 * close-on-exec unless SOCKUTIL_INHERIT; -1 with errno:
 *   ETIMEDOUT      timeout_ms ran out while the backlog was full, or is 0
 *   ECONNREFUSED   the socket file is there, and there is no listener; or no
 *                  socket has the abstract name
 *   ENOENT         there is no such file
 *   ENAMETOOLONG   path is longer than 107 bytes, or an abstract name and its
 *                  '@' are longer than 108
 *   EINVAL         path is NULL, empty or "@", timeout_ms is below -1, flags
 *                  has other bits
 * and the errors of connect(2): EACCES, EPROTOTYPE, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7); POSIX connect.
 */
int sockutil_unix_connect(const char *path,
                          unsigned int flags,
                          int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1));

/* ---- Options ----------------------------------------------------------- */

/**
 * Let a socket bind to an address that old connections still hold.
 *
 * Sets SO_REUSEADDR if on is not 0, and clears it if on is 0, before bind(2).
 * On Linux bind then succeeds despite connections in TIME_WAIT, if their
 * socket had the option too; a second listener is still refused.
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX setsockopt; socket(7).
 */
int sockutil_set_reuseaddr(int fd, int on);

/**
 * Let several sockets of one user bind to one port.
 *
 * Sets SO_REUSEPORT if on is not 0, and clears it if on is 0, before bind(2).
 * All of the sockets must set it; the kernel distributes connections and
 * datagrams among them. It does not cure TIME_WAIT, and lets two servers share
 * a port by mistake. On FreeBSD the option is SO_REUSEPORT_LB; NetBSD, OpenBSD
 * and macOS have none that distributes: ENOTSUP.
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: socket(7).
 */
int sockutil_set_reuseport(int fd, int on);

/**
 * Keep IPv4 out of an IPv6 socket.
 *
 * Sets IPV6_V6ONLY if on is not 0, and clears it if on is 0, before bind(2).
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3493, section 5.3; ipv6(7).
 */
int sockutil_set_v6only(int fd, int on);

/**
 * Set or clear O_NONBLOCK.
 *
 * The flag changes for all that share the descriptor, also in other processes.
 *
 * Returns 0; -1 with errno:
 *   EBADF   fd is not a descriptor
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX fcntl.
 */
int sockutil_set_nonblock(int fd, int on) SOCKUTIL_RESULT;

/**
 * Send small segments at once.
 *
 * Sets TCP_NODELAY if on is not 0, which turns Nagle's algorithm off; clears
 * it if on is 0.
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX netinet/tcp.h; tcp(7).
 */
int sockutil_set_nodelay(int fd, int on);

/**
 * Allow a datagram socket to send to a broadcast address.
 *
 * Sets SO_BROADCAST if on is not 0, and clears it if on is 0.
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX setsockopt; UNP section 20.5.
 */
int sockutil_set_broadcast(int fd, int on);

/**
 * Choose what close(2) does with unsent data.
 *
 * on 0: close returns at once, and the kernel goes on sending. on not 0: close
 * waits up to that many seconds; with 0 seconds it discards the data and sends
 * RST. On Linux close succeeds if the wait runs out.
 *
 * Returns 0; -1 with errno:
 *   EINVAL     seconds is below 0
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX setsockopt; socket(7); UNP section 7.5.
 */
int sockutil_set_linger(int fd, int on, int seconds);

/**
 * Make TCP detect a peer that vanished.
 *
 * After idle_s seconds of silence TCP sends a question (a probe) every
 * interval_s seconds; when count questions have no answer, reads and writes
 * fail with ETIMEDOUT. idle_s 0 turns it off and ignores interval_s and count.
 * OpenBSD has no such times: ENOPROTOOPT unless idle_s is 0.
 *
 * Returns 0; -1 with errno:
 *   EINVAL     idle_s is below 0, interval_s or count is below 1, or one is
 *              more than TCP takes (32767 seconds, 127 questions)
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 1122, section 4.2.3.6; tcp(7).
 */
int sockutil_set_keepalive(int fd, int idle_s, int interval_s, int count);

/**
 * Give up a TCP connection whose peer does not acknowledge data.
 *
 * Sets TCP_USER_TIMEOUT: if sent data stays unacknowledged, or the peer's
 * window closed, for ms milliseconds, reads and writes fail with ETIMEDOUT. 0
 * is the system's default, about 15 minutes. With sockutil_set_keepalive the
 * same time also replaces count: a silent peer is given up after it. Only Linux
 * has it: ENOPROTOOPT elsewhere.
 *
 * Returns 0; -1 with errno:
 *   EINVAL     ms is below 0
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of setsockopt(2): ENOPROTOOPT or EOPNOTSUPP, fd is not TCP.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 5482; tcp(7).
 */
int sockutil_set_user_timeout(int fd, int ms);

/**
 * Join a multicast group on an interface.
 *
 * ifindex is the interface's number (if_nametoindex(3)). 0 means the interface
 * of the group's zone ("ff02::1%eth0"); where the group has no zone, the
 * kernel chooses. The group's port is ignored.
 *
 * Returns 0; -1 with errno:
 *   EADDRINUSE     the socket is a member already
 *   EAFNOSUPPORT   group is neither IPv4 nor IPv6
 *   ENODEV         there is no such interface
 *   EINVAL         group is NULL, or not a multicast address
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of setsockopt(2): ENOBUFS, too many groups; ENOPROTOOPT, an
 * IPv6 group for an IPv4 socket.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
 */
int sockutil_multicast_join(int fd,
                            const sockutil_addr *group,
                            unsigned int ifindex)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Leave a multicast group on an interface.
 *
 * group and ifindex are as for the join. With 0 and a group without a zone, an
 * IPv6 socket leaves on the interface where it is a member; an IPv4 socket
 * leaves on the interface that the kernel would choose for a join, and gets
 * EADDRNOTAVAIL if it joined on another one, ENODEV if there is no choice.
 *
 * Returns 0; -1 with errno:
 *   EADDRNOTAVAIL   the socket is not a member there
 *   EAFNOSUPPORT    group is neither IPv4 nor IPv6
 *   EINVAL          group is NULL
 *   EBADF           fd is not a descriptor
 *   ENOTSOCK        fd is not a socket
 * and the errors of setsockopt(2): ENODEV; EINVAL, not a multicast address.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
 */
int sockutil_multicast_leave(int fd,
                             const sockutil_addr *group,
                             unsigned int ifindex)
SOCKUTIL_NONNULL((2));

/**
 * Join a multicast group on an interface, for the datagrams of one source.
 *
 * Call it once for each source; datagrams of other senders are not received on
 * this socket. source is the sender's address; its port and zone are ignored.
 * group and ifindex are as for sockutil_multicast_join, which joins for every
 * source: do not use both for one group on one socket, since the second changes
 * the first. NetBSD and OpenBSD have no sources: ENOPROTOOPT.
 *
 * Returns 0; -1 with errno:
 *   EADDRNOTAVAIL   the socket has joined for that source already
 *   EAFNOSUPPORT    group is neither IPv4 nor IPv6
 *   ENODEV          there is no such interface
 *   EINVAL          group or source is NULL, group is not a multicast address,
 *                   or source is of another family than group
 *   EBADF           fd is not a descriptor
 *   ENOTSOCK        fd is not a socket
 * and the errors of setsockopt(2): ENOBUFS, too many groups or sources;
 * ENOPROTOOPT, an IPv6 group for an IPv4 socket.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3678, section 5.1; ip(7); UNP section 21.6.
 */
int sockutil_multicast_join_source(int fd,
                                   const sockutil_addr *group,
                                   const sockutil_addr *source,
                                   unsigned int ifindex)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 3));

/**
 * Leave a multicast group on an interface, for the datagrams of one source.
 *
 * The arguments are as for the join. After the last source the socket is no
 * longer a member of the group.
 *
 * Returns 0; -1 with errno:
 *   EADDRNOTAVAIL   the socket has not joined for that source there
 *   EAFNOSUPPORT    group is neither IPv4 nor IPv6
 *   EINVAL          group or source is NULL, group is not a multicast address,
 *                   or source is of another family than group
 *   EBADF           fd is not a descriptor
 *   ENOTSOCK        fd is not a socket
 * and the errors of setsockopt(2): ENODEV.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3678, section 5.1; ip(7); UNP section 21.6.
 */
int sockutil_multicast_leave_source(int fd,
                                    const sockutil_addr *group,
                                    const sockutil_addr *source,
                                    unsigned int ifindex)
SOCKUTIL_NONNULL((2, 3));

/**
 * Choose the interface through which multicast datagrams are sent.
 *
 * af is AF_INET or AF_INET6, the socket's. ifindex 0 leaves the choice to the
 * kernel.
 *
 * Returns 0; -1 with errno:
 *   EAFNOSUPPORT   af is not the socket's family, or neither AF_INET nor
 *                  AF_INET6
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of setsockopt(2): ENODEV or EADDRNOTAVAIL, there is no such
 * interface.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
 */
int sockutil_set_multicast_interface(int fd, int af, unsigned int ifindex);

/**
 * Choose how many hops multicast datagrams may go.
 *
 * Sets IP_MULTICAST_TTL or IPV6_MULTICAST_HOPS. af is AF_INET or AF_INET6, the
 * socket's. hops is 0 to 255: 0 stays on this machine, 1 (the default) on the
 * local network.
 *
 * Returns 0; -1 with errno:
 *   EAFNOSUPPORT   af is not the socket's family, or neither AF_INET nor
 *                  AF_INET6
 *   EINVAL         hops is not 0 to 255
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
 */
int sockutil_set_multicast_hops(int fd, int af, int hops);

/**
 * Choose whether members on this machine receive the multicast datagrams sent.
 *
 * Sets IP_MULTICAST_LOOP or IPV6_MULTICAST_LOOP if on is not 0 (the default),
 * and clears it if on is 0. af is AF_INET or AF_INET6, the socket's. On Linux
 * the option is the sender's.
 *
 * Returns 0; -1 with errno:
 *   EAFNOSUPPORT   af is not the socket's family, or neither AF_INET nor
 *                  AF_INET6
 *   EBADF          fd is not a descriptor
 *   ENOTSOCK       fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
 */
int sockutil_set_multicast_loop(int fd, int af, int on);

/**
 * Read a socket option that is an int.
 *
 * Returns 0, and the option in *value; -1 with errno, and *value untouched:
 *   ENOPROTOOPT   there is no such option
 *   EINVAL        value is NULL
 *   EBADF         fd is not a descriptor
 *   ENOTSOCK      fd is not a socket
 * and the errors of getsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX getsockopt.
 */
int sockutil_getsockopt_int(int fd,
                            int level,
                            int name,
                            int *value)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((4));

/**
 * Set a socket option that is an int.
 *
 * Returns 0; -1 with errno:
 *   ENOPROTOOPT   there is no such option
 *   EBADF         fd is not a descriptor
 *   ENOTSOCK      fd is not a socket
 * and the errors of setsockopt(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX setsockopt.
 */
int sockutil_setsockopt_int(int fd, int level, int name, int value);

/**
 * Read a socket's pending error, and clear it.
 *
 * Reads SO_ERROR: the result of a connect, once POLLOUT is there; the ICMP
 * error of a datagram socket.
 *
 * Returns 0, no error, or the pending errno value; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX getsockopt; UNP section 16.3.
 */
int sockutil_take_error(int fd) SOCKUTIL_RESULT;

/* ---- Closing ----------------------------------------------------------- */

/**
 * Close the sending direction of a connection: half-close.
 *
 * Calls shutdown(2) with SHUT_WR. The peer reads to the end of the stream, and
 * you can still read what it sends. The shutdown holds for every process that
 * shares the descriptor. The descriptor stays open.
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTCONN   there is no connection, or the peer has reset it
 *   ENOTSOCK   fd is not a socket
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX shutdown; UNP section 6.6.
 */
int sockutil_shutdown_write(int fd);

/**
 * Close a descriptor.
 *
 * Calls close(2) once. EINTR is success here: Linux has closed the descriptor,
 * and a second try could close a descriptor that another thread has just
 * opened. A socket with unread input sends RST, and data on its way to the
 * peer can be lost: see sockutil_close_graceful. The descriptor is closed on
 * every path.
 *
 * Returns 0; -1 with errno:
 *   EBADF   fd is not a descriptor
 * and the errors of close(2): EIO, ENOSPC, EDQUOT: earlier writes have failed.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX close; close(2).
 */
int sockutil_close(int fd);

/**
 * Close a connection so that the peer gets all sent data.
 *
 * Turns SO_LINGER off, sends FIN, reads and discards the peer's data until its
 * end of stream, and closes. Unread input would make close(2) send RST, which
 * destroys data on its way to the peer. If the peer has gone before the call,
 * the result is still 0. If it had reset the connection, your data may be lost
 * all the same. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
 * SOCKUTIL_NOWAIT discards what is queued, at most 256 KiB. Signals neither
 * end nor stretch it; setting a flag in a handler does not end a wait. The
 * descriptor is closed on every path, also for bad arguments; other processes
 * that share it keep theirs, shut down for writing.
 *
 * Returns 0; -1 with errno, although the descriptor is closed:
 *   ETIMEDOUT   time ran out, or 256 KiB came with SOCKUTIL_NOWAIT, before the
 *               peer's end of stream
 *   EINVAL      timeout_ms is below -1
 *   EBADF       fd is not a descriptor
 *   ENOTSOCK    fd is not a socket
 * and the errors of recv(2) and close(2): ECONNRESET, the peer may have lost
 * data.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX shutdown, recv, close; RFC 1122, section 4.2.2.13; UNP
 * section 7.5.
 */
int sockutil_close_graceful(int fd, int timeout_ms);

/**
 * Close a connection at once, with RST.
 *
 * Sets SO_LINGER to 0 seconds and closes: unsent data is discarded, the peer
 * reads ECONNRESET, and there is no TIME_WAIT afterwards. The descriptor is
 * closed on every path. While another process shares it, the connection stays
 * open; it is reset when the last one closes.
 *
 * Returns 0; -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of close(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX setsockopt, close; UNP section 7.5.
 */
int sockutil_close_reset(int fd);

/* ---- Processes and descriptors ----------------------------------------- */

/**
 * The process at the other end of a Unix socket.
 *
 * The last field is in reserve; it is 0 now.
 */
typedef struct sockutil_cred {
  /**
   * Its process ID; 0 if it is in a PID namespace that this process cannot see.
   */
  pid_t pid;
  /**
   * Its effective user ID.
   */
  uid_t uid;
  /**
   * Its effective group ID.
   */
  gid_t gid;
  int reserved[4];
} sockutil_cred;

/**
 * Make the whole program ignore SIGPIPE.
 *
 * Then a write to a pipe or socket without a reader fails with EPIPE instead
 * of killing the program. The functions here never raise SIGPIPE on a socket
 * anyway; this is for pipes, and for writes by other code. Children inherit
 * it, through execve(2) too.
 *
 * Returns 0; -1 with the errno of sigaction(2), which should not fail.
 *
 * Async-signal-safe and thread-safe; the disposition belongs to the process.
 * Source: POSIX sigaction; signal(7).
 */
int sockutil_ignore_sigpipe(void);

/**
 * Reap every child that has ended, without waiting for those that live.
 *
 * For a SIGCHLD handler: several children that end together raise one signal,
 * so one call reaps them all. Their exit statuses are discarded; a program
 * that wants a child's status must wait for that child itself.
 *
 * Returns how many were reaped; 0 if none has ended, or if there are none;
 * -1 with the errno of waitpid(2), which should not fail. errno is untouched
 * on success, as a handler must leave it.
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX waitpid; UNP figure 5.11.
 */
int sockutil_reap_children(void);

/**
 * Find out which process is at the other end of a Unix socket.
 *
 * For a connected stream or seqpacket socket, of connect(2), accept(2) or
 * socketpair(2). *cred has the ids that the other process had when it called
 * connect(2), listen(2) or socketpair(2); they stay when it changes its ids,
 * passes the socket on, or ends. Authorize by uid: a pid is used again when
 * its process has ended, and is 0 for a process of another PID namespace. An id
 * without a place in this user namespace is the overflow id, usually 65534. On
 * FreeBSD pid is 0 where the kernel does not tell it; on macOS it is that of the
 * process that used the peer's socket last.
 *
 * Returns 0; -1 with errno, and *cred untouched:
 *   ENOTCONN   unix_fd is a listener, is not connected, or is a datagram socket
 *   EINVAL     cred is NULL, unix_fd is no Unix socket
 *   EBADF      unix_fd is not a descriptor
 *   ENOTSOCK   unix_fd is not a socket
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7), SO_PEERCRED.
 */
int sockutil_peer_cred(int unix_fd,
                       struct sockutil_cred *cred)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Pass a descriptor to the process at the other end of a Unix socket.
 *
 * Sends SCM_RIGHTS with one byte of data. The receiver gets its own descriptor
 * for the same open file; fd stays open here. timeout_ms holds whatever
 * O_NONBLOCK and SO_SNDTIMEO are. Setting a flag in a handler does not end a
 * wait. A socket never raises SIGPIPE.
 *
 * Returns 1; -1 with errno:
 *   EAGAIN     timeout_ms ran out, and nothing was sent
 *   EINVAL     timeout_ms is below -1; or unix_fd is no Unix socket
 *   EPIPE      the peer is gone, or this side was shut down for writing
 *   EBADF      unix_fd or fd is not a descriptor
 *   ENOTSOCK   unix_fd is not a socket
 * and the errors of sendmsg(2): ETOOMANYREFS, too many descriptors are in
 * flight.
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7), cmsg(3); UNP section 15.7.
 */
int sockutil_send_fd(int unix_fd, int fd, int timeout_ms) SOCKUTIL_RESULT;

/**
 * Receive a descriptor, as sockutil_send_fd sends it.
 *
 * *fd is close-on-exec. One byte of data is read with it. Unexpected
 * descriptors are closed, so that a peer cannot fill this process with them.
 * timeout_ms holds whatever O_NONBLOCK and SO_RCVTIMEO are. Setting a flag in
 * a handler does not end a wait.
 *
 * Returns 1, and the descriptor in *fd; 0, end of stream; -1 with errno, and
 * *fd untouched:
 *   EAGAIN     timeout_ms ran out
 *   EPROTO     the byte came with none, or with more than one: all closed
 *   EMFILE     it came, but this process has no number left for it: it is lost
 *   EINVAL     fd is NULL, timeout_ms is below -1
 *   EBADF      unix_fd is not a descriptor
 *   ENOTSOCK   unix_fd is not a socket
 * and the errors of recvmsg(2): ECONNRESET, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7), cmsg(3); UNP section 15.7.
 */
int sockutil_recv_fd(int unix_fd,
                     int *fd,
                     int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((2));

/**
 * Send bytes, and descriptors with the first of them.
 *
 * For a Unix stream socket. fds are 0 to 253 descriptors; the receiver gets
 * its own for the same open files, and these stay open here. buf is n bytes,
 * at least 1. *done counts bytes: set it to 0 to start; it is true on every
 * return. After EAGAIN the same call goes on where this one stopped: with *done
 * above 0 the descriptors have gone, and are not sent again. timeout_ms bounds
 * the whole call, whatever O_NONBLOCK and SO_SNDTIMEO are. Signals neither end
 * nor stretch it; setting a flag in a handler does not end a wait. A socket
 * never raises SIGPIPE.
 *
 * The receiver can get these bytes joined to bytes that were sent before, and
 * never to bytes that are sent after: send one byte, or a whole header, with
 * the descriptors. Stevens' write_fd is this call with one descriptor and one
 * byte, APUE's send_fd the one with a byte 0 and a status.
 *
 * Returns 1, all bytes are taken (not: received by the peer); -1 with errno:
 *   EAGAIN     timeout_ms ran out: nothing is lost, call again
 *   EINVAL     unix_fd is no Unix stream socket, nfds is above 253, fds is NULL
 *              and nfds is not 0, done is NULL and nfds is not 0, buf is NULL,
 *              n is 0 or above SSIZE_MAX, timeout_ms is below -1, *done is n or
 *              above (did you set it to 0?)
 *   EPIPE      the peer is gone, or this side was shut down for writing
 *   EBADF      unix_fd or one of fds is not a descriptor; nothing was sent
 *   ENOTSOCK   unix_fd is not a socket
 * and the errors of sendmsg(2): ETOOMANYREFS, too many descriptors are in
 * flight; ENOTCONN; with musl ENOMEM, more than 250 descriptors.
 *
 * Async-signal-safe and thread-safe; bytes that two threads send on one socket
 * at once can be mixed up.
 * Source: unix(7), cmsg(3); UNP section 15.7; APUE section 17.4.
 */
int sockutil_send_fds(int unix_fd,
                      const int *fds,
                      size_t nfds,
                      const void *buf,
                      size_t n,
                      size_t *done,
                      int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((4)) SOCKUTIL_READS(2, 3) SOCKUTIL_READS(4, 5);

/**
 * Receive bytes, and the descriptors that came with them.
 *
 * For a Unix stream socket. Reads once, as recvmsg(2) does: 1 to n bytes, and
 * at most cap descriptors, all close-on-exec. *len counts the bytes in buf,
 * *nfds the descriptors in fds: 0 if these bytes came without. If more than cap
 * come, all are closed, as are those in other control messages: a peer cannot
 * fill this process with them. timeout_ms holds whatever O_NONBLOCK and
 * SO_RCVTIMEO are. Signals neither end nor stretch it; setting a flag in a
 * handler does not end a wait.
 *
 * Linux joins bytes that were sent before to a message with descriptors, and
 * never bytes that were sent after. So receive exactly as many bytes as the
 * peer sends with descriptors: a byte, or a whole header. Every other function
 * that reads these bytes closes the descriptors: use no reader on such a
 * socket. Check what you get: the peer chooses the kind of each descriptor, and
 * shares its offset and its O_NONBLOCK.
 *
 * Returns 1, *len is above 0; 0, end of stream; -1 with errno; but for EPROTO
 * and EMFILE nothing was read, and *len is 0. Except on 1, *nfds is 0:
 *   EAGAIN     timeout_ms ran out
 *   EPROTO     more than cap came: all are closed; *len bytes are in buf
 *   EMFILE     this process has no number left for one: all are closed; *len
 *              bytes are in buf
 *   EINVAL     unix_fd is no Unix stream socket, fds is NULL and cap is not 0,
 *              nfds, buf or len is NULL, n is 0, n or the size of fds is above
 *              SSIZE_MAX, timeout_ms is below -1
 *   EBADF      unix_fd is not a descriptor
 *   ENOTSOCK   unix_fd is not a socket
 * and the errors of recvmsg(2): ECONNRESET, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: unix(7), cmsg(3); UNP section 15.7; APUE section 17.4.
 */
int sockutil_recv_fds(int unix_fd,
                      int *fds,
                      size_t cap,
                      size_t *nfds,
                      void *buf,
                      size_t n,
                      size_t *len,
                      int timeout_ms)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((4, 5, 7)) SOCKUTIL_WRITES(2, 3) SOCKUTIL_WRITES(5, 6);

/* ---- TCP state --------------------------------------------------------- */

/**
 * Open both ways.
 */
#define SOCKUTIL_TCP_ESTABLISHED 1

/**
 * A connect waits for an answer.
 */
#define SOCKUTIL_TCP_SYN_SENT 2

/**
 * An incoming connection waits for the last acknowledgement.
 */
#define SOCKUTIL_TCP_SYN_RECV 3

/**
 * Closed here; the FIN is not acknowledged.
 */
#define SOCKUTIL_TCP_FIN_WAIT1 4

/**
 * Closed here; the peer may still send.
 */
#define SOCKUTIL_TCP_FIN_WAIT2 5

/**
 * Closed by both, this end first; waits for late segments.
 */
#define SOCKUTIL_TCP_TIME_WAIT 6

/**
 * No connection.
 */
#define SOCKUTIL_TCP_CLOSED 7

/**
 * Closed by the peer; this end may still send.
 */
#define SOCKUTIL_TCP_CLOSE_WAIT 8

/**
 * Closed by both, the peer first; our FIN is not acknowledged.
 */
#define SOCKUTIL_TCP_LAST_ACK 9

/**
 * Waits for connections.
 */
#define SOCKUTIL_TCP_LISTEN 10

/**
 * Closed by both at once; our FIN is not acknowledged.
 */
#define SOCKUTIL_TCP_CLOSING 11

/**
 * Get the TCP state of a descriptor's connection.
 *
 * A descriptor whose connection is in TIME_WAIT reports CLOSED: the kernel has
 * separated the two. See sockutil_tcp_state_between.
 *
 * DragonFly and illumos do not report states: ENOTSUP.
 *
 * Returns SOCKUTIL_TCP_ESTABLISHED and so on, Linux's numbers on every system;
 * -1 with errno:
 *   EBADF      fd is not a descriptor
 *   ENOTSOCK   fd is not a socket
 * and the errors of getsockopt(2) of a socket that is not TCP: EOPNOTSUPP or
 * ENOPROTOOPT.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 9293, section 3.3.2; tcp(7), TCP_INFO.
 */
int sockutil_tcp_state(int fd) SOCKUTIL_RESULT;

/**
 * Get the TCP state of the connection between two addresses.
 *
 * Asks the kernel (sock_diag(7)) in this network namespace. The connection
 * needs no descriptor, so this also finds TIME_WAIT. local is the end whose
 * state is returned: within one machine each end has its own. A connection
 * bound to a device (SO_BINDTODEVICE) is not found, nor is any on a kernel
 * that has sock_diag without its TCP part.
 *
 * Returns SOCKUTIL_TCP_ESTABLISHED and so on; SOCKUTIL_TCP_CLOSED if there is
 * no such connection; -1 with errno:
 *   EAFNOSUPPORT   an address is neither IPv4 nor IPv6
 *   EINVAL         local or peer is NULL
 * and ENOTSUP if there is no sock_diag, as on every system but Linux, and the
 * errors of socket(2): EMFILE, ...
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 9293, section 3.3.2; sock_diag(7).
 */
int sockutil_tcp_state_between(const sockutil_addr *local,
                               const sockutil_addr *peer)
SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2));

/**
 * Return the name of a TCP state.
 *
 * Returns "ESTABLISHED" and so on, a static text; "UNKNOWN" for any other
 * number; never NULL.
 *
 * Async-signal-safe and thread-safe.
 * Source: RFC 9293, section 3.3.2.
 */
const char *sockutil_tcp_state_name(int state);

/* ---- Classic names ---------------------------------------------------- */

/* The same four without their prefix, as inline functions: a program that
 * includes this header refers to no bare symbol, and a copy of readn that was
 * left below is a compile error. A source that uses these names for something
 * else, such as GNU Readline's readline: #define SOCKUTIL_NO_CLASSIC_NAMES
 * before this header. A prototype of one's own may follow the header, but not
 * precede it. The compiler does not warn of results that are ignored. */
#ifndef SOCKUTIL_NO_CLASSIC_NAMES
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#define SOCKUTIL_CLASSIC static inline
#elif defined(__GNUC__)
#define SOCKUTIL_CLASSIC static __inline
#else
#define SOCKUTIL_CLASSIC static
#endif
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC ssize_t readn(int fd, void *buf, size_t n)
{
    return sockutil_readn(fd, buf, n);
}
SOCKUTIL_READS(2, 3)
SOCKUTIL_CLASSIC ssize_t writen(int fd, const void *buf, size_t n)
{
    return sockutil_writen(fd, buf, n);
}
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC ssize_t recv_peek(int sockfd, void *buf, size_t len)
{
    return sockutil_recv_peek(sockfd, buf, len);
}
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC ssize_t readline(int sockfd, void *buf, size_t maxlen)
{
    return sockutil_readline(sockfd, buf, maxlen);
}
#undef SOCKUTIL_CLASSIC
#endif

/* ---- Byte order, inline ------------------------------------------------ */

/* The same functions inline, for compilers that can swap bytes. If you take an
 * address, or use another compiler, you get the library's. */
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && \
    (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ || \
     __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SOCKUTIL_SWAP(bits, number) __builtin_bswap##bits(number)
#else
#define SOCKUTIL_SWAP(bits, number) (number)
#endif
#define SOCKUTIL_INLINE extern __inline __attribute__((__gnu_inline__))
#define SOCKUTIL_BYTE_ORDER(bits, hton, ntoh)                                \
    SOCKUTIL_INLINE uint##bits##_t hton(uint##bits##_t host)                 \
    {                                                                        \
        return SOCKUTIL_SWAP(bits, host);                                    \
    }                                                                        \
    SOCKUTIL_INLINE uint##bits##_t ntoh(uint##bits##_t net)                  \
    {                                                                        \
        return SOCKUTIL_SWAP(bits, net);                                     \
    }                                                                        \
    SOCKUTIL_INLINE uint##bits##_t sockutil_get_be##bits(const void *from)   \
    {                                                                        \
        uint##bits##_t net = 0;                                              \
        if (from)                                                            \
            __builtin_memcpy(&net, from, sizeof net);                        \
        return SOCKUTIL_SWAP(bits, net);                                     \
    }                                                                        \
    SOCKUTIL_INLINE void sockutil_put_be##bits(void *to, uint##bits##_t value) \
    {                                                                        \
        uint##bits##_t net = SOCKUTIL_SWAP(bits, value);                     \
        if (to)                                                              \
            __builtin_memcpy(to, &net, sizeof net);                          \
    }
SOCKUTIL_BYTE_ORDER(16, sockutil_htons, sockutil_ntohs)
SOCKUTIL_BYTE_ORDER(32, sockutil_htonl, sockutil_ntohl)
SOCKUTIL_BYTE_ORDER(64, sockutil_htonll, sockutil_ntohll)
#undef SOCKUTIL_BYTE_ORDER
#undef SOCKUTIL_INLINE
#undef SOCKUTIL_SWAP
#endif

#undef SOCKUTIL_RESULT
#undef SOCKUTIL_NONNULL
#undef SOCKUTIL_READS
#undef SOCKUTIL_WRITES

#ifdef __cplusplus
}
#endif

#endif /* SOCKUTIL_H */
