//! Peers that have no use for TCP.

use super::lines::{gives, on_lan, only_utp};
use crate::support::{agent_on_lan, isolated};

#[test]
fn a_seeder_gives_over_utp() {
    isolated(|| gives(agent_on_lan(), on_lan(), &only_utp(), |peer| peer));
}
