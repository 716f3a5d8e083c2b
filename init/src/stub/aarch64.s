// As in x86_64.s, over the body of __kernel_gettimeofday; x0 and x1 are the arguments, x2 to x17 are free. There is no
// time(): the C library asks for clock_gettime. Static Go programs look the functions up before their first system call,
// so here the functions' first instructions become branches, and other clocks are asked of the kernel.
    .pushsection .rodata.rcrepro_stub, "a"
    .balign 16
    .globl rcrepro_stub_begin
rcrepro_stub_begin:
.Lmarker:   .quad 0
.Lseconds:  .quad 0
.Lnanos:    .quad 0
.Lmicros:   .quad 0
.Lwall:     .quad 0
.Lsteady:   .quad 0
.Lpassed:   .quad 0
.Loriginal: .quad 0
.Lcount:    .quad 0
            .fill 3, 8, 0
.Lfirst:    .fill 8, 8, 0
    .globl rcrepro_stub_clock_gettime
rcrepro_stub_clock_gettime:
    hint 34
    adr x9, rcrepro_stub_begin
    cmp w0, 12
    b.hs .Lforward
    mov x10, 1
    lsl x10, x10, x0
    ldr x11, [x9, 32]
    tst x11, x10
    b.ne .Lfixed
    ldr x11, [x9, 40]
    tst x11, x10
    b.ne .Lstep
.Lforward:
    mov x8, 113
    svc 0
    ret
.Lfixed:
    ldp x10, x11, [x9, 8]
    stp x10, x11, [x1]
    mov w0, 0
    ret
.Lstep:
    add x10, x9, 96
    ldr x10, [x10, w0, uxtw 3]
    ldr x11, [x9, 48]
    add x10, x10, x11
    ldr x11, [x9, 64]
.Lcounting:
    ldxr x12, [x11]
    add x13, x12, 1
    stxr w14, x13, [x11]
    cbnz w14, .Lcounting
    add x10, x10, x12
    movz x14, 0xca00
    movk x14, 0x3b9a, lsl 16
    udiv x13, x10, x14
    msub x11, x13, x14, x10
    stp x13, x11, [x1]
    mov w0, 0
    ret
    .globl rcrepro_stub_gettimeofday
rcrepro_stub_gettimeofday:
    hint 34
    adr x9, rcrepro_stub_begin
    cbz x0, .Lzone
    ldr x10, [x9, 8]
    ldr x11, [x9, 24]
    stp x10, x11, [x0]
.Lzone:
    cbz x1, .Ldone
    str xzr, [x1]
.Ldone:
    mov w0, 0
    ret
    .globl rcrepro_stub_end
rcrepro_stub_end:
    .popsection
