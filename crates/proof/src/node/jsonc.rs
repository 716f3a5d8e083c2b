//! JSON as TypeScript's configuration files have it: with comments and commas before a closing bracket.

/// Parses such a text; `None` when it is not such JSON.
pub(crate) fn parse(text: &[u8]) -> Option<serde_json::Value> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(&without_trailing_commas(&without_comments(text))).ok()
}

/// Walks over a text with what is in strings kept as it is.
fn outside_strings(text: &str, mut step: impl FnMut(&str, &mut String) -> usize) -> String {
    let (mut out, mut rest, mut inside) = (String::new(), text, false);
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match c {
            '"' => {
                inside = !inside;
                out.push(c);
            }
            '\\' if inside => {
                taken = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                out.push_str(&rest[..taken]);
            }
            _ if inside => out.push(c),
            _ => taken = step(rest, &mut out),
        }
        rest = &rest[taken..];
    }
    out
}

fn without_comments(text: &str) -> String {
    outside_strings(text, |rest, out| {
        if rest.starts_with("//") {
            return rest.find('\n').unwrap_or(rest.len());
        }
        if rest.starts_with("/*") {
            return rest.find("*/").map_or(rest.len(), |end| end + 2);
        }
        let c = rest.chars().next().expect("there is a character");
        out.push(c);
        c.len_utf8()
    })
}

fn without_trailing_commas(text: &str) -> String {
    outside_strings(text, |rest, out| {
        let c = rest.chars().next().expect("there is a character");
        let closes = c == ',' && rest[1..].trim_start().starts_with(['}', ']']);
        if !closes {
            out.push(c);
        }
        c.len_utf8()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_go_and_strings_stay() {
        let text = b"\xef\xbb\xbf{ // one\n \"a\": [1, 2,], /* two */ \"b//\": \"/* \\\" ,] */\", }";
        assert_eq!(parse(text), Some(serde_json::json!({ "a": [1, 2], "b//": "/* \" ,] */" })));
        assert_eq!(parse(b"{"), None);
    }
}
