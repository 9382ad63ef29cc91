//! The client against a DNS server on this machine.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::UdpSocket, task::JoinSet};
use universal_p2p_core::Error;

use super::Dns;
use crate::Resolver;

/// A server that answers with these TXT records, or with a failure.
async fn server(
    texts: &'static [(u32, &'static [&'static str])],
    code: u8,
) -> (SocketAddr, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            // The question ends behind a name, a type and a class; what follows is left out.
            let name = query[12..length]
                .iter()
                .position(|byte| *byte == 0)
                .unwrap();
            let question = &query[12..12 + name + 5];
            let mut answer = query[..2].to_vec();
            answer.extend([0x81, 0x80 | code, 0, 1, 0, texts.len() as u8, 0, 0, 0, 0]);
            answer.extend(question);
            for (ttl, strings) in texts {
                answer.extend([0xc0, 12, 0, 16, 0, 1]);
                answer.extend(ttl.to_be_bytes());
                let length: usize = strings.iter().map(|text| text.len() + 1).sum();
                answer.extend((length as u16).to_be_bytes());
                for text in *strings {
                    answer.push(text.len() as u8);
                    answer.extend(text.as_bytes());
                }
            }
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    (address, tasks)
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn texts_come_with_how_long_they_live() {
    let texts: &[(u32, &[&str])] = &[(300, &["v=spf1"]), (70, &["dnslink=/ipfs/baf", "kqaaa"])];
    let (address, _tasks) = server(texts, 0).await;
    let found = Dns::of(&[address])
        .unwrap()
        .texts("_dnslink.a.example", PATIENCE)
        .await;
    let found = found.unwrap().expect("texts");
    assert_eq!(found.texts, ["v=spf1", "dnslink=/ipfs/bafkqaaa"]);
    assert_eq!(found.ttl, Duration::from_secs(70));
}

#[tokio::test]
async fn what_is_not_there_is_told_from_nobody_there() {
    for code in [0, 3] {
        let (address, _tasks) = server(&[], code).await;
        let found = Dns::of(&[address])
            .unwrap()
            .texts("a.example", PATIENCE)
            .await;
        assert_eq!(found.unwrap(), None);
    }
    let (address, _tasks) = server(&[], 2).await;
    let failed = Dns::of(&[address])
        .unwrap()
        .texts("a.example", PATIENCE)
        .await;
    assert!(
        matches!(failed, Err(Error::Unavailable { .. })),
        "{failed:?}"
    );
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dns = Dns::of(&[silent.local_addr().unwrap()]).unwrap();
    let failed = dns.texts("a.example", Duration::from_millis(200)).await;
    assert!(
        matches!(failed, Err(Error::Unavailable { .. })),
        "{failed:?}"
    );
}
