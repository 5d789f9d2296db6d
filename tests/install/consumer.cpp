// consumer.cpp - consumer.c in C++: a line and a frame over a socketpair. Prints both, and the version.
#include <iostream>
#include <sockutil.hpp>

int main() {
    using namespace std::chrono_literals;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;
    sockutil::socket here(ends[0]), there(ends[1]);
    sockutil::write_full(here, "a line\n", 1s);
    sockutil::send_frame(here, 2, "a frame", 1s);
    sockutil::reader reader(there, 64);
    std::cout << reader.line(1s).text;
    std::cout << reader.frame(2, 1s).text << "\n" << sockutil_version() << "\n";
}
