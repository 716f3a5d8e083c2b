// Programs that go on at once after a call with a deadline, use the memory in which it stood for something else, and look
// whether that is left alone; and programs whose deadline several threads read.
#include "programs.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/timerfd.h>

#define APART __attribute__((noinline))

static uint32_t word;
static sem_t semaphore;

// The word is not what it should be: the call is over at once.
static APART void by_futex(void)
{
    struct timespec deadline = timespec_of(wall() + 100 * SECOND);
    int operation = FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME;
    must(syscall(SYS_futex, &word, operation, 1, &deadline, NULL, ~0u) == -1 && errno == EAGAIN, "it waited");
}

static APART void by_sleep(void)
{
    struct timespec deadline = timespec_of(wall() - SECOND);
    must(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, NULL) == 0, "it failed");
}

static APART void by_timerfd(void)
{
    static int timer = -1;
    struct itimerspec value = {.it_value = timespec_of(wall() + 100 * SECOND)};
    if (timer < 0)
        timer = timerfd_create(CLOCK_REALTIME, 0);
    must(timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, NULL) == 0, "%s", strerror(errno));
}

static APART void by_timer(void)
{
    static timer_t timer;
    static int made;
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    struct itimerspec value = {.it_value = timespec_of(wall() + 100 * SECOND)};
    if (!made++)
        must(timer_create(CLOCK_REALTIME, &event, &timer) == 0, "%s", strerror(errno));
    must(timer_settime(timer, TIMER_ABSTIME, &value, NULL) == 0, "%s", strerror(errno));
}

static APART void by_queue(void)
{
    static mqd_t queue;
    struct mq_attr room = {.mq_maxmsg = 1, .mq_msgsize = 16};
    struct timespec deadline = timespec_of(wall() + 100 * SECOND);
    char text[16];
    if (!queue) {
        snprintf(text, sizeof text, "/reuse-%d", (int)getpid());
        queue = mq_open(text, O_RDWR | O_CREAT | O_EXCL, 0600, &room);
        must(queue != (mqd_t)-1, "the kernel makes no queue: %s", strerror(errno));
        mq_unlink(text);
    }
    mq_send(queue, "x", 1, 0);
    must(mq_timedreceive(queue, text, sizeof text, NULL, &deadline) == 1, "%s", strerror(errno));
}

static void *post(void *unused)
{
    sem_post(&semaphore);
    return unused;
}

// Somebody else ends the wait about when it begins.
static APART void by_semaphore(void)
{
    struct timespec deadline = timespec_of(wall() + 100 * SECOND);
    pthread_t thread;
    pthread_create(&thread, NULL, post, NULL);
    must(sem_timedwait(&semaphore, &deadline) == 0, "%s", strerror(errno));
    pthread_join(thread, NULL);
}

// Fills the memory below, which the call before it had, waits a little, and looks at it.
static APART void use_memory(void)
{
    volatile unsigned char block[8192];
    for (unsigned at = 0; at < sizeof block; at++)
        block[at] = 0xa5;
    pause_for(25 * MILLISECOND);
    for (unsigned at = 0; at < sizeof block; at++)
        must(block[at] == 0xa5, "byte %u of the program's own memory became %02x", at, block[at]);
}

static void reuse(void (*call)(void))
{
    for (int round = 0; round < 6; round++) {
        call();
        use_memory();
    }
}

static void futex(void) { reuse(by_futex); }
static void sleep_over(void) { reuse(by_sleep); }
static void timerfd(void) { reuse(by_timerfd); }
static void timer(void) { reuse(by_timer); }
static void queue(void) { reuse(by_queue); }
static void semaphore_posted(void) { reuse(by_semaphore); }

static struct timespec common;

static void *wait_for_common(void *unused)
{
    must(sem_timedwait(&semaphore, &common) == -1 && errno == ETIMEDOUT, "it was told to go on");
    return unused;
}

// Several threads wait for the same moment.
static void shared(void)
{
    pthread_t all[4];
    int64_t began = monotonic();
    common = timespec_of(wall() + 300 * MILLISECOND);
    struct timespec before = common;
    for (int at = 0; at < 4; at++)
        pthread_create(&all[at], NULL, wait_for_common, NULL);
    for (int at = 0; at < 4; at++) {
        pthread_join(all[at], NULL);
        int64_t passed = monotonic() - began;
        must(passed >= 300 * MILLISECOND && passed < 60 * SECOND, "thread %d waited for %ld ns", at, passed);
    }
    must(nanoseconds(common) == nanoseconds(before), "the deadline was changed");
}

// Two hundred calls whose deadline is over do not wait for anything.
static void many(void)
{
    int64_t began = monotonic();
    for (int round = 0; round < 200; round++)
        by_futex();
    must(monotonic() - began < 3 * SECOND, "200 calls that do not wait took %ld ns", monotonic() - began);
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"futex", futex}, {"sleep", sleep_over}, {"timerfd", timerfd}, {"timer", timer}, {"queue", queue},
        {"semaphore", semaphore_posted}, {"shared", shared}, {"many", many}, {NULL, NULL},
    };
    sem_init(&semaphore, 0, 0);
    return run_program(programs, count, words);
}
