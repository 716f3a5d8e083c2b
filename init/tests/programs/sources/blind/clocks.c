/* Reads the wall clock by ways that nobody is meant to see. Prints the seconds since 1970. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static uint64_t wide[16];
static uint32_t narrow[16];

#ifdef __x86_64__
static long int80(long number, long a, long b) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
#define LOW(p) ((uint32_t)(uintptr_t)(p))
#endif

static void told(long seconds) { printf("%ld\n", seconds); }

static long asked(void) {
    struct timespec now;
    return syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) ? -1 : now.tv_sec;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";
#define IS(name) (strcmp(way, name) == 0)
    if (IS("plain")) {
        told(time(NULL));
    } else if (IS("asked")) {
        told(asked());
    } else if (IS("limits")) {
        struct rlimit none = {3, 3};
        prlimit(getppid(), RLIMIT_NOFILE, &none, NULL);
        told(asked());
    } else if (IS("hidden")) {
        prctl(PR_SET_DUMPABLE, 0);
        told(asked());
    } else if (IS("adjtimex")) {
        struct timex state = {0};
        adjtimex(&state);
        told(state.time.tv_sec);
    } else if (IS("clock-adjtime")) {
        struct timex state = {0};
        clock_adjtime(CLOCK_REALTIME, &state);
        told(state.time.tv_sec);
    } else if (IS("stamped")) {
        int here = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
        struct sockaddr_in at = {AF_INET, 0, {inet_addr("127.0.0.1")}, {0}};
        socklen_t length = sizeof at;
        bind(here, (struct sockaddr *)&at, sizeof at);
        getsockname(here, (struct sockaddr *)&at, &length);
        setsockopt(here, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
        sendto(here, "x", 1, 0, (struct sockaddr *)&at, sizeof at);
        char byte, control[256];
        struct iovec part = {&byte, 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        recvmsg(here, &message, 0);
        struct cmsghdr *found = CMSG_FIRSTHDR(&message);
        told(found ? ((struct timeval *)CMSG_DATA(found))->tv_sec : -1);
    } else if (IS("filter")) {
        /* Answers for the kernel what new programs begin with, then is one. */
        struct sock_filter code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {4, code};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
        execl("/bin/date", "date", "+%s", NULL);
#ifdef __x86_64__
    } else if (IS("vsyscall")) {
        told(((long (*)(long *))0xffffffffff600400)(NULL));
    } else if (IS("x32")) {
        told(syscall(0x40000000 | SYS_clock_gettime, 0, wide) ? -1 : (long)wide[0]);
    } else if (IS("narrow-time")) {
        told(int80(13, 0, 0));
    } else if (IS("narrow-gettimeofday")) {
        int80(78, LOW(narrow), 0);
        told(narrow[0]);
    } else if (IS("narrow-clock-gettime")) {
        int80(265, 0, LOW(narrow));
        told(narrow[0]);
    } else if (IS("narrow-clock-gettime64")) {
        int80(403, 0, LOW(wide));
        told(wide[0]);
#endif
    } else {
        return 2;
    }
    return 0;
}
