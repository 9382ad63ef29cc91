//! What is shared survives a restart, and is never served wrong.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::*;

const BOTH: Networks = Networks {
    bittorrent: true,
    ipfs: true,
};

struct Scene {
    folder: TempDir,
    shares: Arc<Shares>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("own")).expect("a folder");
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).expect("a folder");
        fs::write(shared.join("a.bin"), vec![1; 40_000]).expect("a file");
        fs::write(shared.join("b.bin"), vec![2; 3 << 20]).expect("a file");
        fs::write(shared.join("c.bin"), vec![3; 50_000]).expect("a file");
        let shares = open(&folder);
        Self { folder, shares }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("shared").join(name)
    }

    fn share(&self) -> Arc<Share> {
        let number = begin(&self.shares, vec![self.folder.path().join("shared")]);
        let ready = self.shares.ready();
        let share = ready.into_iter().find(|share| share.number() == number);
        share.expect("it is shared")
    }
}

fn open(folder: &TempDir) -> Arc<Shares> {
    let own = folder.path().join("own");
    Shares::open(&own.join("shares"), &own).expect("opened")
}

fn begin(shares: &Arc<Shares>, paths: Vec<PathBuf>) -> u64 {
    let number = shares.begin(paths, BOTH).expect("begun");
    let waiting = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let mut changes = shares.subscribe();
    waiting.block_on(async {
        while shares.report(number).expect("it is known").state == State::Hashing {
            let change = changes.changed();
            let _ = tokio::time::timeout(Duration::from_millis(50), change).await;
        }
    });
    number
}

fn pieces(share: &Share) -> u32 {
    let length = u64::from(crate::piece_length(share.length()));
    u32::try_from(share.length().div_ceil(length)).expect("few pieces")
}

/// Every piece that is served, one behind the other.
fn served(share: &Share) -> Vec<Option<Bytes>> {
    (0..pieces(share))
        .map(|piece| share.read_piece(piece))
        .collect()
}

#[test]
fn pieces_and_blocks_are_those_of_the_files_also_after_a_restart() {
    let scene = Scene::new();
    let share = scene.share();
    let all: Vec<u8> = served(&share)
        .into_iter()
        .flat_map(|piece| piece.expect("a piece"))
        .collect();
    let right: Vec<u8> = ["a.bin", "b.bin", "c.bin"]
        .iter()
        .flat_map(|name| fs::read(scene.path(name)).expect("a file"))
        .collect();
    assert_eq!(all, right);
    assert_eq!(share.read_piece(pieces(&share)), None);

    let again = open(&scene.folder);
    let [restarted] = again.ready().try_into().map_err(drop).expect("one share");
    assert_eq!(restarted.torrent(), share.torrent());
    assert_eq!(restarted.cid(), share.cid());
    let root = root(&restarted);
    let block = again.read_block(&root).expect("the root");
    assert_eq!(again.block_length(&root), Some(block.len() as u64));
    assert_eq!(again.read_block(&[0; 32]), None);
    // A job that comes later has another number.
    let next = begin(&again, vec![scene.path("a.bin")]);
    assert!(next > share.number());
}

fn root(share: &Share) -> Digest {
    let cid = share.cid().expect("a DAG");
    cid.hash().digest().try_into().expect("32 bytes")
}

/// Changes a file behind its own length and time.
fn change_secretly(path: &Path) {
    let modified = fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .expect("a time");
    let mut bytes = fs::read(path).expect("a file");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path, bytes).expect("written");
    let file = fs::File::options().write(true).open(path).expect("opened");
    file.set_modified(modified).expect("set back");
}

#[test]
fn a_file_that_changed_secretly_is_noticed_when_it_is_read() {
    let scene = Scene::new();
    let share = scene.share();
    change_secretly(&scene.path("b.bin"));
    let before = share.revision();
    let last_of_b = (40_000 + (3 << 20) - 1) / crate::piece_length(share.length());
    // Nobody can say which file a piece of two is wrong by: only it is not served.
    assert_eq!(share.read_piece(last_of_b), None);
    assert!(!share.has_piece(last_of_b) && share.has_piece(0));
    assert!(share.revision() > before);
    let report = scene.shares.report(share.number()).expect("known");
    assert!(report.error.is_some() && report.state == State::Ready);
    let third = fs::read(scene.path("b.bin")).expect("a file")[2 << 20..].to_vec();
    let wrong = crate::unixfs::leaf(&third).0;
    assert_eq!(share.read_block(&wrong), None);
}

#[test]
fn a_file_with_another_length_or_time_is_not_served() {
    let scene = Scene::new();
    let share = scene.share();
    fs::write(scene.path("c.bin"), "other").expect("written");
    let late = SystemTime::now() + Duration::from_secs(10);
    let file = fs::File::options().write(true).open(scene.path("b.bin"));
    file.expect("opened").set_modified(late).expect("set");
    scene.shares.look();
    let pieces = pieces(&share);
    assert!(share.has_piece(0) && !share.has_piece(pieces / 2) && !share.has_piece(pieces - 1));
    assert!(
        served(&share)[1..]
            .iter()
            .filter(|piece| piece.is_some())
            .count()
            <= 1
    );
    let report = scene.shares.report(share.number()).expect("known");
    assert_eq!(report.changed, [scene.path("b.bin"), scene.path("c.bin")]);
}

#[test]
fn a_file_that_vanished_is_served_when_it_is_back() {
    let scene = Scene::new();
    let share = scene.share();
    let away = scene.folder.path().join("away");
    fs::rename(scene.path("b.bin"), &away).expect("moved");
    assert_eq!(share.read_piece(pieces(&share) / 2), None);
    assert!(!share.has_piece(pieces(&share) / 2));
    fs::rename(&away, scene.path("b.bin")).expect("moved back");
    scene.shares.look();
    assert!(served(&share).iter().all(Option::is_some));
    assert_eq!(share.changed(9).1, 0);
}

#[test]
fn what_is_taken_back_is_not_served_and_its_files_stay() {
    let scene = Scene::new();
    let share = scene.share();
    let (_, infohash) = share.torrent().expect("a torrent");
    assert!(scene.shares.torrent(&infohash).is_some());
    assert!(scene.shares.remove(share.number()));
    assert!(!scene.shares.remove(share.number()));
    assert!(scene.shares.torrent(&infohash).is_none());
    assert_eq!(scene.shares.read_block(&root(&share)), None);
    assert!(open(&scene.folder).ready().is_empty());
    assert!(scene.path("b.bin").exists());
}

#[test]
fn sharing_it_again_replaces_what_changed() {
    let scene = Scene::new();
    let old = scene.share();
    fs::write(scene.path("a.bin"), "other").expect("written");
    let new = scene.share();
    assert_ne!(new.torrent(), old.torrent());
    assert_eq!(scene.shares.list().len(), 1);
    assert!(served(&new).iter().all(Option::is_some));
}

#[test]
fn a_share_that_cannot_be_says_why() {
    let scene = Scene::new();
    let number = begin(&scene.shares, vec![scene.folder.path().to_owned()]);
    let report = scene.shares.report(number).expect("known");
    assert_eq!(report.state, State::Failed);
    assert!(report.error.expect("why").contains("agent's own data"));
    let none = scene.shares.begin(Vec::new(), BOTH);
    assert!(matches!(none, Err(Refused::NoPath)));
}

#[test]
fn notes_that_are_damaged_are_left_out() {
    let scene = Scene::new();
    let share = scene.share();
    let notes = scene.folder.path().join("own/shares");
    let info = notes.join(share.number().to_string()).join("info");
    change_secretly(&info);
    assert!(open(&scene.folder).ready().is_empty());
}

#[test]
fn notes_that_are_cut_short_are_left_out() {
    let scene = Scene::new();
    let share = scene.share();
    let notes = scene.folder.path().join("own/shares");
    fs::create_dir(notes.join("7.new")).expect("a folder");
    let manifest = notes.join(share.number().to_string()).join("share.json");
    fs::write(manifest, "{").expect("written");
    assert!(open(&scene.folder).ready().is_empty());
    assert!(!notes.join("7.new").exists());
}
