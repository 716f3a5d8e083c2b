//! From a planned mutant to the change of files that it is.

use std::collections::BTreeMap;

use super::builtin::Seed;
use super::gauge::Gauge;
use super::scratch::ScratchClone;
use super::seeds::{SeedError, SeededChange, go, go_module, npm_package, promises, script, secret, stated};
use super::{MutateError, tree};
use crate::board::{documents, pins};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::scope::{ScopeRules, TrackedChange as Edit};
use rcrepro_model::plan::{CommandSpec, FrozenKind, PacketId, Plan};
use rcrepro_proof::{ToolCall, tool_calls};

impl Gauge<'_> {
    /// Makes the change of a mutant for the source that a scratch clone holds.
    ///
    /// # Errors
    /// [`MutateError::Seed`] when this source has no place for it, others when frozen data could not be had.
    pub(super) async fn plant(&self, seed: &Seed, base: &ScratchClone) -> Result<SeededChange, MutateError> {
        let plan = &base.workspace.plan;
        Ok(match seed {
            Seed::Stated(mutant) => stated(mutant, base)?,
            Seed::Secret(call) => secret::secret(call)?,
            Seed::GoTest(call) => go::failing_test(call, base)?,
            Seed::GoTypeError(call) => go::type_error(call, base)?,
            Seed::Vitest(call) => script::failing_test(call, base)?,
            Seed::TypeError(call) => script::type_error(call, base)?,
            Seed::VulnerableModule(id, call) => self.vulnerable_module(spec(plan, id), call, base).await?,
            Seed::VulnerablePackage(id, call) => {
                let name = input(plan, spec(plan, id), FrozenKind::NpmAdvisories)?;
                let cassette = self.frozen_files(base, name).await?;
                let folder =
                    call.below_source(".").ok_or_else(|| SeedError::Folder { tool: "npm audit".to_owned() })?;
                npm_package::vulnerable_package(&folder, name, &cassette, base)?
            }
            Seed::Drift(toolchain, version) => {
                let judged = pins::pins(&base.workspace, &base.base(), self.today)?.judgement;
                let of_tool = judged.references.iter().filter(|reference| reference.tool == *toolchain);
                promises::drift(*version, of_tool, base)?
            }
            Seed::Outside(id) => promises::outside(&|path| in_scope(base, id, path))?,
            Seed::StaleCommand => {
                let aligned = documents::align(&base.workspace, &base.base())?;
                // A document with written sections is no part of the source: one without comes first.
                let (written, own): (Vec<String>, Vec<String>) = aligned
                    .documents
                    .into_keys()
                    .partition(|path| plan.documents.generated.iter().any(|written| written.as_str() == path));
                promises::stale_command(&[own, written].concat(), known_line(plan), base)?
            }
        })
    }

    async fn vulnerable_module(
        &self,
        spec: &CommandSpec,
        call: &ToolCall,
        base: &ScratchClone,
    ) -> Result<SeededChange, MutateError> {
        let plan = &base.workspace.plan;
        let cache = input(plan, spec, FrozenKind::GoModules)?;
        let database = input(plan, spec, FrozenKind::GoVulndb)?;
        let module = plan.frozen[cache].directory.as_ref().map_or("", |folder| folder.as_str());
        let (folder, package) = go::package(call, base)?;
        let place = go_module::ModulePlace { module, folder: &folder, package: &package, cache, database };
        let entries = self.frozen_files(base, database).await?;
        Ok(go_module::vulnerable_module(&place, &entries, base)?)
    }

    /// Reads all files of a frozen input's tree.
    async fn frozen_files(&self, base: &ScratchClone, name: &Name) -> Result<BTreeMap<String, Vec<u8>>, MutateError> {
        let root = self.frozen_root(base, name).await?;
        tree::files(&**self.context.store, root)
    }

    /// Makes sure that the store has a frozen input, and returns the root that its lock names.
    pub(super) async fn frozen_root(&self, base: &ScratchClone, name: &Name) -> Result<Digest, MutateError> {
        let preparation = self.preparation(&base.workspace);
        let source = base.workspace.ingest_source(&base.base(), &**self.context.store)?.root;
        let image = base.workspace.plan.frozen[name].image.clone();
        let images = preparation.images(image.clone()).await?;
        let identity = image.map(|image| images[&image].identity(&image));
        let (entry, _) = preparation.frozen_step(name, source, identity.as_ref()).ensure().await?;
        Ok(entry.root)
    }
}

/// Tells whether a packet's branch may change a file.
pub(super) fn in_scope(base: &ScratchClone, id: &PacketId, path: &str) -> bool {
    let Some(packet) = base.workspace.plan.packets.get(id) else { return false };
    let rules = ScopeRules::new(&packet.contract, &base.workspace.plan.protected, base.workspace.written());
    let edit = Edit { path: path.to_owned(), before: None, after: None };
    rules.judge(id, &[edit], &BTreeMap::new()).is_empty()
}

/// Gives a line of the plan that any reader knows for a command: one of a known tool, if there is one.
fn known_line(plan: &Plan) -> &str {
    let all = || plan.sets.values().flatten();
    let known = all().find(|spec| !tool_calls(&spec.line, spec.proof).is_empty());
    known.or_else(|| all().next()).map_or("", |spec| spec.line.as_str())
}

fn spec<'a>(plan: &'a Plan, id: &Name) -> &'a CommandSpec {
    plan.command(id).expect("mutants are for commands of the plan")
}

fn input<'a>(plan: &Plan, spec: &'a CommandSpec, kind: FrozenKind) -> Result<&'a Name, SeedError> {
    let found = spec.frozen.iter().find(|name| plan.frozen.get(*name).is_some_and(|input| input.kind == kind));
    found.ok_or(SeedError::NoInput { kind: kind.as_str() })
}
