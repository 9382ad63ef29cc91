//! The files of an item, and what is on disk of each.

use serde_json::{Value, json};

use crate::support::{
    Agent, IpfsPeer, MIB, PIECE, Seeder, Spec, encoded, isolated, noise, output_of, python,
};

/// The files of an item.
fn files(agent: &Agent, item: &str, path: &str) -> Vec<Value> {
    let answer = agent
        .manage()
        .get(&format!("/items/{item}/files?path={}", encoded(path)));
    assert_eq!(answer["more"], false, "{answer}");
    answer["files"].as_array().unwrap().clone()
}

#[test]
fn what_is_on_disk_is_told_along_each_file() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let hostile = "\"><img src=x onerror=alert(1)>\u{202e}gpj.zip";
    let set = seeder.seed(
        Spec::folder("set")
            .with(&["cd1", "film.mkv"], noise(1, MIB))
            .with(&["cd1", hostile], noise(2, 1000))
            .with(&["empty"], noise(3, 0)),
    );
    let item = format!("bittorrent/{}", set.id);
    let unknown = agent
        .manage()
        .call("GET", &format!("/items/{item}/files"))
        .send();
    assert_eq!(unknown.problem(409), "unknown");
    let status = agent
        .get(&format!("/bittorrent/v0/status/{}", set.id))
        .send()
        .json();
    assert_eq!(status["state"], "unknown", "it was looked for: {status}");

    let answer = agent
        .get(&set.at("/cd1/film.mkv"))
        .range("bytes=0-65535")
        .send();
    assert_eq!(answer.body.len(), 65536);
    let root = files(&agent, &item, "");
    let names: Vec<_> = root
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["cd1", "empty"]);
    assert_eq!(
        (&root[0]["kind"], &root[0]["length"]),
        (&json!("dir"), &Value::Null)
    );
    assert_eq!((&root[1]["held"], &root[1]["bar"]), (&json!(0), &json!([])));
    let below = files(&agent, &item, "cd1");
    let film = below
        .iter()
        .find(|file| file["path"] == "cd1/film.mkv")
        .unwrap();
    let bar = film["bar"].as_array().unwrap();
    assert_eq!(bar.len(), MIB / (16 << 10));
    // what was read is there, and no more than what lies ahead of it
    assert!(bar[..3].iter().all(|percent| *percent == 100), "{film}");
    assert!(film["held"].as_u64() >= Some(65536 - PIECE), "{film}");
    let archive = below.iter().find(|file| file["kind"] == "archive").unwrap();
    assert_eq!(archive["name"], hostile);

    let url = film["url"].as_str().unwrap();
    let target = url
        .strip_prefix(&agent.url(""))
        .expect("an address of the content plane");
    assert_eq!(agent.get(target).send().body, noise(1, MIB));
    let film = &files(&agent, &item, "cd1/film.mkv")[0];
    assert_eq!(
        (&film["held"], &film["bar"]),
        (&json!(MIB), &json!(vec![100; MIB / (16 << 10)]))
    );
}

#[test]
fn files_of_ipfs_are_told_from_what_is_there() {
    isolated(|| {
        let mut kubo = IpfsPeer::kubo();
        let folder = kubo.folder().join("films");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("film.mkv"), noise(4, 8 * MIB)).unwrap();
        std::fs::write(folder.join("other.mkv"), noise(5, MIB)).unwrap();
        let cid = kubo.add_path(&folder);
        let agent = Agent::start();
        let unknown = agent
            .manage()
            .call("GET", &format!("/items/ipfs/{cid}/files"))
            .send();
        assert_eq!(unknown.problem(409), "unknown");
        let target = format!(
            "/ipfs/v0/stream/{cid}/film.mkv?peer={}",
            kubo.address("tcp")
        );
        let part = agent.get(&target).range("bytes=0-1048575").send();
        assert_eq!(part.body.len(), MIB);
        let listed = files(&agent, &format!("ipfs/{cid}"), "");
        let film = listed
            .iter()
            .find(|file| file["name"] == "film.mkv")
            .unwrap();
        assert!(film["held"].as_u64() >= Some(MIB as u64), "{film}");
        assert_eq!(film["bar"].as_array().unwrap().len(), 200);
        assert_eq!(film["bar"][0], 100, "{film}");
        let whole = agent.get(&target).send();
        assert_eq!(whole.body.len(), 8 * MIB);
        let film = &files(&agent, &format!("ipfs/{cid}"), "film.mkv")[0];
        assert_eq!(film["held"], 8 * MIB, "{film}");
    });
}

/// What a pasted text means.
fn resolved(agent: &Agent, text: &str) -> Value {
    let call = agent.manage().call("POST", "/resolve");
    let answer = call.json(&json!({ "text": text })).send();
    assert_eq!(answer.status, 200, "{text}: {}", answer.text());
    answer.json()
}

#[test]
fn whatever_people_paste_leads_to_the_files() {
    let agent = Agent::start();
    let content = agent.url("");
    let hash = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
    let (v0, v1) = (
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
        "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34",
    );
    let key = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8";
    for (text, protocol, id, path) in [
        (hash.to_uppercase(), "bittorrent", hash, ""),
        (
            format!("magnet:?xt=urn:btih:{hash}"),
            "bittorrent",
            hash,
            "",
        ),
        (
            format!("{content}/bittorrent/v0/stream/{hash}/a%20b.mkv"),
            "bittorrent",
            hash,
            "/a%20b.mkv",
        ),
        (v0.to_owned(), "ipfs", v1, ""),
        (format!("ipfs://{v1}/a/b"), "ipfs", v1, "/a/b"),
        (
            format!("https://gateway.example/ipfs/{v0}/a"),
            "ipfs",
            v1,
            "/a",
        ),
        (
            format!("https://{v1}.ipfs.gateway.example/a"),
            "ipfs",
            v1,
            "/a",
        ),
        (key.to_owned(), "ipns", key, ""),
        (format!("ipns://{key}/a"), "ipns", key, "/a"),
        (
            "https://docs-example-org.ipns.gateway.example/a".into(),
            "ipns",
            "docs.example.org",
            "/a",
        ),
        ("docs.example.org".into(), "ipns", "docs.example.org", ""),
    ] {
        let found = resolved(&agent, &text);
        assert_eq!(
            (&found["protocol"], &found["id"]),
            (&json!(protocol), &json!(id)),
            "{text}"
        );
        assert_eq!(
            found["url"],
            format!("{content}/{protocol}/v0/stream/{id}{path}"),
            "{text}"
        );
    }
    let magnet = format!("magnet:?xt=urn:btih:{hash}&tr=udp://a.example:1&dn=x");
    let url = resolved(&agent, &magnet)["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        url.ends_with(&format!("{hash}?tr=udp%3A%2F%2Fa.example%3A1&dn=x")),
        "{url}"
    );
    assert_eq!(
        agent.manage().items(),
        [Value::Null; 0],
        "only the address was read"
    );
}

#[test]
fn a_torrent_file_that_is_dropped_is_known_at_once() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let set = seeder.seed(Spec::folder("set").with(&["film.mkv"], noise(1, 1000)));
    let other = Agent::start();
    other.get(&set.at("/film.mkv")).send();
    let file = other
        .get(&format!("/bittorrent/v0/torrent/{}", set.id))
        .send()
        .body;
    // as a client of another make writes it, with a tracker
    let script = "import sys, libtorrent as lt\n\
                  info = lt.bdecode(bytes.fromhex(sys.argv[1]))\n\
                  info[b'announce'] = b'http://tracker.example/announce'\n\
                  print(lt.bencode(info).hex())";
    let hex = data_encoding::HEXLOWER.encode(&file);
    let mut program = std::process::Command::new(python());
    let made = output_of(program.args(["-c", script, &hex]));
    let made = data_encoding::HEXLOWER
        .decode(made.trim().as_bytes())
        .unwrap();
    let send = |body: Vec<u8>| {
        let call = agent.manage().call("POST", "/resolve");
        call.body("application/x-bittorrent", body).send()
    };
    let found = send(made).json();
    assert_eq!(found["id"], set.id, "{found}");
    let files_url = found["files_url"].as_str().unwrap();
    let list = agent
        .get(files_url.strip_prefix(&agent.url("")).unwrap())
        .send()
        .json();
    assert_eq!(list["entries"][0]["name"], "film.mkv", "{list}");
    let listed = agent
        .manage()
        .get(&format!("/items/bittorrent/{}/files", set.id));
    assert_eq!(listed["files"][0]["name"], "film.mkv");
    assert_eq!(listed["files"][0]["held"], 0);
    assert_eq!(
        send(b"d4:infod4:name1:aee".to_vec()).problem(400),
        "bad-document"
    );
    assert_eq!(send(Vec::new()).problem(400), "bad-document");
}
