//! What plans cost.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::schedule::{Peer, PeerKey, Picture, Progress, Reader, Trust, plan};
use crate::{Bits, Pieces};

/// Prints what plans cost. Nothing is asserted on time.
#[test]
fn cost_of_plans() {
    let count = 4096;
    for (peers, readers, piece_length) in [
        (8, 1, 1 << 20),
        (200, 1, 1 << 20),
        (200, 64, 1 << 20),
        (200, 8, 16 << 10),
        (200, 4, 256 << 20),
    ] {
        let length = u64::from(piece_length as u32) * count;
        let pieces = Pieces::new(length, piece_length as u32).expect("few");
        let have = Bits::all(count as u32);
        let reserved = Bits::none(count as u32);
        let mut progress = Progress::new(pieces, Bits::none(count as u32));
        let peers: Vec<_> = (0..peers)
            .map(|number| Peer {
                key: PeerKey(number),
                have: &have,
                choked: false,
                allowed_fast: &[],
                rate: 1e5 * f64::from(number + 1),
                delay: Duration::from_millis(50),
                growing: false,
                most_requests: 250,
                trust: Trust::Proven,
                snubbed: false,
            })
            .collect();
        let readers: Vec<_> = (0..readers)
            .map(|number| Reader {
                at: length / readers * number,
                end: length,
                window: 32 << 20,
                rate: 2e6,
                begins: 0.0,
            })
            .collect();
        let mut costs = Vec::new();
        let (mut asked, mut answered) = (0, HashMap::<PeerKey, u32>::new());
        for round in 0..60_u32 {
            let now = Duration::from_millis(1000 + u64::from(round));
            let picture = Picture {
                now,
                pieces,
                readers: &readers,
                peers: &peers,
                progress: &progress,
                reserved: &reserved,
                may_begin: u32::MAX,
            };
            let began = Instant::now();
            let plan = plan(&picture);
            costs.push(began.elapsed());
            asked += plan.requests.len();
            for (peer, block) in plan.requests {
                progress.ask(block, peer, now);
            }
            for peer in &peers {
                // A hundredth of the peers answer between two plans, each with one block.
                let block = progress.blocks_of(peer.key).next();
                if let (Some(block), true) = (block, (peer.key.0 + round).is_multiple_of(100)) {
                    *answered.entry(peer.key).or_default() += 1;
                    if progress.arrive(block, peer.key, now).completes_piece {
                        progress.set_held(block.piece, true);
                    }
                }
            }
        }
        let first = costs[0];
        costs.sort();
        println!(
            "{:>3} peers, {:>2} readers, pieces of {:>6} KiB: first plan {first:.0?}, median {:.1?}, worst {:.0?}, {asked} requests",
            peers.len(),
            readers.len(),
            piece_length >> 10,
            costs[30],
            costs[59],
        );
        assert!(asked > answered.len());
    }
}
