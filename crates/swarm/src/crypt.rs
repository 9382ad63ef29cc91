//! Protocol encryption (MSE).
