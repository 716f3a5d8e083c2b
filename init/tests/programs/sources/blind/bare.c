/* A program without a C library: none of the calls with which others begin. It looks the vDSO up by itself, reads the wall
 * clock there, and prints the seconds since 1970. */
typedef unsigned long word;

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
enum { WRITE = 1, EXIT = 60 };
struct header { unsigned char identity[16]; unsigned short type, machine; unsigned version; word entry, programs, sections; unsigned flags; unsigned short size, program_size, program_count, a, b, c; };
struct segment { unsigned type, flags; word offset, address, physical, in_file, in_memory, alignment; };
struct symbol { unsigned name; unsigned char info, other; unsigned short section; word value, size; };
#elif defined(__i386__)
__asm__(".globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin\n");
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}
enum { WRITE = 4, EXIT = 1 };
struct header { unsigned char identity[16]; unsigned short type, machine; unsigned version; word entry, programs, sections; unsigned flags; unsigned short size, program_size, program_count, a, b, c; };
struct segment { unsigned type; word offset, address, physical, in_file, in_memory; unsigned flags; word alignment; };
struct symbol { unsigned name; word value, size; unsigned char info, other; unsigned short section; };
#endif

static int equal(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/* Finds `__vdso_clock_gettime`. */
static void *find(char *vdso) {
    struct header *header = (void *)vdso;
    struct segment *segments = (void *)(vdso + header->programs);
    word base = 0, *dynamic = 0;
    for (int i = 0; i < header->program_count; i++) {
        if (segments[i].type == 1) base = (word)vdso + segments[i].offset - segments[i].address;
        if (segments[i].type == 2) dynamic = (word *)(vdso + segments[i].offset);
    }
    const char *names = 0;
    struct symbol *symbols = 0;
    for (; dynamic[0]; dynamic += 2) {
        if (dynamic[0] == 5) names = (void *)(base + dynamic[1]);
        if (dynamic[0] == 6) symbols = (void *)(base + dynamic[1]);
    }
    for (int i = 1; i < 64; i++) {
        if (equal(names + symbols[i].name, "__vdso_clock_gettime")) return (void *)(base + symbols[i].value);
    }
    return 0;
}

__attribute__((used)) static void begin(word *stack) {
    word *at = stack + 1 + stack[0] + 1;
    while (*at) at++;
    char *vdso = 0;
    for (at++; at[0]; at += 2) {
        if (at[0] == 33) vdso = (char *)at[1];
    }
    long now[2] = {0, 0};
    int (*read)(int, long *) = find(vdso);
    if (read) read(0, now);
    char text[24];
    int begin = sizeof text;
    text[--begin] = '\n';
    long rest = now[0];
    do text[--begin] = '0' + (unsigned)(rest % 10);
    while (rest /= 10);
    call(WRITE, 1, (long)(text + begin), sizeof text - begin);
    call(EXIT, 0, 0, 0);
}
