// Programs that compare the times of files with the wall clock; the second word names an empty folder.
#include "programs.h"
#include <fcntl.h>
#include <sys/stat.h>

// A fresh file is not of the future, and not old.
static void close_to_now(const char *what, struct timespec time)
{
    int64_t age = wall() - nanoseconds(time);
    must(age > -2 * SECOND && age < 5 * SECOND, "%s: a fresh file is %ld ns old", what, age);
}

static int make(const char *name)
{
    int file = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
    must(file >= 0 && write(file, "x", 1) == 1, "%s", strerror(errno));
    return file;
}

static void fresh(void)
{
    struct stat status;
    struct statx more;
    int file = make("fresh");
    must(fstat(file, &status) == 0, "%s", strerror(errno));
    close_to_now("fstat", status.st_mtim);
    close_to_now("fstat, changed", status.st_ctim);
    must(stat("fresh", &status) == 0, "%s", strerror(errno));
    close_to_now("stat", status.st_mtim);
    must(lstat("fresh", &status) == 0, "%s", strerror(errno));
    close_to_now("lstat", status.st_mtim);
    must(statx(AT_FDCWD, "fresh", 0, STATX_BASIC_STATS | STATX_BTIME, &more) == 0, "%s", strerror(errno));
    close_to_now("statx", (struct timespec){more.stx_mtime.tv_sec, more.stx_mtime.tv_nsec});
    if (more.stx_mask & STATX_BTIME)
        close_to_now("statx, made", (struct timespec){more.stx_btime.tv_sec, more.stx_btime.tv_nsec});
    must(fstatat(AT_FDCWD, ".", &status, 0) == 0, "%s", strerror(errno));
    close_to_now("the folder", status.st_mtim);
}

// A file is given the time that the kernel has.
static void touched(void)
{
    struct stat status;
    int file = make("touched");
    must(futimens(file, (struct timespec[]){{1000000000, 0}, {1000000000, 0}}) == 0, "%s", strerror(errno));
    must(futimens(file, NULL) == 0, "%s", strerror(errno));
    fstat(file, &status);
    close_to_now("futimens", status.st_mtim);
    must(utimensat(AT_FDCWD, "touched", (struct timespec[]){{0, UTIME_OMIT}, {0, UTIME_NOW}}, 0) == 0, "failed");
    stat("touched", &status);
    close_to_now("UTIME_NOW", status.st_mtim);
}

// A file keeps the time that it is given, be it long ago, now, or to come.
static void given(void)
{
    int64_t now = wall() / SECOND * SECOND, day = 86400 * SECOND;
    int64_t times[] = {1, 1000000000 * SECOND, now - day, now, now + day, 2000000000 * SECOND + 5};
    int file = make("given");
    for (unsigned at = 0; at < sizeof times / sizeof *times; at++) {
        struct stat status;
        struct timespec both[] = {timespec_of(times[at]), timespec_of(times[at])};
        must(futimens(file, both) == 0, "%s", strerror(errno));
        must(fstat(file, &status) == 0, "%s", strerror(errno));
        must(nanoseconds(status.st_mtim) == times[at], "%ld instead of %ld", nanoseconds(status.st_mtim), times[at]);
    }
}

// What is written later is not older, and time passes between two files.
static void later(void)
{
    struct stat first, second;
    int64_t before = wall();
    close(make("first"));
    pause_for(300 * MILLISECOND);
    close(make("second"));
    stat("first", &first);
    stat("second", &second);
    int64_t one = nanoseconds(first.st_mtim), other = nanoseconds(second.st_mtim);
    must(other - one >= 200 * MILLISECOND && other - one < 60 * SECOND, "%ld ns between them", other - one);
    must(one >= before - SECOND && other <= wall() + MILLISECOND, "%ld and %ld after %ld", one, other, before);
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"fresh", fresh}, {"touched", touched}, {"given", given}, {"later", later}, {NULL, NULL},
    };
    must(count == 3 && chdir(words[2]) == 0, "no folder");
    return run_program(programs, count, words);
}
