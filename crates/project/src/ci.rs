//! CI: the lines that workflows really run, with their folders and time limits.
//!
//! Source: GitHub, "Workflow syntax for GitHub Actions".

use crate::TrackedFiles;
use crate::makefile::Makefile;
use crate::seen::SeenText;
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_pins::syntax::yaml;
use rcrepro_shell::{PartKind, ShellDialect, ShellToken, ShellTokenKind, WordPart, tokens};

/// A shell line of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiLine {
    /// As the shell gets it, continued lines joined.
    pub line: SeenText,
    /// The folder that it runs in, empty for the project's own; none where the workflow does not tell.
    pub folder: Option<String>,
    /// `timeout-minutes` of the step or the job.
    pub minutes: Option<u32>,
}

impl CiLine {
    /// Whether a shell runs the line as it is written: no expansion, no expression of the workflow, no second command, no
    /// redirection, no further line.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let text = self.line.text.as_str();
        let is_fixed = |part: &WordPart| {
            matches!(part.kind, PartKind::Literal | PartKind::Escape | PartKind::SingleQuotes | PartKind::DoubleQuote)
        };
        // An expression of the workflow is put in before a shell sees its quotes.
        !text.contains("${{")
            && !text.contains('\n')
            && tokens(text, ShellDialect::Shell).iter().all(|token| match &token.kind {
                ShellTokenKind::Blank => true,
                ShellTokenKind::Word(word) => word.parts.iter().all(is_fixed),
                _ => false,
            })
    }

    /// The words of a plain line without their quotes, and without the variables that are set for it.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let is_variable = |word: &String| {
            word.split_once('=').is_some_and(|(name, _)| {
                name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            })
        };
        let tokens = tokens(&self.line.text, ShellDialect::Shell).into_iter();
        let word = |token: ShellToken| match token.kind {
            ShellTokenKind::Word(word) => Some(word.text),
            _ => None,
        };
        tokens.filter_map(word).skip_while(is_variable).collect()
    }

    /// Whether a plain line begins with these words.
    #[must_use]
    pub fn begins(&self, words: &[&str]) -> bool {
        let own = self.words();
        own.len() >= words.len() && own.iter().zip(words).all(|(own, word)| own == word)
    }
}

/// Lists the lines of all workflows, in the order of their files.
#[must_use]
pub fn lines(files: &dyn TrackedFiles) -> Vec<CiLine> {
    let is_workflow = |path: &&String| {
        [".github/workflows/", ".forgejo/workflows/", ".gitea/workflows/"].iter().any(|folder| path.starts_with(folder))
            && (path.ends_with(".yml") || path.ends_with(".yaml"))
    };
    files.paths().iter().filter(is_workflow).flat_map(|path| workflow(files, path)).collect()
}

fn workflow(files: &dyn TrackedFiles, path: &str) -> Vec<CiLine> {
    let Some(text) = files.text(path) else { return Vec::new() };
    let Ok(documents) = yaml::documents(&text) else { return Vec::new() };
    let mut found = Vec::new();
    for document in &documents {
        let outer = document.path(&["defaults", "run", "working-directory"]).and_then(SyntaxNode::text);
        for (_, job) in document.get("jobs").map(SyntaxNode::pairs).unwrap_or_default() {
            if publishes_pages(job) {
                continue;
            }
            let folder = job.path(&["defaults", "run", "working-directory"]).and_then(SyntaxNode::text).or(outer);
            let minutes = minutes(job);
            for step in job.get("steps").map(SyntaxNode::members).unwrap_or_default() {
                let Some(run) = step.get("run") else { continue };
                let folder = step.get("working-directory").and_then(SyntaxNode::text).or(folder).unwrap_or_default();
                let mut folder = below("", folder);
                let minutes = self::minutes(step).or(minutes);
                for (number, line) in shell_lines(run, &text) {
                    // What follows runs where this leads to, if that can be told.
                    let mut line = line;
                    if let Some(rest) = line.strip_prefix("cd ") {
                        let (target, then) = rest.split_once(" && ").unwrap_or((rest, ""));
                        folder = folder.and_then(|folder| below(&folder, target.trim()));
                        line = then.trim().to_owned();
                    }
                    if line.is_empty() {
                        continue;
                    }
                    found.extend(seen(files, SeenText::new(line, path, number), folder.as_deref(), minutes));
                }
            }
        }
    }
    found
}

/// Actions that publish a site, whose job makes nothing of a release.
const PAGES: [&str; 5] = [
    "actions/deploy-pages",
    "actions/upload-pages-artifact",
    "JamesIves/github-pages-deploy-action",
    "peaceiris/actions-gh-pages",
    "withastro/action",
];

fn publishes_pages(job: &SyntaxNode) -> bool {
    let steps = job.get("steps").map(SyntaxNode::members).unwrap_or_default();
    let actions = steps.iter().filter_map(|step| step.get("uses").and_then(SyntaxNode::text));
    actions.into_iter().any(|action| PAGES.contains(&action.split('@').next().unwrap_or(action)))
}

/// A line with what it makes.
fn seen(files: &dyn TrackedFiles, line: SeenText, folder: Option<&str>, minutes: Option<u32>) -> Vec<CiLine> {
    let line = placed(line, folder, minutes);
    let made = made(files, &line);
    [vec![line], made].concat()
}

/// Takes the folder that a line itself names: `cd DIR && …`, `npm --prefix DIR …`, `make -C DIR …`.
fn placed(line: SeenText, folder: Option<&str>, minutes: Option<u32>) -> CiLine {
    let SeenText { mut text, place } = line;
    let mut folder = folder.map(str::to_owned);
    if let Some((target, rest)) = text.strip_prefix("cd ").and_then(|rest| rest.split_once(" && ")) {
        folder = folder.and_then(|folder| below(&folder, target.trim()));
        text = rest.trim().to_owned();
    }
    for (before, program) in [
        ("npm --prefix ", "npm "),
        ("npm -C ", "npm "),
        ("pnpm --dir ", "pnpm "),
        ("pnpm -C ", "pnpm "),
        ("yarn --cwd ", "yarn "),
        ("make -C ", "make "),
    ] {
        if let Some((target, rest)) = text.strip_prefix(before).and_then(|rest| rest.split_once(' ')) {
            folder = folder.and_then(|folder| below(&folder, target));
            text = format!("{program}{}", rest.trim());
        }
    }
    CiLine { line: SeenText { text, place }, folder, minutes }
}

/// Lists the lines behind `make TARGET…`, as far as the makefile tells them.
fn made(files: &dyn TrackedFiles, line: &CiLine) -> Vec<CiLine> {
    let (words, Some(folder)) = (line.words(), &line.folder) else { return Vec::new() };
    let is_target = |word: &String| !word.starts_with('-') && !word.contains('=');
    if !line.begins(&["make"]) || words.len() < 2 || !line.is_plain() || !words.iter().all(is_target) {
        return Vec::new();
    }
    let Some(makefile) = Makefile::in_folder(files, folder) else { return Vec::new() };
    let limit = line.minutes;
    let lines = words[1..].iter().flat_map(|target| makefile.lines(target));
    lines.map(|line| placed(line, Some(folder), limit)).collect()
}

/// Joins two folders of the project; none where a path leads elsewhere or holds more than a path.
fn below(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with(['/', '~', '-']) || path.contains(['$', '`', '&', '|', ';', '<', '>', '(', '"', '\'', '*', ' '])
    {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn minutes(node: &SyntaxNode) -> Option<u32> {
    node.get("timeout-minutes")
        .and_then(SyntaxNode::text)
        .and_then(|text| text.parse().ok())
        .filter(|minutes| *minutes > 0)
}

/// Splits a `run` into its lines, continued ones joined, comments and bodies of here-documents left out, each with its line in
/// the file.
fn shell_lines<'a>(run: &'a SyntaxNode, file: &str) -> impl Iterator<Item = (usize, String)> + use<'a> {
    let text = run.text().unwrap_or_default();
    // The place that the reader gives may be that of the key; a text of several lines may be folded to one.
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let first: String = first.trim().chars().take(24).collect();
    let is_here = |line: &str| line.contains(first.as_str());
    let begin = (run.line..run.line + 3).find(|number| file.lines().nth(number.saturating_sub(1)).is_some_and(is_here));
    let begin = begin.unwrap_or(run.line);
    let mut lines = vec![(begin, String::new())];
    let mut number = begin;
    for token in tokens(text, ShellDialect::Shell) {
        let source = &text[token.range];
        let end = number + source.matches('\n').count();
        match (token.kind, lines.last_mut()) {
            (ShellTokenKind::Operator("\n"), _) => lines.push((end, String::new())),
            (ShellTokenKind::HereDocument { .. }, Some(line)) => *line = (end, String::new()),
            (ShellTokenKind::Comment, _) | (_, None) => {}
            (ShellTokenKind::Blank, Some((_, line))) if source.contains('\n') => line.push(' '),
            (_, Some((_, line))) => line.push_str(&source.replace("\\\n", "")),
        }
        number = end;
    }
    let lines = lines.into_iter().map(|(number, line)| (number, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.is_empty())
}
