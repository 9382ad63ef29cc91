//! Announcing to trackers and hearing of peers from them (BEP 3, 15, 23).
