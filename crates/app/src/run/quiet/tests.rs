use super::*;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::{EndingEntry, StreamEntry};
use rcrepro_model::execution::attempt::{NetworkAttempt, Sightings};
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::Requirement;
use rcrepro_store::memory::MemoryStore;

fn entry(store: &MemoryStore, stdout: &str, stderr: &str) -> CommandEntry {
    let nothing = Digest::of(b"");
    let stream = |text: &str| {
        let raw = store.put(text.as_bytes()).expect("stored");
        StreamEntry { raw, canonical: raw, normalizers: Vec::new() }
    };
    CommandEntry {
        id: "vitest".parse().expect("a name"),
        line: "npx vitest run".into(),
        image: "node".parse().expect("a name"),
        frozen: [].into(),
        needs: [].into(),
        require: Requirement::Canonical,
        clock: ClockMode::Stands,
        input_root: nothing,
        command: nothing,
        action: nothing,
        ending: EndingEntry::Exited,
        exit_code: 0,
        stdout: stream(stdout),
        stderr: stream(stderr),
        outputs: [].into(),
        result: nothing,
        earlier: Vec::new(),
    }
}

fn found(quiet: &Quiet, stdout: &str, stderr: &str) -> Vec<(String, String)> {
    let store = MemoryStore::default();
    let findings = streams(&store, quiet, &entry(&store, stdout, stderr)).expect("the streams are there");
    assert!(findings.iter().all(|finding| finding.name == FindingName::Noise));
    findings.into_iter().map(|finding| (finding.at, finding.found)).collect()
}

#[test]
fn a_standard_error_that_must_be_empty_is_looked_at() {
    let quiet = Quiet { stderr_empty: true, ..Quiet::default() };
    assert_eq!(found(&quiet, "whatever\n", ""), []);
    assert_eq!(found(&Quiet::default(), "", "warning: x\nmore\n"), []);
    let expected = [("commands.vitest.stderr".to_owned(), "warning: x".to_owned())];
    assert_eq!(found(&quiet, "", "warning: x\nmore\n"), expected);
}

#[test]
fn forbidden_lines_are_named_with_their_place() {
    let quiet = Quiet { forbid: vec!["(?i)warning".into(), "^Error:".into()], ..Quiet::default() };
    assert_eq!(found(&quiet, "an Error: is fine\n", "all is well\n"), []);
    let findings = found(&quiet, "one\nError: two\r\n", "a Warning\u{1b}[0m\n");
    let expected = [("commands.vitest.stdout:2", "Error: two"), ("commands.vitest.stderr:1", "a Warning\\u{1b}[0m")];
    assert_eq!(findings, expected.map(|(at, line)| (at.to_owned(), line.to_owned())));
    assert_eq!(found(&quiet, &"warning\n".repeat(50), "").len(), MOST);
}

#[test]
fn attempts_are_judged_as_the_plan_says() {
    let attempt = NetworkAttempt {
        process: "node".into(),
        protocol: "tcp".into(),
        address: "192.0.2.1".into(),
        port: 443,
        name: None,
        count: 2,
    };
    let seen = Watch::Seen(Sightings { attempts: vec![attempt], ..Sightings::default() });
    let unread = Watch::Seen(Sightings { unread: 1, ..Sightings::default() });
    let unknown = Watch::Unknown { reason: "no listener".into() };
    let blind = Watch::Seen(Sightings { blind: vec!["limits".into()], ..Sightings::default() });
    let forbid = Quiet { network: AttemptRule::Forbid, ..Quiet::default() };
    let names =
        |quiet: &Quiet, watch: &Watch| network(quiet, "vitest", watch).into_iter().map(|f| f.name).collect::<Vec<_>>();
    for rule in [AttemptRule::Allow, AttemptRule::Report] {
        let quiet = Quiet { network: rule, ..Quiet::default() };
        assert!([&seen, &unread, &unknown, &blind].iter().all(|watch| names(&quiet, watch).is_empty()));
    }
    let nothing = Watch::default();
    assert!(names(&forbid, &nothing).is_empty());
    assert_eq!(names(&forbid, &seen), [FindingName::NetworkAttempt]);
    assert_eq!(names(&forbid, &unread), [FindingName::NetworkUnknown]);
    assert_eq!(names(&forbid, &blind), [FindingName::NetworkUnknown]);
    assert_eq!(names(&forbid, &unknown), [FindingName::NetworkUnknown], "unknown is never none");
    assert!(network(&forbid, "vitest", &seen)[0].found.contains("node → 192.0.2.1:443"));
}
