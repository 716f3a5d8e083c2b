use super::*;

/// The first bytes of `fstatat64` of the GNU C library 2.36, around its call.
const GNU: &[u8] = &[0x49, 0x89, 0xca, 0xb8, 0x06, 0x01, 0, 0, 0x0f, 0x05, 0x3d, 0x00, 0xf0, 0xff, 0xff];
/// As musl 1.2.3 has `lstat`: the arguments are put in their place behind the number.
const MUSL: &[u8] = &[0xb8, 6, 0, 0, 0, 0x4c, 0x89, 0xcf, 0x49, 0x89, 0xd6, 0x0f, 0x05, 0x49, 0x89, 0xc2];
/// The end of `syscall`.
const ANY_CALL: &[u8] = &[0x4c, 0x8b, 0x4c, 0x24, 8, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0x73, 1, 0xc3];

#[test]
fn places_are_found_by_number_and_call() {
    let site = |at, form, found: &[u8]| vec![Site { at, form, found: found.to_vec() }];
    assert_eq!(find(GNU), site(3, Form::At, &GNU[3..10]));
    assert_eq!(find(MUSL), site(0, Form::Stat, &MUSL[..13]));
    assert_eq!(find(ANY_CALL), site(5, Form::Any, &ANY_CALL[5..13]));
    assert_eq!(find(&[0xb8, 0x4c, 1, 0, 0, 0x0f, 0x05]), site(0, Form::Extended, &[0xb8, 0x4c, 1, 0, 0, 0x0f, 5]));
    for other in [
        // `mov r8d, 4`, the length of an option.
        &[0x41, 0xb8, 4, 0, 0, 0, 0x0f, 0x05][..],
        // Another call, and one whose number is changed behind it.
        &[0xb8, 3, 0, 0, 0, 0x0f, 0x05],
        &[0xb8, 4, 0, 0, 0, 0x89, 0xd0, 0x0f, 0x05],
        // What is between them belongs to its place.
        &[0xb8, 4, 0, 0, 0, 0x74, 0x03, 0x0f, 0x05],
        // The number is not asked for here.
        &[0xb8, 3, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff],
        &[0x48, 0xc7, 0xc0, 0x9e, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff],
        &[0x0f, 0x05],
        &[],
    ] {
        assert_eq!(find(other), [], "{other:x?}");
    }
}

#[test]
fn only_what_means_the_same_elsewhere_is_moved() {
    // mov rdi,rbp; mov esi,r9d; mov r10d,1; xor edx,edx; movsxd rdi,r11d
    for good in
        [&[0x48, 0x89, 0xef][..], &[0x44, 0x89, 0xce], &[0x41, 0xba, 1, 0, 0, 0], &[0x31, 0xd2], &[0x49, 0x63, 0xfb]]
    {
        assert!(moves_anywhere(good), "{good:x?}");
    }
    // mov eax,edx; mov rax,r9; mov eax,1; mov rdi,[rsp]; lea rdi,[rip]; a constant of eight bytes; half an instruction
    for bad in [
        &[0x89, 0xd0][..],
        &[0x4c, 0x89, 0xc8],
        &[0xb8, 1, 0, 0, 0],
        &[0x8b, 0x3c, 0x24],
        &[0x8d, 0x3d, 0, 0, 0, 0],
        &[0x48, 0xbf, 1, 0, 0, 0, 0, 0, 0, 0],
        &[0x48],
        &[0xbf, 1],
    ] {
        assert!(!moves_anywhere(bad), "{bad:x?}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_place_leads_to_the_code_and_back() {
    let (text, place) = (0x10_0000u64, 0x20_0000u64);
    let at = |code: &[u8], index: usize| i32::from_le_bytes(code[index..index + 4].try_into().expect("four")) as i64;
    let entries = sys::clamp_code().1;
    let site = &find(MUSL)[0];
    let (code, door) = site.render(text, place, 0x200);
    assert_eq!((door[0], text as i64 + 5 + at(&door, 1)), (0xe9, place as i64 + 0x200));
    assert_eq!((code[..11] == MUSL[..11], code.len()), (true, site.room()));
    let end = |index: usize| (place + 0x200 + index as u64) as i64;
    assert_eq!(end(18) + at(&code, 14), (text + 13) as i64, "back behind the call");
    assert_eq!(end(23) + at(&code, 19), (place + entries.stat as u64) as i64);
    let site = &find(ANY_CALL)[0];
    assert!(site.holds(text, text + 7) && !site.holds(text, text + 5) && !find(MUSL)[0].holds(text, text + 13));
    let (code, door) = site.render(text, place, 0x200);
    assert_eq!(text as i64 + 10 + at(&door, 1), place as i64 + 0x200);
    assert_eq!((&code[12..20], code.len()), (&ANY_CALL[5..13], site.room()));
    assert_eq!(end(7) + at(&code, 3), end(14), "two bytes behind the call");
    assert_eq!(end(25) + at(&code, 21), (text + 13) as i64);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn data_is_where_the_code_reads_it() {
    let code = code(ClampTimes { from: -5, to: 7 });
    let word = |index: usize| i64::from_le_bytes(code[index * 8..index * 8 + 8].try_into().expect("eight"));
    assert_eq!((word(0), word(2), word(4)), (-5, 7, WORD.cast_signed()));
    assert_eq!((word(1), word(3)), (libc::UTIME_OMIT, libc::UTIME_OMIT));
    let entries = sys::clamp_code().1;
    assert!(entries.any == 5 * 8 && entries.times < code.len() && code.len() < 230, "{entries:?} {}", code.len());
}
