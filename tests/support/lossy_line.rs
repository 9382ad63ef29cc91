//! A line for datagrams that delays them, and loses some.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Mutex, mpsc},
    thread,
    time::Instant,
};

use super::line::{DELAY, Flight, Line, deliver};

/// Of so many datagrams one is lost.
const LOST: usize = 100;

/// A line for datagrams of a single program, which loses one of a hundred.
pub(crate) fn lossy_line(address: IpAddr, far: SocketAddr) -> Line {
    let front = UdpSocket::bind((address, 0)).unwrap();
    let near = front.local_addr().unwrap();
    let back = UdpSocket::bind((address, 0)).unwrap();
    back.connect(far).unwrap();
    thread::spawn(move || {
        let sender = Mutex::new(None);
        let (out, outbound) = mpsc::channel();
        let (home, homebound) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                receive(&out, |buffer| {
                    let (length, from) = front.recv_from(buffer)?;
                    *sender.lock().unwrap() = Some(from);
                    Ok(length)
                });
            });
            scope.spawn(|| receive(&home, |buffer| back.recv(buffer)));
            // a datagram that nobody takes is lost, as on any line
            scope.spawn(|| deliver(outbound, |bytes| drop(back.send(bytes))));
            scope.spawn(|| {
                deliver(homebound, |bytes| {
                    let to: Option<SocketAddr> = *sender.lock().unwrap();
                    drop(to.map(|to| front.send_to(bytes, to)));
                });
            });
        });
    });
    Line { near }
}

/// Takes datagrams, and loses some.
fn receive(flights: &mpsc::Sender<Flight>, next: impl Fn(&mut [u8]) -> std::io::Result<usize>) {
    let mut buffer = vec![0; 65_536];
    for number in 1.. {
        // an error tells of an earlier datagram that nobody took
        let Ok(length) = next(&mut buffer) else {
            continue;
        };
        if number % LOST != 0 {
            let flight = (Instant::now() + DELAY, buffer[..length].to_vec());
            flights.send(flight).expect("the other end stays");
        }
    }
}
