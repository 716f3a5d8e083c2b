// What a program sees whose clocks are held: do they stand still, what happens to the kernel's random bytes, does a program
// that spins come to an end.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec spec;
    clock_gettime(CLOCK_MONOTONIC, &spec);
    return spec.tv_sec * INT64_C(1000000000) + spec.tv_nsec;
}

int main(int count, char **words)
{
    (void)count;
    int64_t first = now(), last = first;
    if (!strcmp(words[1], "still")) {
        unsigned char before[16];
        const void *random = (const void *)getauxval(AT_RANDOM);
        memcpy(before, random, sizeof before);
        for (int reading = 0; reading < 1000; reading++) {
            if (reading % 100 == 0)
                usleep(1000);
            last = now();
        }
        printf("%lld ns, %s\n", (long long)(last - first), memcmp(before, random, sizeof before) ? "spoilt" : "kept");
    } else {
        int forwards = 1;
        while (last - first < 1000000) {
            int64_t next = now();
            forwards &= next >= last;
            last = next;
        }
        puts(forwards ? "forwards" : "backwards");
    }
    return 0;
}
