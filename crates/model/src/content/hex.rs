//! Bytes as lower-case hex digits.

use std::fmt::Write as _;

/// Writes two digits a byte, lower case.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

/// Reads exactly `2 * N` lower-case digits; nothing else is a number here, not even upper case.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_refuses_look_alikes() {
        assert_eq!(encode([0x00, 0x9f, 0xff]), "009fff");
        assert_eq!(decode("009fff"), Some([0x00, 0x9f, 0xff]));
        for wrong in ["", "009ff", "009fff0", "009FFF", "009ffg", "+09fff", "00ü9f"] {
            assert_eq!(decode::<3>(wrong), None, "{wrong}");
        }
    }
}
