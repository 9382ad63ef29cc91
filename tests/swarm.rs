//! The agent among peers that mean harm: every byte comes and is right, as long as one peer is honest.

mod crowd;

use crate::support::{
    Agent, HostilePeer, MIB, Manner, Seeder, Seeding, Spec, assert_same, most_memory, noise,
};

/// How many pieces the film has.
const PIECES: usize = 97;

/// What the agent may take of memory, whatever peers send.
const MEMORY: u64 = 150 << 20;

/// A film at an honest seeder, slow enough that others are asked too.
fn film() -> (Seeder, Seeding) {
    let mut seeder = Seeder::start();
    let spec = Spec::single("film.mkv", noise(8, 24 * MIB + 12_345)).pieces(256 << 10);
    let film = seeder.seed(spec);
    seeder.limit(6 << 20);
    (seeder, film)
}

/// Reads a film whose address names hostile peers, a far part first, and looks at the agent afterwards.
fn reads(film: &Seeding, hints: &str) {
    let mut agent = Agent::start();
    let target = film.at("/film.mkv") + hints;
    let far = 17 * MIB + 99;
    let range = format!("bytes={far}-{}", far + 299_999);
    let part = agent.get(&target).range(&range).send();
    assert_eq!(part.status, 206, "{}", part.text());
    assert_same(&part.body, &film.part("film.mkv", far as u64, 300_000));
    let whole = agent.get(&target).send();
    assert_eq!(whole.status, 200);
    assert_same(&whole.body, &film.bytes("film.mkv"));
    assert!(agent.is_running());
    let memory = most_memory(&agent.data());
    assert!(memory < MEMORY, "{memory} bytes were taken");
}

/// Reads a film with three hostile peers of one manner beside the honest one.
fn survives(manner: Manner) {
    let (_seeder, film) = film();
    let hostile = [1, 2, 3].map(|number| HostilePeer::start(manner, number, PIECES));
    let hints: String = hostile
        .iter()
        .map(|peer| format!("&x.pe={}", peer.address))
        .collect();
    reads(&film, &hints);
    for peer in &hostile {
        assert!(peer.connections() > 0, "nobody asked it");
    }
}

/// A liar is believed for two pieces at most, and never asked again.
#[test]
fn a_liar_is_banned() {
    let (_seeder, film) = film();
    let liar = HostilePeer::start(Manner::Lying, 1, PIECES);
    reads(&film, &format!("&x.pe={}", liar.address));
    let spoilt = liar.spoilt();
    assert!((1..=2).contains(&spoilt), "{spoilt} pieces were spoilt");
}

#[test]
fn liars_are_survived() {
    survives(Manner::Lying);
}

#[test]
fn stalling_peers_are_survived() {
    survives(Manner::Stalling);
}

#[test]
fn choking_peers_are_survived() {
    survives(Manner::Choking);
}

#[test]
fn flooding_peers_are_survived() {
    survives(Manner::Flooding);
}

#[test]
fn endless_messages_are_survived() {
    survives(Manner::Oversize);
}

#[test]
fn endless_blocks_are_survived() {
    survives(Manner::LongBlock);
}

#[test]
fn garbage_is_survived() {
    survives(Manner::Garbage);
}

#[test]
fn garbage_for_a_handshake_is_survived() {
    survives(Manner::GarbageForHandshake);
}

#[test]
fn false_claims_are_survived() {
    survives(Manner::ClaimingAll);
}

#[test]
fn long_bitfields_are_survived() {
    survives(Manner::LongBitfield);
}

#[test]
fn short_bitfields_are_survived() {
    survives(Manner::ShortBitfield);
}

#[test]
fn blocks_of_wrong_places_are_survived() {
    survives(Manner::WrongPlaces);
}

#[test]
fn deep_extensions_are_survived() {
    survives(Manner::DeepExtensions);
}

#[test]
fn many_extensions_are_survived() {
    survives(Manner::ManyExtensions);
}
