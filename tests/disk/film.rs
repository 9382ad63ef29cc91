//! A long file of noise with everything that checks what comes of it.

use std::time::Duration;

use crate::support::{Agent, Answer, MIB, Seeder, Seeding, Spec, assert_same, noise, pause};

/// The piece length of films.
pub(super) const PIECE: u64 = 256 << 10;

/// A torrent of one file of noise.
pub(super) struct Film {
    pub(super) seeding: Seeding,
    pub(super) right: Vec<u8>,
    path: String,
}

impl Film {
    /// Makes one of so many mebibytes, different for every number, and seeds it.
    pub(super) fn seeded(seeder: &mut Seeder, number: u64, mebibytes: usize) -> Self {
        Self::with_pieces(seeder, number, mebibytes * MIB, PIECE)
    }

    /// Makes one of so many bytes and of such pieces.
    pub(super) fn with_pieces(seeder: &mut Seeder, number: u64, length: usize, piece: u64) -> Self {
        let right = noise(number, length);
        let name = format!("film{number}.bin");
        let seeding = seeder.seed(Spec::single(&name, right.clone()).pieces(piece));
        let path = format!("/{name}");
        Self {
            seeding,
            right,
            path,
        }
    }

    /// Its infohash.
    pub(super) fn id(&self) -> &str {
        &self.seeding.id
    }

    /// Its length.
    pub(super) fn length(&self) -> usize {
        self.right.len()
    }

    /// Its address, with the seeder.
    pub(super) fn at(&self) -> String {
        self.seeding.at(&self.path)
    }

    /// Its address, without any peer.
    pub(super) fn without_peer(&self) -> String {
        self.seeding.without_peer(&self.path)
    }

    /// Reads from a place on as a player does, and leaves after so many bytes; all must be right.
    #[track_caller]
    pub(super) fn assert_read(&self, agent: &Agent, from: usize, length: usize) {
        self.read_slowly(agent, from, length, usize::MAX, Duration::ZERO);
    }

    /// Reads all of it; every byte must be right.
    #[track_caller]
    pub(super) fn assert_whole(&self, agent: &Agent) {
        self.assert_read(agent, 0, self.length());
    }

    /// Like [`Film::assert_read`], with a pause whenever so many bytes have come.
    #[track_caller]
    pub(super) fn read_slowly(
        &self,
        agent: &Agent,
        from: usize,
        length: usize,
        every: usize,
        rest: Duration,
    ) {
        let request = agent.get(&self.at()).range(&format!("bytes={from}-"));
        let mut body = request.open();
        if body.status() != 206 {
            let answer = body.finish();
            panic!("{} at {from}: {}", answer.status, answer.text());
        }
        let mut at = from;
        while at < from + length {
            let step = every.min(MIB).min(from + length - at);
            let came = body.read(step);
            self.assert_part(at, &came);
            assert_eq!(came.len(), step, "the body broke at {at}");
            at += step;
            if (at - from).is_multiple_of(every.min(length)) {
                pause(rest);
            }
        }
    }

    /// Reads a range of which everything must come from the disk, and be right.
    #[track_caller]
    pub(super) fn assert_on_disk(&self, agent: &Agent, from: usize, length: usize) {
        let answer = self.ask(agent, from, length);
        assert_eq!(answer.status, 206, "{}", answer.text());
        self.assert_part(from, &answer.body);
        assert_eq!(answer.body.len(), length, "it broke: {}", answer.broken);
    }

    /// Asks for a range without naming any peer.
    pub(super) fn ask(&self, agent: &Agent, from: usize, length: usize) -> Answer {
        let range = format!("bytes={from}-{}", from + length - 1);
        agent.get(&self.without_peer()).range(&range).send()
    }

    /// Checks what came from a place on, however much that is.
    #[track_caller]
    pub(super) fn assert_part(&self, from: usize, came: &[u8]) {
        let right = &self.right[from..from + came.len()];
        // comparing both at once is much quicker than looking for a difference
        if came != right {
            assert_same(came, right);
        }
    }
}
