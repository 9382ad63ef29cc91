//! Things that may happen to a swarm, most of them well-formed.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use super::LENGTH;
use crate::{
    BLOCK,
    wire::{
        Message, Request,
        extended::{self, DontHave, ExtensionHandshake, ExtensionIds, Pex, PexPeer, UtMetadata},
    },
};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Join {
        fast: bool,
        outgoing: bool,
        web: bool,
        /// What it says first.
        opening: Vec<Vec<u8>>,
    },
    Leave(Index),
    /// A frame, without its length.
    Says(Index, Vec<u8>),
    /// The same frame very often.
    Floods(Index, Vec<u8>),
    /// A block that is asked of a peer comes from it, or from another.
    Block {
        asked: Index,
        from: Index,
        number: Index,
        right: bool,
        /// Whether writing it takes a while.
        slowly: bool,
    },
    /// A write that took a while is over.
    Write(Index),
    /// A piece that is whole is hashed, and what that has shown is told later.
    Check(Index),
    /// What hashing has shown is told.
    Verdict(Index),
    Conduct {
        millis: u64,
    },
    /// What a peer was sent goes out to it, and one of its requests is served.
    Drain(Index),
    Read(u64),
    Move(Index, u64),
    Close(Index),
    Forget(Vec<u32>),
    Release,
    Stop(bool),
}

fn request() -> impl Strategy<Value = Request> {
    let piece = prop_oneof![50 => 0..5_u32, 1 => any::<u32>()];
    let begin = prop_oneof![50 => (0..4_u32).prop_map(|at| at * BLOCK), 1 => any::<u32>()];
    let length = prop_oneof![50 => Just(BLOCK), 4 => 1..10_000_u32, 1 => any::<u32>()];
    (piece, begin, length).prop_map(|(piece, begin, length)| Request {
        piece,
        begin,
        length,
    })
}

/// The id and payload of an extended message.
fn extended() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let reqq = proptest::option::of(prop_oneof![0..300_u32, any::<u32>()]);
    let greeting = (any::<[Option<u8>; 3]>(), any::<Option<u16>>(), reqq);
    let greeting = greeting.prop_map(|(ids, port, reqq)| {
        let [lt_donthave, ut_metadata, ut_pex] = ids;
        let ids = ExtensionIds {
            lt_donthave,
            ut_metadata,
            ut_pex,
        };
        ExtensionHandshake {
            ids,
            port,
            reqq,
            ..ExtensionHandshake::default()
        }
        .encode()
    });
    let gone = (0..6_u32).prop_map(|piece| DontHave(piece).encode());
    let metadata = (0..5_u32).prop_map(|piece| UtMetadata::Request(piece).encode());
    let peers = vec(any::<(u32, u16, u8)>(), 0..60).prop_map(|peers| {
        let peer = |(ip, port, flags)| PexPeer {
            address: (std::net::Ipv4Addr::from_bits(ip), port).into(),
            flags,
        };
        let added = peers.into_iter().map(peer).collect();
        let dropped = Vec::new();
        Pex { added, dropped }.encode()
    });
    prop_oneof![
        10 => (Just(extended::HANDSHAKE), greeting),
        5 => (Just(extended::LT_DONTHAVE), gone),
        5 => (Just(extended::UT_METADATA), metadata),
        5 => (Just(extended::UT_PEX), peers),
        1 => (0..10_u8, vec(any::<u8>(), 0..40)),
    ]
}

/// A message without its length.
fn written(message: Message<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    message.write(&mut frame);
    frame.split_off(4)
}

/// What a peer says first.
fn opening() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let all = Message::Bitfield(&[0b1111_1000]);
    let some = Message::Bitfield(&[0b1011_0000]);
    let has = prop_oneof![3 => Just(written(all)), 2 => Just(written(some))];
    let more = vec(
        select(vec![Message::Unchoke, Message::Interested]).prop_map(written),
        0..3,
    );
    (has, more).prop_map(|(has, more)| std::iter::once(has).chain(more).collect())
}

/// A frame that is likely to be well-formed.
pub(super) fn frame() -> impl Strategy<Value = Vec<u8>> {
    let plain = select(vec![
        Message::KeepAlive,
        Message::Choke,
        Message::Unchoke,
        Message::Unchoke,
        Message::Interested,
        Message::Interested,
        Message::NotInterested,
        Message::Port(7),
        Message::Unknown(77),
    ]);
    let introduction = select(vec![
        Message::HaveAll,
        Message::HaveNone,
        Message::Bitfield(&[0b1010_0000]),
        Message::Bitfield(&[0xff]),
    ]);
    let well_formed = prop_oneof![
        1 => introduction.prop_map(written),
        20 => plain.prop_map(written),
        2 => prop_oneof![50 => 0..5_u32, 1 => any::<u32>()]
            .prop_map(|piece| written(Message::Have(piece))),
        1 => (0..7_u32).prop_map(|piece| written(Message::AllowedFast(piece))),
        4 => request().prop_map(|request| written(Message::Request(request))),
        1 => request().prop_map(|request| written(Message::Cancel(request))),
        2 => request().prop_map(|request| written(Message::Reject(request))),
        4 => extended().prop_map(|(id, payload)| {
            written(Message::Extended { id, payload: &payload })
        }),
    ];
    let mutated = (well_formed, any::<Option<(Index, u8)>>(), 0..50_u8);
    mutated.prop_map(|(mut frame, change, luck)| {
        if let (0, Some((at, byte)), false) = (luck, change, frame.is_empty()) {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        frame
    })
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let flags = any::<(bool, bool)>();
    let some = any::<Index>;
    let offset = || 0..LENGTH as u64 + 10;
    prop_oneof![
        4 => (flags, 0..8_u8, opening()).prop_map(|((fast, outgoing), luck, opening)| Step::Join {
            fast: fast || luck > 3,
            outgoing,
            web: luck == 0,
            opening,
        }),
        1 => some().prop_map(Step::Leave),
        40 => (some(), frame()).prop_map(|(peer, frame)| Step::Says(peer, frame)),
        1 => (some(), frame()).prop_map(|(peer, frame)| Step::Floods(peer, frame)),
        40 => (some(), some(), some(), 0..12_u8).prop_map(|(asked, from, number, luck)| {
            Step::Block { asked, from, number, right: luck > 0, slowly: luck % 4 == 1 }
        }),
        8 => some().prop_map(Step::Write),
        8 => some().prop_map(Step::Check),
        8 => some().prop_map(Step::Verdict),
        12 => (0..3000_u64).prop_map(|millis| Step::Conduct { millis }),
        6 => some().prop_map(Step::Drain),
        2 => offset().prop_map(Step::Read),
        2 => (some(), offset()).prop_map(|(reader, at)| Step::Move(reader, at)),
        1 => some().prop_map(Step::Close),
        6 => vec(0..7_u32, 0..4).prop_map(Step::Forget),
        6 => Just(Step::Release),
        1 => any::<bool>().prop_map(Step::Stop),
    ]
}
