//! Where results may go: tills anywhere on the shop's network, and never the bridge itself.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// An address that no result is sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It is one of our own listeners.
    #[error("{0} is the bridge itself; name the till's own address")]
    Ourselves(SocketAddr),
    /// It is no address of one machine on a network, or one that clouds keep secrets at.
    #[error("{0} is no address of a till; name the till's own address")]
    NoTill(IpAddr),
}

/// The addresses that our own listeners have.
#[derive(Debug, Clone)]
pub(super) struct Ourselves(Arc<[SocketAddr]>);

impl Ourselves {
    pub(super) fn listening_on(addresses: &[SocketAddr]) -> Self {
        Self(addresses.into())
    }

    /// Refuses an address that results may not go to.
    pub(super) fn check(&self, address: SocketAddr) -> Result<(), Forbidden> {
        let ip = address.ip().to_canonical();
        if !may_be_a_till(ip) {
            return Err(Forbidden::NoTill(ip));
        }
        let reaches = |ours: &SocketAddr| {
            ours.port() == address.port()
                && (ours.ip().to_canonical() == ip || ip.is_loopback() || (ours.ip().is_unspecified() && is_local(ip)))
        };
        if self.0.iter().any(reaches) { Err(Forbidden::Ourselves(SocketAddr::new(ip, address.port()))) } else { Ok(()) }
    }

    /// The same for an address in a configuration, as far as it shows without asking anybody for a name.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), Forbidden> {
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses: &[IpAddr] = match url.host() {
            Some(Host::Ipv4(ip)) => &[IpAddr::V4(ip)],
            Some(Host::Ipv6(ip)) => &[IpAddr::V6(ip)],
            Some(Host::Domain("localhost")) => {
                &[IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)]
            }
            Some(Host::Domain(_)) | None => &[],
        };
        addresses.iter().try_for_each(|ip| self.check(SocketAddr::new(*ip, port)))
    }
}

fn may_be_a_till(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local()),
        IpAddr::V6(ip) => {
            // The second one is where a cloud tells its machines their secrets, as 169.254.169.254 is.
            let metadata = ip.segments()[..2] == [0xfd00, 0x0ec2];
            !(ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local() || metadata)
        }
    }
}

/// The address is this machine's: nobody else can be bound to.
fn is_local(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

/// Finds a till's addresses by its name, and lets only those through that results may go to. The connection is made to
/// one of these, so a name cannot mean something else a moment later.
#[derive(Debug)]
pub(super) struct CheckedNames {
    pub(super) ourselves: Ourselves,
    pub(super) port: u16,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (ourselves, port) = (self.ourselves.clone(), self.port);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), port)).await?.collect();
            let (mut usable, mut forbidden) = (Vec::new(), None);
            for address in found {
                match ourselves.check(address) {
                    Ok(()) => usable.push(address),
                    Err(reason) => forbidden = Some(reason),
                }
            }
            match forbidden {
                Some(reason) if usable.is_empty() => Err(reason.into()),
                _ => Ok(Box::new(usable.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(ours: &[&str], url: &str) -> Result<(), Forbidden> {
        let ours: Vec<SocketAddr> = ours.iter().map(|address| address.parse().unwrap()).collect();
        Ourselves::listening_on(&ours).check_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn results_go_to_tills_and_never_to_the_bridge_itself() {
        let lone = ["127.0.0.1:7117", "127.0.0.1:7118"];
        let lan = ["0.0.0.0:7117", "192.168.1.5:7118"];
        let dual = ["[::]:7117"];
        for (ours, url) in [
            (&lone[..], "http://127.0.0.1:8080/result"),
            (&lone, "http://localhost:8080/"),
            (&lone, "http://192.168.1.20:7117/"),
            (&lone, "https://10.0.0.7/"),
            (&lone, "http://[fd12:3456::7]:7117/"),
            (&lan, "http://127.0.0.1:8080/"),
            (&lan, "http://192.168.1.5:8080/"),
            // Another machine's, since no address of this one is in this network for documents (RFC 5737).
            (&lan, "http://192.0.2.7:7117/"),
        ] {
            assert_eq!(checked(ours, url), Ok(()), "{url} while listening on {ours:?}");
        }
        for (ours, url) in [
            (&lone[..], "http://127.0.0.1:7117/pay"),
            (&lone, "http://127.0.0.1:7118/callbacks/dintero"),
            (&lone, "http://127.1:7117/"),
            (&lone, "http://2130706433:7117/"),
            (&lone, "http://127.9.9.9:7117/"),
            (&lone, "http://localhost:7117/"),
            (&lone, "http://[::1]:7117/"),
            (&lone, "http://[::ffff:127.0.0.1]:7117/"),
            (&lan, "http://127.0.0.1:7117/"),
            (&lan, "http://192.168.1.5:7118/"),
            (&dual, "http://127.0.0.1:7117/"),
        ] {
            assert!(matches!(checked(ours, url), Err(Forbidden::Ourselves(_))), "{url} while listening on {ours:?}");
        }
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://0.0.0.0:8080/",
            "http://[::]:8080/",
            "http://224.0.0.1/",
            "http://[ff02::1]/",
            "http://255.255.255.255/",
        ] {
            assert!(matches!(checked(&lone, url), Err(Forbidden::NoTill(_))), "{url}");
        }
    }

    #[test]
    fn this_machines_own_addresses_are_known() {
        assert!(is_local("127.0.0.1".parse().unwrap()));
        assert!(!is_local("192.0.2.7".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_is_checked_when_it_is_known_what_it_means() {
        let names =
            |ours: &str| CheckedNames { ourselves: Ourselves::listening_on(&[ours.parse().unwrap()]), port: 7117 };
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(names("127.0.0.1:7118").resolve(name()).await.is_ok_and(|mut found| found.next().is_some()));
        let refused = names("127.0.0.1:7117").resolve(name()).await.err().expect("it is the bridge itself");
        assert!(refused.to_string().contains("is the bridge itself"), "{refused}");
    }
}
