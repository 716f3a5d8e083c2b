//! Texts that look like the version of a toolchain, in any file.

use std::sync::LazyLock;

use regex::Regex;

use crate::reference::{ReferencedTool, Use};

/// How sure a text is, by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternForm {
    /// A download, an assignment, a version manager's command: it can mean nothing else.
    Firm,
    /// An image by its name and tag.
    Image,
    /// A computed version.
    Computed,
    /// Words, such as "Go 1.26 or later".
    Words,
    /// A bare `go1.26`.
    Bare,
}

/// A form with the expression that finds it; the group `v` is the version, `more` says that newer ones do.
pub struct Pattern {
    /// Whose version.
    pub tool: ReferencedTool,
    /// How sure.
    pub form: PatternForm,
    /// What finds it.
    pub regex: Regex,
}

const ASSIGNED: &str = r#"["'\]\)]*\s*(?::=|\?=|\+=|==?|:-?)\s*["']?(?P<v>v?(?:go)?\d[\w.+-]*|[\^~<>=]+\s?v?\d[\w. <>=|+-]*|stable\b|oldstable\b|latest\b|lts\b[/\w*-]*)"#;
const MORE: &str = r"(?P<more>\+|\s*\(?(?:or|and)\s+(?:later|newer|above|higher|greater|up)|\s*\(?minimum)?";

/// Every pattern. Where two find the same place, the earlier counts.
pub static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let go = r"1\.\d+(?:\.\d+|\.x)?(?:(?:rc|beta)\d+)?";
    // A number of more digits is a port.
    let node = r"\d{1,2}(?:\.(?:\d+|x)){0,2}\b";
    let pattern = |tool, form, text: String| Pattern {
        tool,
        form,
        regex: Regex::new(&text).expect("the expressions are constants that the tests compile"),
    };
    let assigned = |names: &str| {
        format!(r"(?i)\b(?:[a-z0-9]+[_.-])*(?:{names})[_.-]?(?:version|semver)(?:[_.-]min(?:imum)?)?{ASSIGNED}")
    };
    let computed = |names: &str| {
        format!(r"(?i)\b(?:[a-z0-9]+[_.-])*(?:{names})[_.-]?version\s*(?::=|\?=|=)\s*(?P<v>[^\n]*(?:\$\(|`)[^\n]*)")
    };
    vec![
        pattern(ReferencedTool::Go, PatternForm::Firm, format!(r"\bgo(?P<v>{go})\.(?:linux|darwin|windows|freebsd|netbsd|openbsd|src|\$)")),
        pattern(ReferencedTool::Go, PatternForm::Firm, assigned("go|golang")),
        pattern(ReferencedTool::Go, PatternForm::Computed, computed("go|golang")),
        pattern(ReferencedTool::Go, PatternForm::Firm, r#"\bGOTOOLCHAIN["']?\s*[=:]\s*["']?(?P<v>go1[\w.+]*)"#.into()),
        pattern(ReferencedTool::Go, PatternForm::Computed, r"\bGOTOOLCHAIN\s*[:?]?=\s*(?P<v>(?:go)?\$[^\n;]*)".into()),
        pattern(ReferencedTool::Go, PatternForm::Image, r"(?P<v>(?:[\w.-]+(?::\d+)?/)*golang:(?:v?1\b(?:[.-][\w.-]*)?|latest|stable|alpine[\w.-]*|bookworm|bullseye|trixie|tip[\w.-]*)(?:@sha256:[0-9a-f]{64})?)".into()),
        pattern(ReferencedTool::Go, PatternForm::Firm, format!(r"(?:^|[\s(=,])(?:go|golang)@v?(?P<v>{go})")),
        pattern(ReferencedTool::Go, PatternForm::Firm, format!(r"\b(?:asdf|mise|goenv|gvm)\s+\w+\s+(?:-\S+\s+)*(?:golang|go)?[\s@]?(?P<v>{go})")),
        pattern(ReferencedTool::Go, PatternForm::Firm, r"\bgo_(?P<v>1_\d+)\b".into()),
        pattern(
            ReferencedTool::Go,
            PatternForm::Words,
            format!(r"\b(?:Go|GO|[Gg]olang)(?:\s+(?:[Vv]ersions?|SDK|toolchain|compiler|runtime))?:?\s+\(?(?:at least\s+|>=?\s*|≥\s*)?\(?v?(?P<v>{go})\b{MORE}"),
        ),
        pattern(ReferencedTool::Go, PatternForm::Words, format!(r"\bgo\s+(?:version\s+)?(?:>=?\s*|≥\s*)?(?P<v>{go})\b{MORE}")),
        pattern(ReferencedTool::Go, PatternForm::Words, format!(r"\bgo-(?P<v>{go})\b{MORE}")),
        pattern(ReferencedTool::Go, PatternForm::Bare, format!(r"\bgo(?P<v>{go})\b{MORE}")),
        pattern(ReferencedTool::Node, PatternForm::Firm, r"\bnode-v(?P<v>\d+\.\d+\.\d+)".into()),
        pattern(ReferencedTool::Node, PatternForm::Firm, r"nodejs\.org/(?:dist|download/release)/(?:latest-)?v(?P<v>\d+(?:\.(?:\d+|x)){0,2})".into()),
        pattern(ReferencedTool::Node, PatternForm::Firm, r"nodesource\.com/(?:setup_|node_)(?P<v>\d+\.x|lts\.x|current\.x)".into()),
        pattern(ReferencedTool::Node, PatternForm::Firm, assigned("node|nodejs|node_js")),
        pattern(ReferencedTool::Node, PatternForm::Computed, computed("node|nodejs")),
        pattern(
            ReferencedTool::Node,
            PatternForm::Image,
            r"(?:^|[\s\x22'=(,/])(?P<v>(?:[\w.-]+(?::\d+)?/)*node:(?:\d{1,2}\b(?:[.-][\w.-]*)?|lts[\w.-]*|current[\w.-]*|latest|alpine[\w.-]*|slim)(?:@sha256:[0-9a-f]{64})?)".into(),
        ),
        pattern(
            ReferencedTool::Node,
            PatternForm::Firm,
            r"\b(?:nvm|fnm|nodenv)\s+(?:install|use|exec|run|global|local|alias default)\s+(?P<v>v?\d[\w.]*|--lts|node\b|stable\b|lts/[\w*]+)".into(),
        ),
        pattern(ReferencedTool::Node, PatternForm::Firm, format!(r"(?:^|[\s(=,])node(?:js)?@v?(?P<v>{node})")),
        pattern(ReferencedTool::Node, PatternForm::Firm, format!(r"\b(?:asdf|mise)\s+\w+\s+(?:-\S+\s+)*nodejs\s+v?(?P<v>{node})")),
        pattern(ReferencedTool::Node, PatternForm::Firm, r"\bnodejs_(?P<v>\d+)\b".into()),
        pattern(
            ReferencedTool::Node,
            PatternForm::Words,
            format!(r"\b(?:Node\.?[jJ][sS]|node\.js)(?:\s+(?:[Vv]ersions?|LTS|runtime))?:?\s+\(?(?:at least\s+|>=?\s*|≥\s*)?\(?[vV]?(?P<v>{node})\b{MORE}"),
        ),
        pattern(
            ReferencedTool::Node,
            PatternForm::Words,
            format!(r"(?:^|[^\w-])[Nn]ode(?:\s+[Vv]ersions?)?:?\s+(?:>=?\s*|≥\s*)?[vV]?(?P<v>[1-3]\d(?:\.(?:\d+|x)){{0,2}})\b{MORE}"),
        ),
    ]
});

/// Whether words around a version say that newer ones do, too.
#[must_use]
pub fn usage(line: &str, more: bool) -> Use {
    static MINIMUM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bat least\b|\bminimum\b|>=|≥|\bor (?:later|newer|above|higher|greater)\b|\band (?:up|later|newer|above)\b")
            .expect("a constant")
    });
    if more || MINIMUM.is_match(line) { Use::Minimum } else { Use::Allows }
}

/// Whether a line of a document asks for a version rather than telling of one.
#[must_use]
pub fn demands(line: &str) -> bool {
    static DEMAND: LazyLock<Regex> = LazyLock::new(|| {
        let words = r"requir\w*|needs?|needed|prerequisites?|install\w*|download|minimum|at least|support(?:s|ed)?|must|recommend\w*|compatible|build(?:s|ing)?|works with|tested|depend\w*|later|newer|use|uses|using|version of";
        Regex::new(&format!(r"(?i)\b(?:{words})\b|>=|≥|\d\+")).expect("a constant")
    });
    static STORY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:since|introduced in|added in|new in|before|prior to|as of|until|release notes|changes? in|dropped|removed in|blog)\b").expect("a constant")
    });
    DEMAND.is_match(line) && !STORY.is_match(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(tool: ReferencedTool, text: &str) -> Option<(PatternForm, String)> {
        PATTERNS.iter().filter(|pattern| pattern.tool == tool).find_map(|pattern| {
            let found = pattern.regex.captures(text)?;
            Some((pattern.form, found["v"].trim().to_owned()))
        })
    }

    #[test]
    fn forms_are_told_apart() {
        for (tool, text, form, version) in [
            (ReferencedTool::Go, "curl -LO https://go.dev/dl/go1.26.8.linux-amd64.tar.gz", PatternForm::Firm, "1.26.8"),
            (ReferencedTool::Go, "GO_VERSION=1.26.8", PatternForm::Firm, "1.26.8"),
            (ReferencedTool::Go, "export MIN_GO_VERSION='1.25'", PatternForm::Firm, "1.25"),
            (ReferencedTool::Go, "${GO_VERSION:-1.26.8}", PatternForm::Firm, "1.26.8"),
            (ReferencedTool::Go, "GOLANG_VERSION := go1.26", PatternForm::Firm, "go1.26"),
            (ReferencedTool::Go, "\"goVersion\": \"1.26\"", PatternForm::Firm, "1.26"),
            (
                ReferencedTool::Go,
                "GO_VERSION=$(curl -s https://go.dev/VERSION?m=text)",
                PatternForm::Computed,
                "$(curl -s https://go.dev/VERSION?m=text)",
            ),
            (ReferencedTool::Go, "GOTOOLCHAIN=go1.26.8+auto", PatternForm::Firm, "go1.26.8+auto"),
            (ReferencedTool::Go, "docker run golang:1.26 go version", PatternForm::Image, "golang:1.26"),
            (ReferencedTool::Go, "brew install go@1.26", PatternForm::Firm, "1.26"),
            (ReferencedTool::Go, "pkgs.go_1_26", PatternForm::Firm, "1_26"),
            (ReferencedTool::Go, "requires Go 1.25 or later", PatternForm::Words, "1.25"),
            (ReferencedTool::Go, "Golang version 1.25+", PatternForm::Words, "1.25"),
            (ReferencedTool::Go, "//go:build go1.21", PatternForm::Bare, "1.21"),
            (
                ReferencedTool::Node,
                "https://nodejs.org/dist/v20.20.2/node-v20.20.2-linux-x64.tar.xz",
                PatternForm::Firm,
                "20.20.2",
            ),
            (ReferencedTool::Node, "curl https://deb.nodesource.com/setup_20.x | bash", PatternForm::Firm, "20.x"),
            (ReferencedTool::Node, "NODE_VERSION = \"20\"", PatternForm::Firm, "20"),
            (ReferencedTool::Node, "nvm install --lts", PatternForm::Firm, "--lts"),
            (ReferencedTool::Node, "docker run node:20-alpine", PatternForm::Image, "node:20-alpine"),
            (ReferencedTool::Node, "Node.js v20 or newer", PatternForm::Words, "20"),
            (ReferencedTool::Node, "Node 20.20.2", PatternForm::Words, "20.20.2"),
        ] {
            assert_eq!(first(tool, text), Some((form, version.to_owned())), "{text}");
        }
        for (tool, text) in [
            (ReferencedTool::Go, "cargo_version=1.2.3"),
            (ReferencedTool::Go, "mongo1.26"),
            (ReferencedTool::Go, "github.com/x/go v1.2.3"),
            (ReferencedTool::Go, "GOTOOLCHAIN=local"),
            (ReferencedTool::Go, "<li>golang:golang.org/x/net</li>"),
            (ReferencedTool::Node, "import fs from 'node:fs'"),
            (ReferencedTool::Node, "node 1 of the cluster"),
            (ReferencedTool::Node, "build-tree --scores-per-node 12"),
            (ReferencedTool::Node, "the frontend (Node.js: 3000) and Node.js 18080"),
            (ReferencedTool::Node, "curl http://node:9100/metrics"),
            (ReferencedTool::Go, "backend: golang:8080"),
            (ReferencedTool::Node, "npm install @types/node@20"),
        ] {
            assert_eq!(first(tool, text), None, "{text}");
        }
    }

    #[test]
    fn documents_ask_or_tell() {
        assert!(demands("You need Go 1.25 to build it") && demands("Go 1.25+"));
        assert!(!demands("Since Go 1.21, builds use loopvar") && !demands("In Go 1.22 the loop changed"));
        assert_eq!(usage("Go 1.25 or later", false), Use::Minimum);
        assert_eq!(usage("Needs Go 1.26.8", false), Use::Allows);
    }
}
