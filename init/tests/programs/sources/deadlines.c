// Waits until one second from now by the wall clock, and prints how long that took in milliseconds.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec read_clock(int number)
{
    struct timespec spec;
    clock_gettime(number, &spec);
    return spec;
}

int main(int count, char **words)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    sem_t semaphore;
    uint32_t word = 0;
    struct timespec began = read_clock(CLOCK_MONOTONIC), deadline = read_clock(CLOCK_REALTIME), before;
    if (count < 2)
        return 9;
    deadline.tv_sec += 1;
    before = deadline;
    pthread_mutex_lock(&mutex);
    sem_init(&semaphore, 0, 0);
    if (!strcmp(words[1], "condition"))
        pthread_cond_timedwait(&cond, &mutex, &deadline);
    else if (!strcmp(words[1], "semaphore"))
        sem_timedwait(&semaphore, &deadline);
    else if (!strcmp(words[1], "nanosleep"))
        clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, NULL);
    else if (!strcmp(words[1], "futex"))
        syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &deadline, NULL, ~0u);
    else if (!strcmp(words[1], "relative"))
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &(struct timespec){1, 0}, NULL, 0);
    else if (!strcmp(words[1], "mutex"))
        pthread_mutex_timedlock(&mutex, &deadline);
    else
        return 8;
    if (memcmp(&before, &deadline, sizeof before))
        puts("the deadline was changed");
    struct timespec ended = read_clock(CLOCK_MONOTONIC);
    printf("%ld\n", (ended.tv_sec - began.tv_sec) * 1000 + (ended.tv_nsec - began.tv_nsec) / 1000000);
    return 0;
}
