/* Work for measurements: what it is says the first argument. */
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int count, char **arguments) {
    if (count != 2) return 2;
    struct timespec time;
    struct stat file;
    if (!strcmp(arguments[1], "wall"))
        for (int n = 0; n < 10000000; n++) clock_gettime(CLOCK_REALTIME, &time);
    else if (!strcmp(arguments[1], "steady"))
        for (int n = 0; n < 10000000; n++) clock_gettime(CLOCK_MONOTONIC, &time);
    else if (!strcmp(arguments[1], "files"))
        for (int n = 0; n < 100000; n++) stat("/usr/bin/env", &file);
    else if (!strcmp(arguments[1], "programs"))
        for (int n = 0; n < 1000; n++) {
            char *program[] = {"/bin/true", 0};
            pid_t child;
            int status;
            if (posix_spawn(&child, program[0], 0, 0, program, environ) || waitpid(child, &status, 0) < 0) return 1;
        }
    else
        return 2;
    return 0;
}
