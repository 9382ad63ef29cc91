//! The Diffie-Hellman exchange, and the hashes that are made of its secret.

use crypto_bigint::{U256, U768, const_monty_params, modular::ConstMontyForm};
use librqbit_core::hash_id::Id20;
use librqbit_sha1_wrapper::{ISha1, Sha1};

const_monty_params!(
    Prime,
    U768,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
     020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
     4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563",
    "The prime that all clients use."
);

type Residue = ConstMontyForm<Prime, { U768::LIMBS }>;

/// Bytes of a public key and of the secret.
pub(super) const KEY: usize = 96;

/// A key for one connection.
pub(super) struct KeyPair {
    private: U256,
    /// What the other side is sent.
    pub(super) public: [u8; KEY],
}

impl KeyPair {
    /// A new one, with 256 random bits. The protocol asks for at least 128.
    pub(super) fn random() -> Self {
        Self::new(rand::random())
    }

    pub(super) fn new(private: [u8; 32]) -> Self {
        let private = U256::from_be_slice(&private);
        let public = Residue::new(&U768::from_u8(2)).pow(&private);
        Self {
            private,
            public: bytes(public),
        }
    }

    /// The secret both sides know, or `None` where the other key would make it one that everybody
    /// knows.
    pub(super) fn secret(&self, theirs: &[u8; KEY]) -> Option<Secret> {
        let theirs = U768::from_be_slice(theirs);
        let modulus = Residue::MODULUS;
        let last = modulus.as_ref().wrapping_sub(&U768::ONE);
        let sound = theirs > U768::ONE && theirs < last;
        sound.then(|| Secret(bytes(Residue::new(&theirs).pow(&self.private))))
    }
}

fn bytes(number: Residue) -> [u8; KEY] {
    let mut bytes = [0; KEY];
    bytes.copy_from_slice(number.retrieve().to_be_bytes().as_ref());
    bytes
}

/// What only the two sides know.
pub(super) struct Secret([u8; KEY]);

impl Secret {
    /// What the side that opened the connection sends so that the other one finds the place.
    pub(super) fn mark(&self) -> [u8; 20] {
        hash(&[b"req1", &self.0])
    }

    /// What names a torrent to somebody who knows it.
    pub(super) fn name_of(&self, infohash: Id20) -> [u8; 20] {
        let mut name = hash(&[b"req2", &infohash.0]);
        let mask = hash(&[b"req3", &self.0]);
        name.iter_mut()
            .zip(mask)
            .for_each(|(byte, mask)| *byte ^= mask);
        name
    }

    /// A key for RC4. The name is `keyA` for what the side that opened the connection sends, and
    /// `keyB` for what the other one does.
    pub(super) fn key(&self, name: &[u8; 4], infohash: Id20) -> [u8; 20] {
        hash(&[name, &self.0, &infohash.0])
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 20] {
    let mut hasher = Sha1::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finish()
}
