//! What the tests of RAR share.
