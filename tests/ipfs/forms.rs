//! Content of every form: inline, raw, sharded, linked, structured.

use serde_json::{Value, json};

use super::{assert_whole, at, directory, node};
use crate::support::{Agent, IpfsPeer, MIB, Setup, cid_in, cid_of, isolated, noise};

#[test]
fn leaves_of_every_form_make_the_same_file() {
    isolated(|| {
        let right = noise(1, 3 * MIB + 7);
        let mut helia = IpfsPeer::helia();
        let agent = Agent::start();
        for options in [
            json!({ "rawLeaves": true, "cidVersion": 1 }),
            json!({ "rawLeaves": false, "cidVersion": 1 }),
            json!({ "rawLeaves": false, "cidVersion": 0 }),
        ] {
            println!("{options}");
            let cid = helia.add_with("file.bin", &right, &options);
            assert_whole(&agent, &at(&cid, "/file.bin", &[&helia]), &right);
        }
        // a file that is one raw block, and one that is in its own name
        let small = helia.add("small.txt", b"small");
        assert!(small.starts_with("bafkrei"), "{small}");
        assert_whole(&agent, &at(&small, "/small.txt", &[&helia]), b"small");
        let bytes = json!({ "/": { "bytes": data_encoding::BASE64_NOPAD.encode(b"inline") } });
        let inline = helia.put("raw", "identity", &bytes);
        assert_whole(&agent, &at(&inline, "/a.txt", &[]), b"inline");
        let folder = directory(
            &mut helia,
            &[("inline.txt", &inline), ("small.txt", &small)],
        );
        let target = at(&folder, "/inline.txt", &[&helia]);
        assert_whole(&agent, &target, b"inline");
    });
}

#[test]
fn a_cid_of_either_version_is_one_item() {
    isolated(|| {
        let right = noise(2, MIB);
        let mut kubo = IpfsPeer::kubo();
        let oldest = kubo.add("film.mkv", &right);
        assert!(oldest.starts_with("Qm"), "{oldest}");
        let agent = Agent::start();
        assert_whole(&agent, &at(&oldest, "/film.mkv", &[&kubo]), &right);
        drop(kubo);
        let used = agent.manage().used();
        for base in ['b', 'B', 'z', 'k', 'f'] {
            let cid = cid_in(base, &oldest);
            assert_whole(&agent, &at(&cid, "/film.mkv", &[]), &right);
        }
        assert_eq!(agent.manage().items().len(), 1);
        let more = agent.manage().used().saturating_sub(used);
        assert!(more < MIB as u64 / 2, "{more} bytes more on disk");
    });
}

#[test]
fn a_sharded_directory_is_listed_and_looked_up() {
    isolated(|| {
        let mut helia = IpfsPeer::helia();
        let sharded = helia.add_many(700);
        let agent = Agent::start();
        for number in [0, 350, 699] {
            let target = at(&sharded, &format!("/{number}.txt"), &[&helia]);
            assert_whole(&agent, &target, format!("file {number}").as_bytes());
        }
        // a look costs a few shards, not all of them
        let held = agent.manage().items()[0]["disk"].as_u64().unwrap();
        let listing = agent.get(&at(&sharded, "/?format=json", &[&helia])).send();
        let listing = listing.json();
        let entries = listing["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 700);
        let mut names = entries.iter().map(|entry| entry["name"].as_str().unwrap());
        let sorted = (0..700).map(|number| format!("{number}.txt"));
        assert!(names.by_ref().eq(sorted), "{listing}");
        let all = agent.manage().items()[0]["disk"].as_u64().unwrap();
        assert!(held < all, "{held} of {all} bytes were needed for three");
        let missing = agent.get(&at(&sharded, "/700.txt", &[&helia])).send();
        assert_eq!(missing.problem(404), "not-found");
    });
}

/// A symbolic link, as UnixFS has it: type 4, with its target for data.
fn link(helia: &mut IpfsPeer, target: &str) -> String {
    let length = u8::try_from(target.len()).unwrap();
    let message = [&[8, 4, 0x12, length], target.as_bytes()].concat();
    node(helia, &message, &[])
}

#[test]
fn links_lead_where_they_point_but_not_out_of_the_root() {
    isolated(|| {
        let mut helia = IpfsPeer::helia();
        let file = helia.add("file.txt", b"the file");
        let targets = [
            ("beside", "file.txt"),
            ("below", "inner/up"),
            ("absolute", "/etc/passwd"),
            ("above", "../file.txt"),
            ("itself", "itself"),
            ("nowhere", "nothing"),
        ];
        let mut entries = vec![("file.txt", file.clone())];
        entries.extend(targets.map(|(name, target)| (name, link(&mut helia, target))));
        let (up, out) = (
            link(&mut helia, "../file.txt"),
            link(&mut helia, "../../../../etc/passwd"),
        );
        let inner = directory(&mut helia, &[("up", &up), ("out", &out)]);
        entries.push(("inner", inner));
        let entries: Vec<_> = entries.iter().map(|(name, cid)| (*name, &**cid)).collect();
        let root = directory(&mut helia, &entries);
        let agent = Agent::start();
        for path in ["/file.txt", "/beside", "/inner/up", "/below"] {
            println!("{path}");
            assert_whole(&agent, &at(&root, path, &[&helia]), b"the file");
        }
        for path in ["/absolute", "/above", "/itself", "/nowhere", "/inner/out"] {
            let answer = agent.get(&at(&root, path, &[&helia])).send();
            assert_eq!(answer.problem(404), "not-found", "{path}");
        }
    });
}

#[test]
fn paths_go_through_structured_data_to_files() {
    isolated(|| {
        let right = noise(3, 300_000);
        let mut helia = IpfsPeer::helia();
        let file = helia.add("film.mkv", &right);
        let agent = Agent::start();
        let to = |cid: &str| -> Value { json!({ "/": cid }) };
        for codec in ["dag-cbor", "dag-json"] {
            let inner = json!({ "film": to(&file), "title": "a film" });
            let inner = helia.put(codec, "sha2-256", &inner);
            let outer = json!({ "films": [to(&inner), to(&file)], "count": 2 });
            let outer = helia.put(codec, "sha2-256", &outer);
            for path in ["/films/0/film", "/films/1"] {
                println!("{codec} {path}");
                assert_whole(&agent, &at(&outer, path, &[&helia]), &right);
            }
            for path in ["/films/2", "/nothing", "/films/0/nothing"] {
                let answer = agent.get(&at(&outer, path, &[&helia])).send();
                assert_eq!(answer.problem(404), "not-found", "{codec} {path}");
            }
        }
    });
}

#[test]
fn forms_that_are_not_served_are_told_apart_from_damage() {
    isolated(|| {
        let mut helia = IpfsPeer::helia();
        let agent = Setup::new().set("timeouts.metadata = \"5s\"").start();
        let right = helia.add("a.txt", b"right");
        // the same hash said to be of a block of git, and a hash function that is none
        let git = cid_of(0x78, 0x12, &[7; 32]);
        let unknown = cid_of(0x55, 0x22, &[7; 8]);
        for cid in [&git, &unknown] {
            let answer = agent.get(&at(cid, "/a.bin", &[&helia])).send();
            assert_eq!(answer.problem(501), "unsupported", "{cid}");
        }
        // what its hash covers, and makes no sense all the same
        let nonsense = node(&mut helia, b"\xff\xff\xff\xff\xff", &[]);
        let cyclic = node(&mut helia, &[8, 9], &[]);
        for cid in [&nonsense, &cyclic] {
            let answer = agent.get(&at(cid, "/a.bin", &[&helia])).send();
            let reason = answer.problem(answer.status);
            assert!(
                matches!(reason.as_str(), "corrupt" | "unsupported"),
                "{reason}"
            );
        }
        // a file that says to be an exabyte long, of one leaf of five bytes
        let leaf = json!({ "Name": "", "Tsize": 5, "Hash": { "/": right } });
        let length = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
        let says = [&[8, 2, 0x18][..], &length, &[0x20], &length].concat();
        let vast = node(&mut helia, &says, &[leaf]);
        let target = at(&vast, "/a.bin", &[&helia]);
        for range in ["bytes=0-", "bytes=1000000000000-1000000000100"] {
            let answer = agent.get(&target).range(range).open();
            assert_eq!(answer.status(), 502, "{range}");
        }
        let names = [
            "../up.txt",
            "a/b.txt",
            "",
            ".",
            "..",
            "/etc/passwd",
            "nul\0.txt",
            "twice",
            "twice",
            "ok.txt",
        ];
        let entries = names.map(|name| (name, right.as_str()));
        let folder = directory(&mut helia, &entries);
        let listing = agent.get(&at(&folder, "/?format=json", &[&helia])).send();
        let listing = listing.json();
        let listed = listing["entries"].as_array().unwrap().iter();
        let listed: Vec<_> = listed
            .map(|entry| entry["name"].as_str().unwrap())
            .collect();
        assert_eq!(listed, ["ok.txt", "twice"]);
        assert_whole(&agent, &at(&folder, "/ok.txt", &[&helia]), b"right");
    });
}
