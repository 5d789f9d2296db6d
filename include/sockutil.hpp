/* sockutil.hpp - sockutil.h for C++17 and later
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A header alone: compile with it, and link with -lsockutil. A client that
 * sends a line and prints the answer:
 *
 *   #include <sockutil.hpp>
 *   #include <iostream>
 *
 *   int main() {
 *       using namespace std::chrono_literals;
 *       auto server = sockutil::tcp_connect("localhost", "7", 5s);
 *       sockutil::write_full(server, "hello\n", 5s);
 *       sockutil::reader reader(server);
 *       std::cout << reader.line(5s).text;
 *       sockutil::close_graceful(std::move(server), 5s);
 *   }
 *
 * Each function calls the function of sockutil.h that has its name: what it
 * does, and the errno values, are described there and in the manual pages.
 *
 * Errors     As in std::filesystem there are two forms. One throws
 *            std::system_error. The other takes all arguments and, last, a
 *            std::error_code&, which it sets on failure and clears on success.
 *            errno values have std::system_category(), the resolver's failures
 *            resolver_category(). Without exceptions (-fno-exceptions) only the
 *            second form compiles.
 * Transfers  return a count, on failure too: transfer_error has it. After
 *            EAGAIN call again with the same arguments and the count as done,
 *            and no byte is lost.
 * Time       limits are std::chrono::milliseconds, or sockutil::forever or
 *            sockutil::nowait. Other negative limits are EINVAL.
 * Threads    Functions that wait are not noexcept, so that pthread_cancel can
 *            end them; sockets are closed then.
 *
 * Do not write "using namespace sockutil": socket(2) and accept(2) have the same
 * names. What has no form here (byte order, sockutil_pton) is used from C.
 */
#ifndef SOCKUTIL_HPP
#define SOCKUTIL_HPP

#if __cplusplus < 201703L
#error "sockutil.hpp needs C++17"
#endif

#include "sockutil.h"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <netdb.h>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace sockutil {

// ---- Time

/// A time limit.
using duration = std::chrono::milliseconds;

/// A time limit that waits for ever.
inline constexpr duration forever{SOCKUTIL_FOREVER};

/// A time limit that never waits.
inline constexpr duration nowait{SOCKUTIL_NOWAIT};

namespace detail {

/// A time limit as C has it. What an int cannot hold becomes the longest, or stays an error.
inline int ms(duration limit) noexcept {
    constexpr duration longest{std::numeric_limits<int>::max()}, wrong{std::numeric_limits<int>::min()};
    return static_cast<int>((limit > longest ? longest : limit < wrong ? wrong : limit).count());
}

} // namespace detail

// ---- Arguments

class socket;

/// A descriptor as an argument: a number, or a socket. It owns nothing.
struct handle {
    int number;

    /// Take any descriptor: a socket, a pipe, a terminal, a file.
    handle(int fd) noexcept : number(fd) {
    }

    /// Take the descriptor of a socket, which stays its owner.
    handle(const socket &owner) noexcept;
};

/// A text as an argument: a C string, NULL where C allows it, or a std::string.
struct text {
    const char *chars;

    /// Take a C string, or NULL.
    text(const char *string) noexcept : chars(string) {
    }

    /// Take a string, which must live until the call has returned.
    text(const std::string &string) noexcept : chars(string.c_str()) {
    }
};

/// Memory as an argument: where bytes are stored.
struct memory {
    void *data;
    std::size_t size;

    /// Take size bytes at start: write {start, size}.
    memory(void *start, std::size_t size_bytes) noexcept : data(start), size(size_bytes) {
    }

    /// Take all of an array, a std::array, std::vector, std::string or std::span.
    template <class Range, class Item = std::remove_pointer_t<decltype(std::data(std::declval<Range &>()))>,
              class = std::enable_if_t<std::is_trivially_copyable_v<Item> && !std::is_const_v<Item>>>
    memory(Range &&range) noexcept : data(std::data(range)), size(std::size(range) * sizeof(Item)) {
    }
};

/// Bytes as an argument: what is sent.
struct bytes {
    const void *data;
    std::size_t size;

    /// Take size bytes at start: write {start, size}.
    bytes(const void *start, std::size_t size_bytes) noexcept : data(start), size(size_bytes) {
    }

    /// Take all of a std::string_view, std::string, std::vector, std::array or std::span.
    template <class Range, class Item = std::remove_pointer_t<decltype(std::data(std::declval<const Range &>()))>,
              class = std::enable_if_t<std::is_trivially_copyable_v<Item> && !std::is_array_v<Range>>>
    bytes(const Range &range) noexcept : data(std::data(range)), size(std::size(range) * sizeof(Item)) {
    }

    /// Take a literal, without the NUL at its end.
    template <std::size_t Size>
    bytes(const char (&literal)[Size]) noexcept : data(literal), size(literal[Size - 1] == '\0' ? Size - 1 : Size) {
    }

    /// Refuse an array that can change: how much of it is meant? Write {array, size}.
    template <std::size_t Size> bytes(char (&array)[Size]) = delete;
};

/// Entries of poll(2) as an argument.
struct entries {
    pollfd *data;
    std::size_t size;

    /// Take count entries at start: write {start, count}.
    entries(pollfd *start, std::size_t count) noexcept : data(start), size(count) {
    }

    /// Take all of an array, a std::array, std::vector or std::span.
    template <class Range,
              class = std::enable_if_t<std::is_same_v<decltype(std::data(std::declval<Range &>())), pollfd *>>>
    entries(Range &&range) noexcept : data(std::data(range)), size(std::size(range)) {
    }
};

// ---- Errors and results

/// The category of the resolver's failures: the EAI_ codes of getaddrinfo(3), with the texts of gai_strerror(3). Each
/// compares equal to std::errc::address_not_available, the errno that C reports beside it.
inline const std::error_category &resolver_category() noexcept {
    class category : public std::error_category {
        const char *name() const noexcept override {
            return "resolver";
        }
        std::string message(int code) const override {
            return gai_strerror(code);
        }
        std::error_condition default_error_condition(int) const noexcept override {
            return {EADDRNOTAVAIL, std::generic_category()};
        }
    };
    static const category only;
    return only;
}

/// How a transfer ended. failed is only returned beside an error_code.
enum class status { failed = -1, end = 0, done = 1 };

/// The result of a transfer: how it ended, and how many bytes it has moved in all.
struct transfer {
    sockutil::status status;
    std::size_t count;
};

/// The result of a reader: how it ended, and what was read, valid until the next call on the reader. count is the
/// length of text; or, with EMSGSIZE from reader::frame, the length that the frame announces.
struct piece {
    sockutil::status status;
    std::string_view text;
    std::size_t count;

    /// Cut "\n" or "\r\n" off the end of text, and return it. The reader's memory gets a NUL there.
    std::string_view chomp() noexcept {
        count = sockutil_chomp(const_cast<char *>(text.data()), text.size());
        return text = text.substr(0, count);
    }
};

/// What a transfer throws: a std::system_error that has the count, so that the transfer can go on after EAGAIN.
class transfer_error : public std::system_error {
  public:
    /// Make the error of a function and its count.
    transfer_error(std::error_code code, const char *function, std::size_t count)
        : std::system_error(code, function), count_(count) {
    }

    /// Return the count, as transfer and piece have it.
    std::size_t count() const noexcept {
        return count_;
    }

  private:
    std::size_t count_;
};

namespace detail {

/// Sets the error_code from a result of C, and returns the result.
template <class Result> Result judge(Result result, std::error_code &failure) noexcept {
    if (result < 0)
        failure.assign(errno, std::system_category());
    else
        failure.clear();
    return result;
}

/// The same where the resolver may have failed. gai is a reference, since the call that makes result sets it.
inline int judge(int result, const int &gai, std::error_code &failure) noexcept {
    judge(result, failure);
    if (result < 0 && gai != 0 && gai != EAI_SYSTEM)
        failure.assign(gai, resolver_category());
    return result;
}

/// The same for a transfer, whose call sets done.
inline transfer moved(int result, const std::size_t &done, std::error_code &failure) noexcept {
    return {status{judge(result, failure)}, done};
}

/// The same for a reader's line or frame.
inline piece found(int result, char *const &data, const std::size_t &length, std::error_code &failure) noexcept {
    return {status{judge(result, failure)}, data ? std::string_view(data, length) : std::string_view(), length};
}

#if defined(__cpp_exceptions)
[[noreturn]] inline void raise(std::error_code failure, const char *function) {
    throw std::system_error(failure, function);
}
[[noreturn]] inline void raise(std::error_code failure, const char *function, std::size_t count) {
    throw transfer_error(failure, function, count);
}
#else
// There are no such functions: the compiler, or at last the linker, refuses a program that needs them.
#if defined(__GNUC__) && (!defined(__clang__) || __clang_major__ >= 14)
#define SOCKUTIL_ABSENT __attribute__((error("without exceptions use the form with std::error_code")))
#else
#define SOCKUTIL_ABSENT
#endif
SOCKUTIL_ABSENT void raise(std::error_code failure, const char *function);
SOCKUTIL_ABSENT void raise(std::error_code failure, const char *function, std::size_t count);
#undef SOCKUTIL_ABSENT
#endif

/// Makes the form that throws of the form with an error_code.
template <class Call> auto or_throw(const char *function, Call call) {
    std::error_code failure;
    if constexpr (std::is_void_v<decltype(call(failure))>) {
        call(failure);
        if (failure)
            raise(failure, function);
    } else {
        auto result = call(failure);
        if (failure)
            raise(failure, function);
        return result;
    }
}

/// The same for what has a count.
template <class Call> auto or_throw_count(const char *function, Call call) {
    std::error_code failure;
    auto result = call(failure);
    if (failure)
        raise(failure, function, result.count);
    return result;
}

} // namespace detail

/// Return the text of a failure: of the resolver's code, if gai is one, else of an errno value. An error_code has its
/// own: message().
inline std::string error_text(int err, int gai = 0) {
    char chars[256];
    return sockutil_error_text(err, gai, chars, sizeof chars);
}

// ---- Sockets

/// A descriptor that is closed at the end of its scope. It can be moved, not copied.
class socket {
  public:
    /// Own nothing.
    socket() noexcept = default;

    /// Own fd from now on, any descriptor; -1 is none.
    explicit socket(int fd) noexcept : fd_(fd) {
    }

    /// Take the other's descriptor, and leave it none.
    socket(socket &&other) noexcept : fd_(other.release()) {
    }

    /// Close the own descriptor, and take the other's.
    socket &operator=(socket &&other) noexcept {
        reset(other.release());
        return *this;
    }

    /// Close the descriptor.
    ~socket() {
        reset();
    }

    /// Return the descriptor, or -1.
    int get() const noexcept {
        return fd_;
    }

    /// Check whether there is a descriptor.
    explicit operator bool() const noexcept {
        return fd_ >= 0;
    }

    /// Return the descriptor, and own it no longer.
    int release() noexcept {
        return std::exchange(fd_, -1);
    }

    /// Close the descriptor, and own fd. errno is untouched; close() reports failures.
    void reset(int fd = -1) noexcept {
        const int kept = errno;
        if (const int old = std::exchange(fd_, fd); old >= 0)
            sockutil_close(old);
        errno = kept;
    }

  private:
    int fd_ = -1;
};

inline handle::handle(const socket &owner) noexcept : number(owner.get()) {
}

/// Close a descriptor, and report what earlier writes have met. It is closed on every path.
inline void close(socket &&closed, std::error_code &failure) noexcept {
    detail::judge(sockutil_close(closed.release()), failure);
}
inline void close(socket &&closed) {
    detail::or_throw("close", [&](auto &failure) { close(std::move(closed), failure); });
}

/// Close a connection so that the peer gets all sent data. The descriptor is closed on every path.
inline void close_graceful(socket &&closed, duration limit, std::error_code &failure) {
    detail::judge(sockutil_close_graceful(closed.release(), detail::ms(limit)), failure);
}
inline void close_graceful(socket &&closed, duration limit = forever) {
    detail::or_throw("close_graceful", [&](auto &failure) { close_graceful(std::move(closed), limit, failure); });
}

/// Close a connection at once, with RST. The descriptor is closed on every path.
inline void close_reset(socket &&closed, std::error_code &failure) noexcept {
    detail::judge(sockutil_close_reset(closed.release()), failure);
}
inline void close_reset(socket &&closed) {
    detail::or_throw("close_reset", [&](auto &failure) { close_reset(std::move(closed), failure); });
}

/// Close the sending direction: the peer reads to the end of the stream, and you can still read.
inline void shutdown_write(handle fd, std::error_code &failure) noexcept {
    detail::judge(sockutil_shutdown_write(fd.number), failure);
}
inline void shutdown_write(handle fd) {
    detail::or_throw("shutdown_write", [&](auto &failure) { shutdown_write(fd, failure); });
}

// ---- Waiting

/// Return the time of CLOCK_MONOTONIC. For one limit over several calls: end = now() + 5s, then left(end) for each.
inline duration now() noexcept {
    return duration{sockutil_now_ms()};
}

/// Return how much time is left until end, a time of now(). It is never forever.
inline duration left(duration end) noexcept {
    return duration{sockutil_ms_left(end.count())};
}

/// Wait until a descriptor is ready for poll_events (POLLIN, POLLOUT, ...), and return its revents. Time that runs out
/// is EAGAIN.
inline int wait(handle fd, int poll_events, duration limit, std::error_code &failure) {
    return detail::judge(sockutil_wait(fd.number, poll_events, detail::ms(limit)), failure);
}
inline int wait(handle fd, int poll_events, duration limit = forever) {
    return detail::or_throw("wait", [&](auto &failure) { return wait(fd, poll_events, limit, failure); });
}

/// Wait until one of several descriptors is ready, and return how many are; the revents of each entry are set. Time
/// that runs out is EAGAIN.
inline int wait_any(entries fds, duration limit, std::error_code &failure) {
    return detail::judge(sockutil_wait_any(fds.data, fds.size, detail::ms(limit)), failure);
}
inline int wait_any(entries fds, duration limit = forever) {
    return detail::or_throw("wait_any", [&](auto &failure) { return wait_any(fds, limit, failure); });
}

// ---- Streams

/// Read until the memory is full. done is the count of a call that failed with EAGAIN, which this one goes on with.
inline transfer read_full(handle fd, memory into, duration limit, std::size_t done, std::error_code &failure) {
    return detail::moved(sockutil_read_full(fd.number, into.data, into.size, &done, detail::ms(limit)), done, failure);
}
inline transfer read_full(handle fd, memory into, duration limit = forever, std::size_t done = 0) {
    return detail::or_throw_count("read_full", [&](auto &e) { return read_full(fd, into, limit, done, e); });
}

/// Write all bytes. done is the count of a call that failed with EAGAIN, which this one goes on with.
inline transfer write_full(handle fd, bytes from, duration limit, std::size_t done, std::error_code &failure) {
    return detail::moved(sockutil_write_full(fd.number, from.data, from.size, &done, detail::ms(limit)), done, failure);
}
inline transfer write_full(handle fd, bytes from, duration limit = forever, std::size_t done = 0) {
    return detail::or_throw_count("write_full", [&](auto &e) { return write_full(fd, from, limit, done, e); });
}

/// Write the bytes of iov[0] to iov[iovcnt-1]. done is the count of a call that failed with EAGAIN.
inline transfer writev_full(handle fd, const iovec *iov, int iovcnt, duration limit, std::size_t done,
                            std::error_code &failure) {
    return detail::moved(sockutil_writev_full(fd.number, iov, iovcnt, &done, detail::ms(limit)), done, failure);
}
inline transfer writev_full(handle fd, const iovec *iov, int iovcnt, duration limit = forever, std::size_t done = 0) {
    return detail::or_throw_count("writev_full", [&](auto &e) { return writev_full(fd, iov, iovcnt, limit, done, e); });
}

/// Read one line with its newline, and not a byte past it; a NUL follows. done is the count of a call that failed with
/// EAGAIN. With EMSGSIZE a part of a longer line is there: call for the rest with 0.
inline transfer read_line(handle fd, memory into, duration limit, std::size_t done, std::error_code &failure) {
    char *const line = static_cast<char *>(into.data);
    return detail::moved(sockutil_read_line(fd.number, line, into.size, &done, detail::ms(limit)), done, failure);
}
inline transfer read_line(handle fd, memory into, duration limit = forever, std::size_t done = 0) {
    return detail::or_throw_count("read_line", [&](auto &e) { return read_line(fd, into, limit, done, e); });
}

/// Send one frame: a big-endian length of header_bytes (1, 2 or 4), then the body. The count is of both.
inline transfer send_frame(handle fd, int header_bytes, bytes body, duration limit, std::size_t done,
                           std::error_code &failure) {
    const int result = sockutil_send_frame(fd.number, header_bytes, body.data, body.size, &done, detail::ms(limit));
    return detail::moved(result, done, failure);
}
inline transfer send_frame(handle fd, int header_bytes, bytes body, duration limit = forever, std::size_t done = 0) {
    return detail::or_throw_count("send_frame",
                                  [&](auto &e) { return send_frame(fd, header_bytes, body, limit, done, e); });
}

// ---- Reader

/// A buffered reader of a descriptor, which it never closes. It can be neither copied nor moved.
class reader {
  public:
    /// Read fd through memory of the caller, which must live as long as the reader.
    reader(handle fd, memory buffer, std::error_code &failure) noexcept {
        detail::judge(sockutil_reader_init(&raw_, fd.number, buffer.data, buffer.size), failure);
    }
    reader(handle fd, memory buffer) {
        init(fd, buffer);
    }

    /// Read fd through memory of its own. A line, or a frame with its header, must fit in size - 1 bytes.
    reader(handle fd, std::size_t size, std::error_code &failure) noexcept : own_(new (std::nothrow) char[size]) {
        if (own_)
            detail::judge(sockutil_reader_init(&raw_, fd.number, own_.get(), size), failure);
        else
            failure.assign(ENOMEM, std::system_category());
    }
    explicit reader(handle fd, std::size_t size = 8192) : own_(new char[size]) {
        init(fd, {own_.get(), size});
    }

    /// Refuse a socket that would be closed at once: keep it in a variable, beside the reader.
    template <class... Rest> explicit reader(socket &&, Rest &&...) = delete;
    reader(const reader &) = delete;
    reader &operator=(const reader &) = delete;

    /// Read one line, with its newline. At the end of the stream text is an unterminated line, or empty. With EMSGSIZE
    /// the error_code form returns what is held of a line that is too long.
    piece line(duration limit, std::error_code &failure) {
        char *data = nullptr;
        std::size_t length = 0;
        return detail::found(sockutil_reader_line(&raw_, &data, &length, detail::ms(limit)), data, length, failure);
    }
    piece line(duration limit = forever) {
        return detail::or_throw_count("reader::line", [&](auto &failure) { return line(limit, failure); });
    }

    /// Read up to a delimiter, a byte of 0 to 255, which stays at the end of text.
    piece until(int delimiter, duration limit, std::error_code &failure) {
        char *data = nullptr;
        std::size_t length = 0;
        const int result = sockutil_reader_until(&raw_, delimiter, &data, &length, detail::ms(limit));
        return detail::found(result, data, length, failure);
    }
    piece until(int delimiter, duration limit = forever) {
        return detail::or_throw_count("reader::until", [&](auto &e) { return until(delimiter, limit, e); });
    }

    /// Read the body of one frame, as send_frame sends it.
    piece frame(int header_bytes, duration limit, std::error_code &failure) {
        char *data = nullptr;
        std::size_t length = 0;
        const int result = sockutil_reader_frame(&raw_, header_bytes, &data, &length, detail::ms(limit));
        return detail::found(result, data, length, failure);
    }
    piece frame(int header_bytes, duration limit = forever) {
        return detail::or_throw_count("reader::frame", [&](auto &e) { return frame(header_bytes, limit, e); });
    }

    /// Read until the memory is full: first what is held. done is the count of a call that failed with EAGAIN.
    transfer read_full(memory into, duration limit, std::size_t done, std::error_code &failure) {
        const int result = sockutil_reader_read_full(&raw_, into.data, into.size, &done, detail::ms(limit));
        return detail::moved(result, done, failure);
    }
    transfer read_full(memory into, duration limit = forever, std::size_t done = 0) {
        return detail::or_throw_count("reader::read_full", [&](auto &e) { return read_full(into, limit, done, e); });
    }

    /// Drop all bytes up to and including the next newline, and count them. done is the count of a call that failed
    /// with EAGAIN.
    transfer skip_line(duration limit, std::size_t done, std::error_code &failure) {
        return detail::moved(sockutil_reader_skip_line(&raw_, &done, detail::ms(limit)), done, failure);
    }
    transfer skip_line(duration limit = forever, std::size_t done = 0) {
        return detail::or_throw_count("reader::skip_line", [&](auto &e) { return skip_line(limit, done, e); });
    }

    /// Return how many bytes are held, which poll(2) cannot see.
    std::size_t pending() const noexcept {
        return sockutil_reader_pending(&raw_);
    }

  private:
    void init(handle fd, memory buffer) {
        detail::or_throw("reader", [&](auto &failure) {
            detail::judge(sockutil_reader_init(&raw_, fd.number, buffer.data, buffer.size), failure);
        });
    }

    sockutil_reader raw_ = {};
    std::unique_ptr<char[]> own_;
};

// ---- Writer

/// A buffered writer of a descriptor, which it never closes. Nothing leaves by itself: call flush. Its destructor does
/// not: what it holds then is lost. It can be neither copied nor moved.
class writer {
  public:
    /// Write to fd through memory of the caller, which must live as long as the writer.
    writer(handle fd, memory buffer, std::error_code &failure) noexcept {
        detail::judge(sockutil_writer_init(&raw_, fd.number, buffer.data, buffer.size), failure);
    }
    writer(handle fd, memory buffer) {
        init(fd, buffer);
    }

    /// Write to fd through memory of its own. A piece, or a frame with its header, of up to size bytes is all or
    /// nothing.
    writer(handle fd, std::size_t size, std::error_code &failure) noexcept : own_(new (std::nothrow) char[size]) {
        if (own_)
            detail::judge(sockutil_writer_init(&raw_, fd.number, own_.get(), size), failure);
        else
            failure.assign(ENOMEM, std::system_category());
    }
    explicit writer(handle fd, std::size_t size = 8192) : own_(new char[size]) {
        init(fd, {own_.get(), size});
    }

    /// Refuse a socket that would be closed at once: keep it in a variable, beside the writer.
    template <class... Rest> explicit writer(socket &&, Rest &&...) = delete;
    writer(const writer &) = delete;
    writer &operator=(const writer &) = delete;

    /// Hold all bytes, or send them together with what is held. done is the count of a call that failed with EAGAIN.
    transfer put(bytes from, duration limit, std::size_t done, std::error_code &failure) {
        const int result = sockutil_writer_put(&raw_, from.data, from.size, &done, detail::ms(limit));
        return detail::moved(result, done, failure);
    }
    transfer put(bytes from, duration limit = forever, std::size_t done = 0) {
        return detail::or_throw_count("writer::put", [&](auto &e) { return put(from, limit, done, e); });
    }

    /// Put one frame: a big-endian length of header_bytes (1, 2 or 4), then the body. The count is of both.
    transfer frame(int header_bytes, bytes body, duration limit, std::size_t done, std::error_code &failure) {
        const int result = sockutil_writer_frame(&raw_, header_bytes, body.data, body.size, &done, detail::ms(limit));
        return detail::moved(result, done, failure);
    }
    transfer frame(int header_bytes, bytes body, duration limit = forever, std::size_t done = 0) {
        return detail::or_throw_count("writer::frame",
                                      [&](auto &e) { return frame(header_bytes, body, limit, done, e); });
    }

    /// Send all that is held. After EAGAIN the rest is still held: call again.
    void flush(duration limit, std::error_code &failure) {
        detail::judge(sockutil_writer_flush(&raw_, detail::ms(limit)), failure);
    }
    void flush(duration limit = forever) {
        detail::or_throw("writer::flush", [&](auto &failure) { flush(limit, failure); });
    }

    /// Return how many bytes are held, which the kernel has not taken yet.
    std::size_t pending() const noexcept {
        return sockutil_writer_pending(&raw_);
    }

  private:
    void init(handle fd, memory buffer) {
        detail::or_throw("writer", [&](auto &failure) {
            detail::judge(sockutil_writer_init(&raw_, fd.number, buffer.data, buffer.size), failure);
        });
    }

    sockutil_writer raw_ = {};
    std::unique_ptr<char[]> own_;
};

// ---- Relays

/// Up to 16 relays that run together, each with memory of its own. It closes none of their descriptors. It can be
/// neither copied nor moved.
class relays {
  public:
    /// Have none yet.
    relays() noexcept = default;
    relays(const relays &) = delete;
    relays &operator=(const relays &) = delete;

    /// Add a relay that moves the bytes of from to to, and return its number, from 0 on. A seventeenth is EINVAL.
    std::size_t add(handle from, handle to, std::size_t size, std::error_code &failure) noexcept {
        if (count_ == most) {
            failure.assign(EINVAL, std::system_category());
            return count_;
        }
        own_[count_].reset(new (std::nothrow) char[size]);
        if (!own_[count_])
            failure.assign(ENOMEM, std::system_category());
        else if (detail::judge(sockutil_relay_init(&raw_[count_], from.number, to.number, own_[count_].get(), size),
                               failure) == 0)
            return count_++;
        return count_;
    }
    std::size_t add(handle from, handle to, std::size_t size = 65536) {
        return detail::or_throw("relays::add", [&](auto &failure) { return add(from, to, size, failure); });
    }

    /// Refuse sockets that would be closed at once: keep them in variables.
    template <class To, class... Rest> std::size_t add(socket &&, To &&, Rest &&...) = delete;
    template <class... Rest> std::size_t add(const socket &, socket &&, Rest &&...) = delete;

    /// Move what can be moved until all relays are over. Time that runs out is EAGAIN: call again. Another failure is
    /// that of the first relay that has one.
    void run(duration limit, std::error_code &failure) {
        detail::judge(sockutil_relay_run(raw_, count_, detail::ms(limit)), failure);
    }
    void run(duration limit = forever) {
        detail::or_throw("relays::run", [&](auto &failure) { run(limit, failure); });
    }

    /// Set ends[0] to what a relay waits for to read, and ends[1] to write; fd is -1 where there is nothing.
    void wants(std::size_t number, struct pollfd (&ends)[2]) const noexcept {
        sockutil_relay_wants(at(number), ends);
    }

    /// Return whether a relay is over, and set *why, unless it is NULL: cleared if its stream has ended, or if it is
    /// not over.
    bool ended(std::size_t number, std::error_code *why = nullptr) const noexcept {
        int error = 0;
        const bool over = sockutil_relay_ended(at(number), &error) == 1;
        if (why != nullptr)
            why->assign(error, std::system_category());
        return over;
    }

    /// Return how many bytes a relay has delivered.
    std::uint64_t moved(std::size_t number) const noexcept {
        return sockutil_relay_moved(at(number));
    }

  private:
    static constexpr std::size_t most = 16;

    const sockutil_relay *at(std::size_t number) const noexcept {
        return number < count_ ? &raw_[number] : nullptr;
    }

    sockutil_relay raw_[most] = {};
    std::unique_ptr<char[]> own_[most];
    std::size_t count_ = 0;
};

// ---- Addresses

class network;

/// An address of any family, and its port.
class address {
  public:
    /// Make an address of no family.
    address() noexcept = default;

    /// Take an address of sockutil.h.
    explicit address(const sockutil_addr &raw) noexcept : raw_(raw) {
    }

    /// Read "1.2.3.4:80", "[::1]:80", "unix:/run/x.sock" and so on. Without default_port the text must have a port.
    /// A text that is no address is EINVAL.
    static address parse(text from, int default_port, std::error_code &failure) noexcept {
        address a;
        if (detail::judge(sockutil_addr_parse(&a.raw_, from.chars, default_port), failure) == 0)
            failure.assign(EINVAL, std::system_category());
        return a;
    }
    static address parse(text from, int default_port = -1) {
        return detail::or_throw("address::parse", [&](auto &failure) { return parse(from, default_port, failure); });
    }

    /// Copy an address as recvmsg(2), getifaddrs(3) and others have it.
    static address from(const void *sockaddr, socklen_t length, std::error_code &failure) noexcept {
        address a;
        detail::judge(sockutil_addr_from(&a.raw_, sockaddr, length), failure);
        return a;
    }
    static address from(const void *sockaddr, socklen_t length) {
        return detail::or_throw("address::from", [&](auto &failure) { return from(sockaddr, length, failure); });
    }

    /// Get the address that a socket is bound to.
    static address local(handle fd, std::error_code &failure) noexcept {
        address a;
        detail::judge(sockutil_addr_local(fd.number, &a.raw_), failure);
        return a;
    }
    static address local(handle fd) {
        return detail::or_throw("address::local", [&](auto &failure) { return local(fd, failure); });
    }

    /// Get the address of a socket's peer.
    static address peer(handle fd, std::error_code &failure) noexcept {
        address a;
        detail::judge(sockutil_addr_peer(fd.number, &a.raw_), failure);
        return a;
    }
    static address peer(handle fd) {
        return detail::or_throw("address::peer", [&](auto &failure) { return peer(fd, failure); });
    }

    /// Find the local address from which the kernel would send to this one.
    address source(std::error_code &failure) const noexcept {
        address a;
        detail::judge(sockutil_addr_source_for(&raw_, &a.raw_), failure);
        return a;
    }
    address source() const {
        return detail::or_throw("address::source", [&](auto &failure) { return source(failure); });
    }

    /// Write the address and its port as text that parse reads.
    std::string to_string(std::error_code &failure) const {
        char chars[128] = "";
        detail::judge(sockutil_addr_format(&raw_, chars, sizeof chars), failure);
        return chars;
    }
    std::string to_string() const {
        return detail::or_throw("address::to_string", [&](auto &failure) { return to_string(failure); });
    }

    /// Return the port; -1 beside an error_code.
    int port(std::error_code &failure) const noexcept {
        return detail::judge(sockutil_addr_port(&raw_), failure);
    }
    int port() const {
        return detail::or_throw("address::port", [&](auto &failure) { return port(failure); });
    }

    /// Set the port, 0 to 65535.
    void set_port(int port, std::error_code &failure) noexcept {
        detail::judge(sockutil_addr_set_port(&raw_, port), failure);
    }
    void set_port(int port) {
        detail::or_throw("address::set_port", [&](auto &failure) { set_port(port, failure); });
    }

    /// Check whether a network holds the address; an IPv4-mapped one counts as IPv4. Port and zone do not matter.
    bool in(const network &wanted) const noexcept;

    /// Replace an IPv4-mapped address by the IPv4 address that it stands for, and return whether it was one.
    bool unmap() noexcept {
        return sockutil_addr_unmap(&raw_) == 1;
    }

    /// Return the address as sockutil.h has it.
    const sockutil_addr &raw() const noexcept {
        return raw_;
    }
    sockutil_addr &raw() noexcept {
        return raw_;
    }

    /// Compare address, port and zone.
    friend bool operator==(const address &a, const address &b) noexcept {
        return sockutil_addr_equal(&a.raw_, &b.raw_) == 1;
    }

    /// The opposite.
    friend bool operator!=(const address &a, const address &b) noexcept {
        return !(a == b);
    }

  private:
    sockutil_addr raw_ = {};
};

/// A set of addresses: those that begin with the same bits.
class network {
  public:
    /// Make a network that holds nothing.
    network() noexcept = default;

    /// Read "192.168.0.0/16", "fe80::/10" or a single address. A text that is no network is EINVAL.
    static network parse(text from, std::error_code &failure) noexcept {
        network n;
        if (detail::judge(sockutil_network_parse(&n.raw_, from.chars), failure) == 0)
            failure.assign(EINVAL, std::system_category());
        return n;
    }
    static network parse(text from) {
        return detail::or_throw("network::parse", [&](auto &failure) { return parse(from, failure); });
    }

    /// Return the network as sockutil.h has it.
    const sockutil_network &raw() const noexcept {
        return raw_;
    }

  private:
    sockutil_network raw_ = {};
};

inline bool address::in(const network &wanted) const noexcept {
    return sockutil_addr_in(&raw_, &wanted.raw()) == 1;
}

/// Find the addresses of a host (NULL is the loopback) and a service. socktype is SOCK_STREAM, SOCK_DGRAM or 0.
inline std::vector<address> resolve(text host, text service, int socktype, unsigned flags, std::error_code &failure) {
    std::vector<sockutil_addr> found(16);
    std::size_t count = 0;
    int gai = 0;
    for (;;) {
        detail::judge(
            sockutil_resolve(host.chars, service.chars, socktype, flags, found.data(), found.size(), &count, &gai), gai,
            failure);
        const bool all = count <= found.size();
        found.resize(count);
        if (all)
            return {found.begin(), found.end()};
    }
}
inline std::vector<address> resolve(text host, text service, int socktype = SOCK_STREAM, unsigned flags = 0) {
    return detail::or_throw("resolve", [&](auto &e) { return resolve(host, service, socktype, flags, e); });
}

// ---- Endpoints. flags are those of sockutil.h: SOCKUTIL_NONBLOCK, SOCKUTIL_NUMERIC and so on.

/// Listen for TCP connections. A NULL host is every address; for service "0" the kernel chooses a port.
inline socket tcp_listen(text host, text service, int backlog, unsigned flags, std::error_code &failure) {
    int gai = 0;
    const int fd = sockutil_tcp_listen(host.chars, service.chars, backlog, flags, &gai);
    return socket(detail::judge(fd, gai, failure));
}
inline socket tcp_listen(text host, text service, int backlog = SOMAXCONN, unsigned flags = 0) {
    return detail::or_throw("tcp_listen", [&](auto &e) { return tcp_listen(host, service, backlog, flags, e); });
}

/// Connect to a TCP server, IPv6 and IPv4 alternating. Time that runs out is ETIMEDOUT.
inline socket tcp_connect(text host, text service, duration limit, unsigned flags, std::error_code &failure) {
    int gai = 0;
    const int fd = sockutil_tcp_connect(host.chars, service.chars, flags, detail::ms(limit), &gai);
    return socket(detail::judge(fd, gai, failure));
}
inline socket tcp_connect(text host, text service, duration limit = forever, unsigned flags = 0) {
    return detail::or_throw("tcp_connect", [&](auto &e) { return tcp_connect(host, service, limit, flags, e); });
}

/// Listen at the endpoint that one text names: "host:port", ":port", "[::1]:80", "unix:/run/x.sock", "unix:@name".
inline socket stream_listen(text at, int backlog, unsigned flags, std::error_code &failure) {
    int gai = 0;
    const int fd = sockutil_stream_listen(at.chars, backlog, flags, &gai);
    return socket(detail::judge(fd, gai, failure));
}
inline socket stream_listen(text at, int backlog = SOMAXCONN, unsigned flags = 0) {
    return detail::or_throw("stream_listen", [&](auto &failure) { return stream_listen(at, backlog, flags, failure); });
}

/// Connect to the endpoint that such a text names. Time that runs out is ETIMEDOUT.
inline socket stream_connect(text to, duration limit, unsigned flags, std::error_code &failure) {
    int gai = 0;
    const int fd = sockutil_stream_connect(to.chars, flags, detail::ms(limit), &gai);
    return socket(detail::judge(fd, gai, failure));
}
inline socket stream_connect(text to, duration limit = forever, unsigned flags = 0) {
    return detail::or_throw("stream_connect", [&](auto &failure) { return stream_connect(to, limit, flags, failure); });
}

/// Connect a socket. nowait starts the attempt and is EINPROGRESS.
inline void connect(handle fd, const address &to, duration limit, std::error_code &failure) {
    detail::judge(sockutil_connect(fd.number, &to.raw(), detail::ms(limit)), failure);
}
inline void connect(handle fd, const address &to, duration limit = forever) {
    detail::or_throw("connect", [&](auto &failure) { connect(fd, to, limit, failure); });
}

/// Accept a connection. *peer is the client's address; peer may be NULL.
inline socket accept(handle listener, duration limit, unsigned flags, address *peer, std::error_code &failure) {
    sockutil_addr *const from = peer ? &peer->raw() : nullptr;
    return socket(detail::judge(sockutil_accept(listener.number, from, flags, detail::ms(limit)), failure));
}
inline socket accept(handle listener, duration limit = forever, unsigned flags = 0, address *peer = nullptr) {
    return detail::or_throw("accept", [&](auto &failure) { return accept(listener, limit, flags, peer, failure); });
}

/// Listen for connections at a path; a path that begins with '@' is an abstract name.
inline socket unix_listen(text path, int backlog, unsigned flags, std::error_code &failure) noexcept {
    return socket(detail::judge(sockutil_unix_listen(path.chars, backlog, flags), failure));
}
inline socket unix_listen(text path, int backlog = SOMAXCONN, unsigned flags = 0) {
    return detail::or_throw("unix_listen", [&](auto &failure) { return unix_listen(path, backlog, flags, failure); });
}

/// Connect to a listener at a path. Time that runs out is ETIMEDOUT.
inline socket unix_connect(text path, duration limit, unsigned flags, std::error_code &failure) {
    return socket(detail::judge(sockutil_unix_connect(path.chars, flags, detail::ms(limit)), failure));
}
inline socket unix_connect(text path, duration limit = forever, unsigned flags = 0) {
    return detail::or_throw("unix_connect", [&](auto &failure) { return unix_connect(path, limit, flags, failure); });
}

/// Make a UDP socket that is bound to an address. host and service are as for tcp_listen.
inline socket udp_bind(text host, text service, unsigned flags, std::error_code &failure) {
    int gai = 0;
    const int fd = sockutil_udp_bind(host.chars, service.chars, flags, &gai);
    return socket(detail::judge(fd, gai, failure));
}
inline socket udp_bind(text host, text service, unsigned flags = 0) {
    return detail::or_throw("udp_bind", [&](auto &failure) { return udp_bind(host, service, flags, failure); });
}

/// Make a UDP socket that is connected to a peer.
inline socket udp_connect(text host, text service, unsigned flags, std::error_code &failure) {
    int gai = 0;
    const int fd = sockutil_udp_connect(host.chars, service.chars, flags, &gai);
    return socket(detail::judge(fd, gai, failure));
}
inline socket udp_connect(text host, text service, unsigned flags = 0) {
    return detail::or_throw("udp_connect", [&](auto &failure) { return udp_connect(host, service, flags, failure); });
}

/// Disconnect a UDP socket from its peer.
inline void udp_disconnect(handle fd, std::error_code &failure) noexcept {
    detail::judge(sockutil_udp_disconnect(fd.number), failure);
}
inline void udp_disconnect(handle fd) {
    detail::or_throw("udp_disconnect", [&](auto &failure) { udp_disconnect(fd, failure); });
}

/// Send one datagram to *to, or to the socket's peer if to is NULL.
inline void sendto(handle fd, bytes from, const address *to, duration limit, std::error_code &failure) {
    const sockutil_addr *const peer = to ? &to->raw() : nullptr;
    detail::judge(sockutil_sendto(fd.number, from.data, from.size, peer, detail::ms(limit)), failure);
}
inline void sendto(handle fd, bytes from, const address *to = nullptr, duration limit = forever) {
    detail::or_throw("sendto", [&](auto &failure) { sendto(fd, from, to, limit, failure); });
}

/// A datagram that was received: the bytes stored, the sender, and whether there were more bytes than memory.
struct datagram {
    std::size_t count;
    address from;
    bool truncated;
};

/// Receive one datagram. A count of 0 is an empty datagram, not an end.
inline datagram recvfrom(handle fd, memory into, duration limit, std::error_code &failure) {
    address from;
    int truncated = 0;
    const ssize_t count =
        sockutil_recvfrom(fd.number, into.data, into.size, &from.raw(), &truncated, detail::ms(limit));
    return {detail::judge(count, failure) < 0 ? 0 : static_cast<std::size_t>(count), from, truncated != 0};
}
inline datagram recvfrom(handle fd, memory into, duration limit = forever) {
    return detail::or_throw("recvfrom", [&](auto &failure) { return recvfrom(fd, into, limit, failure); });
}

/// Report the local address of each datagram that arrives, by recvfrom_at.
inline void set_pktinfo(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_pktinfo(fd.number, on), failure);
}
inline void set_pktinfo(handle fd, bool on = true) {
    detail::or_throw("set_pktinfo", [&](auto &failure) { set_pktinfo(fd, on, failure); });
}

/// A datagram, the local address that one can answer from (of family AF_UNSPEC if the kernel has not reported it), and
/// the interface that it came by, 0 if the kernel has not reported it.
struct datagram_at : datagram {
    address at;
    unsigned ifindex;
};

/// Receive one datagram, and the local address that it was sent to.
inline datagram_at recvfrom_at(handle fd, memory into, duration limit, std::error_code &failure) {
    address from, at;
    unsigned ifindex = 0;
    int truncated = 0;
    const ssize_t count = sockutil_recvfrom_at(fd.number, into.data, into.size, &from.raw(), &at.raw(), &ifindex,
                                               &truncated, detail::ms(limit));
    const std::size_t stored = detail::judge(count, failure) < 0 ? 0 : static_cast<std::size_t>(count);
    return {{stored, from, truncated != 0}, at, ifindex};
}
inline datagram_at recvfrom_at(handle fd, memory into, duration limit = forever) {
    return detail::or_throw("recvfrom_at", [&](auto &failure) { return recvfrom_at(fd, into, limit, failure); });
}

/// Send one datagram to *to, or to the socket's peer if to is NULL, from *at and through an interface; at NULL and
/// ifindex 0 leave these to the kernel.
inline void sendto_from(handle fd, bytes from, const address *to, const address *at, unsigned ifindex, duration limit,
                        std::error_code &failure) {
    const sockutil_addr *const peer = to ? &to->raw() : nullptr, *const source = at ? &at->raw() : nullptr;
    const ssize_t sent =
        sockutil_sendto_from(fd.number, from.data, from.size, peer, source, ifindex, detail::ms(limit));
    detail::judge(sent, failure);
}
inline void sendto_from(handle fd, bytes from, const address *to, const address *at, unsigned ifindex = 0,
                        duration limit = forever) {
    detail::or_throw("sendto_from", [&](auto &e) { sendto_from(fd, from, to, at, ifindex, limit, e); });
}

// ---- Options

/// Let a socket bind to an address that old connections still hold.
inline void set_reuseaddr(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_reuseaddr(fd.number, on), failure);
}
inline void set_reuseaddr(handle fd, bool on = true) {
    detail::or_throw("set_reuseaddr", [&](auto &failure) { set_reuseaddr(fd, on, failure); });
}

/// Let several sockets of one user bind to one port.
inline void set_reuseport(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_reuseport(fd.number, on), failure);
}
inline void set_reuseport(handle fd, bool on = true) {
    detail::or_throw("set_reuseport", [&](auto &failure) { set_reuseport(fd, on, failure); });
}

/// Keep IPv4 out of an IPv6 socket.
inline void set_v6only(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_v6only(fd.number, on), failure);
}
inline void set_v6only(handle fd, bool on = true) {
    detail::or_throw("set_v6only", [&](auto &failure) { set_v6only(fd, on, failure); });
}

/// Set or clear O_NONBLOCK, for all that share the descriptor.
inline void set_nonblock(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_nonblock(fd.number, on), failure);
}
inline void set_nonblock(handle fd, bool on = true) {
    detail::or_throw("set_nonblock", [&](auto &failure) { set_nonblock(fd, on, failure); });
}

/// Send small segments at once.
inline void set_nodelay(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_nodelay(fd.number, on), failure);
}
inline void set_nodelay(handle fd, bool on = true) {
    detail::or_throw("set_nodelay", [&](auto &failure) { set_nodelay(fd, on, failure); });
}

/// Allow a datagram socket to send to a broadcast address.
inline void set_broadcast(handle fd, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_broadcast(fd.number, on), failure);
}
inline void set_broadcast(handle fd, bool on = true) {
    detail::or_throw("set_broadcast", [&](auto &failure) { set_broadcast(fd, on, failure); });
}

/// Choose what closing does with unsent data: with on it waits up to that many seconds, with 0 it discards the data.
inline void set_linger(handle fd, bool on, int seconds, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_linger(fd.number, on, seconds), failure);
}
inline void set_linger(handle fd, bool on, int seconds = 0) {
    detail::or_throw("set_linger", [&](auto &failure) { set_linger(fd, on, seconds, failure); });
}

/// Make TCP detect a peer that vanished: a probe after idle_s seconds of silence, then every interval_s, count in all.
inline void set_keepalive(handle fd, int idle_s, int interval_s, int count, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_keepalive(fd.number, idle_s, interval_s, count), failure);
}
inline void set_keepalive(handle fd, int idle_s, int interval_s, int count) {
    detail::or_throw("set_keepalive", [&](auto &failure) { set_keepalive(fd, idle_s, interval_s, count, failure); });
}

/// Give up a TCP connection whose peer acknowledges nothing for so long; 0 is the system's default.
inline void set_user_timeout(handle fd, int ms, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_user_timeout(fd.number, ms), failure);
}
inline void set_user_timeout(handle fd, int ms) {
    detail::or_throw("set_user_timeout", [&](auto &failure) { set_user_timeout(fd, ms, failure); });
}

/// Join a multicast group on an interface; with ifindex 0 the group's zone or the kernel chooses it.
inline void multicast_join(handle fd, const address &group, unsigned ifindex, std::error_code &failure) noexcept {
    detail::judge(sockutil_multicast_join(fd.number, &group.raw(), ifindex), failure);
}
inline void multicast_join(handle fd, const address &group, unsigned ifindex = 0) {
    detail::or_throw("multicast_join", [&](auto &failure) { multicast_join(fd, group, ifindex, failure); });
}

/// Leave a multicast group on an interface.
inline void multicast_leave(handle fd, const address &group, unsigned ifindex, std::error_code &failure) noexcept {
    detail::judge(sockutil_multicast_leave(fd.number, &group.raw(), ifindex), failure);
}
inline void multicast_leave(handle fd, const address &group, unsigned ifindex = 0) {
    detail::or_throw("multicast_leave", [&](auto &failure) { multicast_leave(fd, group, ifindex, failure); });
}

/// Join a multicast group on an interface, for the datagrams of one source.
inline void multicast_join_source(handle fd, const address &group, const address &source, unsigned ifindex,
                                  std::error_code &failure) noexcept {
    detail::judge(sockutil_multicast_join_source(fd.number, &group.raw(), &source.raw(), ifindex), failure);
}
inline void multicast_join_source(handle fd, const address &group, const address &source, unsigned ifindex = 0) {
    detail::or_throw("multicast_join_source", [&](auto &e) { multicast_join_source(fd, group, source, ifindex, e); });
}

/// Leave a multicast group on an interface, for the datagrams of one source.
inline void multicast_leave_source(handle fd, const address &group, const address &source, unsigned ifindex,
                                   std::error_code &failure) noexcept {
    detail::judge(sockutil_multicast_leave_source(fd.number, &group.raw(), &source.raw(), ifindex), failure);
}
inline void multicast_leave_source(handle fd, const address &group, const address &source, unsigned ifindex = 0) {
    detail::or_throw("multicast_leave_source", [&](auto &e) { multicast_leave_source(fd, group, source, ifindex, e); });
}

/// Choose the interface through which multicast datagrams are sent. af is AF_INET or AF_INET6, the socket's.
inline void set_multicast_interface(handle fd, int af, unsigned ifindex, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_multicast_interface(fd.number, af, ifindex), failure);
}
inline void set_multicast_interface(handle fd, int af, unsigned ifindex) {
    detail::or_throw("set_multicast_interface", [&](auto &e) { set_multicast_interface(fd, af, ifindex, e); });
}

/// Choose how many hops multicast datagrams may go, 0 to 255. af is AF_INET or AF_INET6, the socket's.
inline void set_multicast_hops(handle fd, int af, int hops, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_multicast_hops(fd.number, af, hops), failure);
}
inline void set_multicast_hops(handle fd, int af, int hops) {
    detail::or_throw("set_multicast_hops", [&](auto &failure) { set_multicast_hops(fd, af, hops, failure); });
}

/// Choose whether members on this machine receive the multicast datagrams sent.
inline void set_multicast_loop(handle fd, int af, bool on, std::error_code &failure) noexcept {
    detail::judge(sockutil_set_multicast_loop(fd.number, af, on), failure);
}
inline void set_multicast_loop(handle fd, int af, bool on = true) {
    detail::or_throw("set_multicast_loop", [&](auto &failure) { set_multicast_loop(fd, af, on, failure); });
}

/// Read a socket option that is an int.
inline int getsockopt_int(handle fd, int level, int name, std::error_code &failure) noexcept {
    int value = 0;
    detail::judge(sockutil_getsockopt_int(fd.number, level, name, &value), failure);
    return value;
}
inline int getsockopt_int(handle fd, int level, int name) {
    return detail::or_throw("getsockopt_int", [&](auto &failure) { return getsockopt_int(fd, level, name, failure); });
}

/// Set a socket option that is an int.
inline void setsockopt_int(handle fd, int level, int name, int value, std::error_code &failure) noexcept {
    detail::judge(sockutil_setsockopt_int(fd.number, level, name, value), failure);
}
inline void setsockopt_int(handle fd, int level, int name, int value) {
    detail::or_throw("setsockopt_int", [&](auto &failure) { setsockopt_int(fd, level, name, value, failure); });
}

/// Read a socket's pending error, and clear it: the result of a connect, once POLLOUT is there.
inline std::error_code take_error(handle fd, std::error_code &failure) noexcept {
    const int pending = detail::judge(sockutil_take_error(fd.number), failure);
    return {pending < 0 ? 0 : pending, std::system_category()};
}
inline std::error_code take_error(handle fd) {
    return detail::or_throw("take_error", [&](auto &failure) { return take_error(fd, failure); });
}

// ---- Processes and descriptors

/// Make the whole program ignore SIGPIPE.
inline void ignore_sigpipe(std::error_code &failure) noexcept {
    detail::judge(sockutil_ignore_sigpipe(), failure);
}
inline void ignore_sigpipe() {
    detail::or_throw("ignore_sigpipe", [&](auto &failure) { ignore_sigpipe(failure); });
}

/// Reap every child that has ended, and return how many.
inline int reap_children(std::error_code &failure) noexcept {
    return detail::judge(sockutil_reap_children(), failure);
}
inline int reap_children() {
    return detail::or_throw("reap_children", [&](auto &failure) { return reap_children(failure); });
}

/// Pass a descriptor to the process at the other end of a Unix socket. It stays open here.
inline void send_fd(handle unix_fd, handle fd, duration limit, std::error_code &failure) {
    detail::judge(sockutil_send_fd(unix_fd.number, fd.number, detail::ms(limit)), failure);
}
inline void send_fd(handle unix_fd, handle fd, duration limit = forever) {
    detail::or_throw("send_fd", [&](auto &failure) { send_fd(unix_fd, fd, limit, failure); });
}

/// Receive a descriptor, as send_fd sends it. At the end of the stream the result owns nothing.
inline socket recv_fd(handle unix_fd, duration limit, std::error_code &failure) {
    int fd = -1;
    detail::judge(sockutil_recv_fd(unix_fd.number, &fd, detail::ms(limit)), failure);
    return socket(fd);
}
inline socket recv_fd(handle unix_fd, duration limit = forever) {
    return detail::or_throw("recv_fd", [&](auto &failure) { return recv_fd(unix_fd, limit, failure); });
}

// ---- TCP state

/// Get the TCP state of a descriptor's connection: SOCKUTIL_TCP_ESTABLISHED and so on.
inline int tcp_state(handle fd, std::error_code &failure) noexcept {
    return detail::judge(sockutil_tcp_state(fd.number), failure);
}
inline int tcp_state(handle fd) {
    return detail::or_throw("tcp_state", [&](auto &failure) { return tcp_state(fd, failure); });
}

/// Get the TCP state of the connection between two addresses, as local's end has it.
inline int tcp_state_between(const address &local, const address &peer, std::error_code &failure) noexcept {
    return detail::judge(sockutil_tcp_state_between(&local.raw(), &peer.raw()), failure);
}
inline int tcp_state_between(const address &local, const address &peer) {
    return detail::or_throw("tcp_state_between",
                            [&](auto &failure) { return tcp_state_between(local, peer, failure); });
}

/// Return the name of a TCP state: "ESTABLISHED" and so on.
inline std::string_view tcp_state_name(int state) noexcept {
    return sockutil_tcp_state_name(state);
}

} // namespace sockutil

#endif /* SOCKUTIL_HPP */
