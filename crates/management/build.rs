//! Has this crate built again when files of the dashboard come or go.

use std::io::Write;

fn main() -> std::io::Result<()> {
    writeln!(std::io::stdout(), "cargo:rerun-if-changed=../../web-ui")
}
