/* timeline.c - what each call sends: the segments of a connection, captured, and the states of both ends. */
#include "example.h"
#include "wire.h"

static const char HELP[] =
    "usage: timeline [-h] [scene...]\n"
    "In its own network namespace, plays scenes (default: all): handshake, close_graceful, close_plain,\n"
    "close_linger, close_reset, close_unread, half_close, reset, simultaneous_close. After each call it\n"
    "prints what was sent, and the states. Exit status: 2 without the right to make a namespace.\n";

enum { CLOSED = SOCKUTIL_TCP_CLOSED, LISTEN = SOCKUTIL_TCP_LISTEN, OPEN = SOCKUTIL_TCP_ESTABLISHED };
enum { FIN_WAIT1 = SOCKUTIL_TCP_FIN_WAIT1, FIN_WAIT2 = SOCKUTIL_TCP_FIN_WAIT2, CLOSING = SOCKUTIL_TCP_CLOSING };
enum { CLOSE_WAIT = SOCKUTIL_TCP_CLOSE_WAIT, TIME_WAIT = SOCKUTIL_TCP_TIME_WAIT };

static char line[] = "hello\n";

/* Each line of a scene is a call and what follows it: the states of the client and of the server. */
static void handshake(struct wire *w) {
    /* 1. listen, connect, accept */
    int listenfd = prepare_pair(&w->pair);
    after(w, "server: listen", 0, CLOSED, LISTEN);
    after(w, "client: connect", sockutil_connect(w->pair.client, &w->pair.server_address, 5000), OPEN, OPEN);
    w->pair.server = sockutil_accept(listenfd, NULL, 0, 5000);
    close_socket(listenfd);
    after(w, "server: accept", w->pair.server < 0 ? -1 : 0, OPEN, OPEN);
}

static void close_graceful(struct wire *w) {
    after(w, "client: shutdown_write", sockutil_shutdown_write(w->pair.client), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: readn", readn(w->pair.server, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: close", ended(&w->pair.server, close), TIME_WAIT, CLOSED);
    after(w, "client: readn", readn(w->pair.client, line, 6), TIME_WAIT, CLOSED);
    after(w, "client: close", ended(&w->pair.client, close), TIME_WAIT, CLOSED);
}

static void close_plain(struct wire *w) {
    after(w, "client: close", ended(&w->pair.client, close), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: readn", readn(w->pair.server, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: close", ended(&w->pair.server, close), TIME_WAIT, CLOSED);
}

/* The FIN is lost for longer than close waits. */
static void close_linger(struct wire *w) {
    after(w, "client: writen", writen(w->pair.client, line, 6), OPEN, OPEN);
    after(w, "client: set_linger 1 s", sockutil_set_linger(w->pair.client, 1, 1), OPEN, OPEN);
    lose_all_but(w, 0, w->pair.server, w->pair.server);
    after(w, "client: close", ended(&w->pair.client, close), FIN_WAIT1, OPEN);
    lose_all_but(w, TH_ANY, w->pair.server, w->pair.server);
    after_a_while(w, "client", FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: readn", readn(w->pair.server, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: close", ended(&w->pair.server, close), TIME_WAIT, CLOSED);
}

static void close_reset(struct wire *w) {
    after(w, "client: writen", writen(w->pair.client, line, 6), OPEN, OPEN);
    after(w, "client: close_reset", ended(&w->pair.client, sockutil_close_reset), CLOSED, CLOSED);
    after(w, "server: readn", readn(w->pair.server, line, 6), CLOSED, CLOSED);
    after(w, "server: readn", readn(w->pair.server, line, 6), CLOSED, CLOSED);
}

static void close_unread(struct wire *w) {
    after(w, "client: writen", writen(w->pair.client, line, 6), OPEN, OPEN);
    after(w, "server: close", ended(&w->pair.server, close), CLOSED, CLOSED);
    after(w, "client: readn", readn(w->pair.client, line, 6), CLOSED, CLOSED);
}

static void half_close(struct wire *w) {
    after(w, "client: writen", writen(w->pair.client, line, 6), OPEN, OPEN);
    after(w, "client: shutdown_write", sockutil_shutdown_write(w->pair.client), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: readn", readn(w->pair.server, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: readn", readn(w->pair.server, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: writen", writen(w->pair.server, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "client: readn", readn(w->pair.client, line, 6), FIN_WAIT2, CLOSE_WAIT);
    after(w, "server: close", ended(&w->pair.server, close), TIME_WAIT, CLOSED);
}

static void reset(struct wire *w) {
    after(w, "server: close", ended(&w->pair.server, close), CLOSE_WAIT, FIN_WAIT2);
    after(w, "client: writen", writen(w->pair.client, line, 6), CLOSED, CLOSED);
    after(w, "client: readn", readn(w->pair.client, line, 6), CLOSED, CLOSED);
    after(w, "client: writen", writen(w->pair.client, line, 6), CLOSED, CLOSED);
}

/* Both FINs are lost, then their ACKs, then nothing. */
static void simultaneous_close(struct wire *w) {
    w->at_once = 1;
    lose_all_but(w, 0, w->pair.client, w->pair.server);
    int r = sockutil_shutdown_write(w->pair.client) + sockutil_shutdown_write(w->pair.server);
    after(w, "both: shutdown_write", r, FIN_WAIT1, FIN_WAIT1);
    lose_all_but(w, TH_FIN, w->pair.client, w->pair.server);
    after_a_while(w, "both", CLOSING, CLOSING);
    lose_all_but(w, TH_ANY, w->pair.client, w->pair.server);
    after_a_while(w, "both", TIME_WAIT, TIME_WAIT);
}

/* The scenes: do they begin with a connection, how many segments are sent again, how many seconds do calls wait. */
static const struct scene SCENES[] = {{"handshake", handshake, 0, 0, 0},
                                      {"close_graceful", close_graceful, 1, 0, 0},
                                      {"close_plain", close_plain, 1, 0, 0},
                                      {"close_linger", close_linger, 1, 2, 1},
                                      {"close_reset", close_reset, 1, 0, 0},
                                      {"close_unread", close_unread, 1, 0, 0},
                                      {"half_close", half_close, 1, 0, 0},
                                      {"reset", reset, 1, 0, 0},
                                      {"simultaneous_close", simultaneous_close, 1, 4, 0}};
enum { COUNT = sizeof(SCENES) / sizeof(SCENES[0]) };

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    for (int i = optind; i < argc; i++)
        (void)scene_named(SCENES, COUNT, argv[i]);
    line_buffer_stdout();
    enter_own_network();
    int capturefd = open_capture(), failed = 0;
    for (int i = 0; i < COUNT && optind == argc; i++)
        failed |= play(&SCENES[i], capturefd);
    for (int i = optind; i < argc; i++)
        failed |= play(scene_named(SCENES, COUNT, argv[i]), capturefd);
    return failed ? 1 : 0;
}
