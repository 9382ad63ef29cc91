//! Who may download from us: a pure function.
