// Each function in its form with std::error_code: a success clears the code, a failure sets it. It also compiles
// without exceptions.
#include "kit.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstring>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/wait.h>
#if __has_include(<span>)
#include <span>
#endif

// Set before each call that must clear it, and cleared before each that must set it.
static std::error_code failure;

#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        failure = error(EDOM);                                                                                         \
        CHECK(call);                                                                                                   \
        CHECK(!failure);                                                                                               \
    } while (0)

#define SUCCEEDS_VOID(call) SUCCEEDS(((call), true))

#define FAILS(call, number)                                                                                            \
    do {                                                                                                               \
        failure.clear();                                                                                               \
        (void)(call);                                                                                                  \
        CHECK(failure == error(number));                                                                               \
    } while (0)

static bool is(const su::transfer &result, su::status status, std::size_t count) {
    return result.status == status && result.count == count;
}

static bool is(const su::piece &result, su::status status, std::string_view text) {
    return result.status == status && result.text == text && result.count == text.size();
}

static void arguments() {
    static_assert(su::forever == su::duration(SOCKUTIL_FOREVER) && su::nowait == su::duration(SOCKUTIL_NOWAIT));
    static_assert(std::is_convertible_v<std::chrono::seconds, su::duration>);
    static_assert(!std::is_convertible_v<int, su::duration>, "a number without a unit is no limit");
    static_assert(!std::is_convertible_v<int, su::socket>, "nothing is owned by accident");
    // What bytes and memory take.
    char array[4] = {'a', 'b', 'c', 'd'};
    int numbers[2] = {1, 2};
    std::string string = "abc";
    const std::array<int, 2> constant = {1, 2};
    CHECK(su::memory(array).size == 4 && su::memory(array).data == array);
    CHECK(su::memory(numbers).size == 2 * sizeof(int));
    CHECK(su::memory(array, 3).size == 3);
    CHECK(su::memory(string).size == 3 && su::memory(string).data == string.data());
    CHECK(su::bytes("ab").size == 2 && su::bytes("a\0b").size == 3);
    CHECK(su::bytes(string).size == 3 && su::bytes(std::string_view("ab")).size == 2);
    CHECK(su::bytes(constant).size == 2 * sizeof(int));
    pollfd polled[2] = {};
    static_assert(!std::is_constructible_v<su::entries, const pollfd(&)[2]>, "their revents are set");
    CHECK(su::entries(polled).size == 2 && su::entries(polled, 1).data == polled);
    CHECK(su::bytes(array, 3).size == 3);
    static_assert(!std::is_convertible_v<char(&)[4], su::bytes>, "how much of it is not known");
    static_assert(!std::is_convertible_v<const std::array<int, 2> &, su::memory>, "it is constant");
    static_assert(!std::is_convertible_v<std::string *, su::memory>);
    static_assert(!std::is_convertible_v<std::vector<std::string> &, su::memory>, "bytes are no strings");
#ifdef __cpp_lib_span
    CHECK(su::memory(std::span(array)).size == 4);
    CHECK(su::memory(std::as_writable_bytes(std::span(numbers))).size == sizeof numbers);
    CHECK(su::bytes(std::as_bytes(std::span(numbers))).size == sizeof numbers);
#endif
    CHECK(su::text(nullptr).chars == nullptr && su::text(string).chars == string.c_str());
    CHECK(su::handle(7).number == 7);
}

static void time() {
    const su::duration before = su::now();
    CHECK(before > 0ms && su::now() >= before);
    CHECK(su::left(before) == 0ms);
    CHECK(su::left(before + 1h) > 59min && su::left(before + 1h) <= 1h);
    ends pair;
    FAILS(su::wait(pair.here, POLLIN, 0ms, failure), EAGAIN);
    FAILS(su::wait(pair.here, POLLIN, 10ms, failure), EAGAIN);
    FAILS(su::wait(pair.here, POLLIN, -2ms, failure), EINVAL);
    // Limits that no int holds: very long ones are valid, and negative ones stay errors.
    FAILS(su::wait(pair.here, POLLIN, su::duration::min(), failure), EINVAL);
    FAILS(su::wait(pair.here, POLLIN, -(1LL << 32) * 1ms, failure), EINVAL);
    SUCCEEDS(su::wait(pair.here, POLLOUT, su::duration::max(), failure) == POLLOUT);
    SUCCEEDS(su::wait(pair.here, POLLOUT, su::forever, failure) == POLLOUT);
    SUCCEEDS(su::wait(pair.here, POLLOUT, ((1LL << 32) - 2) * 1ms, failure) == POLLOUT);

    pollfd two[] = {{pair.here.get(), POLLIN, 0}, {-1, POLLIN, 0}};
    FAILS(su::wait_any(two, 10ms, failure), EAGAIN);
    FAILS(su::wait_any(two, -2ms, failure), EINVAL);
    FAILS(su::wait_any({nullptr, 1}, 0ms, failure), EINVAL);
    FAILS(su::wait_any({nullptr, 0}, 1ms, failure), EAGAIN);
    std::vector<pollfd> some(two, two + 2);
    some.push_back({pair.there.get(), POLLOUT, 0});
    SUCCEEDS(su::wait_any(some, su::forever, failure) == 1);
    CHECK(some[0].revents == 0 && some[1].revents == 0 && some[2].revents == POLLOUT);
    SUCCEEDS(su::wait_any({some.data() + 2, 1}, 1s, failure) == 1);
}

static void transfers() {
    ends pair;
    char buffer[8];
    SUCCEEDS(is(su::write_full(pair.there, "abc", 1s, 0, failure), su::status::done, 3));
    // EAGAIN keeps the count, and the call goes on from there.
    failure.clear();
    su::transfer result = su::read_full(pair.here, {buffer, 5}, 10ms, 0, failure);
    CHECK(failure == error(EAGAIN) && failure == std::errc::resource_unavailable_try_again);
    CHECK(is(result, su::status::failed, 3));
    const iovec parts[2] = {{const_cast<char *>("d"), 1}, {const_cast<char *>("e"), 1}};
    SUCCEEDS(is(su::writev_full(pair.there, parts, 2, 1s, 0, failure), su::status::done, 2));
    SUCCEEDS(is(su::read_full(pair.here, {buffer, 5}, 1s, result.count, failure), su::status::done, 5));
    CHECK(std::memcmp(buffer, "abcde", 5) == 0);

    SUCCEEDS(is(su::write_full(pair.there, "li", 1s, 0, failure), su::status::done, 2));
    failure.clear();
    result = su::read_line(pair.here, buffer, su::nowait, 0, failure);
    CHECK(failure == error(EAGAIN) && is(result, su::status::failed, 2) && std::strcmp(buffer, "li") == 0);
    SUCCEEDS(is(su::write_full(pair.there, "ne\nlonger line", 1s, 0, failure), su::status::done, 14));
    SUCCEEDS(is(su::read_line(pair.here, buffer, 1s, result.count, failure), su::status::done, 5));
    CHECK(std::strcmp(buffer, "line\n") == 0);
    FAILS(result = su::read_line(pair.here, buffer, 1s, 0, failure), EMSGSIZE);
    CHECK(is(result, su::status::failed, 7) && std::strcmp(buffer, "longer ") == 0);

    SUCCEEDS_VOID(su::shutdown_write(pair.there, failure));
    SUCCEEDS(is(su::read_full(pair.here, buffer, 1s, 0, failure), su::status::end, 4));
    SUCCEEDS(is(su::read_full(pair.here, buffer, 1s, 0, failure), su::status::end, 0));
    FAILS(su::write_full(pair.there, "x", 1s, 0, failure), EPIPE);
    FAILS(su::writev_full(pair.there, parts, 2, 1s, 0, failure), EPIPE);
    FAILS(su::send_frame(pair.there, 2, "x", 1s, 0, failure), EPIPE);
    FAILS(su::send_frame(pair.there, 3, "x", 1s, 0, failure), EINVAL);
    FAILS(su::shutdown_write(-1, failure), EBADF);

    // A full pipe: the count of a write survives, too, and the rest follows.
    int pipes[2];
    CHECK(pipe2(pipes, O_CLOEXEC) == 0);
    su::socket from(pipes[0]), to(pipes[1]);
    const std::vector<char> much(1 << 20, 'm');
    std::vector<char> arrived(much.size());
    failure.clear();
    su::transfer sent = su::write_full(to, much, 10ms, 0, failure);
    CHECK(failure == error(EAGAIN) && sent.status == su::status::failed && sent.count > 0 && sent.count < much.size());
    su::transfer read = {su::status::failed, 0};
    while (read.status == su::status::failed) {
        if (sent.status == su::status::failed)
            sent = su::write_full(to, much, su::nowait, sent.count, failure);
        read = su::read_full(from, arrived, su::nowait, read.count, failure);
        CHECK(!failure || failure == error(EAGAIN));
    }
    CHECK(is(read, su::status::done, much.size()) && is(sent, su::status::done, much.size()) && arrived == much);
}

static void readers() {
    ends pair;
    char memory[8], buffer[4];
    su::reader own(pair.here, 64, failure = error(EDOM));
    CHECK(!failure && own.pending() == 0);
    SUCCEEDS_VOID(su::write_full(pair.there, "one\r\ntwo;part", 1s, 0, failure));
    su::piece line = own.line(1s, failure);
    CHECK(is(line, su::status::done, "one\r\n") && line.chomp() == "one" && is(line, su::status::done, "one"));
    CHECK(line.text.data()[3] == '\0');
    SUCCEEDS(is(own.until(';', 1s, failure), su::status::done, "two;"));
    CHECK(own.pending() == 4);
    FAILS(own.until(256, 1s, failure), EINVAL);
    FAILS(line = own.line(su::nowait, failure), EAGAIN);
    CHECK(is(line, su::status::failed, ""));
    SUCCEEDS(is(own.read_full({buffer, 4}, 1s, 0, failure), su::status::done, 4));
    CHECK(std::memcmp(buffer, "part", 4) == 0);

    SUCCEEDS_VOID(su::write_full(pair.there, "ab", 1s, 0, failure));
    failure.clear();
    su::transfer moved = own.read_full({buffer, 4}, 10ms, 0, failure);
    CHECK(failure == error(EAGAIN) && is(moved, su::status::failed, 2));
    SUCCEEDS_VOID(su::write_full(pair.there, "cd", 1s, 0, failure));
    SUCCEEDS(is(own.read_full({buffer, 4}, 1s, moved.count, failure), su::status::done, 4));
    CHECK(std::memcmp(buffer, "abcd", 4) == 0);

    SUCCEEDS_VOID(su::write_full(pair.there, "skipped", 1s, 0, failure));
    failure.clear();
    moved = own.skip_line(10ms, 0, failure);
    CHECK(failure == error(EAGAIN) && is(moved, su::status::failed, 7));
    SUCCEEDS_VOID(su::write_full(pair.there, "!\n", 1s, 0, failure));
    SUCCEEDS(is(own.skip_line(1s, moved.count, failure), su::status::done, 9));

    SUCCEEDS(is(su::send_frame(pair.there, 2, "body", 1s, 0, failure), su::status::done, 6));
    SUCCEEDS(is(own.frame(2, 1s, failure), su::status::done, "body"));
    SUCCEEDS(is(su::send_frame(pair.there, 2, {nullptr, 0}, 1s, 0, failure), su::status::done, 2));
    SUCCEEDS(is(own.frame(2, 1s, failure), su::status::done, ""));

    // The caller's memory, which is too small for a line and a frame.
    su::reader small(pair.here, memory, failure = error(EDOM));
    CHECK(!failure);
    SUCCEEDS_VOID(su::write_full(pair.there, "too long a line\n", 1s, 0, failure));
    FAILS(line = small.line(1s, failure), EMSGSIZE);
    CHECK(is(line, su::status::failed, "too lon") && line.text.data() >= memory && line.text.data() < memory + 8);
    SUCCEEDS(is(small.skip_line(1s, 0, failure), su::status::done, 16));
    SUCCEEDS_VOID(su::send_frame(pair.there, 1, "123456789", 1s, 0, failure));
    FAILS(line = small.frame(1, 1s, failure), EMSGSIZE);
    CHECK(line.status == su::status::failed && line.text.empty() && line.count == 9);

    SUCCEEDS_VOID(su::close_reset(std::move(pair.there), failure));
    su::reader none(-1, 16, failure);
    CHECK(!failure);
    FAILS(none.line(1s, failure), EBADF);
    su::reader tiny(pair.here, 1, failure);
    CHECK(failure == error(EINVAL));
    FAILS(tiny.line(1s, failure), EINVAL);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // They end the program instead.
    const volatile std::size_t all = std::size_t(-1);               // Volatile: the compiler would warn.
    su::reader huge(pair.here, all / 2 + 1, failure = {});
    CHECK(failure == error(ENOMEM));
#endif

    ends last;
    su::reader rest(last.here, 64, failure);
    SUCCEEDS_VOID(su::write_full(last.there, "no newline", 1s, 0, failure));
    last.there.reset();
    SUCCEEDS(is(rest.line(1s, failure), su::status::end, "no newline"));
    SUCCEEDS(is(rest.line(1s, failure), su::status::end, ""));
}

static void writers() {
    ends pair;
    char memory[8], buffer[32];
    su::writer own(pair.there, 16, failure = error(EDOM));
    CHECK(!failure && own.pending() == 0);
    SUCCEEDS(is(own.put("put;", 1s, 0, failure), su::status::done, 4));
    SUCCEEDS(is(own.frame(2, "frame", su::nowait, 0, failure), su::status::done, 7));
    CHECK(own.pending() == 11);
    FAILS(su::read_full(pair.here, {buffer, 1}, su::nowait, 0, failure), EAGAIN);
    SUCCEEDS_VOID(own.flush(1s, failure));
    CHECK(own.pending() == 0);
    SUCCEEDS(is(su::read_full(pair.here, {buffer, 11}, 1s, 0, failure), su::status::done, 11));
    CHECK(std::memcmp(buffer, "put;\0\5frame", 11) == 0);
    FAILS(own.frame(3, "x", 1s, 0, failure), EINVAL);
    FAILS(own.frame(1, std::string(256, 'x'), 1s, 0, failure), EMSGSIZE);
    FAILS(own.put("x", 1s, 1, failure), EINVAL);

    // A peer that does not read: a piece that would fit is dropped as a whole, a longer one goes on.
    ends slow;
    su::writer small(slow.there, memory, failure = error(EDOM));
    CHECK(!failure);
    const std::string much(4 << 20, 'm');
    su::transfer moved = small.put(much, su::nowait, 0, failure);
    CHECK(failure == error(EAGAIN) && moved.status == su::status::failed && moved.count > 0);
    FAILS(small.flush(su::nowait, failure), EINVAL);
    std::string arrived(much.size(), '\0');
    std::size_t read = 0;
    while (moved.status != su::status::done) {
        read = su::read_full(slow.here, arrived, su::nowait, read, failure).count;
        moved = small.put(much, su::nowait, moved.count, failure);
        CHECK(!failure || failure == error(EAGAIN));
    }
    SUCCEEDS_VOID(small.flush(1s, failure));
    SUCCEEDS(is(su::read_full(slow.here, arrived, 1s, read, failure), su::status::done, much.size()));
    CHECK(arrived == much);

    su::writer none(-1, 16, failure);
    SUCCEEDS(is(none.put("held", 1s, 0, failure), su::status::done, 4));
    FAILS(none.flush(1s, failure), EBADF);
    CHECK(none.pending() == 4);
    su::writer tiny(pair.there, std::size_t{0}, failure);
    CHECK(failure == error(EINVAL));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // They end the program instead.
    const volatile std::size_t all = std::size_t(-1);               // Volatile: the compiler would warn.
    su::writer huge(pair.there, all / 2 + 1, failure = {});
    CHECK(failure == error(ENOMEM));
#endif
}

static void relays() {
    ends front, back;
    char got[8];
    struct pollfd wants[2];
    su::relays both;
    std::error_code why = error(EDOM);
    SUCCEEDS(both.add(front.here, back.there, 64, failure) == 0);
    SUCCEEDS(both.add(back.there, front.here, 64, failure) == 1);
    FAILS(both.add(front.here, front.here, 64, failure), EINVAL);
    SUCCEEDS_VOID(su::write_full(front.there, "there", 1s, 0, failure));
    FAILS((both.run(su::nowait, failure), 0), EAGAIN);
    CHECK(both.moved(0) == 5 && both.moved(1) == 0 && both.moved(2) == 0);
    CHECK(!both.ended(0, &why) && !why && both.ended(2, &why) && why == error(EINVAL) && !both.ended(0));
    both.wants(0, wants);
    CHECK(wants[0].fd == front.here.get() && wants[0].events == POLLIN && wants[1].fd == -1);
    SUCCEEDS(is(su::read_full(back.here, {got, 5}, 1s, 0, failure), su::status::done, 5));
    front.there.reset();
    back.here.reset();
    SUCCEEDS_VOID(both.run(1s, failure));
    why = error(EDOM);
    CHECK(both.ended(0, &why) && !why);
    su::relays many;
    for (std::size_t i = 0; i < 16; i++)
        SUCCEEDS(many.add(front.here, back.there, 1, failure) == i);
    FAILS(many.add(front.here, back.there, 1, failure), EINVAL);
    su::relays none;
    FAILS((none.run(1s, failure), 0), EINVAL);
}

static void addresses() {
    su::address a, b;
    SUCCEEDS((a = su::address::parse("127.0.0.1:80", -1, failure)).port(failure) == 80);
    SUCCEEDS(a.to_string(failure) == "127.0.0.1:80");
    SUCCEEDS((b = su::address::parse(std::string("127.0.0.1"), 80, failure)) == a);
    CHECK(!(a != b));
    SUCCEEDS((b = su::address::parse("127.0.0.1:81", -1, failure)) != a);
    CHECK(!(a == b));
    FAILS(su::address::parse("127.0.0.1", -1, failure), EINVAL);
    FAILS(su::address::parse("010.1.1.1", 80, failure), EINVAL);
    FAILS(su::address::parse("127.0.0.1", -2, failure), EINVAL);
    FAILS(su::address::parse(std::string("unix:") + std::string(200, 'x'), -1, failure), ENAMETOOLONG);
    FAILS(su::address().to_string(failure), EAFNOSUPPORT);
    FAILS(su::address().port(failure), EAFNOSUPPORT);
    CHECK(su::address().port(failure) == -1 && su::address().to_string(failure).empty());
    SUCCEEDS((b = su::address::parse("[::ffff:127.0.0.1]:80", -1, failure)) != a);
    CHECK(b.unmap() && b == a && !b.unmap());
    SUCCEEDS((b = su::address::from(&a.raw().ss, a.raw().len, failure)) == a);
    FAILS(su::address::from(&a.raw().ss, 1, failure), EINVAL);
    SUCCEEDS_VOID(b.set_port(81, failure));
    CHECK(b.port(failure) == 81);
    FAILS(b.set_port(65536, failure), EINVAL);
    FAILS(su::address().set_port(80, failure), EAFNOSUPPORT);
    CHECK(b.port(failure) == 81);
    su::network loopback;
    CHECK(!a.in(loopback));
    SUCCEEDS((loopback = su::network::parse("127.0.0.0/8", failure)).raw().bits == 8);
    CHECK(a.in(loopback) && !su::address().in(loopback));
    FAILS(su::network::parse("127.0.0.1/8", failure), EINVAL);
    CHECK(su::error_text(EPIPE) == std::strerror(EPIPE));
    CHECK(su::error_text(EADDRNOTAVAIL, EAI_NONAME) == gai_strerror(EAI_NONAME));
    CHECK(su::address(a.raw()) == a && a.raw().ss.ss_family == AF_INET);
    SUCCEEDS(a.source(failure) == su::address::parse("127.0.0.1:0", -1, failure));
    FAILS(su::address().source(failure), EAFNOSUPPORT);
    FAILS(su::address::local(-1, failure), EBADF);
    FAILS(su::address::peer(-1, failure), EBADF);

    std::vector<su::address> all;
    SUCCEEDS((all = su::resolve("127.0.0.1", "80", SOCK_STREAM, SOCKUTIL_NUMERIC, failure)).size() == 1);
    CHECK(all[0] == a);
    SUCCEEDS(!su::resolve(nullptr, "80", SOCK_STREAM, 0, failure).empty());
}

static void resolver() {
    failure.clear();
    CHECK(su::resolve("not an address", "80", SOCK_STREAM, SOCKUTIL_NUMERIC, failure).empty());
    CHECK(failure == std::error_code(EAI_NONAME, su::resolver_category()));
    CHECK(failure.message() == gai_strerror(EAI_NONAME));
    CHECK(std::strcmp(failure.category().name(), "resolver") == 0);
    CHECK(failure == std::errc::address_not_available && failure != error(EADDRNOTAVAIL));
    for (int what = 0; what < 6; what++) {
        failure.clear();
        if (what == 0)
            CHECK(!su::tcp_listen("127.0.0.1", "65536", 1, 0, failure));
        else if (what == 1)
            CHECK(!su::tcp_connect("127.0.0.1", "65536", 1s, 0, failure));
        else if (what == 2)
            CHECK(!su::stream_listen("127.0.0.1:65536", 1, 0, failure));
        else if (what == 3)
            CHECK(!su::stream_connect("127.0.0.1:65536", 1s, 0, failure));
        else if (what == 4)
            CHECK(!su::udp_bind("127.0.0.1", "65536", 0, failure));
        else
            CHECK(!su::udp_connect("127.0.0.1", "65536", 0, failure));
        CHECK(failure == std::error_code(EAI_SERVICE, su::resolver_category()));
    }
    // EADDRNOTAVAIL of bind(2) is not the resolver's.
    FAILS(su::tcp_listen("192.0.2.1", "0", 1, 0, failure), EADDRNOTAVAIL);
    FAILS(su::resolve("127.0.0.1", "80", SOCK_STREAM, 1, failure), EINVAL);
}

static void endpoints() {
    su::socket listener, client, server;
    su::address from;
    SUCCEEDS(listener = su::tcp_listen("127.0.0.1", "0", 8, 0, failure));
    const std::string service = service_of(listener);
    FAILS(su::tcp_listen("127.0.0.1", service, 8, 0, failure), EADDRINUSE);
    FAILS(su::accept(listener, su::nowait, 0, nullptr, failure), EAGAIN);
    SUCCEEDS(client = su::tcp_connect("127.0.0.1", service, 5s, 0, failure));
    SUCCEEDS(server = su::accept(listener, 5s, SOCKUTIL_NONBLOCK, &from, failure));
    CHECK((fcntl(server.get(), F_GETFL) & O_NONBLOCK) && !(fcntl(client.get(), F_GETFL) & O_NONBLOCK));
    SUCCEEDS(su::address::local(client, failure) == from);
    SUCCEEDS(su::address::peer(server, failure) == from);
    SUCCEEDS(su::address::peer(client, failure) == su::address::local(listener, failure));
    SUCCEEDS(su::tcp_state(server, failure) == SOCKUTIL_TCP_ESTABLISHED);
    SUCCEEDS(su::tcp_state(listener, failure) == SOCKUTIL_TCP_LISTEN);
    FAILS(su::tcp_state(-1, failure), EBADF);
    CHECK(su::tcp_state_name(SOCKUTIL_TCP_LISTEN) == "LISTEN" && su::tcp_state_name(99) == "UNKNOWN");
#ifndef WITHOUT_SOCK_DIAG
    const su::address to = su::address::local(listener, failure);
    SUCCEEDS(su::tcp_state_between(from, to, failure) == SOCKUTIL_TCP_ESTABLISHED);
#endif
    FAILS(su::tcp_state_between(su::address(), from, failure), EAFNOSUPPORT);

    SUCCEEDS_VOID(su::set_nodelay(client, true, failure));
    SUCCEEDS(su::getsockopt_int(client, IPPROTO_TCP, TCP_NODELAY, failure) != 0);
    SUCCEEDS_VOID(su::set_nodelay(client, false, failure));
    SUCCEEDS(su::getsockopt_int(client, IPPROTO_TCP, TCP_NODELAY, failure) == 0);
    SUCCEEDS_VOID(su::set_keepalive(client, 30, 5, 3, failure));
    SUCCEEDS(su::getsockopt_int(client, IPPROTO_TCP, TCP_KEEPIDLE, failure) == 30);
    SUCCEEDS(su::getsockopt_int(client, IPPROTO_TCP, TCP_KEEPINTVL, failure) == 5);
    SUCCEEDS(su::getsockopt_int(client, IPPROTO_TCP, TCP_KEEPCNT, failure) == 3);
    FAILS(su::set_keepalive(client, -1, 5, 3, failure), EINVAL);
    SUCCEEDS_VOID(su::set_user_timeout(client, 1000, failure));
    SUCCEEDS(su::getsockopt_int(client, IPPROTO_TCP, TCP_USER_TIMEOUT, failure) == 1000);
    FAILS(su::set_user_timeout(client, -1, failure), EINVAL);
    linger setting{};
    socklen_t size = sizeof setting;
    SUCCEEDS_VOID(su::set_linger(client, true, 7, failure));
    CHECK(getsockopt(client.get(), SOL_SOCKET, SO_LINGER, &setting, &size) == 0 && setting.l_onoff &&
          setting.l_linger == 7);
    FAILS(su::set_linger(client, true, -1, failure), EINVAL);
    SUCCEEDS_VOID(su::set_nonblock(client, true, failure));
    CHECK(fcntl(client.get(), F_GETFL) & O_NONBLOCK);
    SUCCEEDS_VOID(su::set_nonblock(client, false, failure));
    CHECK(!(fcntl(client.get(), F_GETFL) & O_NONBLOCK));

    // close_graceful: the peer reads what was sent, and then the end. close_reset: it reads ECONNRESET.
    char buffer[8];
    SUCCEEDS_VOID(su::write_full(client, "bye", 1s, 0, failure));
    FAILS(su::close_graceful(std::move(client), su::nowait, failure), ETIMEDOUT);
    CHECK(!client);
    SUCCEEDS(is(su::read_full(server, buffer, 5s, 0, failure), su::status::end, 3));
    SUCCEEDS_VOID(su::close_graceful(std::move(server), 5s, failure));
    SUCCEEDS(client = su::tcp_connect("127.0.0.1", service, 5s, 0, failure));
    SUCCEEDS(server = su::accept(listener, 5s, 0, nullptr, failure));
    SUCCEEDS_VOID(su::close_reset(std::move(server), failure));
    FAILS(su::read_full(client, buffer, 5s, 0, failure), ECONNRESET);
    SUCCEEDS_VOID(su::close(std::move(client), failure));
    FAILS(su::close(su::socket(), failure), EBADF);
    FAILS(su::close_graceful(su::socket(), 1s, failure), EBADF);
    FAILS(su::close_reset(su::socket(), failure), EBADF);

    // An attempt that fails at once, and one in the background.
    const su::address gone = su::address::local(listener, failure);
    su::socket attempt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    SUCCEEDS_VOID(su::connect(attempt, gone, 5s, failure));
    FAILS(su::connect(attempt, gone, 5s, failure), EISCONN);
    SUCCEEDS_VOID(su::close(std::move(listener), failure));
    FAILS(su::tcp_connect("127.0.0.1", service, 5s, 0, failure), ECONNREFUSED);
    FAILS(su::tcp_connect("127.0.0.1", service, su::nowait, 0, failure), ETIMEDOUT);
    attempt.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    FAILS(su::connect(attempt, gone, su::nowait, failure), EINPROGRESS);
    SUCCEEDS(su::wait(attempt, POLLOUT, 5s, failure) & POLLOUT);
    SUCCEEDS(su::take_error(attempt, failure) == error(ECONNREFUSED));
    SUCCEEDS(!su::take_error(attempt, failure));
    FAILS(su::take_error(-1, failure), EBADF);
}

static void one_text() {
    const std::string path = "unix:@sockutil-cpp-text-" + std::to_string(getpid());
    su::socket listener, client;
    for (const std::string &at : {std::string("127.0.0.1:0"), path}) {
        SUCCEEDS(listener = su::stream_listen(at, 8, 0, failure));
        const std::string to = at == path ? path : su::address::local(listener, failure).to_string(failure);
        SUCCEEDS(client = su::stream_connect(to, 5s, 0, failure));
        SUCCEEDS(su::accept(listener, 5s, 0, nullptr, failure));
        FAILS(su::stream_listen(to, 8, 0, failure), EADDRINUSE);
        listener.reset();
        FAILS(su::stream_connect(to, 5s, 0, failure), ECONNREFUSED);
        FAILS(su::stream_connect(to, su::nowait, 0, failure), ETIMEDOUT);
    }
    FAILS(su::stream_listen("[name]:80", 8, 0, failure), EINVAL);
    FAILS(su::stream_connect("", 1s, 0, failure), EINVAL);
}

static void unix_sockets() {
    const std::string path = "@sockutil-cpp-codes-" + std::to_string(getpid());
    su::socket listener, client, server;
    FAILS(su::unix_connect(path, 1s, 0, failure), ECONNREFUSED);
    SUCCEEDS(listener = su::unix_listen(path, 8, 0, failure));
    FAILS(su::unix_listen(path, 8, 0, failure), EADDRINUSE);
    FAILS(su::unix_listen("", 8, 0, failure), EINVAL);
    SUCCEEDS(client = su::unix_connect(path, 1s, 0, failure));
    SUCCEEDS(server = su::accept(listener, 1s, 0, nullptr, failure));
    SUCCEEDS(su::address::peer(client, failure).to_string(failure) == "unix:" + path);

    // A descriptor travels: the same file under a new number.
    ends pair;
    su::socket received;
    SUCCEEDS_VOID(su::send_fd(client, pair.here, 1s, failure));
    SUCCEEDS(received = su::recv_fd(server, 1s, failure));
    CHECK(received.get() != pair.here.get());
    SUCCEEDS_VOID(su::write_full(received, "x", 1s, 0, failure));
    char byte;
    SUCCEEDS(is(su::read_full(pair.there, {&byte, 1}, 1s, 0, failure), su::status::done, 1));
    FAILS(su::send_fd(client, -1, 1s, failure), EBADF);
    FAILS(received = su::recv_fd(server, su::nowait, failure), EAGAIN);
    CHECK(!received);
    client.reset();
    SUCCEEDS(!su::recv_fd(server, 1s, failure));
}

static void datagrams() {
    su::socket one, two;
    char buffer[4];
    SUCCEEDS(one = su::udp_bind("127.0.0.1", "0", 0, failure));
    SUCCEEDS(two = su::udp_connect("127.0.0.1", service_of(one), 0, failure));
    FAILS(su::recvfrom(one, buffer, su::nowait, failure), EAGAIN);
    SUCCEEDS_VOID(su::sendto(two, "abcdef", nullptr, 1s, failure));
    su::datagram got;
    SUCCEEDS((got = su::recvfrom(one, buffer, 5s, failure)).count == 4);
    CHECK(got.truncated && std::memcmp(buffer, "abcd", 4) == 0 && got.from == su::address::local(two, failure));
    SUCCEEDS_VOID(su::sendto(one, {nullptr, 0}, &got.from, 1s, failure));
    SUCCEEDS((got = su::recvfrom(two, buffer, 5s, failure)).count == 0);
    CHECK(!got.truncated && got.from == su::address::local(one, failure));
    FAILS(su::sendto(one, "x", nullptr, 1s, failure), EDESTADDRREQ);
    FAILS(su::recvfrom_at(one, buffer, su::nowait, failure), EAGAIN);
    FAILS(su::set_pktinfo(-1, true, failure), EBADF);
    SUCCEEDS_VOID(su::set_pktinfo(one, true, failure));
    SUCCEEDS_VOID(su::sendto(two, "abcdef", nullptr, 1s, failure));
    su::datagram_at asked;
    SUCCEEDS((asked = su::recvfrom_at(one, buffer, 5s, failure)).count == 4);
    CHECK(asked.truncated && asked.from == su::address::local(two, failure) && asked.ifindex != 0);
    CHECK(asked.at == su::address::parse("127.0.0.1:0", -1, failure));
    SUCCEEDS_VOID(su::sendto_from(one, "x", &asked.from, &asked.at, 0, 1s, failure));
    SUCCEEDS((got = su::recvfrom(two, buffer, 5s, failure)).count == 1);
    FAILS(su::sendto_from(one, "x", nullptr, &asked.at, 0, 1s, failure), EDESTADDRREQ);
    SUCCEEDS_VOID(su::udp_disconnect(two, failure));
    FAILS(su::address::peer(two, failure), ENOTCONN);
    FAILS(su::udp_disconnect(-1, failure), EBADF);

    SUCCEEDS_VOID(su::set_broadcast(one, true, failure));
    SUCCEEDS(su::getsockopt_int(one, SOL_SOCKET, SO_BROADCAST, failure) != 0);
    const su::address group = su::address::parse("239.1.2.3:0", -1, failure);
    const unsigned loopback = if_nametoindex("lo");
    SUCCEEDS_VOID(su::multicast_join(one, group, loopback, failure));
    FAILS(su::multicast_join(one, group, loopback, failure), EADDRINUSE);
    SUCCEEDS_VOID(su::multicast_leave(one, group, loopback, failure));
    FAILS(su::multicast_leave(one, group, loopback, failure), EADDRNOTAVAIL);
    SUCCEEDS_VOID(su::set_multicast_interface(one, AF_INET, loopback, failure));
    FAILS(su::set_multicast_interface(one, AF_UNIX, loopback, failure), EAFNOSUPPORT);
    const su::address source = su::address::parse("127.0.0.1:0", -1, failure);
    SUCCEEDS_VOID(su::multicast_join_source(one, group, source, loopback, failure));
    FAILS(su::multicast_join_source(one, group, source, loopback, failure), EADDRNOTAVAIL);
    SUCCEEDS_VOID(su::multicast_leave_source(one, group, source, loopback, failure));
    FAILS(su::multicast_leave_source(one, group, source, loopback, failure), EADDRNOTAVAIL);
    SUCCEEDS_VOID(su::set_multicast_hops(one, AF_INET, 3, failure));
    SUCCEEDS(su::getsockopt_int(one, IPPROTO_IP, IP_MULTICAST_TTL, failure) == 3);
    FAILS(su::set_multicast_hops(one, AF_INET, 256, failure), EINVAL);
    SUCCEEDS_VOID(su::set_multicast_loop(one, AF_INET, false, failure));
    SUCCEEDS(su::getsockopt_int(one, IPPROTO_IP, IP_MULTICAST_LOOP, failure) == 0);
    FAILS(su::set_multicast_loop(one, AF_INET6, true, failure), EAFNOSUPPORT);
}

static void options() {
    su::socket fresh(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    SUCCEEDS_VOID(su::set_reuseaddr(fresh, true, failure));
    SUCCEEDS(su::getsockopt_int(fresh, SOL_SOCKET, SO_REUSEADDR, failure) != 0);
    SUCCEEDS_VOID(su::set_reuseaddr(fresh, false, failure));
    SUCCEEDS(su::getsockopt_int(fresh, SOL_SOCKET, SO_REUSEADDR, failure) == 0);
    SUCCEEDS_VOID(su::set_reuseport(fresh, true, failure));
    SUCCEEDS(su::getsockopt_int(fresh, SOL_SOCKET, SO_REUSEPORT, failure) != 0);
    SUCCEEDS_VOID(su::setsockopt_int(fresh, SOL_SOCKET, SO_KEEPALIVE, 1, failure));
    SUCCEEDS(su::getsockopt_int(fresh, SOL_SOCKET, SO_KEEPALIVE, failure) != 0);
    su::socket six(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (six) {
        SUCCEEDS_VOID(su::set_v6only(six, true, failure));
        SUCCEEDS(su::getsockopt_int(six, IPPROTO_IPV6, IPV6_V6ONLY, failure) != 0);
    } else {
        std::fprintf(stderr, "left out: no IPv6: IPV6_V6ONLY from C++\n");
    }
    FAILS(su::getsockopt_int(fresh, SOL_SOCKET, 9999, failure), ENOPROTOOPT);
    FAILS(su::setsockopt_int(fresh, SOL_SOCKET, 9999, 1, failure), ENOPROTOOPT);
    FAILS(su::set_reuseaddr(-1, true, failure), EBADF);
    FAILS(su::set_reuseport(-1, true, failure), EBADF);
    FAILS(su::set_v6only(-1, true, failure), EBADF);
    FAILS(su::set_nonblock(-1, true, failure), EBADF);
    FAILS(su::set_nodelay(-1, true, failure), EBADF);
    FAILS(su::set_broadcast(-1, true, failure), EBADF);
}

static void processes() {
    SUCCEEDS_VOID(su::ignore_sigpipe(failure));
    struct sigaction now;
    CHECK(sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_IGN);
    SUCCEEDS(su::reap_children(failure) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(0);
    siginfo_t ended;
    CHECK(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
    SUCCEEDS(su::reap_children(failure) == 1);
}

int main() {
    CHECK_BOUND(50);
    const int before = descriptors();
    arguments();
    time();
    transfers();
    readers();
    writers();
    relays();
    addresses();
    resolver();
    endpoints();
    one_text();
    unix_sockets();
    datagrams();
    options();
    processes();
    CHECK(descriptors() == before);
    return 0;
}
