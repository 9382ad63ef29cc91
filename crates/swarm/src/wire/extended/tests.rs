use std::net::{IpAddr, SocketAddr};

use proptest::{collection::vec, option, prelude::*};

use super::{DontHave, ExtensionHandshake, ExtensionIds, Pex, PexPeer, UtMetadata};

/// Everything the parsers can be made to read, so that none of them panics.
pub(in crate::wire) fn parse_all(bytes: &[u8]) {
    let _ = ExtensionHandshake::parse(bytes);
    let _ = UtMetadata::parse(bytes);
    let _ = Pex::parse(bytes);
    let _ = DontHave::parse(bytes);
}

fn extension_handshake() -> impl Strategy<Value = ExtensionHandshake> {
    let id = || option::of(1_u8..);
    let ids = (id(), id(), id());
    let numbers = (
        any::<Option<u32>>(),
        any::<Option<u32>>(),
        option::of(1_u16..),
    );
    let rest = (
        option::of("[a-zA-Zé0-9 ./]{0,64}"),
        any::<Option<IpAddr>>(),
        any::<bool>(),
    );
    (ids, numbers, rest).prop_map(|(ids, numbers, (version, your_ip, upload_only))| {
        ExtensionHandshake {
            ids: ExtensionIds {
                lt_donthave: ids.0,
                ut_metadata: ids.1,
                ut_pex: ids.2,
            },
            metadata_size: numbers.0,
            reqq: numbers.1,
            port: numbers.2,
            version,
            your_ip,
            upload_only,
        }
    })
}

fn addresses() -> impl Strategy<Value = Vec<SocketAddr>> {
    let address = (any::<IpAddr>(), 1_u16..).prop_map(|(ip, port)| SocketAddr::new(ip, port));
    vec(address, 0..60).prop_map(|mut list| {
        list.sort_by_key(SocketAddr::is_ipv6);
        list
    })
}

proptest! {
    #[test]
    fn bencode_like_bytes_are_survived(text in "[dlie0-9:\\-a-c]{0,60}") {
        parse_all(text.as_bytes());
        parse_all(format!("d1:{text}").as_bytes());
        parse_all(format!("d8:msg_typei{text}e5:piecei0ee").as_bytes());
    }

    #[test]
    fn mutated_payloads_are_survived(
        hello in extension_handshake(),
        at in any::<prop::sample::Index>(),
        byte: u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let data = UtMetadata::Data { piece: 0, total_size: 5, data: b"abcde" }.encode();
        for mut payload in [hello.encode(), Pex::default().encode(), data] {
            *at.get_mut(&mut payload) = byte;
            parse_all(&payload);
            payload.truncate(cut.index(payload.len()));
            parse_all(&payload);
        }
    }

    #[test]
    fn extension_handshakes_survive_the_wire(handshake in extension_handshake()) {
        prop_assert_eq!(ExtensionHandshake::parse(&handshake.encode()), Ok(handshake));
    }

    #[test]
    fn metadata_survives_the_wire(data in prop_oneof![vec(any::<u8>(), 1..200), Just(vec![7; 16_384])], piece in 0_u32..50) {
        let total_size = piece * 16_384 + u32::try_from(data.len()).expect("short");
        for message in [
            UtMetadata::Request(piece),
            UtMetadata::Reject(piece),
            UtMetadata::Unknown,
            UtMetadata::Data { piece, total_size, data: &data },
        ] {
            let payload = message.encode();
            prop_assert_eq!(UtMetadata::parse(&payload), Ok(message));
        }
        let longer = UtMetadata::Data { piece, total_size: total_size + 1, data: &data };
        prop_assert_eq!(UtMetadata::parse(&longer.encode()).is_ok(), data.len() == 16_384);
        let past = UtMetadata::Data { piece: piece + 1, total_size, data: &data };
        prop_assert!(UtMetadata::parse(&past.encode()).is_err());
    }

    #[test]
    fn peers_survive_the_wire(added in addresses(), dropped in addresses(), flags: u8) {
        let added = added.into_iter().map(|address| PexPeer { address, flags }).collect();
        let pex = Pex { added, dropped };
        prop_assert_eq!(Pex::parse(&pex.encode()), Ok(pex));
    }
}

#[test]
fn a_handshake_as_others_send_it_is_understood() {
    let payload = b"d1:md11:lt_donthavei7e10:share_modei8e11:upload_onlyi3e6:ut_pexi0e\
        11:ut_metadatai2ee13:metadata_sizei132e1:pi6881e4:reqqi-5e1:v4:\xffa\nb6:yourip4:\x7f\0\0\x01e";
    let handshake = ExtensionHandshake::parse(payload).expect("valid");
    assert_eq!(handshake.ids.ut_metadata, Some(2));
    assert_eq!(handshake.ids.ut_pex, None);
    assert_eq!(handshake.metadata_size, Some(132));
    assert_eq!(handshake.port, Some(6881));
    assert_eq!(handshake.reqq, None);
    assert_eq!(handshake.version.as_deref(), Some("\u{fffd}ab"));
    assert_eq!(handshake.your_ip, Some([127, 0, 0, 1].into()));
    assert_eq!(
        ExtensionHandshake::parse(b"de"),
        Ok(ExtensionHandshake::default())
    );
}

#[test]
fn numbers_too_long_and_nesting_too_deep_are_refused() {
    let long = format!("d1:pi{}ee", "9".repeat(40));
    assert!(ExtensionHandshake::parse(long.as_bytes()).is_err());
    let string = format!("d1:v{}:ae", "9".repeat(40));
    assert!(ExtensionHandshake::parse(string.as_bytes()).is_err());
    let deep = "l".repeat(100_000);
    assert!(ExtensionHandshake::parse(format!("d1:a{deep}").as_bytes()).is_err());
}

#[test]
fn of_a_long_list_of_peers_only_some_are_taken() {
    let address = SocketAddr::from(([10, 0, 0, 1], 5));
    let pex = Pex {
        added: vec![PexPeer { address, flags: 2 }; 1000],
        dropped: vec![address; 1000],
    };
    let parsed = Pex::parse(&pex.encode()).expect("valid");
    assert_eq!((parsed.added.len(), parsed.dropped.len()), (200, 200));
    let no_port = b"d5:added12:\x01\x02\x03\x04\0\0\x01\x02\x03\x04\0\x0577:x0:e";
    assert!(Pex::parse(no_port).is_err());
    let no_port = b"d5:added12:\x01\x02\x03\x04\0\0\x01\x02\x03\x04\0\x057:added.f2:\x01\x02e";
    let parsed = Pex::parse(no_port).expect("valid");
    let address = SocketAddr::from(([1, 2, 3, 4], 5));
    assert_eq!(parsed.added, [PexPeer { address, flags: 2 }]);
}
