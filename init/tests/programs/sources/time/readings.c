// Programs that read clocks in several ways and compare what they get.
#include "programs.h"
#include <spawn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>

extern char **environ;

static int64_t by_gettimeofday(void)
{
    struct timeval val;
    gettimeofday(&val, NULL);
    return val.tv_sec * SECOND + val.tv_usec * 1000;
}

// Every reading lies between the two around it, as exactly as its own unit allows.
static void agree(void)
{
    for (int round = 0; round < 300; round++) {
        int64_t before = wall(), micros = by_gettimeofday(), raw = ask_clock(CLOCK_REALTIME);
        struct timeval val;
        syscall(SYS_gettimeofday, &val, NULL);
        int64_t seconds = time(NULL), raw_micros = val.tv_sec * SECOND + val.tv_usec * 1000, after = wall();
        must(before - 1000 < micros && micros <= after, "%ld < %ld <= %ld", before, micros, after);
        must(before <= raw && raw <= after, "%ld <= %ld <= %ld", before, raw, after);
        must(before - 1000 < raw_micros && raw_micros <= after, "%ld < %ld <= %ld", before, raw_micros, after);
        // `time` may lag behind by a tick of the kernel, which a busy machine makes long.
        must(seconds >= before / SECOND - 1 && seconds <= after / SECOND, "%ld at %ld", seconds, before);
#ifdef SYS_time
        int64_t asked = syscall(SYS_time, NULL);
        must(asked >= seconds && asked <= wall() / SECOND, "%ld after %ld", asked, seconds);
#endif
    }
}

static void order(void)
{
    int64_t last = 0;
    for (int round = 0; round < 3000; round++) {
        int64_t next = round % 3 ? wall() : ask_clock(CLOCK_REALTIME);
        must(next >= last, "reading %d: %ld after %ld", round, next, last);
        last = next;
    }
}

static void coarse(void)
{
    int64_t first = read_clock(CLOCK_REALTIME_COARSE), last = first;
    for (int round = 0; round < 15; round++) {
        int64_t before = wall(), library = read_clock(CLOCK_REALTIME_COARSE), asked = ask_clock(CLOCK_REALTIME_COARSE);
        must(library >= last && asked >= library, "%ld, %ld, %ld", last, library, asked);
        must(library > before - SECOND && asked <= wall(), "%ld at %ld", library, before);
        last = asked;
        pause_for(20 * MILLISECOND);
    }
    must(last - first >= 200 * MILLISECOND, "moved by %ld ns in 300 ms", last - first);
}

// International atomic time is ahead by the same whole seconds whenever it is read.
static void tai(void)
{
    int64_t ahead = -1, first = read_clock(CLOCK_TAI);
    for (int round = 0; round < 20; round++) {
        int64_t before = wall(), library = read_clock(CLOCK_TAI), asked = ask_clock(CLOCK_TAI), after = wall();
        int64_t seconds = (library - before) / SECOND;
        if (after - before > SECOND / 2)
            continue;
        must(ahead == -1 || ahead == seconds, "%ld s, then %ld s", ahead, seconds);
        ahead = seconds;
        must(library - ahead * SECOND >= before && asked - ahead * SECOND <= after && asked >= library,
             "%ld and %ld between %ld and %ld", library, asked, before, after);
        pause_for(10 * MILLISECOND);
    }
    must(ahead >= 0 && read_clock(CLOCK_TAI) - first >= 100 * MILLISECOND, "%ld s ahead", ahead);
}

// What the wall clock says has passed is what monotonic time says.
static void rate(void)
{
    int64_t outer = monotonic(), began = wall(), inner = monotonic();
    pause_for(400 * MILLISECOND);
    int64_t least = monotonic() - inner, passed = wall() - began, most = monotonic() - outer;
    must(least - MILLISECOND <= passed && passed <= most + MILLISECOND, "%ld <= %ld <= %ld", least, passed, most);
}

static void stopwatch(void)
{
    int64_t began = by_gettimeofday();
    usleep(1100000);
    int64_t passed = by_gettimeofday() - began;
    must(passed >= 1100 * MILLISECOND - 1000 && passed < 60 * SECOND, "%ld ns", passed);
}

// Parent and child hand readings to each other, each of which must not be before the last.
static void child(void)
{
    int64_t *last = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *last = wall();
    for (int round = 0; round < 20; round++) {
        pid_t pid = fork();
        int status = 0;
        if (pid == 0) {
            int64_t next = round % 2 ? wall() : ask_clock(CLOCK_REALTIME);
            int sound = next >= *last && next - *last < 60 * SECOND;
            *last = next;
            _exit(!sound);
        }
        must(waitpid(pid, &status, 0) == pid && status == 0, "round %d, about %ld", round, *last);
        int64_t next = wall();
        must(next >= *last, "%ld after %ld", next, *last);
        *last = next;
    }
}

static int64_t of_program(int with_vfork)
{
    char text[64] = "", *words[] = {"/proc/self/exe", "print", NULL};
    int ends[2], status = 0;
    must(pipe(ends) == 0, "%s", strerror(errno));
    pid_t pid = with_vfork ? vfork() : fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        execve(words[0], words, environ);
        _exit(8);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    waitpid(pid, &status, 0);
    must(status == 0 && length > 0, "%d", status);
    return strtoll(text, NULL, 10);
}

// A program that is executed anew reads the clock that goes on, after `fork` and after `vfork`.
static void executed(void)
{
    for (int round = 0; round < 6; round++) {
        int64_t before = wall(), inside = of_program(round % 2), after = wall();
        must(before <= inside && inside <= after, "%ld <= %ld <= %ld", before, inside, after);
    }
}

static void print(void)
{
    printf("%ld\n", wall());
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t latest;

static void *reader(void *raw)
{
    for (int round = 0; round < 500; round++) {
        pthread_mutex_lock(&lock);
        int64_t next = raw ? ask_clock(CLOCK_REALTIME) : wall();
        must(next >= latest, "%ld after %ld", next, latest);
        latest = next;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t all[4];
    for (long at = 0; at < 4; at++)
        pthread_create(&all[at], NULL, reader, (void *)(at % 2));
    for (int at = 0; at < 4; at++)
        pthread_join(all[at], NULL);
}

// How long the machine has been up, in each of the ways there are, and that it goes on.
static void uptime(void)
{
    double before = read_clock(CLOCK_BOOTTIME) / 1e9, written = 0;
    struct sysinfo info;
    must(sysinfo(&info) == 0, "%s", strerror(errno));
    FILE *file = fopen("/proc/uptime", "r");
    must(file && fscanf(file, "%lf", &written) == 1, "cannot read it");
    fclose(file);
    double after = read_clock(CLOCK_BOOTTIME) / 1e9;
    must(info.uptime >= before - 1 && info.uptime <= after + 2, "%ld s at %f", info.uptime, before);
    must(written >= before - 1 && written <= after + 1, "%f s at %f", written, before);
    pause_for(300 * MILLISECOND);
    must(read_clock(CLOCK_BOOTTIME) / 1e9 - before >= 0.3, "it stands");
}

// Processor time and the ticks of `times` pass.
static void used(void)
{
    struct tms tms;
    struct rusage usage;
    clock_t began = times(&tms), work = clock();
    int64_t first = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    while (clock() - work < CLOCKS_PER_SEC / 10)
        ;
    must(read_clock(CLOCK_PROCESS_CPUTIME_ID) - first >= 90 * MILLISECOND, "too little processor time");
    getrusage(RUSAGE_SELF, &usage);
    must(usage.ru_utime.tv_sec + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec + usage.ru_stime.tv_usec > 0, "none");
    must(times(&tms) - began >= 8 && times(&tms) - began < 6000, "%ld ticks", times(&tms) - began);
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"agree", agree}, {"order", order}, {"coarse", coarse}, {"tai", tai}, {"rate", rate},
        {"stopwatch", stopwatch}, {"child", child}, {"executed", executed},
        {"print", print}, {"threads", threads}, {"uptime", uptime}, {"used", used}, {NULL, NULL},
    };
    return run_program(programs, count, words);
}
