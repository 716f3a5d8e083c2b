//! Addresses without what may be a secret in them: user and password, and the query.
//!
//! Locks and manifests quote addresses as they were typed, with credentials of registries and forges; a message that quotes an
//! entry of them goes into logs that others read.

use std::borrow::Cow;

/// The schemes that need no `//` after them to be followed by a host.
const SCHEMES: [&str; 9] = ["http", "https", "ssh", "git", "ftp", "github", "gitlab", "bitbucket", "gist"];

/// Takes userinfo and query out of every address in a text, and leaves `…` in their place. The user `git`, which every forge has,
/// stays. An address ends at a space or a backtick; one that is percent-encoded is cut where its host begins.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut written, mut from) = (0, 0);
    // Whether the place that was looked at last is between backticks.
    let (mut looked_to, mut is_quoted) = (0, false);
    while let Some(start) = text[from..].find([':', '%']).map(|at| from + at) {
        from = start + 1;
        let rest = &text[start..];
        if rest.get(..9).is_some_and(|encoded| encoded.eq_ignore_ascii_case("%3A%2F%2F")) {
            let end = start + 9 + address_end(&rest[9..]);
            cut(&mut out, text, &mut written, start + 9..end);
            from = end;
        } else if let Some(slashes) = host(&text[..start], &rest[1..]) {
            let start = start + 1 + slashes;
            let address = &text[start..];
            is_quoted ^= text[looked_to..start].bytes().filter(|byte| *byte == b'`').count() % 2 == 1;
            looked_to = start;
            let end = address_end(address);
            let userinfo = userinfo(address, end, is_quoted);
            if !matches!(&address[..userinfo], "" | "git@") {
                cut(&mut out, text, &mut written, start..start + userinfo - 1);
            }
            let end = userinfo + address_end(&address[userinfo..]);
            if let Some(query) = address[userinfo..end].find('?').map(|at| userinfo + at + 1) {
                let query_end = address[query..end].find('#').map_or(end, |at| query + at);
                if query_end > query {
                    cut(&mut out, text, &mut written, start + query..start + query_end);
                }
            }
            from = start + end;
        }
    }
    if written == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[written..]);
    Cow::Owned(out)
}

fn cut(out: &mut String, text: &str, written: &mut usize, secret: std::ops::Range<usize>) {
    out.push_str(&text[*written..secret.start]);
    out.push('…');
    *written = secret.end;
}

fn address_end(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || c == '`').unwrap_or(text.len())
}

/// Gives how many slashes lie between the colon of a scheme and the host; none where the colon is another one.
fn host(before: &str, after: &str) -> Option<usize> {
    let slashes = after.len() - after.trim_start_matches(['/', '\\']).len();
    let scheme = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    (slashes >= 2 || SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))).then_some(slashes)
}

/// Gives the length of `USER:PASSWORD@` at the start of an address. A password that should have been percent-encoded may hold
/// what ends a host; then there is no port where one would be, and the `@` comes later. Between backticks it may even hold a space
/// behind an `@`: the last one counts.
fn userinfo(address: &str, end: usize, is_quoted: bool) -> usize {
    let authority = &address[..address[..end].find(['/', '?', '#', '\\']).unwrap_or(end)];
    if let Some(at) = authority.rfind('@') {
        let quoted = if is_quoted { address.split('`').next() } else { None };
        let quoted = quoted.filter(|quoted| quoted.contains(char::is_whitespace));
        return quoted.and_then(|quoted| quoted.rfind('@')).unwrap_or(at) + 1;
    }
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if authority.split_once(':').is_none_or(|(_, port)| is_port(port)) {
        return 0;
    }
    let quoted = &address[..address.find('`').unwrap_or(address.len())];
    quoted.rfind('@').map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn userinfo_and_query_go_and_the_rest_stays() {
        for (text, expected) in [
            ("http://user:s3cr3tpw@evil.example/l.tgz?token=tok3n", "http://…@evil.example/l.tgz?…"),
            ("`a@git+https://u:s3cr3tpw@h.example/a/b.git#abc` x", "`a@git+https://…@h.example/a/b.git#abc` x"),
            ("left-pad@https://user:s3cr3tpw@h.example/x?x=tok3n#c", "left-pad@https://…@h.example/x?…#c"),
            ("git+ssh://git@h.example/far.git#1", "git+ssh://git@h.example/far.git#1"),
            ("https://s3cr3tpw@h.example:8080/@s/b/-/b-1.tgz", "https://…@h.example:8080/@s/b/-/b-1.tgz"),
            ("github:user:s3cr3tpw@o/r and git:u:s3cr3tpw@h/x", "github:…@o/r and git:…@h/x"),
            ("https://user:s3cr3/t pw@h.example/x", "https://…@h.example/x"),
            ("HTTPS:user:s3cr3tpw@h.example/x", "HTTPS:…@h.example/x"),
            ("`http://u:s3cr3tpw@ @h.example/x?t=tok3n` a@b", "`http://…@h.example/x?…` a@b"),
            ("`http://u:s3cr3t@x/ pw@h.example/x?t=tok3n`", "`http://…@h.example/x?…`"),
            ("`x` http://u:s3cr3tpw@h.example/x for a@b", "`x` http://…@h.example/x for a@b"),
            ("`https://s3cr3tpw@h.example/@s/b`", "`https://…@h.example/@s/b`"),
            ("a@npm:1::__archiveUrl=https%3A%2F%2Fu%3As3cr3tpw%40h", "a@npm:1::__archiveUrl=https%3A%2F%2F…"),
            ("a@npm:real@1.0.0 for x@workspace:. at https://h.example/@s/b", ""),
            ("https://a.example/?a=tok3n https://b:s3cr3tpw@c/", "https://a.example/?… https://…@c/"),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(without_secrets(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in any::<String>(), tail in "[a-z:/@?#%`3AF2é ]{0,40}") {
            let text = format!("{text}https://{tail}");
            let shown = without_secrets(&text).into_owned();
            prop_assert_eq!(without_secrets(&shown), shown.as_str());
        }

        #[test]
        fn no_form_of_a_password_is_shown(rest in "[!-_a-~ é]{0,12}", scheme in "(a@)?(git\\+)?(https?|ssh|ftp)://|github:") {
            let text = format!("`{scheme}user:s3cr3t{rest}@h.example/path?token=s3cr3t`");
            let shown = without_secrets(&text);
            prop_assert!(!shown.contains("s3cr3t"), "{}", shown);
        }
    }
}
