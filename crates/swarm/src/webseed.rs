//! Web servers as peers (BEP 19).
