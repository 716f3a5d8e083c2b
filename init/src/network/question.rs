//! The name that a question to a name server is about (RFC 1035, sections 4.1 and 3.1). Pure.

const HEADER: usize = 12;
/// The most bytes that a name has.
const NAME: usize = 255;

/// Reads the name of the first question; `None` for what is not a question.
#[must_use]
pub fn name(message: &[u8]) -> Option<String> {
    let word = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
    // A standard query (neither an answer nor another operation) with questions and without answers.
    let is_query = word(2)? & 0xf800 == 0 && (1..=4).contains(&word(4)?) && word(6)? == 0 && word(8)? == 0;
    let mut rest = message.get(HEADER..).filter(|_| is_query)?;
    let mut labels = Vec::new();
    let mut length = 0;
    loop {
        let (&size, after) = rest.split_first()?;
        if size == 0 {
            // Type and class follow.
            return (after.len() >= 4 && !labels.is_empty()).then(|| labels.join("."));
        }
        let label = after.get(..usize::from(size)).filter(|_| size < 64)?;
        length += label.len() + 1;
        if length > NAME {
            return None;
        }
        labels.push(String::from_utf8_lossy(label).into_owned());
        rest = &after[usize::from(size)..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question as resolvers write it: one name, type A, class IN.
    fn question(labels: &[&str]) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels {
            bytes.push(u8::try_from(label.len()).expect("short"));
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.extend([0, 0, 1, 0, 1]);
        bytes
    }

    #[test]
    fn names_are_read() {
        assert_eq!(name(&question(&["example", "org"])).as_deref(), Some("example.org"));
        assert_eq!(name(&question(&["localhost"])).as_deref(), Some("localhost"));
    }

    #[test]
    fn what_is_no_question_has_none() {
        let good = question(&["example", "org"]);
        for end in 0..good.len() {
            assert_eq!(name(&good[..end]), None, "cut at {end}");
        }
        let mut answer = good.clone();
        answer[2] |= 0x80;
        assert_eq!(name(&answer), None);
        let mut pointer = good;
        pointer[HEADER] = 0xc0;
        assert_eq!(name(&pointer), None);
        assert_eq!(name(&question(&[])), None);
        assert_eq!(name(b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n"), None);
        let long = "x".repeat(63);
        assert_eq!(name(&question(&[long.as_str(); 5])), None);
    }
}
