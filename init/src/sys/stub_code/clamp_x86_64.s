// What an archiver runs instead of a call for a file's times. A place that asks is led to `at`, `stat`, `extended`, `times` or `any`
// with the call's number in eax, its arguments where the kernel wants them, and the way back in rcx; the call itself changes rcx and
// r11, so nobody misses them. Below the stack pointer are 128 bytes that belong to the program. Position independent, and short:
// it has to fit into what is left of a page.
    .pushsection .rodata.rcrepro_clamp, "a"
    .balign 16
    .globl rcrepro_clamp_begin
rcrepro_clamp_begin:
    .quad 0                         // 0: times of this second and later ones are changed,
    .quad 0x3ffffffe                // 8
    .quad 0                         // 16: to this second
    .quad 0x3ffffffe                // 24: with these words the first four say to utimensat that neither time is set
    .quad 0                         // 32: the word by which the filter knows these calls
// A call whose number is not known before: any other is made where it stands, two bytes before the way back.
    .globl rcrepro_clamp_any
rcrepro_clamp_any:
    cmp eax, 262
    je .Lclamp_at
    cmp eax, 332
    je .Lclamp_extended
    cmp eax, 280
    je .Lclamp_times
    lea r11d, [rax - 4]
    cmp r11d, 3
    jb .Lclamp_stat
    lea r11, [rcx - 2]
    jmp r11
    .globl rcrepro_clamp_extended
rcrepro_clamp_extended:
.Lclamp_extended:
    lea r11, [r8 + 64]
    jmp .Lclamp_ask
    .globl rcrepro_clamp_stat
rcrepro_clamp_stat:
.Lclamp_stat:
    lea r11, [rsi + 72]
    jmp .Lclamp_ask
    .globl rcrepro_clamp_at
rcrepro_clamp_at:
.Lclamp_at:
    lea r11, [rdx + 72]
.Lclamp_ask:
    add rsp, -128
    push rcx
    push r11
    push r9
    mov r9, qword ptr [rip + rcrepro_clamp_begin + 32]
    syscall
    pop r9
    pop r11
    test eax, eax
    jnz .Lclamp_back
    mov rax, qword ptr [rip + rcrepro_clamp_begin]
    mov rcx, qword ptr [rip + rcrepro_clamp_begin + 16]
    push 4
// Four times, sixteen bytes each, of which seconds are the first half. Where there are three, the fourth is zero.
.Lclamp_next:
    cmp qword ptr [r11], rax
    jl .Lclamp_old
    mov qword ptr [r11], rcx
    and qword ptr [r11 + 8], 0
.Lclamp_old:
    add r11, 16
    dec dword ptr [rsp]
    jnz .Lclamp_next
    pop rax
.Lclamp_back:
    pop rcx
    sub rsp, -128
    jmp rcx
// Who sets the time that was read here hands a file's own time on, which is not known: it stays as it is.
    .globl rcrepro_clamp_times
rcrepro_clamp_times:
.Lclamp_times:
    add rsp, -128
    push rcx
    push rdx
    test rdx, rdx
    jz .Lclamp_set
    mov r11, qword ptr [rip + rcrepro_clamp_begin + 16]
    cmp qword ptr [rdx + 16], r11
    jne .Lclamp_set
    cmp qword ptr [rdx + 24], 0
    jne .Lclamp_set
    lea rdx, [rip + rcrepro_clamp_begin]
.Lclamp_set:
    syscall
    pop rdx
    jmp .Lclamp_back
    .globl rcrepro_clamp_end
rcrepro_clamp_end:
    .popsection
