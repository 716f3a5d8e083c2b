//! What a socket address says. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const UNSPECIFIED: u16 = 0;
const UNIX: u16 = 1;
const INET: u16 = 2;
const INET6: u16 = 10;
const NETLINK: u16 = 16;

/// The port of name servers.
pub const DOMAIN: u16 = 53;

/// Where a call leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketAddress {
    /// An address of the internet's protocols.
    Internet(IpAddr, u16),
    /// Something of another family that leaves the machine, such as a virtual machine's host.
    Family(u16),
}

impl SocketAddress {
    /// Reads a socket address as the kernel does; `None` for what never leaves the machine (other processes, the kernel) and
    /// for what is not an address. `sends` is for calls that send: there no family means the internet's.
    #[must_use]
    pub fn parse(bytes: &[u8], sends: bool) -> Option<Self> {
        let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
        let port = || bytes.get(2..4).and_then(|port| port.try_into().ok()).map(u16::from_be_bytes);
        match family {
            UNSPECIFIED if !sends => None,
            UNIX | NETLINK => None,
            INET | UNSPECIFIED => {
                let address: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
                Some(Self::Internet(Ipv4Addr::from(address).into(), port()?))
            }
            INET6 => {
                let address: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
                Some(Self::Internet(Ipv6Addr::from(address).to_canonical(), port()?))
            }
            other => Some(Self::Family(other)),
        }
    }

    /// Whether it leads back to the container itself. To connect to no address in particular does, too.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Internet(address, _) if address.is_loopback() || address.is_unspecified())
    }

    /// Whether a name server is asked for there.
    #[must_use]
    pub fn is_domain(&self) -> bool {
        matches!(self, Self::Internet(_, DOMAIN))
    }

    /// Returns the port; 0 where there is none.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Internet(_, port) => *port,
            Self::Family(_) => 0,
        }
    }
}

impl fmt::Display for SocketAddress {
    /// Writes the address without the port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(address, _) => address.fmt(f),
            Self::Family(family) => write!(f, "family-{family}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(address: [u8; 4], port: u16) -> Vec<u8> {
        [&INET.to_ne_bytes()[..], &port.to_be_bytes(), &address, &[0; 8]].concat()
    }

    fn v6(address: &str, port: u16) -> Vec<u8> {
        let address: Ipv6Addr = address.parse().expect("an address");
        [&INET6.to_ne_bytes()[..], &port.to_be_bytes(), &[0; 4], &address.octets(), &[0; 4]].concat()
    }

    fn shown(bytes: &[u8]) -> Option<(String, u16, bool)> {
        SocketAddress::parse(bytes, false).map(|place| (place.to_string(), place.port(), place.is_own()))
    }

    #[test]
    fn addresses_of_both_families_are_read() {
        assert_eq!(shown(&v4([140, 82, 112, 3], 443)), Some(("140.82.112.3".into(), 443, false)));
        assert_eq!(shown(&v6("2001:db8::1", 80)), Some(("2001:db8::1".into(), 80, false)));
        assert_eq!(shown(&v6("::ffff:192.0.2.7", 80)), Some(("192.0.2.7".into(), 80, false)));
        for own in [v4([127, 3, 2, 1], 1), v4([0; 4], 1), v6("::1", 1), v6("::", 1), v6("::ffff:127.0.0.1", 1)] {
            assert!(shown(&own).is_some_and(|(_, _, own)| own), "{own:?}");
        }
        assert!(SocketAddress::parse(&v4([127, 0, 0, 1], 53), false).is_some_and(|place| place.is_domain()));
    }

    #[test]
    fn what_stays_on_the_machine_is_none() {
        for bytes in
            [&[1, 0, b'/', b'x'][..], &[16, 0, 0, 0], &[0, 0, 0, 0, 1, 2, 3, 4], &[], &[2], &v4([1; 4], 1)[..7]]
        {
            assert_eq!(SocketAddress::parse(bytes, false), None, "{bytes:?}");
        }
        let mut unspecified = v4([192, 0, 2, 1], 7);
        unspecified[0] = 0;
        assert_eq!(SocketAddress::parse(&unspecified, true).map(|place| place.port()), Some(7));
        assert_eq!(
            SocketAddress::parse(&[40, 0, 0, 0], false).map(|place| place.to_string()),
            Some("family-40".into())
        );
    }
}
