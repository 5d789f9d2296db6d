// Who owns a descriptor: it is closed once, whatever is moved, thrown or cancelled. Descriptors are counted in
// /proc/self/fd.
#include "kit.hpp"

#include <pthread.h>

static void moves() {
    static_assert(!std::is_copy_constructible_v<su::socket> && !std::is_copy_assignable_v<su::socket>);
    static_assert(std::is_nothrow_move_constructible_v<su::socket> && std::is_nothrow_move_assignable_v<su::socket>);
    const int before = descriptors();
    {
        ends pair;
        CHECK(descriptors() == before + 2);
        const int one = pair.here.get(), two = pair.there.get();
        su::socket moved(std::move(pair.here));
        CHECK(moved && moved.get() == one && !pair.here && pair.here.get() == -1 && is_open(one));
        // What an assignment replaces is closed.
        moved = std::move(pair.there);
        CHECK(moved.get() == two && !pair.there && !is_open(one) && descriptors() == before + 1);
        su::socket &same = moved;
        moved = std::move(same);
        CHECK(moved.get() == two && is_open(two));
        su::socket none;
        CHECK(!none && none.get() == -1);
        moved = std::move(none);
        CHECK(!moved && !is_open(two) && descriptors() == before);
    }
    CHECK(descriptors() == before);
    {
        ends pair;
        const int one = pair.here.release();
        CHECK(!pair.here && is_open(one) && su::handle(pair.there).number == pair.there.get());
        su::socket again(one);
        errno = EDOM;
        again.reset();
        CHECK(!again && !is_open(one));
        again.reset(); // Of nothing.
        // Not ours any more: closed behind its back. errno stays.
        again.reset(pair.there.get());
        pair.there.reset();
        again.reset();
        CHECK(errno == EDOM);
        std::vector<su::socket> many;
        for (int i = 0; i < 20; i++)
            many.emplace_back(fcntl(0, F_DUPFD_CLOEXEC, 0));
        CHECK(descriptors() == before + 20);
        many.erase(many.begin(), many.begin() + 5);
        CHECK(descriptors() == before + 15);
    }
    CHECK(descriptors() == before);
}

static su::socket made() {
    return su::udp_bind("127.0.0.1", "0");
}

static void scopes() {
    const int before = descriptors();
    made();
    CHECK(descriptors() == before);
    for (int i = 0; i < 3; i++) {
        try {
            su::socket listener = su::tcp_listen("127.0.0.1", "0");
            su::socket client = su::tcp_connect("127.0.0.1", service_of(listener), 5s);
            su::socket server = su::accept(listener, 5s);
            su::reader reader(server);
            if (i == 1)
                su::close_graceful(std::move(server), su::nowait); // Throws, and has closed.
            if (i == 2)
                su::close(std::move(server));
            reader.line(su::nowait);
            CHECK(false);
        } catch (const std::system_error &e) {
            CHECK(e.code() == error(i == 0 ? EAGAIN : i == 1 ? ETIMEDOUT : EBADF));
        }
        CHECK(descriptors() == before);
    }
    // A closing call that fails has closed, too, and takes what it is given.
    ends pair;
    std::error_code failure;
    su::close_graceful(std::move(pair.here), -2ms, failure);
    CHECK(failure == error(EINVAL) && !pair.here && descriptors() == before + 1);
    int pipes[2];
    CHECK(pipe2(pipes, O_CLOEXEC) == 0);
    su::socket from(pipes[0]), to(pipes[1]);
    su::close_reset(std::move(from), failure);
    CHECK(failure == error(ENOTSOCK) && !from && !is_open(pipes[0]));
}

static int ready[2];

static void *waits(void *) {
    ends pair;
    char byte = 0;
    std::error_code failure;
    CHECK(write(ready[1], "", 1) == 1);
    su::read_full(pair.here, {&byte, 1}, su::forever, 0, failure);
    CHECK(false);
    return nullptr;
}

// pthread_cancel ends a wait, and what the thread's sockets own is closed.
static void cancelled() {
    const int before = descriptors();
    CHECK(pipe2(ready, O_CLOEXEC) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, nullptr, waits, nullptr) == 0);
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(pthread_cancel(thread) == 0);
    void *result = nullptr;
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK(close(ready[0]) == 0 && close(ready[1]) == 0);
    CHECK(descriptors() == before);
}

int main() {
    CHECK_BOUND(50);
    moves();
    scopes();
    cancelled();
    return 0;
}
