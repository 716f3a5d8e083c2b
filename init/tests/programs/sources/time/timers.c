// Programs that set timers and alarms, and look at what is left of them.
#include "programs.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

static struct itimerspec once(int64_t nanos)
{
    return (struct itimerspec){.it_value = timespec_of(nanos)};
}

static int set_timer(int flags, struct itimerspec value)
{
    int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
    must(timer >= 0 && timerfd_settime(timer, flags, &value, NULL) == 0, "%s", strerror(errno));
    return timer;
}

// Waits for the timer, which must come after this time and no sooner; gives how often it came.
static int64_t comes_after(int timer, int64_t nanos, int64_t began)
{
    uint64_t times = 0;
    struct pollfd polled = {timer, POLLIN, 0};
    must(poll(&polled, 1, 60000) == 1, "it did not come");
    must(read(timer, &times, sizeof times) == sizeof times, "%s", strerror(errno));
    int64_t passed = monotonic() - began;
    must(passed >= nanos && passed < 60 * SECOND, "it came after %ld ns", passed);
    return times;
}

static void fd_relative(void)
{
    int64_t began = monotonic();
    comes_after(set_timer(0, once(200 * MILLISECOND)), 200 * MILLISECOND, began);
}

static void fd_absolute(void)
{
    int64_t began = monotonic();
    comes_after(set_timer(TFD_TIMER_ABSTIME, once(wall() + 200 * MILLISECOND)), 200 * MILLISECOND, began);
}

static void fd_reached(void)
{
    int64_t began = monotonic(), deadline = wall() + 200 * MILLISECOND;
    comes_after(set_timer(TFD_TIMER_ABSTIME, once(deadline)), 0, began);
    must(wall() >= deadline && wall() - deadline < 60 * SECOND, "%ld ns after the deadline", wall() - deadline);
}

static void fd_over(void)
{
    int64_t began = monotonic();
    comes_after(set_timer(TFD_TIMER_ABSTIME, once(wall() - SECOND)), 0, began);
    must(monotonic() - began < 30 * SECOND, "it was waited for");
}

// Begins at a time by the wall clock and comes again and again.
static void fd_periodic(void)
{
    int64_t began = monotonic();
    struct itimerspec value = once(wall() + 200 * MILLISECOND);
    value.it_interval = timespec_of(100 * MILLISECOND);
    int timer = set_timer(TFD_TIMER_ABSTIME, value);
    for (int64_t came = 0; came < 3;) {
        came += comes_after(timer, (200 + came * 100) * MILLISECOND, began);
        must(came < 1000, "it came %ld times at once", came);
    }
}

static void fd_left(void)
{
    struct itimerspec left;
    int timer = set_timer(TFD_TIMER_ABSTIME, once(wall() + 100 * SECOND));
    pause_for(100 * MILLISECOND);
    must(timerfd_gettime(timer, &left) == 0, "%s", strerror(errno));
    int64_t nanos = nanoseconds(left.it_value);
    must(nanos > 40 * SECOND && nanos <= 100 * SECOND - 100 * MILLISECOND, "%ld ns are left of 100 s", nanos);
}

// Wants to be told when somebody sets the clock, which nobody does.
static void fd_cancel(void)
{
    int64_t began = monotonic();
    int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    comes_after(set_timer(flags, once(wall() + 200 * MILLISECOND)), 200 * MILLISECOND, began);
    int far = set_timer(flags, once(wall() + 1000 * SECOND));
    struct pollfd polled = {far, POLLIN, 0};
    must(poll(&polled, 1, 200) == 0, "the clock was set, or a thousand seconds have passed");
}

// A timer that a child has inherited.
static void fd_inherited(void)
{
    int64_t began = monotonic();
    int timer = set_timer(TFD_TIMER_ABSTIME, once(wall() + 200 * MILLISECOND)), status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        comes_after(timer, 200 * MILLISECOND, began);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    must(status == 0, "%d", status);
}

static void wait_for(int signal, int64_t nanos, int64_t began)
{
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, signal);
    must(sigtimedwait(&set, &info, &(struct timespec){60, 0}) == signal, "it did not come");
    int64_t passed = monotonic() - began;
    must(passed >= nanos && passed < 60 * SECOND, "it came after %ld ns", passed);
}

static void block(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static timer_t set_posix(int flags, int64_t nanos)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec value = once(nanos);
    timer_t timer;
    block(SIGUSR1);
    must(timer_create(CLOCK_REALTIME, &event, &timer) == 0, "%s", strerror(errno));
    must(timer_settime(timer, flags, &value, NULL) == 0, "%s", strerror(errno));
    return timer;
}

static void posix_relative(void)
{
    int64_t began = monotonic();
    set_posix(0, 200 * MILLISECOND);
    wait_for(SIGUSR1, 200 * MILLISECOND, began);
}

static void posix_absolute(void)
{
    int64_t began = monotonic();
    set_posix(TIMER_ABSTIME, wall() + 200 * MILLISECOND);
    wait_for(SIGUSR1, 200 * MILLISECOND, began);
    set_posix(TIMER_ABSTIME, wall() - SECOND);
    wait_for(SIGUSR1, 200 * MILLISECOND, began);
}

static void posix_reached(void)
{
    int64_t deadline = wall() + 200 * MILLISECOND;
    set_posix(TIMER_ABSTIME, deadline);
    wait_for(SIGUSR1, 0, monotonic());
    must(wall() >= deadline && wall() - deadline < 60 * SECOND, "%ld ns after the deadline", wall() - deadline);
}

static void posix_left(void)
{
    struct itimerspec left;
    timer_t timer = set_posix(TIMER_ABSTIME, wall() + 100 * SECOND);
    pause_for(100 * MILLISECOND);
    timer_gettime(timer, &left);
    int64_t nanos = nanoseconds(left.it_value);
    must(nanos > 40 * SECOND && nanos <= 100 * SECOND - 100 * MILLISECOND, "%ld ns are left of 100 s", nanos);
}

static pthread_barrier_t told;

static void tell(union sigval unused)
{
    (void)unused;
    pthread_barrier_wait(&told);
}

static void posix_thread(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = tell};
    int64_t began = monotonic();
    struct itimerspec value = once(wall() + 200 * MILLISECOND);
    timer_t timer;
    pthread_barrier_init(&told, NULL, 2);
    must(timer_create(CLOCK_REALTIME, &event, &timer) == 0, "%s", strerror(errno));
    timer_settime(timer, TIMER_ABSTIME, &value, NULL);
    pthread_barrier_wait(&told);
    must(monotonic() - began >= 200 * MILLISECOND, "it came after %ld ns", monotonic() - began);
}

static void interval(void)
{
    struct itimerval value = {{0, 100000}, {0, 100000}}, left;
    block(SIGALRM);
    int64_t began = monotonic();
    setitimer(ITIMER_REAL, &value, NULL);
    for (int time = 1; time <= 3; time++)
        wait_for(SIGALRM, time * 99 * MILLISECOND, began);
    getitimer(ITIMER_REAL, &left);
    must(left.it_value.tv_sec == 0, "%ld s are left", (long)left.it_value.tv_sec);
}

static void alarm_ends(void)
{
    int64_t began = monotonic();
    block(SIGALRM);
    alarm(1);
    wait_for(SIGALRM, 990 * MILLISECOND, began);
}

// Is ended by the signal, as a program is that has set no handler.
static void alarm_kills(void)
{
    alarm(1);
    pause_for(60 * SECOND);
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"fd-relative", fd_relative}, {"fd-absolute", fd_absolute}, {"fd-reached", fd_reached}, {"fd-over", fd_over},
        {"fd-periodic", fd_periodic}, {"fd-left", fd_left}, {"fd-cancel", fd_cancel}, {"fd-inherited", fd_inherited},
        {"posix-relative", posix_relative}, {"posix-absolute", posix_absolute}, {"posix-reached", posix_reached},
        {"posix-left", posix_left}, {"posix-thread", posix_thread}, {"interval", interval}, {"alarm", alarm_ends},
        {"alarm-kills", alarm_kills}, {NULL, NULL},
    };
    return run_program(programs, count, words);
}
