/* echo.h - shared by the servers here, each of which handles its clients in another way. */
#ifndef ECHO_H
#define ECHO_H

int listen_and_say_port(char *port);
void echo(int connfd);

#endif
