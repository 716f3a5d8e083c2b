// The code that answers time readings, laid over the dead body of __vdso_gettimeofday. Position independent; its data
// stands before it, so that one slice of bytes is the whole of it. Registers as in the System V ABI: rdi and rsi are the
// arguments, rax, rcx, rdx and r8 to r11 are free; r10 is where the data begins. Intel syntax.
    .pushsection .rodata.rcrepro_stub, "a"
    .balign 16
    .globl rcrepro_stub_begin
rcrepro_stub_begin:
    .quad 0             // 0: the marker
    .quad 0             // 8: the wall clock's seconds, or how many it is ahead of the monotonic clock
    .quad 0             // 16: nanoseconds of the same
    .quad 0             // 24: whether it flows
    .quad 0             // 32: the wall clocks, a bit each
    .quad 0             // 40: the held clocks
    .quad 0             // 48: how far held clocks have moved on
    .quad 0             // 56: the way to the kernel's clock_gettime
    .quad 0             // 64: where the count of readings stands
    .quad 0             // 72: the lowest address of the watching thread's stack
    .quad 0             // 80: how far it reaches
    .fill 8, 8, 0       // 88: the first reading of each monotonic clock
    .globl rcrepro_stub_clock_gettime
rcrepro_stub_clock_gettime:
    endbr64
    lea r10, [rip + rcrepro_stub_begin]
    cmp edi, 12
    jae .Lforward
    bt dword ptr [r10 + 32], edi
    jc .Lfixed
    bt dword ptr [r10 + 40], edi
    jc .Lstep
.Lforward:
    add r10, qword ptr [r10 + 56]
    jmp r10
.Lfixed:
    cmp dword ptr [r10 + 24], 0
    jne .Lflowing
    mov rax, qword ptr [r10 + 8]
    xor edx, edx
.Lput:
    mov qword ptr [rsi], rax
    mov qword ptr [rsi + 8], rdx
    xor eax, eax
.Lout:
    ret
// A wall clock that flows is the monotonic one, which the kernel answers, and a constant distance: the coarse clock for the
// coarse one, so that the one is never ahead of the other. Three words keep the stack where calls want it.
.Lflowing:
    cmp edi, 5
    mov edi, 1
    jne .Lprecise
    mov dil, 6
.Lprecise:
    push rsi
    push r10
    push rsi
    add r10, qword ptr [r10 + 56]
    call r10
    pop rsi
    pop r10
    pop rsi
    test eax, eax
    jnz .Lout
    mov rdx, qword ptr [rsi + 8]
    add rdx, qword ptr [r10 + 16]
    mov rax, qword ptr [rsi]
    add rax, qword ptr [r10 + 8]
    cmp rdx, 1000000000
    jb .Lput
    sub rdx, 1000000000
    inc rax
    jmp .Lput
// A held clock stands still. Only who spins sees time flow, a microsecond with each reading after a million of them: those
// that follow the one before within about two microseconds count one, any other takes four thousand away. One word of memory
// holds the count (20 bits), when the last reading was (16 bits of the counter of cycles), and how far time has flowed.
.Lstep:
    mov edi, edi
    mov rax, rsp
    sub rax, qword ptr [r10 + 72]
    cmp rax, qword ptr [r10 + 80]
    jb .Lwatch
    rdtsc
    shr eax, 12
    movzx r9d, ax
    mov r8, qword ptr [r10 + 64]
    mov rax, qword ptr [r8]
.Lagain:
    mov rdx, rax
    ror rdx, 20
    mov ecx, r9d
    sub cx, dx
    mov dx, r9w
    rol rdx, 20
    cmp cx, 1
    ja .Lsparse
    mov ecx, edx
    not ecx
    test ecx, 0xfffff
    jz .Lflow
    inc rdx
    jmp .Lstore
.Lflow:
    movabs rcx, 0x1000000000
    add rdx, rcx
    jmp .Lstore
.Lsparse:
    mov ecx, edx
    and ecx, 0xfffff
    and rdx, -0x100000
    sub ecx, 0x1000
    jb .Lstore
    or rdx, rcx
.Lstore:
    lock cmpxchg qword ptr [r8], rdx
    jnz .Lagain
    shr rdx, 36
    mov rax, rdx
    shl rax, 10
    add rax, qword ptr [r10 + rdi * 8 + 88]
.Lwrite:
    add rax, qword ptr [r10 + 48]
    xor edx, edx
    mov ecx, 1000000000
    div rcx
    jmp .Lput
// The thread that watches over the others: for it an eighth of real time passes.
.Lwatch:
    push rdi
    push rsi
    push r10
    add r10, qword ptr [r10 + 56]
    call r10
    pop r10
    pop rsi
    pop rdi
    test eax, eax
    jnz .Lout
    imul rax, qword ptr [rsi], 1000000000
    add rax, qword ptr [rsi + 8]
    mov r8, qword ptr [r10 + rdi * 8 + 88]
    sub rax, r8
    shr rax, 3
    add rax, r8
    jmp .Lwrite
    .globl rcrepro_stub_gettimeofday
rcrepro_stub_gettimeofday:
    endbr64
    test rdi, rdi
    jz .Lzone
    push rsi
    push rdi
    sub rsp, 24
    mov rsi, rsp
    xor edi, edi
    call rcrepro_stub_clock_gettime
    mov r8, qword ptr [rsp]
    mov rax, qword ptr [rsp + 8]
    add rsp, 24
    pop rdi
    pop rsi
    mov qword ptr [rdi], r8
    xor edx, edx
    mov ecx, 1000
    div rcx
    mov qword ptr [rdi + 8], rax
.Lzone:
    test rsi, rsi
    jz .Ldone
    mov qword ptr [rsi], 0
.Ldone:
    xor eax, eax
    ret
    .globl rcrepro_stub_time
rcrepro_stub_time:
    endbr64
    push rdi
    sub rsp, 16
    mov rsi, rsp
    xor edi, edi
    call rcrepro_stub_clock_gettime
    mov rax, qword ptr [rsp]
    add rsp, 16
    pop rdi
    test rdi, rdi
    jz .Lsaid
    mov qword ptr [rdi], rax
.Lsaid:
    ret
    .globl rcrepro_stub_end
rcrepro_stub_end:
    .popsection
