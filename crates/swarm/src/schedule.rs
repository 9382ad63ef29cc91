//! What is asked of whom next: a pure function over plain values.
