// Programs that wait by the wall clock while something else takes the processor, or signals come in between.
#include "programs.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static sem_t semaphore;
static int over;
// Whether each deadline stands where the one before it did.
static int same_memory;

static struct timespec *memory_of(int64_t nanos)
{
    static struct timespec all[1000], first;
    static int next;
    struct timespec *deadline = same_memory ? &first : &all[__atomic_fetch_add(&next, 1, __ATOMIC_SEQ_CST)];
    *deadline = timespec_of(nanos);
    return deadline;
}

// Waits for so long by the wall clock, whatever interrupts it; must not come back before.
static void wait_by_semaphore(int64_t nanos)
{
    int64_t began = monotonic();
    struct timespec *deadline = memory_of(wall() + nanos);
    int result;
    do
        result = sem_timedwait(&semaphore, deadline);
    while (result == -1 && errno == EINTR);
    must(result == -1 && errno == ETIMEDOUT, "%s", strerror(errno));
    must(monotonic() - began >= nanos, "it came after %ld ns", monotonic() - began);
}

static void wait_by_sleep(int64_t nanos)
{
    int64_t began = monotonic();
    struct timespec *deadline = memory_of(wall() + nanos);
    int error;
    while ((error = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, deadline, NULL)) == EINTR)
        ;
    must(error == 0 && monotonic() - began >= nanos, "%s after %ld ns", strerror(error), monotonic() - began);
}

static void wait_by_timer(int64_t nanos)
{
    uint64_t times;
    int64_t began = monotonic();
    struct itimerspec value = {.it_value = timespec_of(wall() + nanos)};
    int timer = timerfd_create(CLOCK_REALTIME, 0);
    must(timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, NULL) == 0, "%s", strerror(errno));
    while (read(timer, &times, sizeof times) == -1 && errno == EINTR)
        ;
    must(monotonic() - began >= nanos, "it came after %ld ns", monotonic() - began);
    close(timer);
}

static void *spin(void *unused)
{
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
        ;
    return unused;
}

// Twenty threads want the processor that this thread needs.
static void among_spinners(void (*wait)(int64_t))
{
    enum { COUNT = 20 };
    pthread_t all[COUNT];
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    must(sched_setaffinity(0, sizeof set, &set) == 0, "%s", strerror(errno));
    for (int at = 0; at < COUNT; at++)
        pthread_create(&all[at], NULL, spin, NULL);
    for (int round = 0; round < 3; round++)
        wait(50 * MILLISECOND);
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    for (int at = 0; at < COUNT; at++)
        pthread_join(all[at], NULL);
}

static void ignore(int unused)
{
    (void)unused;
}

// A signal comes every millisecond; the second time calls that it interrupts are begun anew by the kernel.
static void among_signals(void (*wait)(int64_t))
{
    for (int round = 0; round < 2; round++) {
        struct sigaction action = {.sa_handler = ignore, .sa_flags = round ? SA_RESTART : 0};
        struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
        for (int at = 0; at < 4; at++)
            wait(40 * MILLISECOND);
        setitimer(ITIMER_REAL, &never, NULL);
    }
}

static void busy_semaphore(void) { among_spinners(wait_by_semaphore); }
static void busy_sleep(void) { among_spinners(wait_by_sleep); }
static void busy_timer(void) { among_spinners(wait_by_timer); }
static void signals_semaphore(void) { among_signals(wait_by_semaphore); }
static void signals_sleep(void) { among_signals(wait_by_sleep); }
static void signals_same(void) { same_memory = 1; among_signals(wait_by_sleep); }

// Calls that do not wait for anything are never interrupted.
static void calls(int64_t nanos)
{
    struct stat status;
    struct itimerspec value = {.it_value = timespec_of(wall() + 100 * SECOND)};
    int timer = timerfd_create(CLOCK_REALTIME, 0), file = open(".", O_RDONLY);
    for (int64_t began = monotonic(); monotonic() - began < nanos;) {
        ask_clock(CLOCK_REALTIME);
        must(fstat(file, &status) == 0 && stat("..", &status) == 0, "stat: %s", strerror(errno));
        must(timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, NULL) == 0, "timerfd_settime: %s", strerror(errno));
    }
    close(timer);
    close(file);
}

static void interrupted(void) { among_signals(calls); }

static void *worker(void *unused)
{
    for (int round = 0; round < 20; round++)
        wait_by_semaphore(10 * MILLISECOND);
    return unused;
}

// Eight threads wait again and again.
static void threads(void)
{
    pthread_t all[8];
    for (int at = 0; at < 8; at++)
        pthread_create(&all[at], NULL, worker, NULL);
    for (int at = 0; at < 8; at++)
        pthread_join(all[at], NULL);
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"semaphore", busy_semaphore}, {"sleep", busy_sleep}, {"timer", busy_timer},
        {"signals-semaphore", signals_semaphore}, {"signals-sleep", signals_sleep},
        {"signals-same", signals_same}, {"interrupted", interrupted}, {"threads", threads}, {NULL, NULL},
    };
    sem_init(&semaphore, 0, 0);
    return run_program(programs, count, words);
}
