/* Rules for the shim, from the environment variable SHIM: one a line, words with blanks between. The first word is the
 * function. The first rule of a function whose conditions all hold decides its call; without one, it goes to libc.
 * Numbers are those of this machine, in C's notation. A rule that is not understood ends the program.
 *
 * Conditions
 *   arg2=N arg2!=N    the second argument is N, or is not
 *   arg2&N arg2!&N    the second argument has one of the bits of N, or none
 *   nth=N first=N     it is the Nth, or one of the first N, of the calls for which the above holds
 *   every=N           it is the first, and each Nth after that
 *   after=ERRNO       some call has failed with ERRNO since the rule was last used
 *
 * Before the call, or in its place
 *   raise=SIGNAL      the signal has just come
 *   errno=N,...       it fails: with each value in turn, and then no more; with a single value whenever the rule
 * applies result=N          it returns N, and nothing happens most=N            it moves at most N bytes clear=BITS its
 * flags are without these keep=N            N bytes of memory are lost
 *
 * After it
 *   length=N          accept reports an address of N bytes
 *   then=SIGNAL       the signal comes just after its success
 *   child=SIGNAL      the signal is the first that fork's child gets
 *   lose              a byte of what it moved is lost
 *   forget            the descriptor that it returned is closed, and the call has failed with EINTR
 *
 * Two lines are no rules:
 *   log FILE                    each call is a line of FILE: its name, what it returned, and errno or 0
 *   catch SIGNAL FLAGS FILE     the signal is caught, with these sa_flags, and counted in the 8 bytes of FILE
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_RULES = 16, MOST_CONDITIONS = 4, MOST_ERRNOS = 32, MOST_TEXT = 4096 };

struct rule {
    enum shim_function function;
    struct condition {
        int arg;
        bool bits, not ;
        long value;
    } conditions[MOST_CONDITIONS];
    int condition_count;
    long nth, first, every;
    int after;
    atomic_bool due; /* what it is to come after has come */
    atomic_long calls;
    int raise, then, child;
    int errnos[MOST_ERRNOS];
    int errno_count;
    atomic_int errnos_used;
    bool answers, lose, forget;
    long result;
    size_t most, keep;
    int clear;
    unsigned int length;
};

static struct rule rules[MOST_RULES];
static size_t rule_count;
static int log_fd = -1;
static _Atomic uint64_t *caught;

#define NAME(name) #name,
static const char *const NAMES[F_COUNT] = {LIBRARY_CALLS(NAME) PROGRAM_CALLS(NAME)};

/* ---- A call ---- */

static bool holds(const struct condition *condition, long value) {
    bool is = condition->bits ? (value & condition->value) != 0 : value == condition->value;
    return is != condition->not ;
}

static bool applies(struct rule *rule, const struct shim_call *call) {
    if (rule->function != call->function)
        return false;
    for (int i = 0; i < rule->condition_count; i++)
        if (!holds(&rule->conditions[i], call->arg[rule->conditions[i].arg - 1]))
            return false;
    long calls = atomic_fetch_add(&rule->calls, 1) + 1;
    return (rule->nth == 0 || calls == rule->nth) && (rule->first == 0 || calls <= rule->first) &&
           (rule->every == 0 || (calls - 1) % rule->every == 0) &&
           (rule->after == 0 || atomic_exchange(&rule->due, false));
}

static int next_errno(struct rule *rule) {
    if (rule->errno_count == 1)
        return rule->errnos[0];
    int used = atomic_fetch_add(&rule->errnos_used, 1);
    return used < rule->errno_count ? rule->errnos[used] : 0;
}

void rules_before(struct shim_call *call) {
    struct rule *rule = rules;
    while (rule < rules + rule_count && !applies(rule, call))
        rule++;
    if (rule == rules + rule_count)
        return;
    call->rule = rule;
    call->clear = rule->clear;
    call->length = rule->length;
    if (rule->raise != 0)
        (void)raise(rule->raise);
    if (rule->keep > 0) {
        static void *kept;
        void **block = malloc(rule->keep);
        if (block != NULL) {
            *block = kept; /* or the compiler would see that nobody wants it */
            kept = block;
        }
    }
    if (rule->answers) {
        call->act = ACT_ANSWER;
        call->result = rule->result;
    }
    if (rule->most > 0) {
        call->act = ACT_CUT;
        call->most = rule->most;
    }
    call->err = rule->errno_count > 0 ? next_errno(rule) : 0;
    if (call->err != 0)
        call->act = ACT_FAIL;
}

void rules_after(struct shim_call *call) {
    const struct rule *rule = call->rule;
    bool succeeded = call->result >= 0;
    if (!succeeded)
        for (size_t i = 0; i < rule_count; i++)
            if (rules[i].after == call->failed_with)
                atomic_store(&rules[i].due, true);
    if (rule != NULL && rule->then != 0 && succeeded)
        (void)raise(rule->then);
    if (rule != NULL && rule->child != 0 && call->function == F_fork && call->result == 0)
        (void)raise(rule->child);
    if (rule != NULL && rule->lose && call->result > 1)
        call->result--;
    if (rule != NULL && rule->forget && succeeded) {
        (void)close((int)call->result);
        call->result = -1;
        call->failed_with = EINTR;
    }
    if (log_fd >= 0) {
        char line[64];
        int n = snprintf(line, sizeof line, "%s %lld %d\n", NAMES[call->function], call->result, call->failed_with);
        (void)!write(log_fd, line, (size_t)n);
    }
}

/* ---- The text ---- */

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "shim: not understood: %s\n", what);
    abort();
}

/* A number, to the end of the word. */
static long number(const char *text, const char *word) {
    char *end;
    long value = strtol(text, &end, 0);
    if (end == text || *end != '\0')
        wrong(word);
    return value;
}

static void parse_errnos(struct rule *rule, char *list, const char *word) {
    char *rest;
    for (char *item = strtok_r(list, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        if (rule->errno_count == MOST_ERRNOS)
            wrong(word);
        rule->errnos[rule->errno_count++] = (int)number(item, word);
    }
}

/* arg2=N and the like, behind "arg". */
static void parse_condition(struct rule *rule, const char *text, const char *word) {
    struct condition *condition = &rule->conditions[rule->condition_count++];
    if (rule->condition_count > MOST_CONDITIONS || *text < '1' || *text > '6')
        wrong(word);
    condition->arg = *text++ - '0';
    condition->not = *text == '!';
    text += condition->not ;
    condition->bits = *text == '&';
    if (*text != '=' && *text != '&')
        wrong(word);
    condition->value = number(text + 1, word);
}

static void parse_word(struct rule *rule, char *word) {
    char copy[64], *value = strchr(word, '=');
    snprintf(copy, sizeof copy, "%s", word);
    if (strncmp(word, "arg", 3) == 0) {
        parse_condition(rule, word + 3, copy);
        return;
    }
    if (value != NULL)
        *value++ = '\0';
    bool is_errno = strcmp(word, "errno") == 0;
    long n = value != NULL && !is_errno ? number(value, copy) : 0;
    if (is_errno && value != NULL)
        parse_errnos(rule, value, copy);
    else if (strcmp(word, "lose") == 0)
        rule->lose = true;
    else if (strcmp(word, "forget") == 0)
        rule->forget = true;
    else if (value == NULL)
        wrong(copy);
    else if (strcmp(word, "nth") == 0)
        rule->nth = n;
    else if (strcmp(word, "first") == 0)
        rule->first = n;
    else if (strcmp(word, "every") == 0)
        rule->every = n;
    else if (strcmp(word, "after") == 0)
        rule->after = (int)n;
    else if (strcmp(word, "raise") == 0)
        rule->raise = (int)n;
    else if (strcmp(word, "then") == 0)
        rule->then = (int)n;
    else if (strcmp(word, "child") == 0)
        rule->child = (int)n;
    else if (strcmp(word, "most") == 0)
        rule->most = (size_t)n;
    else if (strcmp(word, "keep") == 0)
        rule->keep = (size_t)n;
    else if (strcmp(word, "clear") == 0)
        rule->clear = (int)n;
    else if (strcmp(word, "length") == 0)
        rule->length = (unsigned int)n;
    else if (strcmp(word, "result") == 0) {
        rule->answers = true;
        rule->result = n;
    } else
        wrong(copy);
}

static void on_signal(int signal_number) {
    (void)signal_number;
    atomic_fetch_add(caught, 1);
}

static void parse_catch(char *text) {
    char *flags, *path;
    int signal_number = (int)strtol(text, &flags, 0);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)strtol(flags, &path, 0)};
    int fd = *path == ' ' ? open(path + 1, O_RDWR | O_CLOEXEC) : -1;
    void *shared = fd >= 0 ? mmap(NULL, sizeof *caught, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (shared == MAP_FAILED || close(fd) < 0)
        wrong(text);
    caught = shared;
    if (sigaction(signal_number, &action, NULL) < 0)
        wrong(text);
}

static void parse_line(char *line) {
    char *words, *word = strtok_r(line, " ", &words);
    int function = 0;
    if (word == NULL)
        return;
    if (strcmp(word, "log") == 0) {
        log_fd = open(words, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (log_fd < 0)
            wrong(words);
        return;
    }
    if (strcmp(word, "catch") == 0) {
        parse_catch(words);
        return;
    }
    while (function < F_COUNT && strcmp(word, NAMES[function]) != 0)
        function++;
    if (function == F_COUNT || rule_count == MOST_RULES)
        wrong(word);
    struct rule *rule = &rules[rule_count];
    rule->function = (enum shim_function)function;
    while ((word = strtok_r(NULL, " ", &words)) != NULL)
        parse_word(rule, word);
    rule_count++;
}

void rules_read(void) {
    static char text[MOST_TEXT];
    const char *script = getenv("SHIM");
    if (script == NULL)
        return;
    if (strlen(script) >= sizeof text)
        wrong(script);
    strcpy(text, script);
    char *lines;
    for (char *line = strtok_r(text, "\n", &lines); line != NULL; line = strtok_r(NULL, "\n", &lines))
        parse_line(line);
}
