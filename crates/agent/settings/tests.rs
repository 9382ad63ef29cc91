use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;
use universal_p2p_management::Kind;

use super::*;

const FILE: &str = "\
# my agent
disk.limit = \"300MB\"   # what the disk has

[bittorrent]
# at home
port = 7000 # forwarded
#upload_limit = \"unlimited\"

[log]
level = 'warn'
";

fn settings(file: &Path) -> Settings {
    let overrides = Overrides {
        config: Some(file.to_owned()),
        listen: Some("127.0.0.1:0".parse().expect("an address")),
        ..Overrides::default()
    };
    let config = Config::load(&overrides).expect("valid");
    let live = Live {
        dials: Dials::of(&config),
        store: None,
        loudness: None,
    };
    Settings::new(&config, overrides, live).expect("printable")
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("room");
    let path = folder.path().join("config.toml");
    fs::write(&path, text).expect("room");
    (folder, path)
}

fn wanted(pairs: &[(&str, Value)]) -> Values {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

fn one(settings: &Settings, key: &str) -> Setting {
    let all = settings.settings();
    all.into_iter()
        .find(|setting| setting.key == key)
        .expect(key)
}

#[test]
fn every_key_says_what_it_is() {
    let (_folder, path) = file("");
    for setting in settings(&path).settings() {
        let Setting {
            key, value, r#type, ..
        } = &setting;
        assert!(!setting.about.is_empty(), "{key}");
        assert!(key.contains('.') && !value.is_null(), "{key}: {value}");
        let fits = match r#type {
            Kind::Bool => value.is_boolean(),
            Kind::Number => value.is_u64(),
            Kind::List => value.is_array(),
            Kind::Size | Kind::Duration | Kind::Text | Kind::Choice => value.is_string(),
        };
        assert!(fits, "{key}: {value} is no {type:?}");
        if *r#type == Kind::Choice {
            assert!(
                setting.choices.iter().any(|choice| value == choice),
                "{key}"
            );
        }
        for choice in &setting.choices {
            let value = if *r#type == Kind::List {
                json!([choice])
            } else {
                json!(choice)
            };
            let text = document::alone(key, &value).expect("a value");
            assert_eq!(Config::mistake(&text), None, "{key}: {choice}");
        }
        // What it is by default can be set.
        let text = document::alone(key, &setting.default).expect("a value");
        assert_eq!(Config::mistake(&text), None, "{key}");
    }
}

#[test]
fn it_is_told_where_values_come_from() {
    let (_folder, path) = file(FILE);
    let settings = settings(&path);
    for (key, from, writable) in [
        ("listen.content", Origin::Flag, false),
        ("disk.limit", Origin::File, true),
        ("bittorrent.port", Origin::File, true),
        ("bittorrent.upload_limit", Origin::Default, true),
    ] {
        let setting = one(&settings, key);
        assert_eq!((setting.from, setting.writable), (from, writable), "{key}");
        assert!(!setting.pending, "{key}");
    }
    assert_eq!(one(&settings, "disk.limit").value, "300MB");
    assert_eq!(one(&settings, "disk.limit").default, "20GB");
    assert!(one(&settings, "disk.limit").live && !one(&settings, "bittorrent.port").live);
}

#[test]
fn a_change_keeps_what_its_user_wrote() {
    let (folder, path) = file(FILE);
    let settings = settings(&path);
    let changes = wanted(&[
        ("disk.limit", json!("400MB")),
        ("disk.keep_free", json!("1GB")),
        ("bittorrent.port", json!(7001)),
        ("bittorrent.upload_limit", json!("500kB")),
        ("timeouts.stall", json!("90s")),
        ("listen.hosts", json!(["a.home", "b.home"])),
        ("log.level", json!(null)),
    ]);
    let changed = settings.change(&changes).expect("all right");
    assert_eq!(changed.settings.len(), 7);
    assert_eq!(changed.restart, ["listen.hosts", "bittorrent.port"]);
    let text = fs::read_to_string(&path).expect("there");
    for kept in [
        "# my agent\n",
        "disk.limit = \"400MB\"   # what the disk has\n",
        "# at home\nport = 7001 # forwarded\n",
        "#upload_limit = \"unlimited\"\n",
        "stall = \"90s\"",
        "hosts = [\"a.home\", \"b.home\"]",
    ] {
        assert!(text.contains(kept), "{kept:?} is not in {text}");
    }
    assert!(!text.contains("warn"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    let again = self::settings(&path);
    assert_eq!(one(&again, "disk.keep_free").value, "1GB");
    assert_eq!(one(&again, "log.level").from, Origin::Default);
    let (limit, port) = (
        one(&settings, "disk.limit"),
        one(&settings, "bittorrent.port"),
    );
    assert!(!limit.pending && port.pending && port.value == 7001);
    assert_eq!(settings.live.dials.stall.get().as_secs(), 90);
    assert_eq!(
        settings.live.dials.bittorrent_upload.get().map(u32::from),
        Some(500_000)
    );
}

#[test]
fn what_is_wrong_changes_nothing() {
    let (_folder, path) = file(FILE);
    let settings = settings(&path);
    for (key, value, cure) in [
        ("disk.limit", json!("much"), "20GB"),
        ("disk.limit", json!("1MB"), "16MB"),
        ("disk.limit", json!(5), "string"),
        ("disk.policy", json!("fifo"), "lru"),
        ("limits.streams", json!(0), "at least 1"),
        ("limits.streams", json!(-1), "usize"),
        ("limits.streams", json!(1.5), "whole number"),
        ("listen.hosts", json!([1]), "list of texts"),
        ("listen.public", json!({"a": 1}), "list of texts"),
        ("disk", json!({"limit": "20GB"}), "no such key"),
        ("disk.colour", json!("red"), "no such key"),
        ("bittorrent.trackers", json!(["nonsense"]), "URL"),
    ] {
        let both = wanted(&[("timeouts.stall", json!("90s")), (key, value.clone())]);
        match settings.change(&both) {
            Err(Refusal::Bad { key: blamed, why }) => {
                assert_eq!(blamed, key, "{value}: {why}");
                assert!(why.contains(cure), "{key} {value}: {why}");
            }
            other => panic!("{key} {value}: {other:?}"),
        }
    }
    let flag = settings.change(&wanted(&[("listen.content", json!("127.0.0.1:1"))]));
    assert!(
        matches!(
            flag,
            Err(Refusal::Overruled {
                by: Origin::Flag,
                ..
            })
        ),
        "{flag:?}"
    );
    assert_eq!(fs::read_to_string(&path).expect("there"), FILE);
    assert_eq!(settings.live.dials.stall.get().as_secs(), 60);
}

#[test]
fn a_file_that_is_broken_meanwhile_is_left_alone() {
    let (_folder, path) = file(FILE);
    let settings = settings(&path);
    for broken in ["[disk", "[disk]\nlimmit = \"1GB\"\n"] {
        fs::write(&path, broken).expect("room");
        let refused = settings.change(&wanted(&[("disk.limit", json!("1GB"))]));
        assert!(
            matches!(refused, Err(Refusal::File { .. })),
            "{broken}: {refused:?}"
        );
        assert_eq!(fs::read_to_string(&path).expect("there"), broken);
    }
    assert_eq!(
        settings.settings().len(),
        rows().len(),
        "it is told all the same"
    );
}

#[cfg(unix)]
#[test]
fn rights_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, path) = file(FILE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mine");
    let link = folder.path().join("link.toml");
    symlink(&path, &link).expect("room");
    let settings = settings(&link);
    settings
        .change(&wanted(&[("disk.limit", json!("1GB"))]))
        .expect("all right");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(
        fs::metadata(&path).expect("there").permissions().mode() & 0o777,
        0o600
    );
    assert!(
        fs::read_to_string(&path)
            .expect("there")
            .contains("limit = \"1GB\"")
    );
}
