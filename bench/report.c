/* report.c - ratios as a table, as JSON and as a plot. No times, which would hold for one machine only. */
#include "bench.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <math.h>
#include <sockutil.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

struct row {
    const char *what, *size, *against;
    enum { RATIO, ABSENT, COUNT } form;
    struct target target;
    double ratio;
    int ours, others, of;
};

static struct row rows[256];
static size_t row_count_;

/* Rounded as printed, so that print and verdict agree. */
static double rounded(double number) {
    return round(number * 100) / 100;
}

static double shown(const struct row *r) {
    return rounded(r->target.kind == LEAST ? 1 / r->ratio : r->ratio);
}

static bool judged(const struct row *r) {
    return r->form == COUNT || (r->form == RATIO && r->target.kind != NO_TARGET);
}

static bool met(const struct row *r) {
    if (r->form == COUNT)
        return r->ours == 0;
    return r->target.kind == LEAST ? shown(r) >= r->target.number : shown(r) <= r->target.number;
}

static const char *verdict(const struct row *r) {
    return !judged(r) ? "" : met(r) ? "met" : "MISSED";
}

static void ratio_text(const struct row *r, char *text, size_t size) {
    if (r->form == ABSENT)
        snprintf(text, size, "not installed");
    else if (r->form == COUNT)
        snprintf(text, size, "%d of %d, %d of %d", r->ours, r->of, r->others, r->of);
    else
        snprintf(text, size, r->target.kind == LEAST ? "%.2f x as fast" : "%.2f x", shown(r));
}

static void target_text(const struct row *r, char *text, size_t size) {
    if (!judged(r))
        snprintf(text, size, "-");
    else if (r->form == COUNT)
        snprintf(text, size, "none of ours");
    else
        snprintf(text, size, r->target.kind == LEAST ? "at least %.2f x" : "at most %.2f x", r->target.number);
}

static void add(struct row r) {
    char ratio[64], target[64];
    NEED(row_count_ < LENGTH(rows));
    if (row_count_ == 0)
        printf("%-32s %-13s %-34s %18s  %-15s %s\n", "what", "size", "against", "ratio", "target", "");
    rows[row_count_++] = r;
    ratio_text(&r, ratio, sizeof ratio);
    target_text(&r, target, sizeof target);
    printf("%-32s %-13s %-34s %18s  %-15s %s\n", r.what, r.size, r.against, ratio, target, verdict(&r));
    fflush(stdout);
}

void row(const char *what, const char *size, const char *against, double ratio, struct target target) {
    NEED(isfinite(ratio) && ratio > 0);
    add((struct row){.what = what, .size = size, .against = against, .form = RATIO, .ratio = ratio, .target = target});
}

void row_absent(const char *what, const char *size, const char *against) {
    add((struct row){.what = what, .size = size, .against = against, .form = ABSENT});
}

void row_count(const char *what, const char *size, const char *against, int ours, int others, int of) {
    add((struct row){
        .what = what, .size = size, .against = against, .form = COUNT, .ours = ours, .others = others, .of = of});
}

/* The share of the processor that this program and its servers had during the contests. 1 on an idle machine. */
static double own_share(void) {
    struct rusage own, children;
    double spent = 0;
    if (getrusage(RUSAGE_SELF, &own) < 0 || getrusage(RUSAGE_CHILDREN, &children) < 0)
        fail_call("getrusage");
    const struct timeval *times[] = {&own.ru_utime, &own.ru_stime, &children.ru_utime, &children.ru_stime};
    for (size_t i = 0; i < LENGTH(times); i++)
        spent += (double)times[i]->tv_sec + (double)times[i]->tv_usec / 1e6;
    return fmin(spent / contest_s, 1);
}

/* ---- Files ---- */

static FILE *create(const char *name) {
    FILE *file = fopen(name, "w");
    if (file == NULL)
        fail_call(name);
    return file;
}

static void finish(FILE *file, const char *name) {
    if (ferror(file) || fclose(file) != 0)
        fail_call(name);
}

/* The name of the processor, as far as it needs no escape. */
static void processor(char *text, size_t size) {
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            snprintf(text, size, "%s", strchr(line, ':') + 2);
            break;
        }
    if (file != NULL)
        fclose(file);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '"' || *c == '\\' || *c < ' ')
            *c = '\0';
}

static void write_json(const char *name) {
    struct utsname system;
    char model[128], ratio[64], date[16] = "";
    time_t now = time(NULL);
    struct tm utc;
    FILE *file = create(name);
    if (uname(&system) < 0)
        fail_call("uname");
    processor(model, sizeof model);
    if (gmtime_r(&now, &utc) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d", &utc);
    fprintf(file, "{\n  \"date\": \"%s\",\n  \"processor\": \"%s\",\n  \"system\": \"%s %s %s\",\n", date, model,
            system.sysname, system.release, system.machine);
    fprintf(file,
            "  \"compiler\": \"%s\",\n  \"glibc\": \"%s\",\n  \"sockutil\": \"%s\",\n  \"rounds\": %d,\n  "
            "\"share_of_the_processor\": %.2f,\n  \"rows\": [",
            __VERSION__, gnu_get_libc_version(), sockutil_version(), rounds, own_share());
    for (size_t i = 0; i < row_count_; i++) {
        const struct row *r = &rows[i];
        fprintf(file, "%s\n    {\"what\": \"%s\", \"size\": \"%s\", \"against\": \"%s\", ", i > 0 ? "," : "", r->what,
                r->size, r->against);
        if (r->form == RATIO && r->target.kind == LEAST)
            fprintf(file, "\"times_as_fast\": %.2f, \"at_least\": ", shown(r));
        else if (r->form == RATIO)
            fprintf(file, "\"cost\": %.2f, \"at_most\": ", shown(r));
        else if (r->form == COUNT)
            fprintf(file, "\"ours\": %d, \"theirs\": %d, \"of\": %d, \"at_most\": 0", r->ours, r->others, r->of);
        else {
            ratio_text(r, ratio, sizeof ratio);
            fprintf(file, "\"missing\": \"%s\"", ratio);
        }
        if (r->form == RATIO && judged(r))
            fprintf(file, "%.2f", r->target.number);
        else if (r->form == RATIO)
            fprintf(file, "null");
        if (judged(r))
            fprintf(file, ", \"met\": %s", met(r) ? "true" : "false");
        fprintf(file, "}");
    }
    fprintf(file, "\n  ]\n}\n");
    finish(file, name);
}

/* The cost as a part of the target: 1 is at the target, less is better. */
static double of_target(const struct row *r) {
    return r->target.kind == LEAST ? r->target.number * r->ratio : r->ratio / r->target.number;
}

enum { WIDTH = 1000, TOP = 64, STEP = 20, LEFT = 420, TARGET = 240, LONGEST = 310, BOTTOM = 44 };

/* A bar for each row with a target. Its colours and the grey of its text are visible on white and on black. */
static void write_svg(const char *name) {
    FILE *file = create(name);
    char ratio[64], target[64];
    size_t bars = 0;
    for (size_t i = 0; i < row_count_; i++)
        bars += judged(&rows[i]) && rows[i].form == RATIO;
    int height = TOP + STEP * (int)bars + BOTTOM;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
            "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#768390\">\n"
            "<title>What sockutil costs, as a part of its targets</title>\n",
            WIDTH, height, WIDTH, height);
    fprintf(file,
            "<text x=\"%d\" y=\"20\" text-anchor=\"end\" font-size=\"14\" font-weight=\"bold\">What sockutil costs"
            "</text>\n<text x=\"%d\" y=\"20\" font-size=\"14\">as a part of what its target allows: shorter is better"
            "</text>\n<text x=\"%d\" y=\"48\" text-anchor=\"middle\">the target</text>\n",
            LEFT, LEFT + 8, LEFT + TARGET);
    int y = TOP;
    for (size_t i = 0; i < row_count_; i++) {
        const struct row *r = &rows[i];
        if (!judged(r) || r->form != RATIO)
            continue;
        double length = of_target(r) * TARGET;
        bool cut = length > LONGEST; /* much too long: it ends in a gap */
        ratio_text(r, ratio, sizeof ratio);
        target_text(r, target, sizeof target);
        fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s, %s against %s</text>\n", LEFT - 8, y + 13,
                r->what, r->size, r->against);
        fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n", LEFT, y + 2,
                cut ? LONGEST - 6 : length, STEP - 6, met(r) ? "#3fa35b" : "#d4762c");
        if (cut)
            fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"4\" height=\"%d\" rx=\"2\" fill=\"#d4762c\"/>\n",
                    LEFT + LONGEST - 4, y + 2, STEP - 6);
        fprintf(file, "<text x=\"%d\" y=\"%d\">%s, %s%s</text>\n", LEFT + LONGEST + 10, y + 13, ratio, target,
                met(r) ? "" : ", MISSED");
        y += STEP;
    }
    fprintf(file,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#768390\" stroke-width=\"1.5\" "
            "stroke-dasharray=\"4 3\"/>\n",
            LEFT + TARGET, TOP - 8, LEFT + TARGET, y + 4);
    fprintf(
        file,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">The least of %d interleaved rounds on one processor. "
        "Beside the bars: cost for 1 of the comparator's, or how many times as fast; and the target.</text>\n</svg>\n",
        WIDTH / 2, height - 12, rounds);
    finish(file, name);
}

void report(const char *json, const char *svg) {
    size_t with_target = 0, missed = 0;
    for (size_t i = 0; i < row_count_; i++)
        if (judged(&rows[i])) {
            with_target++;
            missed += !met(&rows[i]);
        }
    printf("%zu of %zu targets met\n", with_target - missed, with_target);
    if (own_share() < 0.8)
        printf("The machine was busy with other work: rows about a few percent may be wrong.\n");
    if (json != NULL)
        write_json(json);
    if (svg != NULL)
        write_svg(svg);
    if (fflush(stdout) != 0)
        fail_call("stdout");
}
