//! What a checkout is: Go or Node, how it is set up and tested, and what is needed for that.

use std::fs;
use std::path::Path;

use super::config::ProjectSettings;
use super::json::Json;
use super::reports::ReportForm;

/// Where the build cache of Go's packages is in the source, so that it is an output of the setup and an input of each run.
const GO_CACHE: &str = ".campaign/gocache";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectKind {
    Go,
    Node,
}

impl ProjectKind {
    /// The image of this kind among ours.
    pub const fn image(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Node => "node",
        }
    }
}

/// A project, and how it is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub kind: ProjectKind,
    /// The toolchain's version; our image's own without.
    pub version: Option<String>,
    /// The tool, as tables show it.
    pub tool: String,
    pub form: ReportForm,
    /// The folder of the package or module below the checkout; empty for the checkout itself.
    pub folder: String,
    /// Installs packages, or compiles, before any test runs.
    pub setup: String,
    /// What the setup leaves behind, below the folder.
    pub outputs: Vec<String>,
    pub test: String,
    /// `NAME=VALUE`.
    pub environment: Vec<String>,
    pub timeout: String,
    pub memory: String,
    /// Globs of files that are not part of the source.
    pub exclude: Vec<String>,
    /// Whether there are packages to be fetched.
    pub packages: bool,
}

impl Project {
    /// Looks at a checkout.
    ///
    /// # Errors
    /// Why it cannot be tested, in words.
    pub fn find(checkout: &Path, settings: &ProjectSettings) -> Result<Self, String> {
        let folder = settings.text("folder").unwrap_or_default().trim_end_matches('/').to_owned();
        let at = checkout.join(&folder);
        let manifest = fs::read_to_string(at.join("package.json")).ok();
        let kind = match settings.text("kind") {
            Some("go") => ProjectKind::Go,
            Some("node") => ProjectKind::Node,
            Some(other) => return Err(format!("unknown kind `{other}`: expected go or node")),
            None if at.join("go.mod").is_file() || has_go_files(&at) => ProjectKind::Go,
            None if manifest.is_some() => ProjectKind::Node,
            None => return Err("neither go.mod, nor Go files, nor package.json".to_owned()),
        };
        let mut project = match kind {
            ProjectKind::Go => Self::go(&at),
            ProjectKind::Node => Self::node(manifest.as_deref().unwrap_or_default(), settings.text("test"))?,
        };
        project.folder = folder;
        project.version = settings.text("version").map(str::to_owned);
        if let Some(report) = settings.text("report") {
            project.form = ReportForm::named(report).ok_or_else(|| format!("unknown report `{report}`"))?;
        }
        for (key, place) in [
            ("setup", &mut project.setup),
            ("test", &mut project.test),
            ("timeout", &mut project.timeout),
            ("memory", &mut project.memory),
        ] {
            if let Some(text) = settings.text(key) {
                *place = text.to_owned();
            }
        }
        project.outputs.extend_from_slice(settings.list("outputs"));
        project.environment.extend_from_slice(settings.list("env"));
        project.exclude.extend_from_slice(settings.list("exclude"));
        Ok(project)
    }

    fn go(at: &Path) -> Self {
        let sums = fs::read_to_string(at.join("go.sum")).unwrap_or_default();
        Self {
            tool: "go test".to_owned(),
            form: ReportForm::Go,
            // Everything is compiled and vetted, and nothing run; what does not compile fails again in each run, by its name.
            setup: format!(
                "mkdir -p /work/.campaign; cp -r /deps/gostd /work/{GO_CACHE}; go test -count=1 -exec /bin/true ./... || true"
            ),
            outputs: vec![GO_CACHE.to_owned()],
            test: "go test ./... -count=1 -json".to_owned(),
            environment: vec!["GOFLAGS=-buildvcs=false".to_owned(), format!("GOCACHE=/work/{GO_CACHE}")],
            packages: !sums.trim().is_empty(),
            ..Self::empty(ProjectKind::Go)
        }
    }

    fn node(manifest: &str, line: Option<&str>) -> Result<Self, String> {
        let json = Json::read(manifest).ok_or("package.json is not valid JSON")?;
        let script = json.get("scripts").and_then(|scripts| scripts.text("test")).unwrap_or_default();
        let (tool, form, test) = match line.and_then(runner).or_else(|| runner(script)) {
            Some(found) => found,
            None if line.is_some() => ("node", ReportForm::Tap, String::new()),
            None => return Err(format!("no test tool is known in the script `{script}`: name a test line")),
        };
        Ok(Self {
            tool: tool.to_owned(),
            form,
            setup: "npm ci --ignore-scripts".to_owned(),
            outputs: vec!["node_modules".to_owned()],
            test,
            packages: true,
            ..Self::empty(ProjectKind::Node)
        })
    }

    fn empty(kind: ProjectKind) -> Self {
        Self {
            kind,
            version: None,
            tool: String::new(),
            form: ReportForm::Tap,
            folder: String::new(),
            setup: String::new(),
            outputs: Vec::new(),
            test: String::new(),
            environment: Vec::new(),
            timeout: "20m".to_owned(),
            memory: "6GiB".to_owned(),
            exclude: Vec::new(),
            packages: false,
        }
    }
}

fn has_go_files(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|ending| ending == "go"))
}

/// Finds the test tool of a script, with the line that makes it report each test. Arguments that choose tests are kept.
fn runner(script: &str) -> Option<(&'static str, ReportForm, String)> {
    const TOOLS: [(&str, ReportForm, &str, &str); 6] = [
        ("vitest", ReportForm::Jest, "vitest run", " --reporter=json"),
        ("jest", ReportForm::Jest, "jest", " --json"),
        ("mocha", ReportForm::Mocha, "mocha", " --reporter json"),
        ("ava", ReportForm::Tap, "ava", " --tap"),
        ("tap", ReportForm::Tap, "tap", " --reporter=tap"),
        ("node --test", ReportForm::Tap, "node --test", " --test-reporter=tap"),
    ];
    // What checks style or measures coverage comes before or after, and is not a test.
    script.rsplit("&&").find_map(|part| {
        TOOLS.into_iter().find_map(|(tool, form, program, reporter)| {
            let words: Vec<&str> = part.split_whitespace().collect();
            let wanted: Vec<&str> = tool.split(' ').collect();
            let base = |word: &&str| word.rsplit('/').next().unwrap_or_default().to_owned();
            let at = words
                .windows(wanted.len())
                .position(|window| window.iter().map(base).eq(wanted.iter().map(|word| (*word).to_owned())))?;
            let chosen = words[at + wanted.len()..].iter().filter(|word| !is_noise(word));
            let chosen: String = chosen.map(|word| format!(" {word}")).collect();
            let program = if tool.contains(' ') { program.to_owned() } else { format!("node_modules/.bin/{program}") };
            Some((tool, form, format!("{program}{reporter}{chosen}")))
        })
    })
}

fn is_noise(word: &str) -> bool {
    word == "run" || ["--coverage", "--reporter", "--verbose", "--watch"].iter().any(|flag| word.starts_with(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(script: &str) -> String {
        runner(script).map(|(_, _, line)| line).unwrap_or_default()
    }

    #[test]
    fn test_tools_are_found_in_scripts() {
        assert_eq!(line("vitest run --coverage"), "node_modules/.bin/vitest run --reporter=json");
        assert_eq!(line("eslint . && jest --coverage src"), "node_modules/.bin/jest --json src");
        assert_eq!(line("mocha test"), "node_modules/.bin/mocha --reporter json test");
        assert_eq!(line("node --test test/*.js"), "node --test --test-reporter=tap test/*.js");
        assert_eq!(line("make check"), "");
    }

    #[test]
    fn settings_stand_above_what_is_found() {
        let tables =
            super::super::config::read("[x]\ntest = 'npx foo'\nreport = 'mocha'\noutputs = ['dist']\n").unwrap();
        let project = Project::node("{\"scripts\": {}}", Some("make")).unwrap();
        assert_eq!(project.form, ReportForm::Tap);
        let project = Project::node("{}", Some("A=b node_modules/.bin/mocha test/")).unwrap();
        assert_eq!((project.form, project.tool.as_str()), (ReportForm::Mocha, "mocha"));
        assert!(Project::node("{\"scripts\": {\"test\": \"echo\"}}", None).is_err());
        let folder = std::env::temp_dir().join(format!("campaign-project-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(Project::find(&folder, &ProjectSettings::default()).is_err());
        fs::write(folder.join("package.json"), "{}").unwrap();
        let project = Project::find(&folder, &tables["x"]).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((project.test.as_str(), project.form), ("npx foo", ReportForm::Mocha));
        assert_eq!(project.outputs, ["node_modules", "dist"]);
    }
}
