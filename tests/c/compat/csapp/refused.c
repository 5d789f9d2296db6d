/* The failures that a program cannot bring about by its arguments: the linker's --wrap makes these calls this file's.
 */
#include "csapp.h"

#include "check.h"
#include "compat/cases.h"

pid_t __wrap_fork(void);
int __wrap_sigemptyset(sigset_t *set);
int __wrap_sigfillset(sigset_t *set);
int __wrap_sigsuspend(const sigset_t *set);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*routine)(void *), void *arg);
int __wrap_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_cancel(pthread_t thread);
int __wrap_pthread_detach(pthread_t thread);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
ssize_t __real_write(int fd, const void *buf, size_t n);

pid_t __wrap_fork(void) {
    errno = EAGAIN;
    return -1;
}

int __wrap_sigemptyset(sigset_t *set) {
    (void)set;
    errno = EINVAL;
    return -1;
}

int __wrap_sigfillset(sigset_t *set) {
    (void)set;
    errno = EINVAL;
    return -1;
}

int __wrap_sigsuspend(const sigset_t *set) {
    (void)set;
    errno = EFAULT;
    return -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*routine)(void *), void *arg) {
    (void)thread, (void)attr, (void)routine, (void)arg;
    return EAGAIN;
}

int __wrap_pthread_join(pthread_t thread, void **result) {
    (void)thread, (void)result;
    return EDEADLK;
}

int __wrap_pthread_cancel(pthread_t thread) {
    (void)thread;
    return ESRCH;
}

int __wrap_pthread_detach(pthread_t thread) {
    (void)thread;
    return EINVAL;
}

static int writes;

/* Fails the first time. */
ssize_t __wrap_write(int fd, const void *buf, size_t n) {
    if (writes++ > 0)
        return __real_write(fd, buf, n);
    errno = EIO;
    return -1;
}

static void Fork_fails(void) {
    Fork();
}

static void Sigemptyset_fails(void) {
    sigset_t set;
    Sigemptyset(&set);
}

static void Sigfillset_fails(void) {
    sigset_t set;
    Sigfillset(&set);
}

static void Sigsuspend_fails(void) {
    sigset_t set;
    memset(&set, 0, sizeof set);
    Sigsuspend(&set);
}

static void *nothing(void *arg) {
    return arg;
}

static void Pthread_create_fails(void) {
    pthread_t thread;
    errno = 0;
    Pthread_create(&thread, NULL, nothing, NULL);
}

static void Pthread_join_fails(void) {
    errno = 0;
    Pthread_join(pthread_self(), NULL);
}

static void Pthread_cancel_fails(void) {
    errno = 0;
    Pthread_cancel(pthread_self());
}

static void Pthread_detach_fails(void) {
    errno = 0;
    Pthread_detach(pthread_self());
}

static void Sio_puts_fails(void) {
    char text[] = "text";
    Sio_puts(text);
}

static void Sio_putl_fails(void) {
    Sio_putl(12);
}

static const struct a_case cases[] = {
    {"Fork", NULL, Fork_fails},
    {"Sigemptyset", NULL, Sigemptyset_fails},
    {"Sigfillset", NULL, Sigfillset_fails},
    {"Sigsuspend", NULL, Sigsuspend_fails},
    {"Pthread_create", NULL, Pthread_create_fails},
    {"Pthread_join", NULL, Pthread_join_fails},
    {"Pthread_cancel", NULL, Pthread_cancel_fails},
    {"Pthread_detach", NULL, Pthread_detach_fails},
    {"Sio_puts", NULL, Sio_puts_fails},
    {"Sio_putl", NULL, Sio_putl_fails},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    return run_case(cases, argc, argv);
}
