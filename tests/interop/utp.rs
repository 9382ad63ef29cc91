//! uTP on a line that loses one datagram of a hundred.

use serde_json::json;

use super::lines::{gets, gives, on_lan, only_utp};
use crate::support::{LAN, agent_on_lan, isolated, lossy_line};

#[test]
fn a_seeder_gives_over_utp_on_a_line_that_loses() {
    isolated(|| {
        let through = |peer| lossy_line(LAN, peer).near;
        gives(agent_on_lan(), on_lan(), &only_utp(), through);
    });
}

#[test]
fn a_leecher_gets_over_utp_on_a_line_that_loses() {
    isolated(|| {
        let through = |peer| lossy_line(LAN, peer).near;
        gets(agent_on_lan(), &json!({}), only_utp(), through);
    });
}
