//! The addresses of known files are those that libtorrent 2.1.1 (`create_torrent`, `v1_only`, piece
//! length by its own choice) and ipfs-unixfs-importer 17.1.1 (`unixfs-v1-2025`) give them.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::*;
use crate::{Memory, piece_length, unixfs::leaf};

const BOTH: Networks = Networks {
    bittorrent: true,
    ipfs: true,
};

/// Bytes that scripts in other languages make just as easily.
fn pattern(length: usize, seed: usize) -> Vec<u8> {
    let byte = |i: usize| (i * 7 + (i >> 8) * 13 + (i >> 16) * 31 + seed) & 0xff;
    (0..length)
        .map(|i| u8::try_from(byte(i)).expect("one byte"))
        .collect()
}

/// Leaves of one byte, 1024 links a node.
const LEAVES: [(usize, &str); 3] = [
    (
        1024,
        "bafybeibtca6rbjfc4csc4eznnzx5zrjodl4gdrhopwldl2h32hkla2bn7y",
    ),
    (
        1025,
        "bafybeid6bucjxwpjlex3zlqwuk2u643h6ihmehprpcpzckjt456pvw2ko4",
    ),
    (
        2100,
        "bafybeierjb6m3reucz5caty4jtuviqwosiyolgvv3vh4aoxe5fep5k5sqm",
    ),
];

fn tree() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    fs::create_dir_all(tree.join("b/c")).expect("folders");
    fs::create_dir(tree.join("empty")).expect("a folder");
    fs::create_dir(tree.join("big")).expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(tree.join(name), bytes).expect("a file");
    write("a.txt", b"hello\n");
    write("b/empty", b"");
    write("b/c/two.bin", &pattern((2 << 20) + 5, 3));
    write("b/one.bin", &pattern(1 << 20, 1));
    write("ö.bin", &pattern(300_000, 2));
    folder
}

fn scan(path: &Path) -> Source {
    Source::scan(&[path.to_owned()], Path::new("/nowhere/at/all")).expect("it can be shared")
}

fn hashed(path: &Path, memory: &mut Memory) -> (String, String) {
    let mut goes_on = |_| ControlFlow::Continue(());
    let addresses = hash(&scan(path), BOTH, memory, &mut goes_on).expect("hashed");
    let (_, infohash) = addresses.torrent.expect("a torrent");
    let cid = addresses.cid.expect("a DAG");
    (data_encoding::HEXLOWER.encode(&infohash), cid.to_string())
}

#[test]
fn a_folder_has_the_addresses_that_others_give_it() {
    let folder = tree();
    let mut memory = Memory::default();
    assert_eq!(
        hashed(&folder.path().join("tree"), &mut memory),
        (
            "bdc9a0003586739cef8d89ef89f6464182dadd74".into(),
            "bafybeigvwzrv6vyugjvb2fy6v66vhgsibbnflralwyb7u2xlahcjmpc7f4".into()
        )
    );
    // Three folders and two.bin are nodes, and the two empty folders are one; the rest is read from
    // the files.
    assert_eq!((memory.nodes.len(), memory.leaves.len()), (5, 7));
}

#[test]
fn a_file_has_the_addresses_that_others_give_it() {
    let folder = tree();
    assert_eq!(
        hashed(
            &folder.path().join("tree/b/c/two.bin"),
            &mut Memory::default()
        ),
        (
            "38e72c304789ae64df2fc508ee1a9a579c6dec57".into(),
            "bafybeib56uar4r2bmkdwc72e6b44aasvbez6dysalztkz2y4436lu2rruu".into()
        )
    );
    let (_, cid) = hashed(
        &folder.path().join("tree/b/one.bin"),
        &mut Memory::default(),
    );
    assert_eq!(
        cid,
        "bafkreiasjgqnjeq6csswgt7ezd3na4bsixduschahvvilhl5fgbadtet7i"
    );
}

#[test]
fn a_large_folder_is_found_by_hash_as_others_make_it() {
    for (files, right) in [
        (
            4400,
            "bafybeig3ummxjjatu3pwkkuapsmdeufwgztva2mknhsfvd2lvzbm4ybflu",
        ),
        (
            4500,
            "bafybeib7fynhjgbts3ynyevrl3fnzf7coj2f3jrqqqwvwrft7eqhej3ciu",
        ),
    ] {
        let mut memory = Memory::default();
        let names: Vec<_> = (0..files)
            .map(|number| vec![format!("file-{number:06}.txt")])
            .collect();
        let files: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(number, names)| (names.as_slice(), leaf(number.to_string().as_bytes()).1))
            .collect();
        let root = unixfs::root(&files, &[], &mut memory).expect("a folder");
        assert_eq!(root.cid.to_string(), right, "{} files", files.len());
    }
}

#[test]
fn a_long_file_is_the_tree_that_others_make() {
    for (leaves, right) in LEAVES {
        let mut memory = Memory::default();
        let mut nodes = FileNodes::default();
        for byte in pattern(leaves, 9) {
            let (_, leaf) = leaf(&[byte]);
            nodes.push(leaf, &mut memory).expect("a leaf");
        }
        let root = nodes.finish(&mut memory).expect("nodes").expect("a root");
        assert_eq!(root.cid.to_string(), right, "{leaves} leaves");
        assert_eq!(root.length, leaves as u64);
    }
}

#[test]
fn a_file_that_changed_since_it_was_looked_at_is_refused() {
    let folder = tree();
    let source = scan(&folder.path().join("tree"));
    fs::write(folder.path().join("tree/a.txt"), "HELLO, world\n").expect("written");
    let mut goes_on = |_| ControlFlow::Continue(());
    let hashed = hash(&source, BOTH, &mut Memory::default(), &mut goes_on);
    assert!(matches!(hashed, Err(Refused::Changed(path)) if path.ends_with("a.txt")));
}

#[test]
fn hashing_tells_how_far_it_is_and_can_be_ended() {
    let folder = tree();
    let source = scan(&folder.path().join("tree/b/c/two.bin"));
    let mut told = Vec::new();
    let mut progress = |done| {
        told.push(done);
        if done > 1 << 20 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let ended = hash(&source, BOTH, &mut Memory::default(), &mut progress);
    assert!(matches!(ended, Err(Refused::TakenBack)));
    assert_eq!(told, [1 << 20, 2 << 20]);
}

#[test]
fn every_piece_has_its_hash() {
    let folder = tree();
    let source = scan(&folder.path().join("tree"));
    let mut goes_on = |_| ControlFlow::Continue(());
    let only = Networks {
        bittorrent: true,
        ipfs: false,
    };
    let mut memory = Memory::default();
    let addresses = hash(&source, only, &mut memory, &mut goes_on).expect("hashed");
    let (info, _) = addresses.torrent.expect("a torrent");
    let pieces = source
        .length()
        .div_ceil(u64::from(piece_length(source.length())));
    let needle = format!("6:pieces{}:", pieces * 20);
    assert!(
        info.windows(needle.len())
            .any(|window| window == needle.as_bytes())
    );
    assert!(memory.leaves.is_empty() && addresses.cid.is_none());
}
