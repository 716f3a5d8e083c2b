// Programs that learn of the wall clock, or of when something happened, from the kernel by another way than its clocks.
#include "programs.h"
#include <arpa/inet.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>

// What the kernel gives as a time agrees with the wall clock: it lies within two seconds of it.
static void close_to_now(const char *what, int64_t seconds)
{
    int64_t now = wall() / SECOND;
    must(seconds >= now - 2 && seconds <= now + 2, "%s: %ld at %ld", what, seconds, now);
}

static void adjustment(void)
{
    struct timex timex = {.modes = 0};
    must(adjtimex(&timex) >= 0, "%s", strerror(errno));
    close_to_now("adjtimex", timex.time.tv_sec);
    close_to_now("ntp_gettime", ({ struct ntptimeval val; ntp_gettime(&val); val.time.tv_sec; }));
}

// When a datagram came, by `SO_TIMESTAMPNS`.
static void datagram(void)
{
    int one = 1, socket_number = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    must(bind(socket_number, (struct sockaddr *)&address, length) == 0, "%s", strerror(errno));
    getsockname(socket_number, (struct sockaddr *)&address, &length);
    setsockopt(socket_number, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    must(sendto(socket_number, "x", 1, 0, (struct sockaddr *)&address, length) == 1, "%s", strerror(errno));
    char text[8], control[128];
    struct iovec part = {text, sizeof text};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    must(recvmsg(socket_number, &message, 0) == 1, "%s", strerror(errno));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    must(header && header->cmsg_type == SO_TIMESTAMPNS, "no time came with it");
    struct timespec came;
    memcpy(&came, CMSG_DATA(header), sizeof came);
    close_to_now("the datagram", came.tv_sec);
}

// When a System V semaphore was last changed.
static void semaphores(void)
{
    int set = semget(IPC_PRIVATE, 1, 0600);
    struct semid_ds status;
    must(set >= 0, "%s", strerror(errno));
    semop(set, &(struct sembuf){0, 1, 0}, 1);
    semctl(set, 0, IPC_STAT, &status);
    semctl(set, 0, IPC_RMID);
    close_to_now("the semaphore", status.sem_otime);
}

static int64_t of_file(const char *name, const char *key)
{
    char line[256];
    FILE *file = fopen(name, "r");
    must(file, "%s: %s", name, strerror(errno));
    int64_t number = -1;
    while (number < 0 && fgets(line, sizeof line, file))
        if (!strncmp(line, key, strlen(key)))
            number = strtoll(line + strlen(key), NULL, 10);
    fclose(file);
    return number;
}

// When the machine began, as `ps` and `uptime` reckon the start of a process by the wall clock.
static void boot(void)
{
    int64_t began = of_file("/proc/stat", "btime ");
    close_to_now("btime and the time since", began + read_clock(CLOCK_BOOTTIME) / SECOND);
}

// When a process began, as the kernel tells it in ticks since the machine began.
static void ticks(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        char line[1024];
        FILE *file = fopen("/proc/self/stat", "r");
        must(file && fgets(line, sizeof line, file), "cannot read it");
        char *field = strrchr(line, ')');
        for (int at = 2; at < 22; at++)
            field = strchr(field + 1, ' ');
        double began = strtod(field, NULL) / sysconf(_SC_CLK_TCK), now = read_clock(CLOCK_BOOTTIME) / 1e9;
        must(began <= now + 1 && began >= now - 60, "%f at %f", began, now);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    must(status == 0, "%d", status);
}

int main(int count, char **words)
{
    static const struct program programs[] = {
        {"adjustment", adjustment}, {"datagram", datagram}, {"semaphores", semaphores}, {"boot", boot},
        {"ticks", ticks}, {NULL, NULL},
    };
    return run_program(programs, count, words);
}
