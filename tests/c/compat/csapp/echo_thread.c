/* An echo server with some threads, which take the clients out of a buffer with room for a few. */
#include "csapp.h"

#include "echo.h"

#define THREADS 4
#define SLOTS 16

typedef struct {
    int slot[SLOTS];
    int front, rear;
    sem_t mutex, slots, items;
} sbuf_t;

sbuf_t sbuf;

void sbuf_insert(sbuf_t *sp, int item) {
    P(&sp->slots);
    P(&sp->mutex);
    sp->slot[sp->rear++ % SLOTS] = item;
    V(&sp->mutex);
    V(&sp->items);
}

int sbuf_remove(sbuf_t *sp) {
    int item;
    P(&sp->items);
    P(&sp->mutex);
    item = sp->slot[sp->front++ % SLOTS];
    V(&sp->mutex);
    V(&sp->slots);
    return item;
}

void *thread(void *vargp) {
    Pthread_detach(Pthread_self());
    while (1) {
        int connfd = sbuf_remove(&sbuf);
        echo(connfd);
        Close(connfd);
    }
    return vargp;
}

int main(int argc, char **argv) {
    int i, listenfd;
    pthread_t tid;

    if (argc != 2)
        app_error("usage: echo_thread <port>");
    Sem_init(&sbuf.mutex, 0, 1);
    Sem_init(&sbuf.slots, 0, SLOTS);
    Sem_init(&sbuf.items, 0, 0);
    listenfd = listen_and_say_port(argv[1]);
    for (i = 0; i < THREADS; i++)
        Pthread_create(&tid, NULL, thread, NULL);
    while (1)
        sbuf_insert(&sbuf, Accept(listenfd, NULL, NULL));
}
