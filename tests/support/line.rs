//! A line between two programs that delays what goes over it.

use std::{
    io::{Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::pause;

/// One way's delay.
pub(super) const DELAY: Duration = Duration::from_millis(25);

/// What is on its way, with the time of its arrival.
pub(super) type Flight = (Instant, Vec<u8>);

/// A delaying line to one peer. It works until the process ends.
pub(crate) struct Line {
    /// Its near end: what is sent there goes to the peer.
    pub(crate) near: SocketAddr,
}

impl Line {
    /// A line for TCP.
    pub(crate) fn tcp(address: IpAddr, far: SocketAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let near = listener.local_addr().unwrap();
        thread::spawn(move || {
            for here in listener.incoming().flatten() {
                let Ok(there) = TcpStream::connect(far) else {
                    continue;
                };
                let back = (there.try_clone().unwrap(), here.try_clone().unwrap());
                thread::spawn(move || carry(here, there));
                thread::spawn(move || carry(back.0, back.1));
            }
        });
        Self { near }
    }
}

/// Gives out everything at its time.
pub(super) fn deliver(flights: impl IntoIterator<Item = Flight>, mut give: impl FnMut(&[u8])) {
    for (arrival, bytes) in flights {
        pause(arrival.saturating_duration_since(Instant::now()));
        give(&bytes);
    }
}

/// Carries one direction of a connection, to its end.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    // what is on its way is bounded, as on any line
    let (out, outbound) = mpsc::sync_channel::<Flight>(64);
    let writer = thread::spawn(move || {
        deliver(outbound, |bytes| drop(to.write_all(bytes)));
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let flight = (Instant::now() + DELAY, buffer[..length].to_vec());
        if out.send(flight).is_err() {
            break;
        }
    }
    drop(out);
    writer.join().expect("it does not panic");
}
