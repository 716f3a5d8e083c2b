//! The stub's data and code, which the assembler writes into this program. The safety argument is that of the module above.
#![expect(unsafe_code, reason = "symbols of the assembler; see the safety argument of `sys`")]

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(include_str!("stub_code/x86_64.s"));
#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(include_str!("stub_code/aarch64.s"));

/// Where the stub's entries are, from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StubEntries {
    pub clock_gettime: usize,
    pub gettimeofday: usize,
    /// Absent where the kernel offers no such function.
    pub time: Option<usize>,
}

unsafe extern "C" {
    static rcrepro_stub_begin: u8;
    static rcrepro_stub_clock_gettime: u8;
    static rcrepro_stub_gettimeofday: u8;
    #[cfg(target_arch = "x86_64")]
    static rcrepro_stub_time: u8;
    static rcrepro_stub_end: u8;
}

fn stub_offset(symbol: *const u8) -> usize {
    symbol as usize - &raw const rcrepro_stub_begin as usize
}

/// Returns the stub's data and code, as the assembler wrote them.
pub fn stub_code() -> &'static [u8] {
    // SAFETY: the two symbols bound one read-only piece of this program.
    unsafe { std::slice::from_raw_parts(&raw const rcrepro_stub_begin, stub_offset(&raw const rcrepro_stub_end)) }
}

/// Returns how far each entry is from the beginning, in bytes.
pub fn stub_entries() -> StubEntries {
    StubEntries {
        clock_gettime: stub_offset(&raw const rcrepro_stub_clock_gettime),
        gettimeofday: stub_offset(&raw const rcrepro_stub_gettimeofday),
        #[cfg(target_arch = "x86_64")]
        time: Some(stub_offset(&raw const rcrepro_stub_time)),
        #[cfg(not(target_arch = "x86_64"))]
        time: None,
    }
}

/// Where the entries of the code are that clamps times of files, from its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClampEntries {
    /// A call whose number is in `eax`.
    pub any: usize,
    /// `newfstatat`.
    pub at: usize,
    /// `stat`, `lstat` and `fstat`.
    pub stat: usize,
    /// `statx`.
    pub extended: usize,
    /// `utimensat`.
    pub times: usize,
}

#[cfg(target_arch = "x86_64")]
mod clamp {
    core::arch::global_asm!(include_str!("stub_code/clamp_x86_64.s"));

    unsafe extern "C" {
        pub(super) static rcrepro_clamp_begin: u8;
        pub(super) static rcrepro_clamp_any: u8;
        pub(super) static rcrepro_clamp_at: u8;
        pub(super) static rcrepro_clamp_stat: u8;
        pub(super) static rcrepro_clamp_extended: u8;
        pub(super) static rcrepro_clamp_times: u8;
        pub(super) static rcrepro_clamp_end: u8;
    }
}

/// Returns the data and the code that clamp times of files, and where its entries are.
#[cfg(target_arch = "x86_64")]
pub fn clamp_code() -> (&'static [u8], ClampEntries) {
    let begin = &raw const clamp::rcrepro_clamp_begin;
    let offset = |symbol: *const u8| symbol as usize - begin as usize;
    let entries = ClampEntries {
        any: offset(&raw const clamp::rcrepro_clamp_any),
        at: offset(&raw const clamp::rcrepro_clamp_at),
        stat: offset(&raw const clamp::rcrepro_clamp_stat),
        extended: offset(&raw const clamp::rcrepro_clamp_extended),
        times: offset(&raw const clamp::rcrepro_clamp_times),
    };
    // SAFETY: the two symbols bound one read-only piece of this program.
    (unsafe { std::slice::from_raw_parts(begin, offset(&raw const clamp::rcrepro_clamp_end)) }, entries)
}

/// There is no such code for this machine.
#[cfg(not(target_arch = "x86_64"))]
pub fn clamp_code() -> (&'static [u8], ClampEntries) {
    (&[], ClampEntries::default())
}
