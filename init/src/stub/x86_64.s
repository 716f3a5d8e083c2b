// The code that answers time readings, laid over the dead body of __vdso_gettimeofday. Position independent; its data
// stands before it, so that one slice of bytes is the whole of it. Registers as in the System V ABI: rdi and rsi are the
// arguments, rax, rcx, rdx, r8, r9 and r11 are free. Intel syntax.
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
.Lspin:     .quad 0
.Lstack:    .quad 0
.Lspan:     .quad 0
.Lfirst:    .fill 8, 8, 0
    .globl rcrepro_stub_clock_gettime
rcrepro_stub_clock_gettime:
    endbr64
    cmp edi, 12
    jae .Lforward
    mov ecx, edi
    mov eax, 1
    shl eax, cl
    test qword ptr [rip + .Lwall], rax
    jnz .Lfixed
    test qword ptr [rip + .Lsteady], rax
    jnz .Lstep
.Lforward:
    lea r11, [rip + rcrepro_stub_begin]
    add r11, qword ptr [rip + .Loriginal]
    jmp r11
.Lfixed:
    mov rax, qword ptr [rip + .Lseconds]
    mov qword ptr [rsi], rax
    mov rax, qword ptr [rip + .Lnanos]
    mov qword ptr [rsi + 8], rax
    xor eax, eax
    ret
// A held clock stands still. Only who spins sees time flow, a microsecond with each reading after a million of them: those
// that follow the one before within about two microseconds count one, any other takes four thousand away. One word of memory
// holds the count (20 bits), when the last reading was (16 bits of the counter of cycles), and how far time has flowed.
.Lstep:
    mov edi, edi
    mov rax, rsp
    sub rax, qword ptr [rip + .Lstack]
    cmp rax, qword ptr [rip + .Lspan]
    jb .Lwatch
    rdtsc
    shr eax, 12
    movzx r9d, ax
    mov r8, qword ptr [rip + .Lspin]
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
    lea r11, [rip + .Lfirst]
    add rax, qword ptr [r11 + rdi * 8]
.Lwrite:
    add rax, qword ptr [rip + .Lpassed]
    xor edx, edx
    mov ecx, 1000000000
    div rcx
    mov qword ptr [rsi], rax
    mov qword ptr [rsi + 8], rdx
    xor eax, eax
    ret
// The thread that watches over the others: for it an eighth of real time passes.
.Lwatch:
    push rdi
    push rsi
    sub rsp, 8
    lea r11, [rip + rcrepro_stub_begin]
    add r11, qword ptr [rip + .Loriginal]
    call r11
    add rsp, 8
    pop rsi
    pop rdi
    test eax, eax
    jnz .Lout
    imul rax, qword ptr [rsi], 1000000000
    add rax, qword ptr [rsi + 8]
    lea r11, [rip + .Lfirst]
    mov r8, qword ptr [r11 + rdi * 8]
    sub rax, r8
    shr rax, 3
    add rax, r8
    jmp .Lwrite
.Lout:
    ret
    .globl rcrepro_stub_gettimeofday
rcrepro_stub_gettimeofday:
    endbr64
    test rdi, rdi
    jz .Lzone
    mov rax, qword ptr [rip + .Lseconds]
    mov qword ptr [rdi], rax
    mov rax, qword ptr [rip + .Lmicros]
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
    mov rax, qword ptr [rip + .Lseconds]
    test rdi, rdi
    jz .Lsaid
    mov qword ptr [rdi], rax
.Lsaid:
    ret
    .globl rcrepro_stub_end
rcrepro_stub_end:
    .popsection
