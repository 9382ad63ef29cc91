//! The addresses of peers that are known, and when each may be tried.
