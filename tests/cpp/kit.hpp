// kit.hpp - shared by the C++ test programs: sockutil.hpp, the checks of C, two connected sockets, and a count of the
// open descriptors.
#ifndef KIT_HPP
#define KIT_HPP

#include <sockutil.hpp> // First: it must need nothing before it.

#include "../c/check.h"

#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>

namespace su = sockutil;
using namespace std::chrono_literals;

/// How many descriptors are open. The one that reads the folder always counts, too.
inline int descriptors() {
    DIR *const folder = opendir("/proc/self/fd");
    CHECK(folder);
    int count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/// Whether a descriptor is open.
inline bool is_open(int fd) {
    const int kept = errno;
    const bool open = fcntl(fd, F_GETFD) != -1;
    errno = kept;
    return open;
}

/// Two connected sockets.
struct ends {
    su::socket here, there;

    explicit ends(int type = SOCK_STREAM) {
        int pair[2];
        CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == 0);
        here.reset(pair[0]);
        there.reset(pair[1]);
    }
};

/// The error_code of an errno value.
inline std::error_code error(int number) {
    return {number, std::system_category()};
}

/// The port of a socket's own address, as tcp_connect takes it.
inline std::string service_of(const su::socket &socket) {
    std::error_code failure;
    const int port = su::address::local(socket, failure).port(failure);
    CHECK(!failure && port > 0);
    return std::to_string(port);
}

#endif
