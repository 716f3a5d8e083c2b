// Reads wall clocks in each way there is: of the library, by system calls, and in processes made in each way.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char *date[] = {"date", "+%s", NULL};
static const int wall[] = {CLOCK_REALTIME, CLOCK_REALTIME_COARSE, 8, CLOCK_TAI};

static void library(void)
{
    struct timespec spec;
    struct timeval val;
    time_t stored = 0;
    gettimeofday(&val, NULL);
    printf("%ld\n%ld.%06ld\n", (long)time(&stored), (long)val.tv_sec, (long)val.tv_usec);
    printf("%ld\n", (long)stored);
    for (int i = 0; i < 4; i++) {
        clock_gettime(wall[i], &spec);
        printf("%ld.%09ld\n", (long)spec.tv_sec, spec.tv_nsec);
    }
}

static void raw(void)
{
    struct timespec spec;
    struct timeval val;
    long stored = 0;
    syscall(SYS_gettimeofday, &val, NULL);
    printf("%ld.%06ld\n", (long)val.tv_sec, (long)val.tv_usec);
#ifdef SYS_time
    printf("%ld\n", (long)syscall(SYS_time, &stored));
    printf("%ld\n%ld\n", stored, (long)syscall(SYS_time, NULL));
#endif
    for (int i = 0; i < 4; i++) {
        syscall(SYS_clock_gettime, wall[i], &spec);
        printf("%ld.%09ld\n", (long)spec.tv_sec, spec.tv_nsec);
    }
}

static void *become(void *unused)
{
    (void)unused;
    execvp(date[0], date);
    exit(9);
}

int main(int count, char **words)
{
    const char *way = count > 1 ? words[1] : "library";
    pthread_t thread;
    pid_t child = -1;
    if (!strcmp(way, "library")) {
        library();
    } else if (!strcmp(way, "raw")) {
        raw();
    } else if (!strcmp(way, "fork")) {
        child = fork();
        if (child == 0) {
            library();
            raw();
            return 0;
        }
    } else if (!strcmp(way, "vfork")) {
        child = vfork();
        if (child == 0) {
            execvp(date[0], date);
            _exit(9);
        }
    } else if (!strcmp(way, "spawn")) {
        if (posix_spawnp(&child, date[0], NULL, NULL, date, environ))
            return 8;
    } else if (!strcmp(way, "thread")) {
        pthread_create(&thread, NULL, become, NULL);
        pthread_join(thread, NULL);
    } else if (!strcmp(way, "descriptor")) {
        fexecve(open(words[2], O_RDONLY), date, environ);
        return 7;
    } else {
        return 6;
    }
    int status = 0;
    if (child > 0)
        waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}
