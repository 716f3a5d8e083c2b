// As in x86_64.s, over the body of __kernel_gettimeofday. x0 and x1 are the arguments, x2 to x17 are free. There is no
// time(): the C library asks for clock_gettime.
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
.Lquantum:  .quad 1
.Loriginal: .quad 0
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
    ldr x10, [x9, 56]
    add x16, x9, x10
    br x16
.Lfixed:
    ldp x10, x11, [x9, 8]
    stp x10, x11, [x1]
    mov w0, 0
    ret
.Lstep:
    stp x29, x30, [sp, -32]!
    mov x29, sp
    stp x0, x1, [sp, 16]
    ldr x10, [x9, 56]
    add x16, x9, x10
    blr x16
    mov w12, w0
    ldp x0, x1, [sp, 16]
    ldp x29, x30, [sp], 32
    cbnz w12, .Lfailed
    adr x9, rcrepro_stub_begin
    add x10, x9, 64
    ldr x10, [x10, w0, uxtw 3]
    ldp x11, x13, [x1]
    movz x14, 0xca00
    movk x14, 0x3b9a, lsl 16
    madd x11, x11, x14, x13
    subs x11, x11, x10
    csel x11, xzr, x11, mi
    ldr x15, [x9, 48]
    udiv x11, x11, x15
    madd x11, x11, x15, x10
    udiv x13, x11, x14
    msub x11, x13, x14, x11
    stp x13, x11, [x1]
    mov w0, 0
    ret
.Lfailed:
    mov w0, w12
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
