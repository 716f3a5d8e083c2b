// As in x86_64.s, but the stub ends with the code of gettimeofday, which is laid exactly over __kernel_gettimeofday; what
// stands before it covers the end of __kernel_clock_gettime, whose beginning becomes a branch to here. So that function is
// gone, and clocks that are not answered here are asked of the kernel. There is no time(): the C library asks for
// clock_gettime. x0 and x1 are the arguments, x2 to x17 are free, and the kernel changes none of them but x0.
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
.Lspin:     .quad 0
.Lstack:    .quad 0
.Lspan:     .quad 0
.Lfirst:    .fill 8, 8, 0
    .globl rcrepro_stub_clock_gettime
rcrepro_stub_clock_gettime:
    hint 34
    adr x9, .Lmarker
    cmp w0, 12
    b.hs .Lforward
    mov w10, 1
    lsl w10, w10, w0
    ldp x11, x12, [x9, 32]
    tst x11, x10
    b.ne .Lfixed
    tst x12, x10
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
// A held clock, as in x86_64.s. What a reading is close to is measured by the counter of the processor, whose frequency
// stands beside it: two microseconds here, and then time flows as fast as it does outside.
.Lstep:
    movz x14, 0xca00
    movk x14, 0x3b9a, lsl 16
    add x15, x9, 96
    ldr x15, [x15, w0, uxtw 3]
    ldp x10, x11, [x9, 80]
    mov x12, sp
    sub x12, x12, x10
    cmp x12, x11
    b.lo .Lwatch
    ldp x10, x11, [x9, 64]
    mrs x12, cntvct_el0
    mrs x13, cntfrq_el0
    ldr x16, [x11]
    str x12, [x11]
    sub x12, x12, x16
    ldr w16, [x11, 8]
    add w16, w16, 1
    cmp x12, x13, lsr 19
    csel w16, w16, wzr, ls
    str w16, [x11, 8]
    mul x12, x12, x14
    udiv x12, x12, x13
    cmp w16, 16
    csel x12, x12, xzr, hs
    add x12, x12, 1
.Lcounting:
    ldxr x13, [x10]
    add x16, x13, x12
    stxr w17, x16, [x10]
    cbnz w17, .Lcounting
    add x10, x15, x13
.Lwrite:
    ldr x11, [x9, 48]
    add x10, x10, x11
    udiv x13, x10, x14
    msub x11, x13, x14, x10
    stp x13, x11, [x1]
    mov w0, 0
.Lout:
    ret
// The thread that watches over the others: for it an eighth of real time passes.
.Lwatch:
    mov x8, 113
    svc 0
    cbnz x0, .Lout
    ldp x10, x11, [x1]
    madd x10, x10, x14, x11
    sub x10, x10, x15
    add x10, x15, x10, lsr 3
    b .Lwrite
    .balign 16
    .globl rcrepro_stub_gettimeofday
rcrepro_stub_gettimeofday:
    hint 34
    adr x9, .Lmarker
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
