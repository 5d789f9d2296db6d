/* threads.c - the Pthread_ wrappers at work: a producer, a consumer and data of a thread's own. */
#include "unpthread.h"

#include "check.h"

static pthread_mutex_t mutex;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int made, taken, keys, freed;

static void free_value(void *value) {
    free(value);
    freed++;
}

static void make_key(void) {
    keys++;
    Pthread_key_create(&key, free_value);
}

/* Takes ten, each after a signal of the condition. */
static void *consume(void *arg) {
    Pthread_once(&once, make_key);
    Pthread_setspecific(key, Malloc(10));
    CHECK(pthread_getspecific(key) != NULL);
    while (taken < 10) {
        Pthread_mutex_lock(&mutex);
        while (made == taken)
            Pthread_cond_wait(&changed, &mutex);
        taken = made;
        Pthread_cond_broadcast(&changed);
        Pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *wait_for_signal(void *arg) {
    int signo;
    CHECK(sigwait(arg, &signo) == 0 && signo == SIGUSR1);
    return NULL;
}

/* Ends only when it is detached and the main thread has let it go. */
static void *detached(void *arg) {
    Write(*(int *)arg, (char[]){"x"}, 1);
    return NULL;
}

int main(void) {
    char byte;
    int ends[2];
    void *result;
    pthread_t thread;
    pthread_mutexattr_t attr;
    sigset_t set;
    struct timespec late;
    CHECK_BOUND(20);
    Pthread_mutexattr_init(&attr);
    Pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    Pthread_mutex_init(&mutex, &attr);
    CHECK(pthread_mutexattr_destroy(&attr) == 0);
    Pthread_once(&once, make_key);
    Pthread_create(&thread, NULL, consume, &made);
    for (; made < 10;) {
        Pthread_mutex_lock(&mutex);
        made++;
        Pthread_cond_signal(&changed);
        while (taken != made) {
            clock_gettime(CLOCK_REALTIME, &late);
            late.tv_sec += 15;
            Pthread_cond_timedwait(&changed, &mutex, &late);
        }
        Pthread_mutex_unlock(&mutex);
    }
    Pthread_join(thread, &result);
    CHECK(result == &made && taken == 10 && keys == 1 && freed == 1);

    Sigemptyset(&set);
    Sigaddset(&set, SIGUSR1);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    Pthread_create(&thread, NULL, wait_for_signal, &set);
    Pthread_kill(thread, SIGUSR1);
    Pthread_join(thread, NULL);

    Pipe(ends);
    Pthread_create(&thread, NULL, detached, &ends[1]);
    Pthread_detach(thread);
    CHECK(Read(ends[0], &byte, 1) == 1);
    return 0;
}
