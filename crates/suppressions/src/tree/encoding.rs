//! Texts that are not UTF-8: TypeScript and editors on Windows know UTF-16 by the mark at its front.

use std::borrow::Cow;

/// Reads two bytes as a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// Writes UTF-16 with a byte order mark as UTF-8; everything else stays as it is.
pub(super) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (rest, unit): (&[u8], Unit) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return Cow::Borrowed(bytes),
    };
    let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Cow::Owned(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_mark_is_decoded() {
        let little: Vec<u8> = "\u{feff}a\n\u{1f600}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}a\n\u{1f600}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [&little, &big] {
            assert_eq!(&*utf8(bytes), "a\n\u{1f600}".as_bytes());
        }
        assert_eq!(&*utf8(b"\xff\xfea\0\x00\xd8b"), "a\u{fffd}".as_bytes(), "half a pair, and half a unit");
        assert_eq!(&*utf8(b"a\0b"), b"a\0b");
    }
}
