//! The records of a pax header.

/// Walks pax records, `LENGTH KEY=VALUE\n`, by their lengths; an item is `None` where the rest is malformed.
///
/// The `tar` crate splits them at newlines, so that it cannot read a name that holds one.
#[derive(Debug, Clone)]
pub struct PaxRecords<'a>(pub &'a [u8]);

impl<'a> Iterator for PaxRecords<'a> {
    type Item = Option<(&'a [u8], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = split(self.0);
        self.0 = record.map_or(&[][..], |(_, _, rest)| rest);
        Some(record.map(|(key, value, _)| (key, value)))
    }
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pax_records_go_by_length() {
        let records = |bytes| PaxRecords(bytes).collect::<Vec<_>>();
        let expected = vec![Some((&b"path"[..], &b"a\nb=c"[..])), Some((b"size", b"7"))];
        assert_eq!(records(b"14 path=a\nb=c\n9 size=7\n"), expected);
        for wrong in [&b"x"[..], b"5 a=b", b"99 a=b\n", b"6 a=b\n\n", b"0 ", b"5 ab\n", b"18446744073709551615 a=b\n"] {
            assert_eq!(records(wrong).last(), Some(&None), "{wrong:?}");
        }
    }
}
