/* Does all it can so that nobody sees it, and then tries to reach 192.0.2.8. Prints the error number of the attempt. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Below four gigabytes, for calls of 32 bits. */
static struct sockaddr_in there;
static uint32_t narrow[8], header[8], part[2];
static int the_socket;

static void told(long result) {
    printf("%ld\n", result < 0 ? -result : result);
    fflush(stdout);
}

static int a_socket(int type) { return socket(AF_INET, type, 0); }

static long outward(void) {
    return connect(a_socket(SOCK_STREAM), (struct sockaddr *)&there, sizeof there) ? errno : 0;
}

#ifdef __x86_64__
static long int80(long number, long a, long b, long c, long d, long e) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
#define LOW(p) ((uint32_t)(uintptr_t)(p))

static long narrow_call(int kind, int words, ...) {
    __builtin_va_list list;
    __builtin_va_start(list, words);
    for (int i = 0; i < words; i++) narrow[i] = __builtin_va_arg(list, uint32_t);
    __builtin_va_end(list);
    return int80(102, kind, LOW(narrow), 0, 0, 0);
}

static void narrow_message(void) {
    part[0] = LOW(&there), part[1] = 4;
    header[0] = LOW(&there), header[1] = sizeof there, header[2] = LOW(part), header[3] = 1;
    header[4] = header[5] = header[6] = header[7] = 0;
}
#endif

/* Changes where the address leads, again and again. */
static void *flip(void *unused) {
    (void)unused;
    for (;;) {
        __atomic_store_n(&there.sin_addr.s_addr, inet_addr("127.0.0.1"), __ATOMIC_SEQ_CST);
        for (volatile int i = 0; i < 3000; i++) {}
        __atomic_store_n(&there.sin_addr.s_addr, inet_addr("192.0.2.8"), __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void *unshared(void *unused) {
    (void)unused;
    unshare(CLONE_FILES);
    told(outward());
    return NULL;
}

static int cloned(void *unused) {
    (void)unused;
    told(outward());
    return 0;
}

/* Lets a traced child ask for its number, and makes a connection of it. */
static void traced(void) {
    the_socket = a_socket(SOCK_STREAM);
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        told(syscall(SYS_getppid) < 0 ? errno : 0);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
#ifdef __x86_64__
    for (;;) {
        ptrace(PTRACE_SYSCALL, child, 0, 0);
        waitpid(child, &status, 0);
        if (WIFEXITED(status)) return;
        struct user_regs_struct regs;
        ptrace(PTRACE_GETREGS, child, 0, &regs);
        if (regs.orig_rax == SYS_getppid && regs.rax == (unsigned long)-ENOSYS) {
            regs.orig_rax = SYS_connect, regs.rdi = the_socket, regs.rsi = (uintptr_t)&there, regs.rdx = sizeof there;
            ptrace(PTRACE_SETREGS, child, 0, &regs);
        }
    }
#endif
}

static void limit(int what, rlim_t most) {
    struct rlimit limits = {most, most};
    printf("limit %d\n", prlimit(getppid(), what, &limits, NULL) ? errno : 0);
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";
#define IS(name) (strcmp(way, name) == 0)
    there.sin_family = AF_INET, there.sin_port = htons(443), there.sin_addr.s_addr = inet_addr("192.0.2.8");
    if (IS("plain")) {
        told(outward());
    } else if (IS("limits")) {
        limit(RLIMIT_NOFILE, 3), limit(RLIMIT_AS, 0), limit(RLIMIT_DATA, 0), limit(RLIMIT_FSIZE, 0), limit(RLIMIT_STACK, 0);
        told(outward());
    } else if (IS("stopped")) {
        kill(getppid(), SIGSTOP), kill(getppid(), SIGKILL), kill(1, SIGSTOP), kill(1, SIGKILL);
        told(outward());
    } else if (IS("crowded")) {
        while (open("/dev/null", O_RDONLY) >= 0) {}
        close(3);
        told(outward());
    } else if (IS("hidden")) {
        prctl(PR_SET_DUMPABLE, 0);
        told(outward());
    } else if (IS("untraced")) {
        static char stack[1 << 16];
        waitpid(clone(cloned, stack + sizeof stack, CLONE_UNTRACED | SIGCHLD, NULL), NULL, 0);
    } else if (IS("vfork")) {
        pid_t child = vfork();
        if (child == 0) _exit(outward());
        int status;
        waitpid(child, &status, 0);
        told(WEXITSTATUS(status));
    } else if (IS("memory")) {
        int file = memfd_create("nothing", 0), self = open("/proc/self/exe", O_RDONLY);
        char buffer[1 << 16];
        for (ssize_t n; (n = read(self, buffer, sizeof buffer)) > 0;) write(file, buffer, n);
        char *words[] = {"quiet", "plain", NULL}, *none[] = {NULL};
        fexecve(file, words, none);
    } else if (IS("thread")) {
        pthread_t thread;
        pthread_create(&thread, NULL, unshared, NULL);
        pthread_join(thread, NULL);
    } else if (IS("traced")) {
        traced();
    } else if (IS("halves")) {
        long result = syscall(SYS_connect, a_socket(SOCK_STREAM) | 1L << 40, &there, sizeof there | 1L << 40);
        told(result ? errno : 0);
    } else if (IS("edge")) {
        char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(page + 4096, 4096);
        char *at = page + 4096 - sizeof there;
        memcpy(at, &there, sizeof there);
        told(connect(a_socket(SOCK_STREAM), (void *)at, sizeof there) ? errno : 0);
    } else if (IS("late-message")) {
        static struct sockaddr_in near;
        near = there, near.sin_addr.s_addr = inet_addr("127.0.0.1"), near.sin_port = htons(9);
        static struct mmsghdr many[200];
        static struct iovec one = {"x", 1};
        for (int i = 0; i < 200; i++) {
            many[i].msg_hdr.msg_name = i == 150 ? &there : &near;
            many[i].msg_hdr.msg_namelen = sizeof there, many[i].msg_hdr.msg_iov = &one, many[i].msg_hdr.msg_iovlen = 1;
        }
        int sent = sendmmsg(a_socket(SOCK_DGRAM), many, 200, 0);
        told(sent == 150 ? ENETUNREACH : sent);
    } else if (IS("empty-message")) {
        struct msghdr empty = {.msg_name = &there, .msg_namelen = sizeof there};
        told(sendmsg(a_socket(SOCK_DGRAM), &empty, 0) < 0 ? errno : 0);
    } else if (IS("flipped")) {
        pthread_t thread;
        pthread_create(&thread, NULL, flip, NULL);
        int socket = a_socket(SOCK_DGRAM);
        while (connect(socket, (struct sockaddr *)&there, sizeof there) == 0) {}
        told(errno);
        _exit(0);
    } else if (IS("filter")) {
        struct sock_filter code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {4, code};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        printf("filter %ld\n", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
        told(outward());
    } else if (IS("ring")) {
        char settings[120] = {0};
        syscall(425, 4, settings);
        told(errno);
#ifdef __x86_64__
    } else if (IS("narrow-limits")) {
        static uint64_t most[2] = {3, 3};
        printf("limit %ld\n", -int80(340, getppid(), RLIMIT_NOFILE, LOW(most), 0, 0));
        told(outward());
    } else if (IS("narrow-connect")) {
        told(int80(362, a_socket(SOCK_STREAM), LOW(&there), sizeof there, 0, 0));
    } else if (IS("narrow-socketcall")) {
        told(narrow_call(3, 3, a_socket(SOCK_STREAM), LOW(&there), sizeof there));
    } else if (IS("narrow-sendto")) {
        told(narrow_call(11, 6, a_socket(SOCK_DGRAM), LOW(&there), 4, 0, LOW(&there), sizeof there));
    } else if (IS("narrow-sendmsg")) {
        narrow_message();
        told(int80(370, a_socket(SOCK_DGRAM), LOW(header), 0, 0, 0));
    } else if (IS("narrow-sendmmsg")) {
        narrow_message();
        told(narrow_call(20, 4, a_socket(SOCK_DGRAM), LOW(header), 1, 0));
    } else if (IS("narrow-ring")) {
        static char settings[120];
        told(int80(425, 4, LOW(settings), 0, 0, 0));
    } else if (IS("x32")) {
        told(syscall(0x40000000 | SYS_connect, a_socket(SOCK_STREAM), &there, sizeof there) ? errno : 0);
#endif
    } else {
        return 2;
    }
    return 0;
}
