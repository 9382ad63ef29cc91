//! Single values that belong to no item.

use std::io::Result;

use super::{Index, keys};

const FLOOR: &[u8] = b"floor";
const PINS: &[u8] = b"pins";

impl Index {
    /// The policy's floor for all items; 0 where none was kept.
    pub(crate) fn floor(&self) -> Result<f64> {
        let row = self.meta.get(FLOOR)?;
        let floor = row.and_then(|row| keys::number(&row)).map(f64::from_bits);
        Ok(floor.filter(|floor| floor.is_finite()).unwrap_or(0.0))
    }

    /// Replaces the policy's floor.
    pub(crate) fn set_floor(&self, floor: f64) -> Result<()> {
        self.meta.set(FLOOR, &floor.to_bits().to_be_bytes())
    }

    /// The index's copy of the pins, as it was given; none where it was never given one.
    pub(crate) fn pins(&self) -> Result<Option<Vec<u8>>> {
        self.meta.get(PINS)
    }

    /// Replaces the index's copy of the pins, durably.
    pub(crate) fn set_pins(&self, pins: &[u8]) -> Result<()> {
        self.meta.set(PINS, pins)?;
        self.settle()
    }
}
