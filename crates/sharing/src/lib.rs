//! Files of the user that are shared by reference: hashed once, never copied, hashed again whenever
//! anything of them leaves.
//!
//! ```text
//! paths ── source ── hashing ─┬─ torrent   info dictionary: infohash
//!          what is     one    └─ unixfs    nodes and leaves: CID
//!          shared      pass          │
//!                               manifest + block index, on disk
//!                                    │
//! Shares (all of them) ── Share (one) ─┬─ piece   for the BitTorrent engines
//!                                      └─ block   for the IPFS node
//! ```
//!
//! It stands below the backends, as the store does: they ask it for pieces and blocks, and it knows
//! neither peers nor HTTP. It lives beside the store and not in it, because nothing here is a copy
//! that could be given up: `disk.limit` is not touched by the user's own files. What is kept for a
//! share are its manifest, its piece hashes, its directory nodes, and 48 bytes for each block.
//!
//! # The same input gives the same addresses
//! - *Name*: the base name of the path. Several paths have to lie in one folder and are shared as
//!   that folder, with only these in it.
//! - *Order*: by path, name by name, as bytes.
//! - *Torrent*: version 1, no creation date, no attributes, no padding, and the piece length that
//!   libtorrent chooses for the size, so that clients built on it make the same torrent of the same
//!   files in the same order.
//! - *DAG*: the profile `unixfs-v1-2025` (IPIP-499): CIDv1, SHA-256, raw leaves of 1 MiB, balanced with
//!   1024 links a node, no mode, no times; a directory whose block would be over 256 KiB becomes a
//!   HAMT of 256 links a shard. Helia has it by default, Kubo by `ipfs config profile apply
//!   unixfs-v1-2025`; Kubo's older default (CIDv0, 256 KiB) gives other CIDs of the same files.
//! - *Left out*: hidden files and folders below what was named (they hold keys and caches that nobody
//!   means to publish; Kubo leaves them out too), and symbolic links, which may lead anywhere. How
//!   many is told. Empty folders are in the DAG; a torrent cannot have them.
//! - *Refused*, with the cure: sockets, pipes and devices; names that are no UTF-8; what cannot be
//!   read; nothing at all; and whatever holds the agent's own data, its keys among them.
//!
//! # Never a wrong byte
//! A file can change at any moment, also while it is read, and its time of change need not tell. So a
//! piece or block is read into memory, hashed there, and served from that memory: what was hashed is
//! what leaves. The last pieces stay in memory (64 MiB at most), because peers ask for 16 KiB at a
//! time. A file that has another length or time than when it was hashed, is gone, or fails its hash,
//! is *changed*: nothing of it is offered or served any more, the share says so, and a file that
//! comes back as it was (a disk that is plugged in again) is served again. To share what it is now
//! means to share it again.
//!
//! # Memory
//! Hashing holds one chunk of 1 MiB and 48 bytes for each block of the share. Serving holds 8 bytes
//! for every 64 blocks, the names of the files, and the pieces above.
//!
//! # Limitations
//! At most 200,000 files and 8 TiB in one share. Torrents are of version 1.

#![forbid(unsafe_code)]

mod blocks;
mod cache;
mod disk;
mod error;
mod hashing;
mod manifest;
mod share;
mod shares;
mod sink;
mod source;
mod torrent;
mod unixfs;

pub use error::Refused;
pub use hashing::{Addresses, Networks, hash};
pub use share::Share;
pub use shares::{Report, Shares, State};
pub use sink::{Digest, Memory, Sink};
pub use source::{LeftOut, Source, SourceFile, Stamp};
pub use torrent::piece_length;
