//! The plan and the locks are there twice: in the evidence, and by digest in the source tree. Both have to be the same.

use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{Directory, TreeBuilder, TreeNode};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_store::BlobStore as _;
use rcrepro_store::memory::MemoryStore;

use super::{evidence, judge, read};

struct Forged {
    manifest: ReproManifest,
    store: MemoryStore,
}

impl Forged {
    fn new() -> Self {
        let manifest = manifest_json::decode(&read("manifests/RC-05.json")).expect("a manifest");
        Self { manifest, store: evidence(&["manifests/RC-05.evidence"]) }
    }

    /// Puts another plan into the evidence, and its digest into the manifest.
    fn plan(&mut self, edit: impl Fn(&str) -> String) {
        let text = String::from_utf8(read("rcrepro.toml")).expect("text");
        let edited = edit(&text);
        assert_ne!(edited, text, "the plan is another one");
        self.manifest.plan = self.store.put(edited.as_bytes()).expect("stored");
    }

    fn findings(&self) -> Vec<Finding> {
        judge(&manifest_json::encode(&self.manifest).0, &self.store).findings
    }

    fn named(&self) -> Vec<(FindingName, String)> {
        self.findings().into_iter().map(|finding| (finding.name, finding.at)).collect()
    }

    /// Replaces a file at the root of the source tree.
    fn in_source(&mut self, path: &str, bytes: Option<&[u8]>) {
        let path: TreePath = path.parse().expect("a path");
        let root = self.store.get(self.manifest.source.root).expect("there");
        let mut root = Directory::decode(&root).expect("a directory");
        let mut builder = TreeBuilder::default();
        if let Some(bytes) = bytes {
            builder.insert(&path, TreeNode::File { digest: Digest::of(bytes), executable: false }).expect("new");
        }
        let made = builder.finish(&mut |_, bytes| self.store.put(&bytes).map(drop)).expect("stored");
        let made = Directory::decode(&self.store.get(made).expect("there")).expect("a directory");
        let first = path.segments().next().expect("a name");
        root.entries.remove(&first);
        root.entries.extend(made.entries);
        self.manifest.source.root = self.store.put(&root.encode()).expect("stored");
    }
}

fn plan_differs() -> Vec<(FindingName, String)> {
    vec![(FindingName::SourceDiffers, "plan".to_owned())]
}

#[test]
fn a_rule_that_is_taken_out_of_the_plan_is_seen() {
    let mut forged = Forged::new();
    assert_eq!(forged.named(), []);
    let plan = forged.manifest.plan;
    forged.plan(|text| text.replace("network-attempts = \"forbid\"\n", ""));
    assert_eq!(forged.named(), plan_differs());
    let finding = forged.findings().remove(0);
    assert_eq!(finding.expected, format!("`rcrepro.toml` of the source tree, {plan}"));
    assert_eq!(finding.found, format!("another file, {}", forged.manifest.plan));
}

#[test]
fn a_command_that_is_taken_out_of_plan_and_manifest_is_seen() {
    let mut forged = Forged::new();
    forged.plan(|text| {
        let begin = text.find("[[sets.frontend]]\nid = \"tsc\"").expect("a command");
        let end = begin + text[begin..].find("\n\n").expect("an end");
        let criterion = "rests-on = [\"command:tsc\"]";
        format!("{}{}", &text[..begin], &text[end..]).replace(criterion, "rests-on = [\"command:vitest\"]")
    });
    forged.manifest.commands.retain(|command| command.id.as_str() != "tsc");
    assert_eq!(forged.named(), plan_differs());
}

#[test]
fn a_line_that_is_replaced_everywhere_is_seen() {
    let mut forged = Forged::new();
    let line = "frontend-modern/node_modules/.bin/tsc --noEmit -p frontend-modern/tsconfig.json";
    forged.plan(|text| text.replace(&format!("run = \"{line}\""), "run = \"true\"\nproof = \"exit-code\""));
    let tsc = forged.manifest.commands.iter().position(|command| command.id.as_str() == "tsc").expect("there");
    forged.manifest.commands[tsc].line = "true".to_owned();
    // What follows from the line is taken from the findings, as a forger would do.
    for finding in forged.findings() {
        let entry = &mut forged.manifest.commands[tsc];
        let digest = finding.expected.parse::<Digest>();
        match finding.name {
            FindingName::CommandDiffers => entry.command = digest.expect("a digest"),
            FindingName::ActionDiffers => entry.action = digest.expect("a digest"),
            FindingName::PlanDiffers => entry.clock = serde_json::from_value(finding.expected.into()).expect("a clock"),
            _ => {}
        }
    }
    assert_eq!(forged.named(), plan_differs());
}

#[test]
fn a_plan_with_other_line_ends_is_said_to_be_that() {
    let mut forged = Forged::new();
    forged.plan(|text| text.replace('\n', "\r\n"));
    let found = forged.findings();
    assert_eq!(forged.named(), [(FindingName::LineEndsChanged, "plan".to_owned())]);
    assert!(found[0].found.starts_with("the same with CR LF where LF was"), "{}", found[0].found);
}

#[test]
fn a_plan_that_the_source_does_not_hold_is_seen_or_told() {
    let mut forged = Forged::new();
    forged.in_source("rcrepro.toml", None);
    assert!(forged.named().contains(&(FindingName::SourceDiffers, "plan".to_owned())), "{:?}", forged.named());
    forged.plan(|text| {
        text.replace("name = \"beacon\"\n", "name = \"beacon\"\n\n[source]\nexclude = [\"rcrepro.toml\"]\n")
    });
    assert!(!forged.named().iter().any(|(name, _)| *name == FindingName::SourceDiffers), "{:?}", forged.named());
    let untied = judge(&manifest_json::encode(&forged.manifest).0, &forged.store).untied;
    let told = untied.iter().find(|note| note.at == "plan").expect("told");
    assert_eq!(told.says, "the source tree cannot confirm it: it has no file `rcrepro.toml`");
}

#[test]
fn another_lock_of_a_frozen_input_is_seen() {
    let mut forged = Forged::new();
    let name = "gomod".parse().expect("a name");
    let lock = String::from_utf8(read("lockfiles/gomod.lock")).expect("text");
    forged.manifest.frozen.get_mut(&name).expect("there").lock =
        forged.store.put(format!("# another one\n{lock}").as_bytes()).expect("stored");
    assert_eq!(forged.named(), [(FindingName::SourceDiffers, "frozen.gomod.lock".to_owned())]);
    // Of the same root, and made from other files than the source has.
    let made_from = lock.lines().find(|line| line.starts_with("made_from")).expect("a line");
    let wrong = lock.replace(made_from, &format!("made_from = \"{}\"", "0".repeat(64)));
    forged.manifest.frozen.get_mut(&name).expect("there").lock = forged.store.put(wrong.as_bytes()).expect("stored");
    let expected = [FindingName::FrozenDiffers, FindingName::SourceDiffers];
    assert_eq!(forged.named().iter().map(|(name, _)| *name).collect::<Vec<_>>(), expected);
}

#[test]
fn another_lock_of_an_image_is_seen_where_the_source_holds_it() {
    let path = "lockfiles/images/amd64/go.lock";
    let here = |mut forged: Forged, lock: &[u8]| {
        forged.plan(|text| text.replace("build = \"../../images/go.toml\"", "build = \"images/go.toml\""));
        forged.in_source(path, Some(lock));
        let at = "images.go.lock".to_owned();
        forged.named().contains(&(FindingName::SourceDiffers, at))
    };
    let forged = Forged::new();
    let untied = judge(&manifest_json::encode(&forged.manifest).0, &forged.store).untied;
    let told = untied.iter().find(|note| note.at == "images").expect("told");
    assert_eq!(
        told.says,
        "the locks in `../../lockfiles/images/amd64`, outside of the source tree, which cannot confirm them: gitleaks, go, \
         go-node, govulncheck, node"
    );
    let lock = forged.manifest.images.get(&"go".parse().expect("a name")).expect("there").lock;
    let lock = forged.store.get(lock).expect("there");
    assert!(here(Forged::new(), b"another lock"));
    assert!(!here(forged, &lock));
}

#[test]
fn what_nothing_confirms_is_said() {
    let bytes = read("manifests/RC-05.json");
    let verification = judge(&bytes, &evidence(&["manifests/RC-05.evidence"]));
    assert_eq!(verification.findings, []);
    let places: Vec<&str> = verification.untied.iter().map(|note| note.at.as_str()).collect();
    for place in ["source.root", "source.date_epoch", "commands", "commands.vitest"] {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
}
