//! Sockets of peers: TCP and uTP.
