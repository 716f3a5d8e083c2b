//! What is right where a plan has a mistake: the key at a place, what it expects in the words of the guide, and an example.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use rcrepro_model::text::hint::Hint as _;
use rcrepro_model::text::unknown::UnknownName;

/// What a text may be, by key.
const TEXTS: [(&str, &str); 33] = [
    ("build", "images/go.toml"),
    ("class", "P2"),
    ("client", "pnpm@10.34.9"),
    ("clock", "stands"),
    ("command", "go-test"),
    ("directory", "web"),
    ("dockerfile", "Dockerfile"),
    ("file", "internal/api/public.go"),
    ("finding", "govulncheck/GO-2026-0001"),
    ("gate", "command:go-test"),
    ("id", "go-test"),
    ("image", "go"),
    ("kind", "go-modules"),
    ("max-age", "14d"),
    ("max-output", "1GiB"),
    ("memory", "512MiB"),
    ("modules", "gomod"),
    ("network-attempts", "forbid"),
    ("new", "condition"),
    ("path", "vulndb"),
    ("proof", "exit-code"),
    ("pull", "registry.example/go:1.26@sha256:…"),
    ("quantum", "5m"),
    ("require", "bitwise"),
    ("rollback-plan", "docs/rollback.md"),
    ("run", "go test ./..."),
    ("says", "The tests pass."),
    ("stderr", "empty"),
    ("threat-model", "docs/threats.md"),
    ("timeout", "10m"),
    ("title", "Full certification replay"),
    ("version", "1.26.8"),
    ("world", "machine"),
];

/// What an item of a list may be, by key.
const ITEMS: [(&str, &str); 27] = [
    ("capabilities", "SETUID"),
    ("clamp-mtime", "tar"),
    ("exclude", "docs/**"),
    ("findings", "govulncheck/GO-2026-0001"),
    ("forbid", "panic:"),
    ("frozen", "gomod"),
    ("generated", "docs/progress.md"),
    ("in-scope", "Clean up."),
    ("lines", "go build ./..."),
    ("needs", "go-build"),
    ("old", "1.25"),
    ("outputs", "web/dist"),
    ("paths", "README.md"),
    ("ports", "8080/tcp"),
    ("protected", "internal/auth/**"),
    ("quantised", "go"),
    ("release-images", "server"),
    ("rests-on", "commands"),
    ("scope", "internal/api/**"),
    ("sees", "src/**"),
    ("sets", "backend"),
    ("stderr", "npm-ci"),
    ("stdout", "go-test"),
    ("stdout-contains", "1.4.0"),
    ("tags", "v*"),
    ("volumes", "/data"),
    ("writable", "/tmp"),
];

/// A key, and its value.
struct Place {
    key: String,
    found: String,
    /// Whether it is an item of a list, or a list.
    is_list: bool,
}

/// Gives an example for the key whose value is at a place; nothing where no example is known.
pub(super) fn example(text: &str, at: usize) -> Option<String> {
    let Place { key, is_list, .. } = place(text, at)?;
    let of =
        |examples: &[(&str, &str)]| examples.iter().find(|(known, _)| *known == key).map(|(_, value)| quoted(value));
    let value = if is_list { format!("[{}]", of(&ITEMS)?) } else { of(&TEXTS)? };
    Some(format!("such as `{key} = {value}`"))
}

/// Puts what the TOML reader said into the words of the guide: the message, and a hint.
pub(super) fn told(text: &str, at: usize, message: &str) -> (String, Option<String>) {
    let mistaken = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    if let Some((_, expected)) = mistaken.and_then(|rest| rest.rsplit_once(", expected ")) {
        let Some(Place { key, found, .. }) = place(text, at) else { return (message.to_owned(), None) };
        let (expected, value) = class(expected, &key);
        return (format!("invalid `{key}`: expected {expected}, found {found}"), Some(value));
    }
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let hint = match names.split_first() {
        Some((unknown, known)) if message.starts_with("unknown ") => {
            UnknownName::new("the table", "key", unknown, known).hint()
        }
        Some((missing, _)) if message.starts_with("missing field") => Some(missing_key(missing)),
        // The reader of TOML itself.
        _ => Some("a line is `key = value`, with texts in quotes and dates without".to_owned()),
    };
    (message.to_owned(), hint)
}

/// Says how a key that is missing is written.
pub(super) fn missing_key(key: &str) -> String {
    let value =
        |examples: &[(&str, &str)]| examples.iter().find(|(known, _)| *known == key).map(|(_, value)| quoted(value));
    match (key, value(&TEXTS), value(&ITEMS)) {
        ("version", ..) => "write `version = 1`, or of a pin the version: `version = \"1.26.8\"`".to_owned(),
        ("sets", ..) => "begin a command with `[[sets.NAME]]`".to_owned(),
        ("packets", ..) => "begin a packet with `[packets.RC-05]`".to_owned(),
        ("expires", ..) => "write a day without quotes: `expires = 2026-12-31`".to_owned(),
        (_, Some(text), _) => format!("write `{key} = {text}`"),
        (_, None, Some(item)) => format!("write `{key} = [{item}]`"),
        (_, None, None) => format!("write `{key} = \"…\"`"),
    }
}

/// Names a kind of value as the guide does, and gives an example of it.
fn class(expected: &str, key: &str) -> (&'static str, String) {
    let of = |examples: &[(&str, &str)]| {
        let known = examples.iter().find(|(known, _)| *known == key);
        known.map_or_else(|| "\"…\"".to_owned(), |(_, value)| quoted(value))
    };
    match expected {
        "a string" => ("a text", format!("such as `{key} = {}`", of(&TEXTS))),
        "a boolean" => ("`true` or `false`", format!("write `{key} = true`")),
        "a sequence" | "a set" => ("a list", format!("such as `{key} = [{}]`", of(&ITEMS))),
        "a map" => ("a table", table(key)),
        one if one.starts_with("struct ") => ("a table", table(key)),
        one if one.to_lowercase().contains("datetime") => {
            ("a day without quotes", format!("such as `{key} = 2026-12-31`"))
        }
        _ => ("an integer", format!("such as `{key} = 1`")),
    }
}

fn table(key: &str) -> String {
    format!("`{key}` is a table: write its own keys below a heading `[… {key}]`, or as `{key} = {{ … }}`")
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Finds the key whose value is at a place: the smallest value that holds it.
fn place(text: &str, at: usize) -> Option<Place> {
    let document = DeTable::parse(text).ok()?;
    let mut best: Option<(usize, Place)> = None;
    look(document.get_ref(), at, &mut best);
    best.map(|(_, place)| place)
}

fn look(table: &DeTable<'_>, at: usize, best: &mut Option<(usize, Place)>) {
    for (key, value) in table {
        keep(key.get_ref(), value, at, false, best);
    }
}

fn keep(key: &str, value: &Spanned<DeValue<'_>>, at: usize, is_list: bool, best: &mut Option<(usize, Place)>) {
    let span = value.span();
    let is_closer = best.as_ref().is_none_or(|(size, _)| span.len() <= *size);
    if span.contains(&at) && is_closer {
        let is_list = is_list || matches!(value.get_ref(), DeValue::Array(_));
        *best = Some((span.len(), Place { key: key.to_owned(), found: found(value.get_ref()), is_list }));
    }
    match value.get_ref() {
        DeValue::Table(table) => look(table, at, best),
        DeValue::Array(items) => items.iter().for_each(|item| keep(key, item, at, true, best)),
        _ => {}
    }
}

fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{text}\""),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::plan::plan_toml::{PlanError, parse};

    /// What comes before a key of each section of the guide.
    const SECTIONS: [(&str, &str); 21] = [
        ("Top level", ""),
        ("source", "[source]\n"),
        ("images.NAME", "[images.a]\n"),
        ("frozen.NAME", "[frozen.a]\n"),
        ("sets.NAME", "[[sets.a]]\n"),
        ("sets.NAME.normalize", "[[sets.a]]\n[sets.a.normalize]\n"),
        ("sets.NAME.expect", "[[sets.a]]\n[sets.a.expect]\n"),
        ("release-images.NAME", "[release-images.a]\n"),
        ("release-images.NAME.expect", "[release-images.a.expect]\n"),
        ("release-images.NAME.runs", "[[release-images.a.runs]]\n"),
        ("release-images.NAME.smoke", "[[release-images.a.smoke]]\n"),
        ("packets.ID", "[packets.RC-05]\n"),
        ("Criteria", "[[packets.RC-05.exit]]\n"),
        ("pins", "[pins]\n"),
        ("pins.go and pins.node", "[pins.go]\n"),
        ("waivers", "[[waivers]]\n"),
        ("quarantine", "[[quarantine]]\n"),
        ("documents", "[documents]\n"),
        ("risks", "[[risks]]\n"),
        ("mutants", "[[mutants]]\n"),
        ("advisories", "[advisories]\n"),
    ];

    /// Every key of a plan that the guide lists, with what comes before it.
    fn keys() -> Vec<(&'static str, String)> {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/plan.md");
        let guide = std::fs::read_to_string(guide).expect("the guide is in the repository");
        let plan = guide.split_once("\n## The plan").expect("the section").1;
        let plan = plan.split_once("\n## Image definitions").expect("the next one").0;
        let mut keys = Vec::new();
        for section in plan.split("\n### ").skip(1) {
            let heading = section.lines().next().expect("a heading");
            let before = SECTIONS.iter().find(|(known, _)| *known == heading);
            let before = before.unwrap_or_else(|| panic!("no text is known for `{heading}`")).1;
            let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
            keys.extend(rows.map(|(key, _)| (before, key.to_owned())));
        }
        assert!(keys.len() > 100, "{}", keys.len());
        keys
    }

    fn error(text: &str) -> PlanError {
        parse(text, &[]).expect_err(text)
    }

    #[test]
    fn a_wrong_type_of_any_key_is_told_in_the_words_of_the_guide() {
        for (before, key) in keys() {
            let wrong = error(&format!("{before}{key} = 7.5\n"));
            let starts = format!("invalid `{key}`: expected ");
            assert!(wrong.message.starts_with(&starts) && wrong.message.ends_with(", found the number 7.5"), "{wrong}");
            let hint = wrong.hint.unwrap_or_else(|| panic!("no hint: {before}{key}"));
            assert!(hint.contains(&format!("`{key} = ")), "{before}{key}: {hint}");
            assert_eq!((wrong.line, wrong.column), (before.lines().count() + 1, key.len() + 4), "{before}{key}");
        }
    }

    const GOOD: &str = "version = 1\nname = \"x\"\n[images.base]\nbuild = \"images/base.toml\"\n[packets.RC-05]\n\
                        title = \"x\"\nsets = [\"a\"]\n[[sets.a]]\nid = \"one\"\nrun = \"true\"\nimage = \"base\"\n";

    #[test]
    fn every_wrong_value_has_an_object_an_expectation_and_a_hint() {
        parse(GOOD, &[]).expect("a good plan");
        for (more, says, hint) in [
            ("timeout = \"soon\"", "invalid duration `soon`", "such as `timeout = \"10m\"`"),
            ("memory = \"much\"", "`much`", "such as `memory = \"512MiB\"`"),
            ("outputs = [\"../x\"]", "`../x`", "such as `outputs = [\"web/dist\"]`"),
            ("expires = 2027-01-01", "unknown field `expires`", "known: id"),
            (
                "[frozen.m]\nkind = \"go-modules\"\nimage = \"base\"\ndirectory = \"../x\"",
                "`../x`",
                "such as `directory = \"web\"`",
            ),
            (
                "[frozen.m]\nkind = \"go-build-cache\"\nimage = \"base\"\nmodules = [\"a\"]",
                "invalid `modules`: expected a text, found a list",
                "such as `modules = \"gomod\"`",
            ),
            (
                "[[waivers]]\nfinding = \"x\"\nreason = \"x\"\nowner = \"x\"\nexpires = \"2027-01-01\"",
                "invalid `expires`: expected a day without quotes, found the text \"2027-01-01\"",
                "such as `expires = 2026-12-31`",
            ),
            (
                "[[waivers]]\nfinding = 2027-01-01",
                "invalid `finding`: expected a text, found the date 2027-01-01",
                "such as `finding = ",
            ),
            (
                "[[risks]]\nid = \"r\"\nsays = \"x\"\nclass = \"P9\"",
                "invalid risk class `P9`: expected",
                "such as `class = \"P2\"`",
            ),
            ("[documents]\ngenerated = [\"../x\"]", "`../x`", "such as `generated = [\"docs/progress.md\"]`"),
            ("[source]\nexclude = [\"a[\"]", "bad glob", "such as `exclude = "),
            ("[pins.go]\nversion = \"1\"", "invalid version `1`: expected", "such as `version = \"1.26.8\"`"),
            ("[[sets.a]]\nid = \"two\"\nrun = \"true\"", "missing field `image`", "write `image = \"go\"`"),
            ("[pins", "", "a line is `key = value`"),
        ] {
            let wrong = error(&format!("{GOOD}{more}\n"));
            assert!(wrong.message.contains(says), "{more}: {wrong}");
            assert!(wrong.hint.as_ref().is_some_and(|found| found.contains(hint)), "{more}: {wrong} {:?}", wrong.hint);
        }
    }

    #[test]
    fn no_mistake_quotes_credentials() {
        let address = "https://user:s3cr3t@h.example/x?token=s3cr3t";
        for (before, key) in keys() {
            for value in
                [format!("\"{address}\""), format!("[\"{address}\"]"), format!("{{ \"{address}\" = \"{address}\" }}")]
            {
                let Err(wrong) = parse(&format!("{before}{key} = {value}\n"), &[]) else { continue };
                assert!(!format!("{wrong} {:?}", wrong.hint).contains("s3cr3t"), "{before}{key} = {value}: {wrong}");
            }
        }
    }
}
