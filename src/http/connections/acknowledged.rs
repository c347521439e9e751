//! What of a connection's bytes the other side's machine has acknowledged. A written answer lies in this machine's memory
//! first: a till behind a broken switch has none of it, and nothing on the connection says so for minutes.

use std::io;
use std::net::SocketAddr;

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr as NetlinkAddress};

/// More than the answer about one connection takes.
const ANSWER_MAX: usize = 4096;
/// `INET_DIAG_NOCOOKIE`: the addresses name the connection well enough.
const NO_COOKIE: [u8; 8] = [0xff; 8];

/// Bytes that were written to this connection and that the other side has not acknowledged yet; `None` where there is no such
/// connection any more.
///
/// # Errors
/// Where this machine's kernel does not tell: without its module `tcp_diag`, or in a sandbox without netlink.
pub(super) fn unacknowledged(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<u32>> {
    let mut kernel = Socket::new(NETLINK_SOCK_DIAG)?;
    kernel.bind_auto()?;
    kernel.connect(&NetlinkAddress::new(0, 0))?;
    // The kernel answers while it is asked: there is never anything to wait for.
    kernel.set_non_blocking(true)?;
    kernel.send(&question(local, remote), 0)?;
    let mut bytes = Vec::with_capacity(ANSWER_MAX);
    kernel.recv(&mut bytes, 0)?;
    let answer = NetlinkMessage::<SockDiagMessage>::deserialize(&bytes).map_err(io::Error::other)?;
    match answer.payload {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found)) => {
            // Where no connection fits, the kernel may tell of the listener.
            let is_it = found.header.socket_id.destination_port == remote.port();
            Ok(is_it.then_some(found.header.send_queue))
        }
        NetlinkPayload::Error(error) => match error.to_io() {
            gone if gone.kind() == io::ErrorKind::NotFound => Ok(None),
            error => Err(error),
        },
        _ => Err(io::Error::other("the kernel answered something else")),
    }
}

/// A link-local address means one interface's only.
const fn interface_of(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V6(address) => address.scope_id(),
        SocketAddr::V4(_) => 0,
    }
}

fn question(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    let socket_id = SocketId {
        source_address: local.ip(),
        source_port: local.port(),
        destination_address: remote.ip(),
        destination_port: remote.port(),
        interface_id: interface_of(remote),
        cookie: NO_COOKIE,
    };
    let request = InetRequest {
        family: if local.is_ipv4() { AF_INET } else { AF_INET6 },
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id,
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// A till over IPv4, over IPv6, and over IPv4 at a listener for both.
    #[test]
    fn what_has_arrived_is_known_of_every_kind_of_address() {
        for (listen, call) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]"), ("[::]:0", "127.0.0.1")] {
            let Ok(listener) = TcpListener::bind(listen) else {
                eprintln!("NOT TESTED: this machine has no {listen}");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let mut till = TcpStream::connect(format!("{call}:{port}")).unwrap();
            let (mut stream, remote) = listener.accept().unwrap();
            let local = stream.local_addr().unwrap();
            if let Err(error) = unacknowledged(local, remote) {
                eprintln!("NOT TESTED: this machine's kernel does not tell ({error})");
                return;
            }
            stream.write_all(b"approved").unwrap();
            till.read_exact(&mut [0; 8]).unwrap();
            let told = (0..100).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                matches!(unacknowledged(local, remote), Ok(Some(0)))
            });
            assert!(told, "{listen}: {:?}", unacknowledged(local, remote));
            // Nobody reads on: what does not fit into the other side's memory stays here.
            stream.set_nonblocking(true).unwrap();
            while stream.write(&[0; 65_536]).is_ok() {}
            assert!(matches!(unacknowledged(local, remote), Ok(Some(1..))), "{listen}");
            drop((till, stream));
            assert!(!matches!(unacknowledged(local, SocketAddr::new(remote.ip(), 1)), Ok(Some(_))), "{listen}");
        }
    }
}
