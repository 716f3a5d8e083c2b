//! npm scripts: which tool is behind one, and the line that a person would type for it.

use crate::ci::CiLine;
use crate::npm::NpmPackage;
use crate::seen::SeenText;

/// A script that is one call of one tool whose output proves its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolScript {
    pub(super) tool: ScriptTool,
    /// The line for the package's folder, such as `npx jest --ci` or `node --test`.
    pub(super) line: String,
}

/// The tools that scripts call and whose work their output or configuration proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptTool {
    Eslint,
    Jest,
    /// Node's own runner, `node --test`.
    NodeTest,
    Tsc,
    Vitest,
}

impl ScriptTool {
    /// The program's name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Eslint => "eslint",
            Self::Jest => "jest",
            Self::NodeTest => "node",
            Self::Tsc => "tsc",
            Self::Vitest => "vitest",
        }
    }

    /// Knows the tool of a call by its words.
    fn of(words: &[&str]) -> Option<Self> {
        let program = words.first()?;
        let tools = [Self::Eslint, Self::Jest, Self::NodeTest, Self::Tsc, Self::Vitest];
        let tool = tools.into_iter().find(|tool| tool.as_str() == *program)?;
        (tool != Self::NodeTest || words.contains(&"--test")).then_some(tool)
    }

    /// Flags with which the tool waits for a person, looks at what changed only, or does something else than to check.
    const fn unfit(self) -> &'static [&'static str] {
        match self {
            Self::Eslint => &["--fix", "--no-error-on-unmatched-pattern", "--pass-on-no-patterns", "--no-warn-ignored"],
            Self::Jest => &["--watch", "--watchAll", "--onlyChanged", "-o", "--changedSince", "--lastCommit", "-u"],
            Self::NodeTest => &["--watch", "--test-only", "--test-update-snapshots"],
            Self::Tsc => &["--watch", "-w", "--init", "--noCheck"],
            Self::Vitest => &["--watch", "-w", "watch", "dev", "bench", "related", "list", "--ui", "-u"],
        }
    }
}

/// The memory that a script wants by the heap that it gives Node, with a gibibyte for what is outside of the heap.
pub(super) fn wanted_memory(script: &str) -> Option<String> {
    let (_, after) = script.split_once("max-old-space-size=").or_else(|| script.split_once("max_old_space_size="))?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    let heap: u32 = digits.parse().ok().filter(|mebibytes| *mebibytes > 0)?;
    Some(format!("{}GiB", heap.div_ceil(1024).checked_add(1)?))
}

/// Whether a script is one build by webpack, which prints how long it took by the wall clock and waits for none.
pub(super) fn is_webpack_build(script: &SeenText) -> bool {
    let line = CiLine { line: script.clone(), folder: None, minutes: None };
    let words = line.words();
    let mut words =
        words.iter().map(String::as_str).skip_while(|word| matches!(*word, "cross-env" | "npx") || word.contains('='));
    line.is_plain()
        && words.next() == Some("webpack")
        && !words.any(|word| matches!(word, "serve" | "watch" | "--watch" | "-w"))
}

/// Whether a script has a build by vite among its commands.
pub(super) fn is_vite_build(script: &SeenText) -> bool {
    let words: Vec<&str> = script.text.split_whitespace().collect();
    words.windows(2).any(|pair| pair == ["vite", "build"])
}

/// Browsers and what drives them: they are fetched when they are needed, which no command without a network can.
const BROWSERS: [&str; 5] = ["cypress", "nightwatch", "playwright", "puppeteer", "testcafe"];

/// Whether a script drives a browser.
pub(super) fn drives_a_browser(script: &SeenText) -> bool {
    script.text.split(|c: char| c.is_whitespace() || "/;&|".contains(c)).any(|word| BROWSERS.contains(&word))
}

/// Reads a script that is one call of a tool; none for any other, for one with a script before or after it, and for one
/// that is meant for people who watch.
pub(super) fn tool_script(package: &NpmPackage, name: &str) -> Option<ToolScript> {
    let script = package.scripts.get(name)?;
    let around = ["pre", "post"].iter().any(|when| package.scripts.contains_key(&format!("{when}{name}")));
    let line = CiLine { line: script.clone(), folder: None, minutes: None };
    if around || !line.is_plain() {
        return None;
    }
    let text = script.text.trim();
    let text = text.strip_prefix("cross-env ").unwrap_or(text).trim_start();
    let is_variable = |word: &str| word.split_once('=').is_some_and(|(name, _)| is_name(name));
    let mut words = text.split_whitespace().peekable();
    let mut variables: Vec<&str> = Vec::new();
    while let Some(word) = words.next_if(|word| is_variable(word)) {
        variables.push(word);
    }
    let mut rest: Vec<&str> = words.collect();
    if rest.first() == Some(&"npx") {
        rest.remove(0);
    }
    let tool = ScriptTool::of(&rest)?;
    let is_unfit = |word: &&str| {
        let flag = word.split('=').next().unwrap_or(word);
        tool.unfit().contains(&flag)
    };
    if rest[1..].iter().any(is_unfit) {
        return None;
    }
    if tool == ScriptTool::Vitest && rest.get(1) != Some(&"run") {
        rest.insert(1, "run");
    }
    let npx = (tool != ScriptTool::NodeTest).then_some("npx");
    let line = variables.into_iter().chain(npx).chain(rest).collect::<Vec<_>>().join(" ");
    Some(ToolScript { tool, line })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Chooses the script that runs all tests by a tool: one that CI runs, else one that is named like it.
pub(super) fn whole_tests<'a>(
    package: &'a NpmPackage,
    tool: ScriptTool,
    in_ci: &[&CiLine],
) -> Option<(&'a SeenText, ToolScript)> {
    let of_ci = in_ci.iter().filter_map(|line| match line.words().iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["npm" | "pnpm" | "yarn", "run", name] => Some(name.to_owned()),
        ["npm" | "pnpm" | "yarn", "test" | "t"] => Some("test".to_owned()),
        ["pnpm" | "yarn", name] => Some(name.to_owned()),
        _ => None,
    });
    let usual = ["test:ci", "test-ci", "ci:test", "test:unit", "unit", "test"].map(str::to_owned);
    of_ci.chain(usual).find_map(|name| {
        let script = tool_script(package, &name).filter(|script| script.tool == tool)?;
        Some((&package.scripts[&name], script))
    })
}
