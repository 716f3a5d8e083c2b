//! Select Graphic Rendition (ECMA-48, 8.3.117): the escape sequences that colour text.

/// Takes one sequence off the front: `ESC [`, digits and semicolons, `m`.
pub(crate) fn sequence(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"\x1b[")?;
    let parameters = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    rest[parameters..].strip_prefix(b"m")
}

/// Takes all sequences off the front.
pub(crate) fn after_sequences(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = sequence(text) {
        text = rest;
    }
    text
}
