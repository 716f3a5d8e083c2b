//! What is said when a registry stays closed.

use crate::machine::access::LookedAt;

/// A registry that did not let a client in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedRegistry {
    /// The host, with its port.
    pub host: String,
    /// What it answered: 401, 403, or 404 where it says no more to strangers.
    pub status: u16,
    /// Whether Go or pip asked, and npm's client otherwise.
    pub reads_netrc: bool,
    /// Whether files of the source might name variables of this machine.
    pub is_trusted: bool,
    /// Where credentials were looked for.
    pub looked_at: Vec<LookedAt>,
}

impl DeniedRegistry {
    /// Says where credentials were looked for, and what is to be added.
    pub(super) fn hint(&self) -> String {
        let Self { host, status, reads_netrc, is_trusted, looked_at } = self;
        let (mut sent, mut places) = (Vec::new(), Vec::new());
        for LookedAt { place, hosts, unset, is_there } in looked_at {
            let unset: Vec<String> = unset.iter().map(|name| format!("${{{name}}}")).collect();
            if hosts.contains(host) {
                sent.push(place.as_str());
            } else if !unset.is_empty() {
                let why =
                    if *is_trusted { "which is not set" } else { "which only `rcrepro lock` takes from this machine" };
                places.push(format!("{place} (it names {}, {why})", unset.join(" and ")));
            } else if *is_there {
                places.push(format!("{place} (nothing for {host})"));
            } else {
                places.push(format!("{place} (missing)"));
            }
        }
        let why = match (status, sent.is_empty()) {
            (404, _) => format!("{host} answered 404, as registries do that want credentials"),
            (_, true) => format!("{host} answered {status}: it wants credentials"),
            (_, false) => {
                format!("{host} answered {status} although it was sent the credentials in {}", sent.join(", "))
            }
        };
        let looked = if places.is_empty() { String::new() } else { format!("; looked at {}", places.join(", ")) };
        let add = match (reads_netrc, sent.is_empty()) {
            (_, false) => "renew them, or ask for access".to_owned(),
            (true, _) => format!("add to ~/.netrc: machine {host} login USER password PASSWORD"),
            (false, _) => format!("add to ~/.npmrc: //{host}/:_authToken=TOKEN"),
        };
        format!("{why}{looked}\nhint: {add}")
    }
}

/// Finds what a registry answered, and which one: `401 Unauthorized - GET http://HOST/…` (npm), `https://HOST/…: 401 Unauthorized`
/// (Go), `http://HOST/… - 404` (npm).
pub(super) fn refusal(said: &str) -> Option<(u16, String)> {
    let of_line = |line: &str, status: u16| {
        let has = line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == status.to_string());
        let address = line.find("://").map(|at| &line[at + 3..]).filter(|_| has)?;
        let authority = address.split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c));
        is_host.then(|| (status, host.trim_end_matches(':').to_owned()))
    };
    [401, 403, 407, 404].iter().find_map(|status| said.lines().find_map(|line| of_line(line, *status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_that_refused_is_found_in_what_clients_say() {
        for (said, expected) in [
            (
                "npm error code E401\nnpm error 401 Unauthorized - GET http://h.example:4873/p/-/p-1.0.0.tgz",
                Some((401, "h.example:4873")),
            ),
            ("go: x@v1: reading https://u:xxxxx@p.example/x/@v/v1.mod: 403 Forbidden", Some((403, "p.example"))),
            ("rcrepro: @s/p@1.0.0: E404: 404 Not Found - GET https://r.example/@s%2fp", Some((404, "r.example"))),
            ("npm error 404 Not Found - GET http://a/x\nnpm error 401 Unauthorized - GET http://b/x", Some((401, "b"))),
            ("npm error code ENOTFOUND\nhttp://h.example/4011", None),
            ("401 of nothing", None),
        ] {
            assert_eq!(refusal(said), expected.map(|(status, host)| (status, host.to_owned())), "{said}");
        }
    }

    #[test]
    fn the_hint_names_what_was_looked_at_and_what_to_add() {
        let place = |place: &str, hosts: &[&str], unset: &[&str], is_there| LookedAt {
            place: place.to_owned(),
            hosts: hosts.iter().map(ToString::to_string).collect(),
            unset: unset.iter().map(ToString::to_string).collect(),
            is_there,
        };
        let files = |hosts: &[&str]| {
            vec![place("`~/.npmrc`", hosts, &[], true), place("`.npmrc` of the source", &[], &["NPM_TOKEN"], true)]
        };
        let denied = |status, looked_at| {
            let (host, reads_netrc, is_trusted) = ("h:1".to_owned(), false, true);
            DeniedRegistry { host, status, reads_netrc, is_trusted, looked_at }
        };
        let stranger = DeniedRegistry { is_trusted: false, ..denied(401, files(&[])) }.hint();
        assert!(stranger.contains("${NPM_TOKEN}, which only `rcrepro lock` takes from this machine"), "{stranger}");
        assert_eq!(
            denied(401, files(&["other"])).hint(),
            "h:1 answered 401: it wants credentials; looked at `~/.npmrc` (nothing for h:1), `.npmrc` of the source (it names \
             ${NPM_TOKEN}, which is not set)\nhint: add to ~/.npmrc: //h:1/:_authToken=TOKEN"
        );
        let sent = denied(403, files(&["h:1"])).hint();
        assert!(sent.starts_with("h:1 answered 403 although it was sent the credentials in `~/.npmrc`;"), "{sent}");
        let missing =
            DeniedRegistry { reads_netrc: true, ..denied(401, vec![place("`~/.netrc`", &[], &[], false)]) }.hint();
        assert!(missing.contains("`~/.netrc` (missing)\nhint: add to ~/.netrc: machine h:1 login"), "{missing}");
    }
}
