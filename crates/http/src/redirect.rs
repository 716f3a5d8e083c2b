//! Which redirects are followed.

use reqwest::redirect::{Attempt, Policy};

/// How many redirects a guarded client follows.
const MOST: usize = 5;

/// Which redirects a client follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Up to ten, to anywhere: for what is believed for its digest alone, and asked for without credentials.
    Anywhere,
    /// Up to five, from TLS to TLS only and in the clear only to this machine itself.
    Guarded,
}

pub(crate) fn policy(redirects: Redirects) -> Policy {
    match redirects {
        Redirects::Anywhere => Policy::default(),
        Redirects::Guarded => Policy::custom(|attempt| match refused(&attempt) {
            Some(reason) => attempt.error(reason),
            None => attempt.follow(),
        }),
    }
}

/// Returns why a redirect is not followed, if so. Credentials stay behind anyway when the host changes: reqwest drops them.
fn refused(attempt: &Attempt<'_>) -> Option<String> {
    let (to, from) = (attempt.url(), attempt.previous().last()?);
    if attempt.previous().contains(to) {
        return Some(format!("`{to}` leads back to itself"));
    }
    if attempt.previous().len() > MOST {
        return Some(format!("more than {MOST} redirects"));
    }
    let plain = to.scheme() != "https";
    if plain && from.scheme() == "https" {
        return Some(format!("from TLS to `{to}`"));
    }
    (plain && !is_loopback(to.host_str().unwrap_or_default()))
        .then(|| format!("`{to}` is neither TLS nor this machine"))
}

/// Whether a host, without its port, is this machine itself.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "128.0.0.1", "registry.example", "", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
