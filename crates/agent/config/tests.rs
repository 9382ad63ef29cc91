use std::{fs, io::Write};

use confique::toml::{FormatOptions, template};
use tempfile::NamedTempFile;

use super::*;

const COMMITTED: &str = "config/universal-p2p.toml";

fn load(text: &str) -> Result<Config> {
    let mut file = NamedTempFile::with_suffix(".toml").expect("a temporary file");
    file.write_all(text.as_bytes()).expect("room");
    Config::load(&Overrides {
        config: Some(file.path().to_owned()),
        ..Overrides::default()
    })
}

fn refusal(text: &str) -> String {
    format!("{:#}", load(text).expect_err("it should be refused"))
}

#[test]
fn the_committed_file_is_the_template() {
    let generated = template::<Config>(FormatOptions::default());
    if env::var_os("REGENERATE").is_some() {
        fs::write(COMMITTED, &generated).expect("writable");
    }
    let committed = fs::read_to_string(COMMITTED).expect("it is there");
    assert_eq!(
        committed, generated,
        "run the tests with REGENERATE=1 to write it anew"
    );
}

#[test]
fn every_commented_default_is_the_built_in_one() {
    let committed = fs::read_to_string(COMMITTED).expect("it is there");
    let uncommented: String = committed
        .lines()
        .filter_map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => Some(rest),
            Some(_) => None,
            None => Some(line),
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let (spelled_out, built_in) = (load(&uncommented).expect("valid"), load("").expect("valid"));
    assert_eq!(
        spelled_out.to_toml().expect("prints"),
        built_in.to_toml().expect("prints")
    );
}

#[test]
fn what_is_printed_can_be_read() {
    let config =
        load("[bittorrent]\nupload_limit = \"2MB\"\n[timeouts]\nstall = \"2min\"").expect("valid");
    let printed = config.to_toml().expect("prints");
    assert_eq!(
        load(&printed).expect("valid").to_toml().expect("prints"),
        printed
    );
    assert!(printed.contains("stall = \"120s\""), "{printed}");
}

#[test]
fn mistakes_are_named() {
    assert!(refusal("[listen]\ncontnt = \"127.0.0.1:1\"").contains("contnt"));
    assert!(refusal("[lisen]\ncontent = \"127.0.0.1:1\"").contains("lisen"));
    assert!(refusal("[timeouts]\nstall = \"soon\"").contains("soon"));
    assert!(refusal("[listen]\ncontent = \"0.0.0.0:7788\"").contains("listen.public"));
    assert!(refusal("[limits]\nstreams = 0").contains("limits.streams"));
    assert!(refusal("[bittorrent]\ntrackers = [\"nonsense\"]").contains("trackers"));
    let little = refusal("[disk]\nlimit = \"15MB\"");
    assert!(little.contains("disk.limit = \"15MB\"") && little.contains("\"16MB\""));
    assert!(refusal("[disk]\nlimit = \"1.5GB\"").contains("limit"));
    assert!(refusal("[disk]\nkeep_free = \"some\"").contains("keep_free"));
    assert!(refusal("[disk]\npolicy = \"fifo\"").contains("policy"));
    let both = "[listen]\ncontent = \"127.0.0.1:5\"\nmanagement = \"127.0.0.1:5\"";
    assert!(refusal(both).contains("listen.management"));
    let missing = Overrides {
        config: Some("/nonexistent/file.toml".into()),
        ..Overrides::default()
    };
    assert!(
        format!("{:#}", Config::load(&missing).expect_err("missing"))
            .contains("/nonexistent/file.toml")
    );
}

#[test]
fn the_least_sizes_are_taken() {
    let config = load("[disk]\nlimit = \"16MB\"\nkeep_free = \"0\"").expect("valid");
    assert_eq!(
        (config.disk.limit.0, config.disk.keep_free.0),
        (16_000_000, 0)
    );
}

#[test]
fn unknown_variables_are_named() {
    let refused = refuse_unknown_variables(["UNIVERSAL_P2P_LISTEN_CONTNT".to_owned()].into_iter());
    assert!(format!("{:#}", refused.expect_err("unknown")).contains("LISTEN_CONTNT"));
    let fine = ["UNIVERSAL_P2P_LISTEN_CONTENT".to_owned(), "PATH".to_owned()];
    assert!(refuse_unknown_variables(fine.into_iter()).is_ok());
}
