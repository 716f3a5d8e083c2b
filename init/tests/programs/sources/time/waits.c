// Programs that wait with a deadline on the wall clock, each of which is not yet over, over, or never reached; and waits
// that are told how long.
#include "programs.h"
#include <linux/futex.h>
#include <mqueue.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>

// How far the deadline is when it is to be waited for.
#define AHEAD (150 * MILLISECOND)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static uint32_t word;

// A wait until `deadline` by the wall clock; gives 0 when it was told to go on, and ETIMEDOUT when the time was up.
typedef int wait_until(const struct timespec *deadline);

static int of_library(int result)
{
    return result == 0 ? 0 : errno;
}

static int by_semaphore(const struct timespec *deadline)
{
    return of_library(sem_timedwait(&semaphore, deadline));
}

static int by_condition(const struct timespec *deadline)
{
    static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&guard);
    int result = pthread_cond_timedwait(&cond, &guard, deadline);
    pthread_mutex_unlock(&guard);
    return result;
}

static int by_mutex(const struct timespec *deadline)
{
    return pthread_mutex_timedlock(&mutex, deadline);
}

static int by_rwlock(const struct timespec *deadline)
{
    return pthread_rwlock_timedwrlock(&rwlock, deadline);
}

static int by_futex(const struct timespec *deadline)
{
    int operation = FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME;
    int error = of_library(syscall(SYS_futex, &word, operation, 0, deadline, NULL, ~0u));
    return error == EAGAIN ? 0 : error;
}

// The system call that waits for several words at once, with a clock of the caller's choice.
static int by_futexes(const struct timespec *deadline)
{
    struct {
        uint64_t value, address;
        uint32_t flags, reserved;
    } waiters = {0, (uintptr_t)&word, 2, 0};
    long result = syscall(449, &waiters, 1, 0, deadline, CLOCK_REALTIME);
    return result >= 0 || errno == EAGAIN ? 0 : errno;
}

static void *idle(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&word, __ATOMIC_SEQ_CST))
        pause_for(5 * MILLISECOND);
    return NULL;
}

static int by_join(const struct timespec *deadline)
{
    pthread_t thread;
    pthread_create(&thread, NULL, idle, NULL);
    int result = pthread_timedjoin_np(thread, NULL, deadline);
    if (result)
        pthread_detach(thread);
    return result;
}

static mqd_t queue;

static int by_queue(const struct timespec *deadline)
{
    char text[16];
    return mq_timedreceive(queue, text, sizeof text, NULL, deadline) >= 0 ? 0 : errno;
}

static int by_full_queue(const struct timespec *deadline)
{
    return of_library(mq_timedsend(queue, "y", 1, 0, deadline));
}

static int by_sleep(const struct timespec *deadline)
{
    int error = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, deadline, NULL);
    return error ? error : ETIMEDOUT;
}

static void go_on(void)
{
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &word, FUTEX_WAKE, 99, NULL, NULL, 0);
    sem_post(&semaphore);
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    pthread_rwlock_unlock(&rwlock);
    if (queue)
        mq_send(queue, "x", 1, 0);
}

static void *waker(void *waited)
{
    struct timespec deadline = timespec_of(wall() + 3600 * SECOND);
    int error = ((wait_until *)waited)(&deadline);
    must(error == 0, "an hour was over at once: %s", strerror(error));
    return NULL;
}

static void prepare(void)
{
    sem_init(&semaphore, 0, 0);
}

// A deadline that is over ends the wait at once; one that is not, when it is reached and not before.
static void comes(wait_until *wait)
{
    struct timespec over = timespec_of(wall() - SECOND);
    int error = wait(&over);
    must(error == ETIMEDOUT, "a deadline that was over: %s", strerror(error));
    int64_t began = monotonic();
    struct timespec deadline = timespec_of(wall() + AHEAD);
    error = wait(&deadline);
    int64_t passed = monotonic() - began;
    must(error == ETIMEDOUT, "a deadline that came: %s", strerror(error));
    must(passed >= AHEAD && passed < 60 * SECOND, "it took %ld ns", passed);
}

// Waits for an hour by the wall clock, and is told to go on.
static void told(wait_until *wait)
{
    pthread_t thread;
    pthread_create(&thread, NULL, waker, (void *)wait);
    pause_for(80 * MILLISECOND);
    go_on();
    pthread_join(thread, NULL);
}

// Whoever waits until a time by the wall clock may rely on that time having come.
static void reached(wait_until *wait)
{
    struct timespec deadline = timespec_of(wall() + AHEAD);
    must(wait(&deadline) == ETIMEDOUT, "it was told to go on");
    int64_t late = wall() - nanoseconds(deadline);
    must(late >= 0 && late < 60 * SECOND, "%ld ns after the deadline", late);
}

static void semaphore_run(void) { comes(by_semaphore); reached(by_semaphore); told(by_semaphore); }
static void semaphore_waits(void) { comes(by_semaphore); told(by_semaphore); }
static void condition(void) { comes(by_condition); told(by_condition); }
static void mutex_run(void) { pthread_mutex_lock(&mutex); comes(by_mutex); told(by_mutex); }
static void rwlock_run(void) { pthread_rwlock_rdlock(&rwlock); comes(by_rwlock); told(by_rwlock); }
static void futex(void) { comes(by_futex); told(by_futex); }
static void futexes(void) { comes(by_futexes); told(by_futexes); }
static void join(void) { comes(by_join); told(by_join); }
static void sleeps(void) { comes(by_sleep); }
static void sleeps_until(void) { reached(by_sleep); }

static void queues(void)
{
    struct mq_attr room = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char name[32];
    snprintf(name, sizeof name, "/corpus-%d", (int)getpid());
    queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &room);
    must(queue != (mqd_t)-1, "the kernel makes no queue: %s", strerror(errno));
    mq_unlink(name);
    comes(by_queue);
    mq_send(queue, "x", 1, 0);
    comes(by_full_queue);
    by_queue(&(struct timespec){0, 0});
    told(by_queue);
}

// Checks the next wait at its line: it took as long as it was told.
#define takes(wait)                                                                                                   \
    do {                                                                                                              \
        int64_t began = monotonic();                                                                                  \
        wait;                                                                                                         \
        int64_t passed = monotonic() - began;                                                                         \
        must(passed >= 49 * MILLISECOND && passed < 60 * SECOND, "%ld ns", passed);                                   \
    } while (0)

static void relative(void)
{
    struct timespec short_time = {0, 50 * MILLISECOND};
    int ends[2], poller = epoll_create1(0), set = semget(IPC_PRIVATE, 1, 0600);
    must(pipe(ends) == 0 && set >= 0, "%s", strerror(errno));
    struct pollfd polled = {ends[0], POLLIN, 0};
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &event);
    takes(must(poll(&polled, 1, 50) == 0, "ready"));
    takes(must(ppoll(&polled, 1, &short_time, NULL) == 0, "ready"));
    takes(must(epoll_wait(poller, &event, 1, 50) == 0, "ready"));
    takes(must(select(0, NULL, NULL, NULL, &(struct timeval){0, 50000}) == 0, "ready"));
    takes(must(pselect(0, NULL, NULL, NULL, &short_time, NULL) == 0, "ready"));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    takes(must(sigtimedwait(&signals, NULL, &short_time) == -1 && errno == EAGAIN, "a signal"));
    takes(must(semtimedop(set, &(struct sembuf){0, -1, 0}, 1, &short_time) == -1 && errno == EAGAIN, "it was free"));
    semctl(set, 0, IPC_RMID);
    takes(must(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &short_time, NULL, 0) == -1 && errno == ETIMEDOUT, "woken"));
    takes(clock_nanosleep(CLOCK_REALTIME, 0, &short_time, NULL));
    takes(nanosleep(&short_time, NULL));
    takes(usleep(50000));
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"semaphore", semaphore_waits}, {"semaphore-reached", semaphore_run}, {"condition", condition},
        {"mutex", mutex_run}, {"rwlock", rwlock_run}, {"futex", futex}, {"futexes", futexes}, {"join", join},
        {"sleep", sleeps}, {"sleep-reached", sleeps_until}, {"queues", queues}, {"relative", relative}, {NULL, NULL},
    };
    prepare();
    return run_program(programs, count, words);
}
