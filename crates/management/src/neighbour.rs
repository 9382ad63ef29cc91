//! Whether who is connected from this machine is the same user.
//!
//! On a machine of many, each has an agent of their own, and all of them reach all ports.

use std::net::{IpAddr, SocketAddr};

/// Whether a client on this machine is the user that the agent runs as, or root. Where the system does
/// not tell it is assumed. Blocks for a moment.
pub(crate) fn is_own_user(client: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    {
        use std::{fs, os::unix::fs::MetadataExt};
        let own = fs::metadata("/proc/self").map(|own| own.uid());
        let read = |table| fs::read_to_string(table).unwrap_or_default();
        if let Ok(own) = own {
            let tables = [read("/proc/self/net/tcp"), read("/proc/self/net/tcp6")];
            let mut users = tables
                .iter()
                .flat_map(|table| users_of(table, client))
                .peekable();
            let is_told = tables.iter().any(|table| !table.is_empty());
            // Whose connection is in no table any more has closed it.
            return !is_told
                || users.peek().is_some() && users.all(|user| user == own || user == 0);
        }
    }
    let _ = client;
    true
}

/// The users who have sockets at this address, by a table of the kernel.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux has it")
)]
fn users_of(table: &str, address: SocketAddr) -> Vec<u32> {
    let written = written(address);
    let users = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let local = fields.nth(1)?;
        let user = fields.nth(5)?;
        written.iter().any(|known| known == local).then_some(user)
    });
    users.filter_map(|user| user.parse().ok()).collect()
}

/// How the kernel writes an address: words of the machine, as sockets of either family have it.
fn written(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let words = |bytes: &[u8]| -> String {
        let words = bytes.as_chunks::<4>().0;
        words
            .iter()
            .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)))
            .collect()
    };
    let forms = match address.ip().to_canonical() {
        IpAddr::V4(ip) => vec![words(&ip.octets()), words(&ip.to_ipv6_mapped().octets())],
        IpAddr::V6(ip) => vec![words(&ip.octets())],
    };
    forms
        .into_iter()
        .map(|ip| format!("{ip}:{port:04X}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn tables_of_the_kernel_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1E6D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1\n\
            1: 0100007F:C350 0100007F:1E6D 01 00000000:00000000 00:00000000 00000000  1001        0 2 1\n\
            2: 0000000000000000FFFF00000100007F:C350 0 01 0:0 0:0 0  1002 0 3 1\n\
            3: short\n";
        let users = |address: &str| users_of(table, address.parse().expect("an address"));
        assert_eq!(users("127.0.0.1:50000"), [1001, 1002]);
        assert_eq!(users("[::ffff:127.0.0.1]:50000"), [1001, 1002]);
        assert_eq!(users("127.0.0.1:7789"), [1000]);
        assert_eq!(users("127.0.0.2:50000"), [0; 0]);
        assert_eq!(users("[::1]:50000"), [0; 0]);
    }

    #[test]
    fn a_connection_of_our_own_is_known() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let address = client.local_addr().expect("connected");
        assert!(is_own_user(address));
    }
}
