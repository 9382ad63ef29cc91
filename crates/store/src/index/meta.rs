//! Single values that belong to no item.

use std::io::Result;

use super::{Index, Table, keys};

const FLOOR: &[u8] = b"floor";
const PINS: &[u8] = b"pins";

impl Index {
    /// The policy's floor for all items; 0 where none was kept.
    pub(crate) fn floor(&self) -> Result<f64> {
        let row = self.get(Table::Meta, FLOOR)?;
        let floor = row.and_then(|row| keys::number(&row)).map(f64::from_bits);
        Ok(floor.filter(|floor| floor.is_finite()).unwrap_or(0.0))
    }

    /// Replaces the policy's floor.
    pub(crate) fn set_floor(&self, floor: f64) -> Result<()> {
        self.set(Table::Meta, FLOOR, &floor.to_bits().to_be_bytes())
    }

    /// The index's copy of the pins, as it was given; none where it was never given one.
    pub(crate) fn pins(&self) -> Result<Option<Vec<u8>>> {
        self.get(Table::Meta, PINS)
    }

    /// Replaces the index's copy of the pins, durably.
    pub(crate) fn set_pins(&self, pins: &[u8]) -> Result<()> {
        self.set(Table::Meta, PINS, pins)?;
        self.settle()
    }
}
