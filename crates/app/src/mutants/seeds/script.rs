//! A type error for tsc, and a failing test for vitest.

use super::{SeedError, SeededChange, SourceFiles, folder_of, is_below, within};
use rcrepro_proof::ToolCall;

/// The endings of script files, longest first.
const ENDINGS: [&str; 8] = ["mts", "cts", "tsx", "ts", "mjs", "cjs", "jsx", "js"];
/// The start of the names of seeded files.
const NAME: &str = "rcrepro-seeded";

/// Adds a file with a type error beside a source file of the project that tsc checks.
///
/// # Errors
/// [`SeedError`] when there is none.
pub(crate) fn type_error(call: &ToolCall, files: &dyn SourceFiles) -> Result<SeededChange, SeedError> {
    let project = call.value(&["-p", "--project"]).unwrap_or(".");
    let at = call.below_source(project).ok_or_else(|| SeedError::Folder { tool: "tsc".to_owned() })?;
    let folder = if at.ends_with(".json") { folder_of(&at) } else { &at };
    let checked = |path: &&String| {
        is_below(path, folder)
            && !ignored(path)
            && [".ts", ".tsx"].iter().any(|end| path.ends_with(end))
            && !path.ends_with(".d.ts")
    };
    let inner = |path: &&String| checked(path) && is_below(path, &within(folder, "src"));
    let deeper = |path: &&String| checked(path) && folder_of(path) != folder;
    let all = files.paths();
    let beside = all.iter().find(inner).or_else(|| all.iter().find(deeper)).or_else(|| all.iter().find(checked));
    let beside = beside.ok_or_else(|| SeedError::NoPlace { what: "TypeScript file", at: folder.to_owned() })?;
    let file = format!("{NAME}.ts");
    let text = "export const seeded: number = 'no number';\n";
    SeededChange::file(&within(folder_of(beside), &file), text, &file)
}

/// Adds a failing test beside a test file that vitest finds by its name.
///
/// # Errors
/// [`SeedError`] when there is none.
pub(crate) fn failing_test(call: &ToolCall, files: &dyn SourceFiles) -> Result<SeededChange, SeedError> {
    let root = call.value(&["--root", "-r", "--dir"]).unwrap_or(".");
    let folder = call.below_source(root).ok_or_else(|| SeedError::Folder { tool: "vitest".to_owned() })?;
    let ending = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let kinds = ["test", "spec"].iter().flat_map(|kind| ENDINGS.iter().map(move |end| format!(".{kind}.{end}")));
        kinds.into_iter().find(|ending| name.ends_with(ending.as_str()))
    };
    let found = files.paths().iter().filter(|path| is_below(path, &folder) && !ignored(path));
    let Some((beside, ending)) = found.filter_map(|path| Some((path, ending(path)?))).next() else {
        return Err(SeedError::NoPlace { what: "test file (`*.test.ts` or the like)", at: folder });
    };
    let file = format!("{NAME}{ending}");
    let text = "import { expect, test } from 'vitest';\n\ntest('seeded, so that the gate is seen to fail', () => {\n  expect(1).toBe(2);\n});\n";
    SeededChange::file(&within(folder_of(beside), &file), text, &file)
}

fn ignored(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules" || part == "dist")
}

#[cfg(test)]
mod tests {
    use super::super::memory::{Memory, only};
    use super::*;
    use rcrepro_model::plan::proof::ProofRule;
    use rcrepro_proof::tool_calls;

    fn files() -> Memory {
        Memory::new(&[
            ("web/lib/a.ts", ""),
            ("web/node_modules/a/a.test.ts", ""),
            ("web/src/api/client.ts", ""),
            ("web/src/env.d.ts", ""),
            ("web/tests/client.test.ts", ""),
            ("web/vitest.config.ts", ""),
        ])
    }

    fn call(line: &str) -> ToolCall {
        tool_calls(line, ProofRule::Detect).remove(0)
    }

    #[test]
    fn seeds_stand_beside_what_the_tools_look_at() {
        for line in ["web/node_modules/.bin/tsc --noEmit -p web/tsconfig.json", "cd web && npx tsc"] {
            let change = type_error(&call(line), &files()).expect(line);
            assert_eq!(only(&change).0, "web/src/api/rcrepro-seeded.ts", "{line}");
            assert_eq!(change.shows, ["rcrepro-seeded.ts"]);
        }
        let change = failing_test(&call("cd web && npx vitest run"), &files()).expect("a change");
        assert_eq!(only(&change).0, "web/tests/rcrepro-seeded.test.ts");
        assert_eq!(change.shows, ["rcrepro-seeded.test.ts"]);
        let scripts = Memory::new(&[("a.spec.mjs", "")]);
        let change = failing_test(&call("npx vitest run"), &scripts).expect("a change");
        assert_eq!(only(&change).0, "rcrepro-seeded.spec.mjs");
        for error in [type_error(&call("npx tsc"), &scripts), failing_test(&call("cd web && npx vitest"), &scripts)] {
            assert!(matches!(error, Err(SeedError::NoPlace { .. })), "{error:?}");
        }
    }
}
