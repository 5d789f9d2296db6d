/* unpthread.h - over sockutil: the wrappers of pthread functions that the programs of "UNIX Network Programming",
 * volume 1, 3rd edition, use, and unp.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Link with -lsockutil -pthread. Each calls its pthread function; a result other than 0 becomes errno, and then
 * err_sys("<name> error") ends the program. For Pthread_cond_timedwait the end of the time is a failure too. */
#ifndef __unp_pthread_h
#define __unp_pthread_h

#include "unp.h"

UNP_INLINE void unp_pthread(int result, const char *name) {
    if (result != 0) {
        errno = result;
        err_sys("%s error", name);
    }
}

UNP_INLINE void Pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*func)(void *), void *arg) {
    unp_pthread(pthread_create(thread, attr, func, arg), "pthread_create");
}

UNP_INLINE void Pthread_join(pthread_t thread, void **status) {
    unp_pthread(pthread_join(thread, status), "pthread_join");
}

UNP_INLINE void Pthread_detach(pthread_t thread) {
    unp_pthread(pthread_detach(thread), "pthread_detach");
}

UNP_INLINE void Pthread_kill(pthread_t thread, int signo) {
    unp_pthread(pthread_kill(thread, signo), "pthread_kill");
}

UNP_INLINE void Pthread_mutexattr_init(pthread_mutexattr_t *attr) {
    unp_pthread(pthread_mutexattr_init(attr), "pthread_mutexattr_init");
}

UNP_INLINE void Pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared) {
    unp_pthread(pthread_mutexattr_setpshared(attr, shared), "pthread_mutexattr_setpshared");
}

UNP_INLINE void Pthread_mutex_init(pthread_mutex_t *mutex, pthread_mutexattr_t *attr) {
    unp_pthread(pthread_mutex_init(mutex, attr), "pthread_mutex_init");
}

UNP_INLINE void Pthread_mutex_lock(pthread_mutex_t *mutex) {
    unp_pthread(pthread_mutex_lock(mutex), "pthread_mutex_lock");
}

UNP_INLINE void Pthread_mutex_unlock(pthread_mutex_t *mutex) {
    unp_pthread(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
}

UNP_INLINE void Pthread_cond_broadcast(pthread_cond_t *cond) {
    unp_pthread(pthread_cond_broadcast(cond), "pthread_cond_broadcast");
}

UNP_INLINE void Pthread_cond_signal(pthread_cond_t *cond) {
    unp_pthread(pthread_cond_signal(cond), "pthread_cond_signal");
}

UNP_INLINE void Pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex) {
    unp_pthread(pthread_cond_wait(cond, mutex), "pthread_cond_wait");
}

UNP_INLINE void Pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    unp_pthread(pthread_cond_timedwait(cond, mutex, until), "pthread_cond_timedwait");
}

UNP_INLINE void Pthread_once(pthread_once_t *once, void (*func)(void)) {
    unp_pthread(pthread_once(once, func), "pthread_once");
}

UNP_INLINE void Pthread_key_create(pthread_key_t *key, void (*func)(void *)) {
    unp_pthread(pthread_key_create(key, func), "pthread_key_create");
}

UNP_INLINE void Pthread_setspecific(pthread_key_t key, const void *value) {
    unp_pthread(pthread_setspecific(key, value), "pthread_setspecific");
}

#endif /* __unp_pthread_h */
