//! Statements that people sign: by whom a packet is vouched for, what a signature does not cover, and each way to forge one.

use rcrepro_format::attestations::{dsse_json, statement_json};
use rcrepro_model::attestation::envelope::{DsseEnvelope, DsseSignature};
use rcrepro_model::attestation::replay_result::ReplayResult;
use rcrepro_model::attestation::statement::{Predicate, Statement};
use rcrepro_model::attestation::test_result::TestOutcome;
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::standing::Standing;
use rcrepro_signing::dsse;
use rcrepro_signing::private_key::PrivateKey;

use crate::scene::{Ended, Scene, command};

/// Changes an envelope.
type Change<'a> = &'a dyn Fn(&mut DsseEnvelope);

const MANIFEST: &str = "manifests/RC-05.json";

/// A packet that passed, and the keys `alice` (Ed25519) and `bob` (ECDSA).
fn recorded(line: &str) -> Scene {
    let scene = Scene::new(&command("greet", line, "proof = \"exit-code\""));
    scene.ok(&["run", "RC-05"]);
    scene.ok(&["keygen", "--unencrypted", "alice"]);
    scene.ok(&["keygen", "--unencrypted", "--algorithm", "ecdsa-p256", "bob"]);
    scene
}

/// Gives the name of the file in which a key's statement of a kind is.
fn file(scene: &Scene, kind: &str, key: &str) -> String {
    let id = key_of(scene, key).public().id();
    format!("manifests/RC-05.attestations/{kind}.{}.json", &id[..16])
}

fn key_of(scene: &Scene, key: &str) -> PrivateKey {
    PrivateKey::from_pem(&scene.read(key).into(), None).expect("a key")
}

fn verify(scene: &Scene, keys: &[&str], code: i32, texts: &[&str]) -> Ended {
    let mut arguments = vec!["verify", MANIFEST];
    keys.iter().for_each(|key| arguments.extend(["--key", key]));
    let ended = scene.run(&arguments);
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}{}", ended.stdout, ended.stderr);
    }
    ended
}

#[test]
fn a_packet_has_the_word_of_those_who_signed_it() {
    let scene = recorded("cat greeting.txt");
    verify(&scene, &["alice.pub"], 5, &["signature-missing", "`alice.pub` signed"]);
    let told = scene.ok(&["attest", "RC-05", "--key", "alice"]).stdout;
    assert!(told.contains("test-result PASSED, by key"), "{told}");
    scene.ok(&["attest", MANIFEST, "--key", "bob"]);
    verify(&scene, &["alice.pub", "bob.pub"], 0, &["signed  test-result PASSED, by `alice.pub`", "by `bob.pub`"]);
    verify(&scene, &[], 0, &["2 statements, not looked at: --key FILE.pub"]);
    scene.ok(&["keygen", "--unencrypted", "carol"]);
    verify(&scene, &["alice.pub", "carol.pub"], 5, &["signature-missing", "`carol.pub` signed", "by `alice.pub`"]);
    // The same key signs the same bytes.
    let first = scene.read(&file(&scene, "test-result", "bob"));
    scene.ok(&["attest", "RC-05", "--key", "bob"]);
    assert_eq!(scene.read(&file(&scene, "test-result", "bob")), first);

    // A statement is about one manifest, whatever file it lies beside.
    scene.write("greeting.txt", b"hullo\n");
    scene.commit("another greeting");
    scene.ok(&["run", "RC-05"]);
    verify(&scene, &["alice.pub"], 5, &["about something else than this manifest", "signature-missing"]);

    // What the images of the release came to is signed with the rest.
    scene.ok(&["attest", "RC-05", "--key", "alice"]);
    let ended = verify(&scene, &["alice.pub", "./alice.pub"], 0, &["signed  test-result PASSED"]);
    assert_eq!(ended.stdout.matches("signed  test-result").count(), 1, "one voice: {}", ended.stdout);
    scene.write("manifests/RC-05.images.json", b"{}");
    verify(&scene, &["alice.pub"], 6, &["statement-differs", "other images"]);
    std::fs::remove_file(scene.path("manifests/RC-05.images.json")).expect("our own");
    for number in 0..300 {
        scene.write(&format!("manifests/RC-05.attestations/{number}.json"), b"{}");
    }
    verify(&scene, &["alice.pub"], 5, &["at most 256 statements", "302 files"]);
}

#[test]
fn an_envelope_that_was_changed_is_caught() {
    let scene = recorded("cat greeting.txt");
    for key in ["alice", "bob"] {
        scene.ok(&["attest", "RC-05", "--key", key]);
    }
    let own = file(&scene, "test-result", "alice");
    let whole = dsse_json::decode(scene.read(&own).as_bytes()).expect("an envelope");
    let other = dsse_json::decode(scene.read(&file(&scene, "test-result", "bob")).as_bytes()).expect("an envelope");
    let payload = String::from_utf8(whole.payload.clone()).expect("JSON");
    let with = |change: Change<'_>| {
        let mut envelope = whole.clone();
        change(&mut envelope);
        scene.write(&own, &dsse_json::encode(&envelope));
    };
    let said = |text: String| move |envelope: &mut DsseEnvelope| envelope.payload = text.clone().into_bytes();
    let invalid: [(&str, Change<'_>); 5] = [
        ("another result", &said(payload.replace("PASSED", "FAILED"))),
        ("white space", &said(payload.replacen(':', ": ", 1))),
        ("another type", &|envelope| envelope.payload_type = "application/json".to_owned()),
        ("another's signature", &|envelope| envelope.signatures[0].signature = other.signatures[0].signature.clone()),
        ("a bit", &|envelope| envelope.signatures[0].signature[7] ^= 4),
    ];
    for (what, change) in invalid {
        with(change);
        let ended = verify(&scene, &["alice.pub"], 6, &["signature-invalid", "as it claims", "signature-missing"]);
        assert!(!ended.stdout.contains("signed  test-result"), "{what}: {}", ended.stdout);
    }
    // The name of the key is a hint: without it, or with another one, the signature is known by itself.
    with(&|envelope| envelope.signatures[0].key_id.clear());
    verify(&scene, &["alice.pub"], 0, &["signed  test-result PASSED"]);
    // Signatures of others may lie beside it, and one key many times is one voice.
    with(&|envelope| {
        let own = envelope.signatures[0].clone();
        let strange = DsseSignature { key_id: "strange".to_owned(), signature: vec![1, 2, 3] };
        envelope.signatures.extend([strange, own]);
    });
    let ended = verify(&scene, &["alice.pub"], 0, &["signed  test-result PASSED"]);
    assert_eq!(ended.stdout.matches("signed  test-result").count(), 1, "{}", ended.stdout);
    // A trusted key's word on something else vouches for nothing.
    for other in ["https://example.com/denounced/v1", "https://in-toto.io/attestation/test-result/v0.2"] {
        let own_type = "https://in-toto.io/attestation/test-result/v0.1";
        let payload = payload.replace(own_type, other).into_bytes();
        let signed = dsse::sign(&key_of(&scene, "alice"), &whole.payload_type, payload);
        scene.write(&own, &dsse_json::encode(&signed));
        verify(&scene, &["alice.pub"], 5, &["of a type that is not read here", other, "signature-missing"]);
    }
    for bytes in ["", "{}", "[]", "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}"] {
        scene.write(&own, bytes.as_bytes());
        verify(&scene, &["alice.pub"], 5, &["not read", "signature-missing"]);
        verify(&scene, &["bob.pub"], 0, &["not read", "signed  test-result PASSED"]);
    }
}

#[test]
fn whoever_signs_what_the_evidence_contradicts_is_caught() {
    let scene = Scene::new(&command("greet", "false", "proof = \"exit-code\""));
    scene.run(&["run", "RC-05"]).failed(1, &[]);
    scene.ok(&["keygen", "--unencrypted", "alice"]);
    let told = scene.ok(&["attest", "RC-05", "--key", "alice"]).stdout;
    assert!(told.contains("test-result FAILED"), "{told}");
    let record = "manifests/RC-05.failed.json";
    let ended = scene.run(&["verify", record, "--key", "alice.pub"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("signed  test-result FAILED, by `alice.pub`"), "{}", ended.stdout);

    let key = key_of(&scene, "alice");
    let path = file(&scene, "test-result", "alice").replace("RC-05.", "RC-05.failed.");
    let envelope = dsse_json::decode(scene.read(&path).as_bytes()).expect("an envelope");
    let statement = statement_json::decode(&envelope.payload).expect("a statement");
    let Predicate::TestResult(said) = statement.predicate.clone() else { panic!("{statement:?}") };
    assert_eq!((said.failed.as_slice(), said.passed.len()), (["greet".to_owned()].as_slice(), 0));
    let mut lie = said.clone();
    (lie.result, lie.passed, lie.failed) = (TestOutcome::Passed, said.failed.clone(), Vec::new());
    let mut other = said;
    other.configuration.pop();
    for lie in [lie, other] {
        let lie = Statement { predicate: Predicate::TestResult(lie), ..statement.clone() };
        let signed = dsse::sign(&key, &envelope.payload_type, statement_json::encode(&lie));
        scene.write(&path, &dsse_json::encode(&signed));
        let ended = scene.run(&["verify", record, "--key", "alice.pub"]);
        assert_eq!(ended.code, 6, "{}", ended.stdout);
        assert!(ended.stdout.contains("statement-differs"), "{}", ended.stdout);
    }
}

#[test]
fn a_replay_is_signed_whatever_it_came_to() {
    let scene = recorded("cat greeting.txt");
    let ended = scene.ok(&["replay", "RC-05", "--attest", "alice"]);
    assert!(ended.stdout.contains("replay passed, by key"), "{}", ended.stdout);
    verify(&scene, &["alice.pub"], 0, &["signed  replay passed, by `alice.pub`"]);

    let scene = recorded("head -c 8 /dev/urandom | od -x");
    let ended = scene.run(&["replay", "RC-05", "--attest", "bob"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("replay failed, by key"), "{}", ended.stdout);
    scene.ok(&["attest", "RC-05", "--key", "alice"]);
    verify(&scene, &["alice.pub"], 0, &["signed  test-result PASSED"]);
    let texts =
        ["replay-differs", "greet divergent (stdout), as `bob.pub` signed", "signed  replay failed, by `bob.pub`"];
    verify(&scene, &["alice.pub", "bob.pub"], 1, &texts);

    // One that calls itself equal and is not, and one of nothing.
    let path = file(&scene, "replay", "bob");
    let envelope = dsse_json::decode(scene.read(&path).as_bytes()).expect("an envelope");
    let statement = statement_json::decode(&envelope.payload).expect("a statement");
    let Predicate::Replay(said) = statement.predicate.clone() else { panic!("{statement:?}") };
    let passed = ReplayResult { standing: Standing::Passed, ..said };
    let hollow = ReplayResult { commands: Vec::new(), ..passed.clone() };
    let mut parts = passed.clone();
    parts.commands[0].equality = Equality::Bitwise;
    for lie in [passed, hollow, parts] {
        let lie = Statement { predicate: Predicate::Replay(lie), ..statement.clone() };
        let signed = dsse::sign(&key_of(&scene, "bob"), &envelope.payload_type, statement_json::encode(&lie));
        scene.write(&path, &dsse_json::encode(&signed));
        let ended = verify(&scene, &["bob.pub"], 6, &["statement-differs", "a replay of greet"]);
        assert!(!ended.stdout.contains("signed  replay"), "{}", ended.stdout);
    }
}

#[test]
fn keys_are_made_once_and_kept_from_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new(&command("greet", "cat greeting.txt", "proof = \"exit-code\""));
    scene.run(&["keygen", "key"]).failed(2, &["no passphrase", "--unencrypted"]);
    assert!(!scene.path("key").exists() && !scene.path("key.pub").exists());
    scene.write("passphrase", b"correct horse\nnot this\n");
    let told = scene.ok(&["keygen", "--passphrase-file", "passphrase", "key"]).stdout;
    assert!(told.contains("key.pub") && !told.contains("in the clear"), "{told}");
    let mode = std::fs::metadata(scene.path("key")).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = scene.read("key");
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "encrypted");
    scene.run(&["keygen", "--passphrase-file", "passphrase", "key"]).failed(2, &["key", "never replaced"]);
    assert_eq!(scene.read("key"), key);

    scene.ok(&["run", "RC-05"]);
    scene.run(&["attest", "RC-05", "--key", "key"]).failed(2, &["encrypted", "RCREPRO_PASSPHRASE"]);
    let by_variable = |passphrase: &str| {
        let mut program = scene.command(&["attest", "RC-05", "--key", "key"]);
        program.env("RCREPRO_PASSPHRASE", passphrase).output().expect("started").status.code()
    };
    assert_eq!((by_variable("correct mule"), by_variable("correct horse")), (Some(2), Some(0)));
    scene.ok(&["attest", "RC-05", "--key", "key", "--passphrase-file", "passphrase"]);
    verify(&scene, &["key.pub"], 0, &["signed  test-result PASSED"]);
    scene.run(&["verify", MANIFEST, "--key", "key"]).failed(2, &["not a public key", "openssl pkey"]);
    scene.run(&["verify", MANIFEST, "--key", "greeting.txt"]).failed(2, &["`greeting.txt`", "PEM"]);
    scene.run(&["verify", MANIFEST, "--key", "nowhere.pub"]).failed(2, &["cannot read the key"]);
    scene.run(&["attest", "RC-05", "--key", "key.pub"]).failed(2, &["not a private key"]);
}

#[test]
fn nothing_is_signed_that_was_not_seen() {
    let scene = recorded("cat greeting.txt");
    scene.run(&["attest", "RC-07", "--key", "alice"]).failed(2, &["RC-07"]);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let folder = scene.path("manifests/RC-05.attestations");
    std::os::unix::fs::symlink(elsewhere.path(), &folder).expect("linked");
    let linked = scene.run(&["attest", "RC-05", "--key", "alice"]);
    assert!(linked.code == 4 && linked.stderr.contains("symbolic link"), "{}", linked.stderr);
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("a folder").count(), 0);
    std::fs::remove_file(&folder).expect("our own");
    let whole = scene.read(MANIFEST);
    scene.write(MANIFEST, whole.replace("\"exit_code\":0", "\"exit_code\":1").as_bytes());
    scene.run(&["attest", "RC-05", "--key", "alice"]).failed(6, &["tampered", "rcrepro verify"]);
    scene.write(MANIFEST, whole.as_bytes());
    std::fs::remove_dir_all(scene.path("manifests/RC-05.evidence")).expect("our own");
    scene.run(&["--store", "elsewhere", "attest", "RC-05", "--key", "alice"]).failed(5, &["undecided"]);
    std::fs::remove_file(scene.path(MANIFEST)).expect("our own");
    scene.run(&["attest", "RC-05", "--key", "alice"]).failed(5, &["no manifest"]);
    assert!(!scene.path("manifests/RC-05.attestations").exists());
}
