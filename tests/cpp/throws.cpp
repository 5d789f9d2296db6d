// Each function in its form that throws: a success returns what the other form returns, a failure is a
// std::system_error with the same code, and a transfer's has the count.
#include "kit.hpp"

#include <csignal>
#include <cstring>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/wait.h>

/// The code that a call throws; none if it returns.
template <class Call> static std::error_code thrown(Call call) {
    try {
        call();
    } catch (const std::system_error &e) {
        return e.code();
    }
    return {};
}

/// The count of the transfer_error that a call throws. -1 if it throws none, or one of another code.
template <class Call> static long count_thrown(int number, Call call) {
    try {
        call();
    } catch (const su::transfer_error &e) {
        return e.code() == error(number) ? static_cast<long>(e.count()) : -1;
    } catch (const std::exception &) {
    }
    return -1;
}

#define FAILS(call, number) CHECK(thrown([&] { (void)(call); }) == error(number))
#define FAILS_AFTER(call, number, bytes) CHECK(count_thrown(number, [&] { (void)(call); }) == (bytes))

static bool is(const su::transfer &result, su::status status, std::size_t count) {
    return result.status == status && result.count == count;
}

static bool is(const su::piece &result, su::status status, std::string_view text) {
    return result.status == status && result.text == text && result.count == text.size();
}

static void errors() {
    // The message names the function and the failure.
    try {
        su::write_full(-1, "x");
        CHECK(false);
    } catch (const std::system_error &e) {
        CHECK(std::string(e.what()) == std::string("write_full: ") + std::strerror(EBADF));
    }
    try {
        su::resolve("not an address", "80", SOCK_STREAM, SOCKUTIL_NUMERIC);
        CHECK(false);
    } catch (const std::system_error &e) {
        CHECK(e.code() == std::error_code(EAI_NONAME, su::resolver_category()));
        CHECK(std::string(e.what()) == std::string("resolve: ") + gai_strerror(EAI_NONAME));
    }
    const std::error_code service(EAI_SERVICE, su::resolver_category());
    CHECK(thrown([] { su::tcp_connect("127.0.0.1", "65536"); }) == service);
    CHECK(thrown([] { su::tcp_listen("127.0.0.1", "65536"); }) == service);
    CHECK(thrown([] { su::stream_connect("127.0.0.1:65536"); }) == service);
    CHECK(thrown([] { su::stream_listen("127.0.0.1:65536"); }) == service);
    CHECK(thrown([] { su::udp_bind("127.0.0.1", "65536"); }) == service);
    CHECK(thrown([] { su::udp_connect("127.0.0.1", "65536"); }) == service);
}

static void transfers() {
    ends pair;
    char buffer[8];
    CHECK(is(su::write_full(pair.there, "abc"), su::status::done, 3));
    FAILS_AFTER(su::read_full(pair.here, {buffer, 5}, 10ms), EAGAIN, 3);
    const iovec parts[2] = {{const_cast<char *>("d"), 1}, {const_cast<char *>("e"), 1}};
    CHECK(is(su::writev_full(pair.there, parts, 2), su::status::done, 2));
    CHECK(is(su::read_full(pair.here, {buffer, 5}, 1s, 3), su::status::done, 5));
    CHECK(std::memcmp(buffer, "abcde", 5) == 0);
    su::write_full(pair.there, std::string("li"));
    FAILS_AFTER(su::read_line(pair.here, buffer, 10ms), EAGAIN, 2);
    su::write_full(pair.there, std::string_view("ne\n"));
    CHECK(is(su::read_line(pair.here, buffer, 1s, 2), su::status::done, 5) && std::strcmp(buffer, "line\n") == 0);
    CHECK(su::wait(pair.here, POLLOUT) == POLLOUT);
    FAILS(su::wait(pair.here, POLLIN, su::nowait), EAGAIN);
    CHECK(is(su::send_frame(pair.there, 2, "body"), su::status::done, 6));
    CHECK(is(su::read_full(pair.here, {buffer, 6}), su::status::done, 6) && std::memcmp(buffer, "\0\4body", 6) == 0);
    su::shutdown_write(pair.there);
    FAILS(su::shutdown_write(-1), EBADF);
    CHECK(is(su::read_line(pair.here, buffer), su::status::end, 0));
    FAILS_AFTER(su::write_full(pair.there, "x"), EPIPE, 0);
    FAILS_AFTER(su::writev_full(pair.there, parts, 2), EPIPE, 0);
    FAILS_AFTER(su::send_frame(pair.there, 1, "x"), EPIPE, 0);

    // A writer whose reader is slow: each count is where the next call goes on.
    ends slow;
    const std::vector<char> much(1 << 20, 'm');
    std::vector<char> arrived(much.size());
    std::size_t sent = 0, read = 0;
    while (read < much.size()) {
        try {
            if (sent < much.size())
                sent = su::write_full(slow.there, much, su::nowait, sent).count;
        } catch (const su::transfer_error &e) {
            CHECK(e.code() == std::errc::resource_unavailable_try_again && e.count() >= sent);
            sent = e.count();
        }
        try {
            read = su::read_full(slow.here, arrived, su::nowait, read).count;
        } catch (const su::transfer_error &e) {
            CHECK(e.code() == std::errc::resource_unavailable_try_again && e.count() > read);
            read = e.count();
        }
    }
    CHECK(sent == much.size() && arrived == much);
}

static void relays() {
    ends front, back;
    su::relays one;
    CHECK(one.add(front.here, back.there) == 0);
    su::write_full(front.there, "there");
    FAILS((one.run(su::nowait), 0), EAGAIN);
    CHECK(one.moved(0) == 5);
    FAILS(one.add(front.here, front.here), EINVAL);
    front.there.reset();
    one.run();
    std::error_code why;
    CHECK(one.ended(0, &why) && !why);
    static_assert(!std::is_copy_constructible_v<su::relays> && !std::is_move_constructible_v<su::relays>);
}

static void readers() {
    ends pair;
    char memory[8], buffer[4];
    su::reader own(pair.here), small(pair.here, memory);
    su::write_full(pair.there, "line\nfield,skipped\nabcd");
    CHECK(is(own.line(), su::status::done, "line\n"));
    CHECK(is(own.until(','), su::status::done, "field,"));
    CHECK(is(own.skip_line(), su::status::done, 8));
    CHECK(is(own.read_full(buffer), su::status::done, 4) && std::memcmp(buffer, "abcd", 4) == 0);
    su::send_frame(pair.there, 4, "body");
    CHECK(is(own.frame(4), su::status::done, "body"));
    su::write_full(pair.there, "ab");
    FAILS_AFTER(own.read_full(buffer, 10ms), EAGAIN, 2);
    FAILS_AFTER(own.line(su::nowait), EAGAIN, 0);
    su::write_full(pair.there, "cd");
    CHECK(is(own.read_full(buffer, 1s, 2), su::status::done, 4) && std::memcmp(buffer, "abcd", 4) == 0);
    FAILS_AFTER(own.until(256), EINVAL, 0);
    su::write_full(pair.there, "123");
    FAILS_AFTER(own.skip_line(10ms), EAGAIN, 3);
    su::write_full(pair.there, "\n");
    CHECK(is(own.skip_line(1s, 3), su::status::done, 4));

    su::write_full(pair.there, "too long a line\n");
    FAILS_AFTER(small.line(), EMSGSIZE, 7);
    CHECK(is(small.skip_line(), su::status::done, 16));
    su::send_frame(pair.there, 1, "123456789");
    FAILS_AFTER(small.frame(1), EMSGSIZE, 9);
    FAILS(su::reader(pair.here, 1), EINVAL);
    FAILS(su::reader(pair.here, {memory, 1}), EINVAL);
    static_assert(!std::is_copy_constructible_v<su::reader> && !std::is_move_constructible_v<su::reader>);
    static_assert(!std::is_constructible_v<su::reader, su::socket>, "nobody would keep the socket");
    static_assert(!std::is_constructible_v<su::reader, su::socket, std::size_t>);
    static_assert(std::is_constructible_v<su::reader, su::socket &, std::size_t>);
}

static void writers() {
    ends pair;
    char memory[8], buffer[16];
    su::writer own(pair.there), small(pair.there, memory);
    CHECK(is(own.put("put;"), su::status::done, 4));
    CHECK(is(own.frame(1, "frame", 1s), su::status::done, 6) && own.pending() == 10);
    own.flush();
    CHECK(own.pending() == 0 && is(su::read_full(pair.here, {buffer, 10}), su::status::done, 10));
    CHECK(std::memcmp(buffer, "put;\5frame", 10) == 0);
    FAILS_AFTER(own.frame(3, "x"), EINVAL, 0);
    FAILS_AFTER(own.put("x", 1s, 1), EINVAL, 1);
    FAILS_AFTER(own.frame(1, std::string(256, 'x')), EMSGSIZE, 0);

    // Its peer is gone: what is held stays held.
    CHECK(is(small.put("held"), su::status::done, 4));
    pair.here.reset();
    FAILS(small.flush(), EPIPE);
    FAILS_AFTER(small.put("12345"), EPIPE, 0);
    FAILS_AFTER(small.put("longer than the memory"), EPIPE, 0);
    CHECK(small.pending() == 4);
    FAILS(su::writer(pair.there, std::size_t{0}), EINVAL);
    FAILS(su::writer(pair.there, {memory, 0}), EINVAL);
    static_assert(!std::is_copy_constructible_v<su::writer> && !std::is_move_constructible_v<su::writer>);
    static_assert(!std::is_constructible_v<su::writer, su::socket>, "nobody would keep the socket");
    static_assert(!std::is_constructible_v<su::writer, su::socket, std::size_t>);
    static_assert(std::is_constructible_v<su::writer, su::socket &, std::size_t>);
}

static void addresses() {
    const su::address a = su::address::parse("127.0.0.1:80");
    CHECK(a.port() == 80 && a.to_string() == "127.0.0.1:80");
    CHECK(a == su::address::parse("127.0.0.1", 80));
    CHECK(a.source() == su::address::parse("127.0.0.1:0"));
    FAILS(su::address::parse("127.0.0.1"), EINVAL);
    FAILS(su::address::parse("fish", 80), EINVAL);
    FAILS(su::address().port(), EAFNOSUPPORT);
    FAILS(su::address().to_string(), EAFNOSUPPORT);
    FAILS(su::address().source(), EAFNOSUPPORT);
    FAILS(su::address::local(-1), EBADF);
    FAILS(su::address::peer(-1), EBADF);
    su::address b = su::address::from(&a.raw().ss, a.raw().len);
    CHECK(b == a);
    FAILS(su::address::from(&a.raw().ss, 1), EINVAL);
    b.set_port(81);
    CHECK(b.port() == 81);
    FAILS(b.set_port(-1), EINVAL);
    CHECK(a.in(su::network::parse("127.0.0.0/8")) && !a.in(su::network::parse("10.0.0.0/8")));
    FAILS(su::network::parse("10.0.0.1/8"), EINVAL);
    CHECK(su::error_text(EPIPE) == std::strerror(EPIPE) && su::error_text(0, EAI_NONAME) == gai_strerror(EAI_NONAME));
    CHECK(su::resolve("127.0.0.1", "80").at(0) == a);
    CHECK(su::resolve("127.0.0.1", "80", 0, SOCKUTIL_NUMERIC | SOCKUTIL_IPV4).at(0) == a);
    FAILS(su::resolve("127.0.0.1", "80", SOCK_STREAM, 1), EINVAL);
}

static void endpoints() {
    su::socket listener = su::tcp_listen("127.0.0.1", "0");
    const std::string service = service_of(listener);
    FAILS(su::accept(listener, su::nowait), EAGAIN);
    FAILS(su::tcp_listen("127.0.0.1", service, 1), EADDRINUSE);
    su::socket client = su::tcp_connect("127.0.0.1", service, 5s);
    su::address from;
    su::socket server = su::accept(listener, 5s, SOCKUTIL_NONBLOCK, &from);
    CHECK(from == su::address::local(client) && from == su::address::peer(server));
    CHECK(su::tcp_state(server) == SOCKUTIL_TCP_ESTABLISHED && su::tcp_state_name(SOCKUTIL_TCP_CLOSED) == "CLOSED");
    FAILS(su::tcp_state(-1), EBADF);
#ifndef WITHOUT_SOCK_DIAG
    CHECK(su::tcp_state_between(from, su::address::local(listener)) == SOCKUTIL_TCP_ESTABLISHED);
#endif
    FAILS(su::tcp_state_between(su::address(), from), EAFNOSUPPORT);
    su::set_nodelay(client);
    CHECK(su::getsockopt_int(client, IPPROTO_TCP, TCP_NODELAY) != 0);
    su::set_keepalive(client, 30, 5, 3);
    su::set_user_timeout(client, 1000);
    CHECK(su::getsockopt_int(client, IPPROTO_TCP, TCP_USER_TIMEOUT) == 1000);
    FAILS(su::set_user_timeout(client, -1), EINVAL);
    CHECK(su::getsockopt_int(client, IPPROTO_TCP, TCP_KEEPIDLE) == 30);
    su::set_linger(client, false);
    su::set_nonblock(client);
    CHECK(fcntl(client.get(), F_GETFL) & O_NONBLOCK);
    su::write_full(client, "bye");
    FAILS(su::close_graceful(std::move(client), su::nowait), ETIMEDOUT);
    char buffer[8];
    CHECK(is(su::read_full(server, buffer), su::status::end, 3));
    su::close_graceful(std::move(server));
    client = su::tcp_connect("127.0.0.1", service);
    server = su::accept(listener);
    su::close_reset(std::move(server));
    FAILS_AFTER(su::read_full(client, buffer), ECONNRESET, 0);
    su::close(std::move(client));
    FAILS(su::close(su::socket()), EBADF);
    FAILS(su::close_reset(su::socket()), EBADF);

    const su::address gone = su::address::local(listener);
    su::socket attempt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    su::connect(attempt, gone);
    CHECK(su::address::peer(attempt) == gone && !su::take_error(attempt));
    FAILS(su::take_error(-1), EBADF);
    FAILS(su::connect(attempt, gone, 5s), EISCONN);
    listener.reset();
    FAILS(su::tcp_connect("127.0.0.1", service), ECONNREFUSED);

    listener = su::stream_listen("127.0.0.1:0");
    client = su::stream_connect(su::address::local(listener).to_string());
    FAILS(su::stream_listen("127.0.0.1"), EINVAL);
    FAILS(su::stream_connect("127.0.0.1:", 1s), EINVAL);
    pollfd waiting[] = {{listener.get(), POLLIN, 0}, {client.get(), POLLIN, 0}};
    CHECK(su::wait_any(waiting) == 1 && waiting[0].revents == POLLIN && waiting[1].revents == 0);
    FAILS(su::wait_any({waiting + 1, 1}, su::nowait), EAGAIN);

    const std::string path = "@sockutil-cpp-throws-" + std::to_string(getpid());
    FAILS(su::unix_connect(path), ECONNREFUSED);
    listener = su::unix_listen(path);
    FAILS(su::unix_listen(path, 1), EADDRINUSE);
    client = su::unix_connect(path, 1s);
    server = su::accept(listener);
    su::send_fd(client, listener);
    su::socket received = su::recv_fd(server);
    CHECK(su::address::local(received) == su::address::local(listener));
    FAILS(su::send_fd(client, -1), EBADF);
    FAILS(su::recv_fd(server, su::nowait), EAGAIN);
    client.reset();
    CHECK(!su::recv_fd(server));
}

static void datagrams() {
    su::socket one = su::udp_bind("127.0.0.1", "0"), two = su::udp_connect("127.0.0.1", service_of(one));
    char buffer[4];
    su::sendto(two, "abcdef");
    const su::datagram got = su::recvfrom(one, buffer);
    CHECK(got.count == 4 && got.truncated && got.from == su::address::local(two));
    su::sendto(one, "x", &got.from);
    CHECK(su::recvfrom(two, buffer, 5s).count == 1 && buffer[0] == 'x');
    FAILS(su::sendto(one, "x"), EDESTADDRREQ);
    su::set_pktinfo(one);
    FAILS(su::set_pktinfo(-1), EBADF);
    su::sendto(two, "abcdef");
    const su::datagram_at asked = su::recvfrom_at(one, buffer);
    CHECK(asked.count == 4 && asked.truncated && asked.at == su::address::parse("127.0.0.1:0") && asked.ifindex != 0);
    su::sendto_from(one, "y", &asked.from, &asked.at);
    CHECK(su::recvfrom(two, buffer, 5s).count == 1 && buffer[0] == 'y');
    FAILS(su::sendto_from(one, "x", nullptr, &asked.at), EDESTADDRREQ);
    FAILS(su::recvfrom_at(one, buffer, su::nowait), EAGAIN);
    FAILS(su::recvfrom(one, buffer, su::nowait), EAGAIN);
    su::udp_disconnect(two);
    FAILS(su::udp_disconnect(-1), EBADF);
    const unsigned loopback = if_nametoindex("lo");
    const su::address group = su::address::parse("239.1.2.3:0");
    su::multicast_join(one, group, loopback);
    FAILS(su::multicast_join(one, group, loopback), EADDRINUSE);
    su::multicast_leave(one, group, loopback);
    FAILS(su::multicast_leave(one, group, loopback), EADDRNOTAVAIL);
    su::set_multicast_interface(one, AF_INET, loopback);
    FAILS(su::set_multicast_interface(one, AF_UNIX, 0), EAFNOSUPPORT);
    const su::address source = su::address::parse("127.0.0.1:0");
    su::multicast_join_source(one, group, source, loopback);
    FAILS(su::multicast_join_source(one, group, source, loopback), EADDRNOTAVAIL);
    su::multicast_leave_source(one, group, source, loopback);
    FAILS(su::multicast_leave_source(one, group, source, loopback), EADDRNOTAVAIL);
    su::set_multicast_hops(one, AF_INET, 3);
    CHECK(su::getsockopt_int(one, IPPROTO_IP, IP_MULTICAST_TTL) == 3);
    FAILS(su::set_multicast_hops(one, AF_INET, -1), EINVAL);
    su::set_multicast_loop(one, AF_INET, false);
    CHECK(su::getsockopt_int(one, IPPROTO_IP, IP_MULTICAST_LOOP) == 0);
    FAILS(su::set_multicast_loop(one, AF_UNIX), EAFNOSUPPORT);
    su::set_broadcast(one);
    CHECK(su::getsockopt_int(one, SOL_SOCKET, SO_BROADCAST) != 0);
}

static void options() {
    su::socket fresh(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    su::set_reuseaddr(fresh);
    CHECK(su::getsockopt_int(fresh, SOL_SOCKET, SO_REUSEADDR) != 0);
    su::set_reuseaddr(fresh, false);
    CHECK(su::getsockopt_int(fresh, SOL_SOCKET, SO_REUSEADDR) == 0);
    su::set_reuseport(fresh);
    CHECK(su::getsockopt_int(fresh, SOL_SOCKET, SO_REUSEPORT) != 0);
    su::setsockopt_int(fresh, SOL_SOCKET, SO_KEEPALIVE, 1);
    CHECK(su::getsockopt_int(fresh, SOL_SOCKET, SO_KEEPALIVE) != 0);
    FAILS(su::getsockopt_int(fresh, SOL_SOCKET, 9999), ENOPROTOOPT);
    FAILS(su::setsockopt_int(fresh, SOL_SOCKET, 9999, 1), ENOPROTOOPT);
    FAILS(su::set_reuseaddr(-1), EBADF);
    FAILS(su::set_reuseport(-1), EBADF);
    FAILS(su::set_v6only(-1), EBADF);
    FAILS(su::set_nonblock(-1), EBADF);
    FAILS(su::set_nodelay(-1), EBADF);
    FAILS(su::set_broadcast(-1), EBADF);
    FAILS(su::set_linger(fresh, true, -1), EINVAL);
    FAILS(su::set_keepalive(fresh, 1, 0, 0), EINVAL);
}

static void processes() {
    su::ignore_sigpipe();
    struct sigaction now;
    CHECK(sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_IGN);
    CHECK(su::reap_children() == 0);
}

int main() {
    CHECK_BOUND(50);
    const int before = descriptors();
    try {
        errors();
        transfers();
        readers();
        writers();
        relays();
        addresses();
        endpoints();
        datagrams();
        options();
        processes();
    } catch (const std::exception &e) {
        std::fprintf(stderr, "FAIL: thrown: %s\n", e.what());
        return 1;
    }
    CHECK(descriptors() == before);
    return 0;
}
