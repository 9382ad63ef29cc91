//! Values that may be changed while they are used.

use std::sync::{Arc, Mutex, PoisonError};

/// A value that may be changed while it is used. All clones of it are the same value.
#[derive(Clone, Debug, Default)]
pub struct Dial<T>(Arc<Mutex<T>>);

impl<T: Copy> Dial<T> {
    /// A dial that stands at this value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// Where it stands.
    #[must_use]
    pub fn get(&self) -> T {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it, for all who have it.
    pub fn set(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl<T: Copy> From<T> for Dial<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_the_same_value() {
        let (one, other) = (Dial::new(1), Dial::new(1));
        let clone = one.clone();
        one.set(2);
        assert_eq!((one.get(), clone.get(), other.get()), (2, 2, 1));
    }
}
