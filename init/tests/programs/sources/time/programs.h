// What the C programs of the corpus share: the first word names one of a file's programs; it prints `ok` and ends with 0, or
// says on its standard error what was not as it should be and ends with 1.
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

#define must(holds, ...)                                                                                              \
    do {                                                                                                              \
        if (!(holds)) {                                                                                               \
            fprintf(stderr, "%s:%d: not (%s): ", __FILE_NAME__, __LINE__, #holds);                                    \
            fprintf(stderr, __VA_ARGS__);                                                                             \
            fputc('\n', stderr);                                                                                      \
            exit(1);                                                                                                  \
        }                                                                                                             \
    } while (0)

struct program {
    const char *name;
    void (*run)(void);
};

static inline int64_t nanoseconds(struct timespec spec)
{
    return spec.tv_sec * SECOND + spec.tv_nsec;
}

static inline struct timespec timespec_of(int64_t nanos)
{
    return (struct timespec){.tv_sec = nanos / SECOND, .tv_nsec = nanos % SECOND};
}

// By the library: the vDSO's function where there is one.
static inline int64_t read_clock(clockid_t number)
{
    struct timespec spec;
    must(clock_gettime(number, &spec) == 0, "%s", strerror(errno));
    return nanoseconds(spec);
}

// By a system call.
static inline int64_t ask_clock(clockid_t number)
{
    struct timespec spec;
    must(syscall(SYS_clock_gettime, number, &spec) == 0, "%s", strerror(errno));
    return nanoseconds(spec);
}

static inline int64_t wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

static inline int64_t monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

// Sleeps without any look at the wall clock.
static inline void pause_for(int64_t nanos)
{
    struct timespec left = timespec_of(nanos);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

static inline int run_program(const struct program *programs, int count, char **words)
{
    // A program that nobody ends any more ends itself.
    alarm(100);
    for (; programs->name; programs++) {
        if (count > 1 && !strcmp(words[1], programs->name)) {
            programs->run();
            puts("ok");
            return 0;
        }
    }
    fputs("no such program\n", stderr);
    return 9;
}
