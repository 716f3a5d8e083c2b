//! Keys and signatures that OpenSSL 3.0 made: `openssl genpkey`, `pkcs8 -topk8` with the passphrase `beacon`, `pkeyutl -sign -rawin` and
//! `dgst -sha256 -sign`.

use rcrepro_signing::algorithm::KeyAlgorithm;
use rcrepro_signing::error::KeyError;
use rcrepro_signing::private_key::PrivateKey;
use rcrepro_signing::public_key::PublicKey;
use rcrepro_signing::secret_text::SecretText;

const ED: &str = include_str!("fixtures/ed.pem");
const ED_ENCRYPTED: &str = include_str!("fixtures/ed.enc.pem");
const ED_PUBLIC: &str = include_str!("fixtures/ed.pub");
const EC: &str = include_str!("fixtures/ec.pem");
const EC_ENCRYPTED: &str = include_str!("fixtures/ec.enc.pem");
const EC_PUBLIC: &str = include_str!("fixtures/ec.pub");

const MESSAGE: &[u8] = b"DSSEv1 1 t 5 hello";
const ED_SIGNED: &str = "893b355452c875d186bcfbdd5586bcf0d2f333e4f8ad70529d24b485a0038f12\
                         0c778c972ca45012b8ec7816f2a0b408e782bf11bdfa67b09601f971dba55e0a";
const EC_SIGNED: &str = "304402207ebce29ddc939a3d62005207387f8d2b118d64a73bcb1d1261eaf52bec0923b6\
                         022037a0c4f8f3205244a8b33c3efc7ff9e97f19928074f616d1acd9dab6ae33c550";
/// `openssl pkey -pubin -outform DER | sha256sum`.
const IDS: [&str; 2] = [
    "d462f33ad0ca41d8eaa9e67c848585a7032a19d8feef2cc324e08cd7f32cde76",
    "89f0618beef09372da54155e35e028c240c576dc2f9120f7aa3fd76f3c0ec457",
];

fn secret(text: &str) -> SecretText {
    text.to_owned().into()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

#[test]
fn keys_of_openssl_are_read_and_their_ids_are_those_of_others() {
    for ((private, encrypted, public), id) in
        [(ED, ED_ENCRYPTED, ED_PUBLIC), (EC, EC_ENCRYPTED, EC_PUBLIC)].into_iter().zip(IDS)
    {
        let read = PublicKey::from_pem(public).expect("a key");
        assert_eq!((read.id().as_str(), read.to_pem().as_str()), (id, public));
        let plain = PrivateKey::from_pem(&secret(private), None).expect("a key");
        let opened = PrivateKey::from_pem(&secret(encrypted), Some(&secret("beacon"))).expect("a key");
        assert!(plain.public() == read && opened.public() == read);
        assert_eq!(PrivateKey::from_pem(&secret(encrypted), None).map(drop), Err(KeyError::Encrypted));
        let wrong = PrivateKey::from_pem(&secret(encrypted), Some(&secret("Beacon")));
        assert_eq!(wrong.map(drop), Err(KeyError::Passphrase));
    }
}

#[test]
fn signatures_of_openssl_are_known_and_any_other_bit_is_not() {
    for (public, signed) in [(ED_PUBLIC, ED_SIGNED), (EC_PUBLIC, EC_SIGNED)] {
        let (key, signed) = (PublicKey::from_pem(public).expect("a key"), bytes(signed));
        assert!(key.has_signed(MESSAGE, &signed));
        assert!(!key.has_signed(b"DSSEv1 1 t 5 hullo", &signed));
        for (at, bit) in (0..signed.len()).zip((0..8).cycle()) {
            let mut other = signed.clone();
            other[at] ^= 1 << bit;
            assert!(!key.has_signed(MESSAGE, &other), "{key:?}: bit {bit} of byte {at}");
        }
        let (mut longer, shorter) = (signed.clone(), &signed[..signed.len() - 1]);
        longer.push(0);
        assert!(
            !key.has_signed(MESSAGE, &longer) && !key.has_signed(MESSAGE, shorter) && !key.has_signed(MESSAGE, b"")
        );
    }
    // Ed25519 has one signature of a message by a key.
    let key = PrivateKey::from_pem(&secret(ED), None).expect("a key");
    assert_eq!(key.sign(MESSAGE), bytes(ED_SIGNED));
}

#[test]
fn a_key_that_was_made_signs_and_comes_back_from_its_file() {
    for algorithm in [KeyAlgorithm::Ed25519, KeyAlgorithm::EcdsaP256] {
        let key = PrivateKey::generate(algorithm).expect("random bytes");
        assert_ne!(key.public(), PrivateKey::generate(algorithm).expect("random bytes").public());
        let plain = key.to_pem(None).expect("written");
        let encrypted = key.to_pem(Some(&secret("passphrase"))).expect("written");
        assert_ne!(encrypted, key.to_pem(Some(&secret("passphrase"))).expect("written"), "salted");
        let again = PrivateKey::from_pem(&plain, None).expect("a key");
        let opened = PrivateKey::from_pem(&encrypted, Some(&secret("passphrase"))).expect("a key");
        let signed = key.sign(MESSAGE);
        for other in [&again, &opened] {
            assert_eq!((other.public(), other.sign(MESSAGE)), (key.public(), signed.clone()));
        }
        assert!(key.public().has_signed(MESSAGE, &signed));
        let public = PublicKey::from_pem(&key.public().to_pem()).expect("a key");
        assert_eq!(public, key.public());
        assert!(!format!("{key:?}{plain:?}").contains(plain.as_str().lines().nth(1).expect("a line")));
    }
}

#[test]
fn what_is_not_such_a_key_is_refused_by_what_it_is() {
    let publicly = |text: &str| PublicKey::from_pem(text).expect_err("no such key").to_string();
    let privately =
        |text: &str| PrivateKey::from_pem(&secret(text), None).map(drop).expect_err("no such key").to_string();
    assert!(publicly(ED).contains("holds `PRIVATE KEY`, expected `PUBLIC KEY`"), "{}", publicly(ED));
    assert!(privately(ED_PUBLIC).contains("holds `PUBLIC KEY`, expected `PRIVATE KEY`"));
    assert!(privately(include_str!("fixtures/sec1.pem")).contains("holds `EC PRIVATE KEY`"));
    assert!(publicly(include_str!("fixtures/rsa.pub")).contains("algorithm 1.2.840.113549.1.1.1"));
    assert!(publicly(include_str!("fixtures/p384.pub")).contains("ECDSA over another curve, expected"));
    assert!(privately(include_str!("fixtures/p384.pem")).contains("ECDSA over another curve"));
    for text in ["", "nothing", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &ED_PUBLIC[..60]] {
        assert!(publicly(text).contains("not a key in PEM"), "{text}: {}", publicly(text));
    }
    // The neutral element: with it, a signature of anything can be made.
    let weak = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
    assert!(publicly(weak).contains("weak"), "{}", publicly(weak));
    let twice = format!("{ED_PUBLIC}{EC_PUBLIC}");
    for (text, says) in
        [("ssh-ed25519 AAAA", "no line begins"), (&twice, "2 parts"), (&format!("\u{feff}{ED_PUBLIC}"), "comes before")]
    {
        assert!(publicly(text).contains(says), "{}", publicly(text));
    }
}
