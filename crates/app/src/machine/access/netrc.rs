//! `~/.netrc`: machines with their logins, as Go, curl and git read it.

/// The credentials for a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NetrcEntry {
    /// The host, with its port where it has one; `default` for any other.
    pub machine: String,
    pub login: String,
    pub password: String,
}

/// Reads the entries that have a password. Macros end with an empty line.
pub(super) fn read(text: &str) -> Vec<NetrcEntry> {
    let mut found: Vec<NetrcEntry> = Vec::new();
    let mut is_macro = false;
    for line in text.lines() {
        is_macro &= !line.trim().is_empty();
        if is_macro {
            continue;
        }
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            let mut next = || words.next().unwrap_or_default().to_owned();
            match word {
                "machine" => found.push(NetrcEntry { machine: next(), ..NetrcEntry::default() }),
                "default" => found.push(NetrcEntry { machine: word.to_owned(), ..NetrcEntry::default() }),
                "login" | "password" => {
                    let value = next();
                    let Some(entry) = found.last_mut() else { continue };
                    *(if word == "login" { &mut entry.login } else { &mut entry.password }) = value;
                }
                "macdef" => {
                    is_macro = true;
                    break;
                }
                _ => {}
            }
        }
    }
    found.retain(|entry| !entry.password.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_read_over_lines_and_macros_are_none() {
        let text = "machine a.example:8443 login u\n  password p1\nmacdef init\nmachine not password this\n\nmachine b login x password p2 \
                    machine none login y\ndefault login d password p3\n";
        let found = read(text);
        let short: Vec<(&str, &str, &str)> =
            found.iter().map(|one| (one.machine.as_str(), one.login.as_str(), one.password.as_str())).collect();
        assert_eq!(short, [("a.example:8443", "u", "p1"), ("b", "x", "p2"), ("default", "d", "p3")]);
    }
}
