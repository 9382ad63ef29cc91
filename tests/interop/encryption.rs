//! Encryption (MSE) with libtorrent.

use serde_json::{Value, json};

use super::lines::{gets, gives, on_lan};
use crate::support::{Setup, agent_on_lan, isolated};

/// libtorrent's settings for encrypted connections and no others; the level is 1 for plain text after an
/// encrypted handshake, 2 for RC4, 3 for both.
fn forced(level: u8) -> Value {
    json!({ "in_enc_policy": 0, "out_enc_policy": 0, "allowed_enc_level": level })
}

/// An agent with its mode of encryption.
fn agent(mode: &str) -> Setup {
    agent_on_lan()
        .set(r#"bittorrent.engine = "streaming""#)
        .set(&format!("bittorrent.encryption = {mode:?}"))
}

#[test]
fn a_seeder_that_wants_encryption_gives() {
    isolated(|| gives(agent("allow"), on_lan(), &forced(2), |peer| peer));
}

#[test]
fn a_seeder_gives_where_both_want_encryption() {
    isolated(|| gives(agent("require"), on_lan(), &forced(2), |peer| peer));
}

#[test]
fn a_seeder_gives_where_only_the_handshake_is_encrypted() {
    isolated(|| gives(agent("prefer"), on_lan(), &forced(1), |peer| peer));
}

#[test]
fn a_leecher_gets_where_both_want_encryption() {
    isolated(|| gets(agent("require"), &forced(2), forced(2), |peer| peer));
}

#[test]
fn a_leecher_gets_where_only_the_handshake_is_encrypted() {
    isolated(|| gets(agent("allow"), &json!({}), forced(1), |peer| peer));
}

#[test]
fn a_seeder_gives_without_encryption() {
    let none = json!({ "in_enc_policy": 2, "out_enc_policy": 2 });
    isolated(move || gives(agent("prefer"), on_lan(), &none, |peer| peer));
}
