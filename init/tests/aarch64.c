/* Calls a rewritten vDSO image on aarch64: IMAGE, and where clock_gettime, gettimeofday and the stub stand in it.
   The stub's data is filled in here, at the places that src/programs/stub.rs names. Says what does not hold; 0 when all holds. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int (*read_clock)(int, struct timespec *);
typedef int (*read_day)(struct timeval *, struct timezone *);

static int failures, checks;
#define CHECK(what) (checks++, (what) ? 0 : (failures++, printf("line %d does not hold: %s\n", __LINE__, #what)))
#define PINNED 1700000000

/* Registers that a function must keep, and x0. */
static int keeps(read_clock function, int clock, struct timespec *time) {
    register long r19 asm("x19") = 19, r20 asm("x20") = 20, r28 asm("x28") = 28, r18 asm("x18") = 18;
    register long x0 asm("x0") = clock;
    register void *x1 asm("x1") = time;
    asm volatile("blr %[f]" : "+r"(x0), "+r"(x1), "+r"(r18), "+r"(r19), "+r"(r20), "+r"(r28)
        : [f] "r"(function)
        : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x30",
          "cc", "memory");
    return x0 == 0 && r18 == 18 && r19 == 19 && r20 == 20 && r28 == 28 && x1 == (void *)time;
}

static int64_t nanos(struct timespec time) { return time.tv_sec * 1000000000 + time.tv_nsec; }

int main(int count, char **arguments) {
    if (count != 5) return 2;
    int file = open(arguments[1], O_RDONLY);
    off_t size = lseek(file, 0, SEEK_END);
    char *image = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (image == MAP_FAILED) return 2;
    read_clock clock = (read_clock)(image + strtol(arguments[2], 0, 0));
    read_day day = (read_day)(image + strtol(arguments[3], 0, 0));
    volatile uint64_t *words = (uint64_t *)(image + strtol(arguments[4], 0, 0));
    static uint64_t spin;
    /* As a kernel does that was built for it: an indirect call must land on `bti c` or a like of it (0x10 is PROT_BTI). */
    int guarded = getauxval(AT_HWCAP2) & 1 << 17 ? 0x10 : 0;
#define WRITABLE(on) CHECK(mprotect(image, size, PROT_READ | ((on) ? PROT_WRITE : PROT_EXEC | guarded)) == 0)
    words[1] = PINNED, words[4] = 1 | 1 << 5 | 1 << 8 | 1 << 11;
    __builtin___clear_cache(image, image + size);
    WRITABLE(0);

    struct timespec time, real;
    for (int wall = 0; wall < 12; wall++) {
        if (!(1 << wall & (1 | 1 << 5 | 1 << 8 | 1 << 11))) continue;
        memset(&time, 0xff, sizeof time);
        CHECK(keeps(clock, wall, &time));
        CHECK(time.tv_sec == PINNED && time.tv_nsec == 0);
    }
    int others[] = {1, 2, 3, 4, 6, 7};
    for (int index = 0; index < 6; index++) {
        CHECK(keeps(clock, others[index], &time));
        CHECK(syscall(SYS_clock_gettime, others[index], &real) == 0);
        CHECK(nanos(real) >= nanos(time) && nanos(real) - nanos(time) < 1000000000);
    }
    CHECK(clock(12, &time) == -EINVAL && clock(64, &time) == -EINVAL && clock(0x7fffffff, &time) == -EINVAL);
    /* The clock of this process, by a negative number. */
    CHECK(clock(-6, &time) == 0 && nanos(time) < 3600000000000);

    struct timeval now;
    struct timezone zone;
    memset(&now, 0xff, sizeof now), memset(&zone, 0xff, sizeof zone);
    CHECK(day(&now, &zone) == 0 && now.tv_sec == PINNED && now.tv_usec == 0);
    CHECK(zone.tz_minuteswest == 0 && zone.tz_dsttime == 0);
    memset(&now, 0xff, sizeof now), memset(&zone, 0xff, sizeof zone);
    CHECK(day(&now, 0) == 0 && now.tv_sec == PINNED);
    CHECK(day(0, &zone) == 0 && zone.tz_minuteswest == 0);
    CHECK(day(0, 0) == 0);

    /* A wall clock that flows: the monotonic one and a distance, whose nanoseconds carry over or do not. */
    long ahead[] = {1, 999999999};
    for (int index = 0; index < 2; index++) {
        WRITABLE(1);
        words[1] = PINNED, words[2] = ahead[index], words[3] = 1;
        WRITABLE(0);
        int64_t distance = PINNED * 1000000000LL + ahead[index];
        for (int wall = 0; wall < 12; wall++) {
            if (!(1 << wall & (1 | 1 << 5 | 1 << 8 | 1 << 11))) continue;
            CHECK(keeps(clock, wall, &time));
            CHECK(syscall(SYS_clock_gettime, 1, &real) == 0);
            CHECK(nanos(real) + distance >= nanos(time) && nanos(real) + distance - nanos(time) < 1000000000);
            CHECK(time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
        }
        memset(&now, 0xff, sizeof now), memset(&zone, 0xff, sizeof zone);
        CHECK(day(&now, &zone) == 0 && now.tv_usec >= 0 && now.tv_usec < 1000000);
        CHECK(syscall(SYS_clock_gettime, 1, &real) == 0);
        int64_t behind = nanos(real) + distance - (now.tv_sec * 1000000000LL + now.tv_usec * 1000LL);
        CHECK(behind >= 0 && behind < 1000000000 && zone.tz_minuteswest == 0);
        CHECK(day(0, &zone) == 0 && day(&now, 0) == 0 && day(0, 0) == 0);
    }
    WRITABLE(1);
    words[1] = PINNED, words[2] = 0, words[3] = 0;
    WRITABLE(0);

    WRITABLE(1);
    words[5] = 1 << 1 | 1 << 4 | 1 << 6 | 1 << 7, words[6] = 0;
    words[8] = (uint64_t)&spin;
    for (int index = 0; index < 8; index++) words[11 + index] = 5000000000 + 1000000 * index;
    WRITABLE(0);
    int held[] = {1, 4, 6, 7};
    for (int index = 0; index < 8; index++) {
        usleep(1000);
        CHECK(keeps(clock, held[index % 4], &time));
        CHECK(nanos(time) == 5000000000 + 1000000 * held[index % 4]);
    }
    uint64_t counted = spin;
    CHECK(counted != 0 && counted >> 36 == 0);
    CHECK(clock(0, &time) == 0 && time.tv_sec == PINNED && spin == counted);
    CHECK(clock(2, &time) == 0 && nanos(time) < 3600000000000 && spin == counted);
    WRITABLE(1);
    words[6] = 300999999999;
    WRITABLE(0);
    usleep(1000);
    CHECK(clock(1, &time) == 0 && nanos(time) == 5001000000 + 300999999999);

    /* Who spins sees time flow, after a million readings, and never backwards. */
    int64_t begin = nanos(time), last = begin;
    long readings = 0;
    while (last - begin < 1000000 && readings < 4000000) {
        int64_t before = last;
        CHECK(clock(1, &time) == 0);
        last = nanos(time), readings++;
        if (last < before) CHECK(!"forwards");
    }
    printf("a millisecond of spinning: %ld readings\n", readings);
    CHECK(readings > 1000000 && readings < 3000000);
    checks -= readings;

    /* The watching thread: an eighth of real time since the first reading. */
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    CHECK(syscall(SYS_clock_gettime, 1, &real) == 0);
    int64_t first = nanos(real) - 8000000000;
    WRITABLE(1);
    words[6] = 0, words[12] = first, words[9] = here - 65536, words[10] = 131072;
    WRITABLE(0);
    CHECK(keeps(clock, 1, &time));
    int64_t passed = nanos(time) - first;
    CHECK(passed >= 1000000000 && passed < 1100000000);
    printf("%d checks, %d do not hold, landing pads were %s\n", checks, failures, guarded ? "asked for" : "not asked for");
    return failures != 0;
}
