//! The configuration of tools, by the names of its files.

use std::borrow::Cow;

use serde_json::Value;

use super::{audits, eslint, gitleaks, golangci, ignore_files, script_config};
use crate::found::FoundSuppression;
use rcrepro_format::syntax::{jsonc, toml_place};

/// The largest configuration that is read: 4 MiB.
const MAX_CONFIGURATION: usize = 4 << 20;

/// How a file is written, with its reader.
#[derive(Clone, Copy)]
enum Form {
    /// Lines, which make a text of any kind: by its path and text.
    Lines(fn(&str, &str) -> Vec<FoundSuppression>),
    /// YAML, read line by line.
    Yaml(fn(&str, &str) -> Vec<FoundSuppression>),
    /// JSON with comments: by its value and text.
    Json(fn(&Value, &str) -> Vec<FoundSuppression>),
    /// A `package.json`, of which most hold nothing of this, and many are examples of broken ones.
    Package,
    /// TOML: by its value and text.
    Toml(fn(&Value, &str) -> Vec<FoundSuppression>),
}

/// The configuration of a tool.
#[derive(Clone, Copy)]
pub(super) struct Configuration {
    /// The kind of suppressions that it holds, under which it is told that it cannot be read.
    pub kind: &'static str,
    form: Form,
}

impl Configuration {
    /// Knows a file by its path; none for what configures nothing.
    pub(super) fn of(path: &str) -> Option<Self> {
        use Form::{Json, Lines, Package, Toml, Yaml};
        let name = path.rsplit('/').next().unwrap_or_default();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let (kind, form) = match name {
            ".gitleaksignore" => ("gitleaks-ignored", Lines(ignore_files::gitleaks)),
            ".trivyignore" => ("trivy-ignored", Lines(ignore_files::trivy)),
            ".eslintignore" => ("eslint-ignored", Lines(ignore_files::eslint)),
            "eslint-suppressions.json" => ("eslint-ignored", Json(audits::eslint)),
            ".eslintrc" => (eslint::KIND, Lines(eslint::plain)),
            ".eslintrc.json" | ".oxlintrc.json" => (eslint::KIND, Json(eslint::of_value)),
            ".eslintrc.yml" | ".eslintrc.yaml" => (eslint::KIND, Yaml(eslint::yaml)),
            ".golangci.yml" | ".golangci.yaml" => (golangci::KIND, Yaml(golangci::found)),
            ".golangci.toml" => (golangci::KIND, Toml(golangci::of_value)),
            ".golangci.json" => (golangci::KIND, Json(golangci::of_value)),
            ".npmrc" => ("npm-audit-level", Yaml(audits::npmrc)),
            ".nsprc" => ("audit-ignored", Json(audits::nsprc)),
            "package.json" => ("audit-ignored", Package),
            ".yarnrc.yml" => ("audit-ignored", Yaml(audits::yarnrc)),
            "pnpm-workspace.yaml" => ("audit-ignored", Yaml(audits::pnpm)),
            "osv-scanner.toml" | ".osv-scanner.toml" => ("osv-ignored", Toml(audits::osv)),
            ".grype.yaml" | ".grype.yml" => ("grype-ignored", Yaml(audits::grype)),
            ".snyk" => ("snyk-ignored", Yaml(audits::snyk)),
            _ if name.starts_with("audit-ci.") || name.starts_with(".audit-ci.") => {
                ("audit-ignored", Json(audits::audit_ci))
            }
            _ if name.starts_with("tsconfig") && ends(&[".json"]) => ("tsc-config", Json(script_config::tsconfig)),
            _ if eslint::is_program(name) => (eslint::KIND, Lines(eslint::program)),
            _ if script_config::is_runner(name) => ("js-test-config", Lines(script_config::runner)),
            _ if name.contains("gitleaks") && ends(&[".toml"]) => ("gitleaks-config", Toml(gitleaks::config)),
            _ if (name.contains("gitleaks") || name.contains("baseline")) && ends(&[".json"]) => {
                ("gitleaks-baseline", Json(gitleaks::baseline))
            }
            _ => return None,
        };
        Some(Self { kind, form })
    }

    /// Lists what it suppresses, or why it cannot be read.
    pub(super) fn found(self, path: &str, bytes: &[u8]) -> Vec<FoundSuppression> {
        let unread = |line: usize, why: &str| {
            vec![FoundSuppression::unread(self.kind, u32::try_from(line).unwrap_or(u32::MAX), why)]
        };
        if bytes.len() > MAX_CONFIGURATION {
            return unread(0, "it is larger than 4 MiB; split it, or delete it if no tool reads it");
        }
        if bytes.contains(&0) {
            return unread(0, "it has NUL bytes; save it as text in UTF-8");
        }
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        match self.form {
            Form::Lines(read) => read(path, text),
            Form::Yaml(read) => read(path, &with_line_ends(text)),
            Form::Package if !audits::may_silence(text) => Vec::new(),
            Form::Json(_) | Form::Package => match (self.form, jsonc::text_value(text)) {
                (_, Ok(None)) => Vec::new(),
                (Form::Json(read), Ok(Some(value))) => read(&value, text),
                (_, Ok(Some(value))) => [audits::package(&value, text), eslint::package(&value, text)].concat(),
                (_, Err(error)) => unread(error.line, "it is not JSON; correct it, or delete it if no tool reads it"),
            },
            Form::Toml(read) => match toml_place::parse::<Value>(text) {
                Ok(value) => read(&value, text),
                Err(error) => unread(error.line, "it is not TOML; correct it, or delete it if no tool reads it"),
            },
        }
    }
}

/// Writes the ends of lines that YAML and npm know beside the line feed as one.
fn with_line_ends(text: &str) -> Cow<'_, str> {
    let is_end = |c: char| matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if text.contains(is_end) {
        Cow::Owned(text.replace("\r\n", "\n").replace(is_end, "\n"))
    } else {
        Cow::Borrowed(text)
    }
}
