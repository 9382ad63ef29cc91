//! Files of the user as files of IPFS, by their own address.

use std::{fs, time::Duration};

use multihash_codetable::{Code, MultihashDigest};
use universal_p2p_sharing::{Networks, State};

use super::*;
use crate::{
    BlockSource, Sources,
    testing::{Fake, Memory},
    unixfs::tests::trees::{Scene, content},
};

/// Shares a file, and waits until it is hashed.
async fn shared(shares: &Arc<Shares>, path: &std::path::Path) -> Cid {
    let ipfs = Networks {
        bittorrent: false,
        ipfs: true,
    };
    let number = shares.begin(vec![path.to_owned()], ipfs).expect("begun");
    loop {
        let report = shares.report(number).expect("known");
        match report.state {
            State::Hashing => tokio::time::sleep(Duration::from_millis(5)).await,
            State::Failed => panic!("{:?}", report.error),
            State::Ready => return report.cid.expect("a CID").parse().expect("a CID"),
        }
    }
}

#[tokio::test]
async fn a_shared_file_is_read_from_where_it_lies_and_never_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own");
    fs::create_dir(&own).expect("a folder");
    let path = folder.path().join("film.mkv");
    let right = content(3 * (1 << 20) + 77);
    fs::write(&path, &right).expect("a file");
    let shares = Shares::open(&own, &own).expect("opened");
    let cid = shared(&shares, &path).await;

    let local: Arc<Memory> = Arc::default();
    let lent = Arc::new(Lent::new(Arc::clone(&local), Arc::clone(&shares)));
    let fake: Arc<Fake> = Arc::default();
    let chain = vec![Arc::clone(&fake) as Arc<dyn BlockSource>];
    let scene = Scene {
        fake,
        local,
        sources: Arc::new(Sources::new(lent, chain)),
    };
    assert!(scene.read(&cid, 0..right.len() as u64).await.expect("read") == right);

    fs::write(&path, content(9)).expect("written");
    assert!(scene.read(&cid, 0..right.len() as u64).await.is_err());
    // What the file was may still come from others.
    let first = Bytes::copy_from_slice(&right[..1 << 20]);
    let leaf = Cid::new_v1(0x55, Code::Sha2_256.digest(&first));
    scene.fake.put(&leaf, first);
    let read = scene.read(&cid, 0..1 << 20).await.expect("read");
    assert!(read == right[..1 << 20]);
    assert_eq!(scene.local.count(), 1);
}
