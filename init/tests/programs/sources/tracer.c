// Traces a child of its own, by PTRACE_TRACEME or PTRACE_SEIZE, to its end. The child becomes `date +%s`.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words)
{
    int seize = count > 1 && !strcmp(words[1], "seize"), ready[2], status, execs = 0;
    if (pipe(ready))
        return 9;
    pid_t child = fork();
    if (child == 0) {
        char byte;
        if (seize ? read(ready[0], &byte, 1) != 1 : ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
            _exit(8);
        if (!seize)
            raise(SIGSTOP);
        execlp("date", "date", "+%s", (char *)NULL);
        _exit(7);
    }
    if (seize) {
        if (ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXEC) || write(ready[1], "!", 1) != 1)
            return 6;
    } else {
        if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
            return 5;
        if (ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC) || ptrace(PTRACE_CONT, child, 0, 0))
            return 4;
    }
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
            execs++;
        ptrace(PTRACE_CONT, child, 0, 0);
    }
    printf("%d\n", execs);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
