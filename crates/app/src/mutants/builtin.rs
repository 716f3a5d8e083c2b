//! Which mutants a plan has: those that it states, and one for each known tool on its lines and each promise that it makes.
//!
//! The list follows from the plan alone, so that a record can be held against it.

use std::collections::{BTreeMap, BTreeSet};

use rcrepro_model::content::name::Name;
use rcrepro_model::plan::contract::Basis;
use rcrepro_model::plan::mutant::{MutationGate, PlanMutant};
use rcrepro_model::plan::pins::ToolVersion;
use rcrepro_model::plan::proof::Tool;
use rcrepro_model::plan::{CommandSpec, PacketId, Plan};
use rcrepro_pins::reference::ReferencedTool as Toolchain;
use rcrepro_proof::{ToolCall, tool_calls};

/// A mutant that was not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Its id: the plan's own, or `COMMAND.SEED`.
    pub(crate) id: Name,
    /// What has to go red.
    pub(crate) gate: MutationGate,
    /// What is wrong after it.
    pub(crate) says: String,
    /// What is seeded.
    pub(crate) seed: Seed,
}

/// Says what is seeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seed {
    /// What the plan states.
    Stated(PlanMutant),
    /// A fake secret where gitleaks scans.
    Secret(ToolCall),
    /// A vulnerable module that is called.
    VulnerableModule(Name, ToolCall),
    /// A vulnerable package in npm's lock.
    VulnerablePackage(Name, ToolCall),
    /// A failing Go test.
    GoTest(ToolCall),
    /// A Go file with a type error.
    GoTypeError(ToolCall),
    /// A failing test of vitest's.
    Vitest(ToolCall),
    /// A TypeScript file with a type error.
    TypeError(ToolCall),
    /// A reference to a toolchain that names another version.
    Drift(Toolchain, ToolVersion),
    /// An edit outside of a packet's scope.
    Outside(PacketId),
    /// A document that quotes a command that is not the plan's.
    StaleCommand,
}

/// Lists the mutants of a plan, by id. One that the plan states takes the place of a built-in one of that id.
#[must_use]
pub(crate) fn planned(plan: &Plan) -> Vec<Planned> {
    let used: BTreeSet<&Name> = plan.packets.values().flat_map(|packet| &packet.sets).collect();
    let mut all = BTreeMap::new();
    let mut add = |id: String, gate: MutationGate, says: &str, seed: Seed| {
        let id: Name = id.parse().expect("a command's or packet's id and a word make a name");
        all.insert(id.clone(), Planned { id, gate, says: says.to_owned(), seed });
    };
    for spec in plan.sets.iter().filter(|(name, _)| used.contains(name)).flat_map(|(_, specs)| specs) {
        let mut seen = BTreeSet::new();
        for call in tool_calls(&spec.line, spec.proof).into_iter().filter(|call| seen.insert(call.tool())) {
            if let Some((word, says, seed)) = of_call(spec, call) {
                add(format!("{}.{word}", spec.id), MutationGate::Command(spec.id.clone()), says, seed);
            }
        }
    }
    for (toolchain, pin) in [(Toolchain::Go, &plan.pins.go), (Toolchain::Node, &plan.pins.node)] {
        if let Some(pin) = pin {
            let says = format!("A file names another version of {toolchain} than the pinned one.");
            add(format!("pins.{toolchain}"), MutationGate::Pins, &says, Seed::Drift(toolchain, pin.version));
        }
    }
    for (id, packet) in &plan.packets {
        if !packet.contract.scope.is_empty() {
            let says = "A file outside of the packet's scope is edited.";
            add(format!("scope.{id}"), MutationGate::Scope(id.clone()), says, Seed::Outside(id.clone()));
        }
    }
    let documents = plan.packets.values().any(|packet| packet.contract.rests_on(&Basis::Documents));
    if documents || !plan.documents.paths.is_empty() {
        let says = "A document quotes a command that is not the plan's.";
        add("documents.stale-command".to_owned(), MutationGate::Documents, says, Seed::StaleCommand);
    }
    for mutant in &plan.mutants {
        let (id, gate, says) = (mutant.id.clone(), mutant.gate.clone(), mutant.says.clone());
        all.insert(id.clone(), Planned { id, gate, says, seed: Seed::Stated(mutant.clone()) });
    }
    all.into_values().collect()
}

fn of_call(spec: &CommandSpec, call: ToolCall) -> Option<(&'static str, &'static str, Seed)> {
    let id = spec.id.clone();
    Some(match call.tool() {
        Tool::Gitleaks => ("secret", "A fake access token is tracked.", Seed::Secret(call)),
        Tool::Govulncheck => {
            ("vulnerable-module", "A vulnerable module is required and called.", Seed::VulnerableModule(id, call))
        }
        Tool::NpmAudit => {
            ("vulnerable-package", "A vulnerable version of a package is locked.", Seed::VulnerablePackage(id, call))
        }
        Tool::GoTest => ("failing-test", "A test fails.", Seed::GoTest(call)),
        Tool::GoBuild | Tool::GoVet => ("type-error", "A Go file has a type error.", Seed::GoTypeError(call)),
        Tool::Vitest => ("failing-test", "A test fails.", Seed::Vitest(call)),
        Tool::Tsc => ("type-error", "A TypeScript file has a type error.", Seed::TypeError(call)),
        Tool::Eslint
        | Tool::Jest
        | Tool::Junit
        | Tool::NodeTest
        | Tool::NpmCi
        | Tool::PnpmAudit
        | Tool::Tap
        | Tool::YarnAudit => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_format::plan::plan_toml;

    const PLAN: &str = r#"version = 1
name = "p"
[images.i]
build = "x"
[[sets.all]]
id = "test"
run = "go test ./... && go vet ./..."
image = "i"
[[sets.all]]
id = "make"
run = "make"
image = "i"
[[sets.unused]]
id = "leaks"
run = "gitleaks dir ."
image = "i"
[packets.RC-03]
title = "t"
sets = ["all"]
scope = ["a/**"]
[pins.go]
version = "1.26.8"
[[mutants]]
id = "test.failing-test"
says = "Ours."
gate = "command:make"
file = "a"
find = "b"
replace = "c"
shows = "d"
"#;

    #[test]
    fn the_list_follows_from_the_plan() {
        let plan = plan_toml::parse(PLAN, &[]).expect("a good plan");
        let listed: Vec<String> =
            planned(&plan).iter().map(|planned| format!("{} {}", planned.id, planned.gate)).collect();
        let expected = [
            "pins.go pins",
            "scope.RC-03 scope:RC-03",
            "test.failing-test command:make",
            "test.type-error command:test",
        ];
        assert_eq!(listed, expected);
    }
}
