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
.Lflows:    .quad 0
.Lwall:     .quad 0
.Lsteady:   .quad 0
.Lpassed:   .quad 0
.Loriginal: .quad 0
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
    ldp x10, x11, [x9, 16]
    cbnz x11, .Lflowing
    ldr x11, [x9, 8]
    stp x11, x10, [x1]
    mov w0, 0
    ret
// A wall clock that flows, as in x86_64.s.
.Lflowing:
    mov w10, 6
    mov w11, 1
    cmp w0, 5
    csel w0, w10, w11, eq
    mov x8, 113
    svc 0
    cbnz x0, .Lout
    ldp x10, x11, [x1]
    ldp x12, x13, [x9, 8]
    add x10, x10, x12
    add x11, x11, x13
    movz x14, 0xca00
    movk x14, 0x3b9a, lsl 16
    cmp x11, x14
    b.lo .Lwithin
    sub x11, x11, x14
    add x10, x10, 1
.Lwithin:
    stp x10, x11, [x1]
    mov w0, 0
    ret
// A held clock, as in x86_64.s. What a reading is close to is measured by the counter of the processor, whose frequency
// stands beside it.
.Lstep:
    movz x14, 0xca00
    movk x14, 0x3b9a, lsl 16
    add x15, x9, 88
    ldr x15, [x15, w0, uxtw 3]
    ldp x10, x11, [x9, 72]
    mov x12, sp
    sub x12, x12, x10
    cmp x12, x11
    b.lo .Lwatch
    ldr x10, [x9, 64]
    mrs x12, cntvct_el0
    mrs x13, cntfrq_el0
    lsr x13, x13, 19
    udiv x12, x12, x13
.Lagain:
    ldxr x13, [x10]
    ubfx x16, x13, 20, 16
    sub w16, w12, w16
    tst w16, 0xfffe
    bfi x13, x12, 20, 16
    b.ne .Lsparse
    mvn w16, w13
    tst w16, 0xfffff
    b.eq .Lflow
    add x13, x13, 1
    b .Lstore
.Lflow:
    mov x16, 0x1000000000
    add x13, x13, x16
    b .Lstore
.Lsparse:
    and x16, x13, 0xfffff
    and x13, x13, -0x100000
    subs w16, w16, 4096
    b.lo .Lstore
    orr x13, x13, x16
.Lstore:
    stxr w17, x13, [x10]
    cbnz w17, .Lagain
    lsr x13, x13, 36
    add x10, x15, x13, lsl 10
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
    ldp x10, x11, [x9, 8]
    ldr x12, [x9, 24]
    cbz x12, .Lput
    mov x15, x0
    mov x16, x1
    sub sp, sp, 16
    mov x1, sp
    mov w0, 1
    mov x8, 113
    svc 0
    ldp x12, x13, [sp], 16
    mov x0, x15
    mov x1, x16
    add x10, x10, x12
    add x11, x11, x13
    movz x14, 0xca00
    movk x14, 0x3b9a, lsl 16
    cmp x11, x14
    b.lo .Lput
    sub x11, x11, x14
    add x10, x10, 1
.Lput:
    mov x12, 1000
    udiv x11, x11, x12
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
