//! The packets' tables: prose, criteria, scope, and what is protected from all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::advisory::scan::ScanFindingId;
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::contract::{Basis, Contract, Criterion};
use rcrepro_model::plan::glob;
use rcrepro_model::plan::order::in_order;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::plan::{CommandSpec, Packet, PacketId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PacketWire {
    title: String,
    #[serde(default)]
    sets: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    release_images: Vec<Spanned<String>>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    #[serde(default)]
    findings: Vec<Spanned<String>>,
    #[serde(default)]
    goal: Vec<String>,
    #[serde(default)]
    in_scope: Vec<String>,
    #[serde(default)]
    out_of_scope: Vec<String>,
    #[serde(default)]
    rollback: Vec<String>,
    #[serde(default)]
    scope: Vec<Spanned<String>>,
    #[serde(default)]
    checks: Vec<CriterionWire>,
    #[serde(default)]
    evidence: Vec<CriterionWire>,
    #[serde(default)]
    exit: Vec<CriterionWire>,
    threat_model: Option<Spanned<String>>,
    rollback_plan: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CriterionWire {
    says: Spanned<String>,
    rests_on: Spanned<Vec<Spanned<String>>>,
}

impl Source<'_> {
    pub(super) fn protected(
        &self,
        wires: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    ) -> Result<BTreeMap<Name, Vec<String>>, PlanError> {
        wires.iter().map(|(name, globs)| Ok((self.parse(name)?, self.globs(globs)?))).collect()
    }

    pub(super) fn packets(
        &self,
        wires: BTreeMap<Spanned<String>, PacketWire>,
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
        release_images: &BTreeMap<Name, ReleaseImage>,
        protected: &BTreeMap<Name, Vec<String>>,
    ) -> Result<BTreeMap<PacketId, Packet>, PlanError> {
        let set_names: BTreeSet<&Name> = sets.keys().collect();
        let mut spans = BTreeMap::new();
        for name in wires.keys() {
            spans.insert(self.parse::<PacketId>(name)?, name.span());
        }
        let ids: BTreeSet<&PacketId> = spans.keys().collect();
        let mut packets = BTreeMap::new();
        for (name, wire) in &wires {
            let named = wire.sets.as_ref().map(Spanned::as_ref).into_iter().flatten();
            let names: Result<Vec<Name>, _> = named.map(|set| self.reference("set", set, &set_names)).collect();
            let needs: Result<BTreeSet<PacketId>, _> =
                wire.needs.iter().map(|id| self.reference("packet", id, &ids)).collect();
            let findings: Result<BTreeSet<ScanFindingId>, _> = wire.findings.iter().map(|id| self.parse(id)).collect();
            let packet = Packet {
                title: wire.title.clone(),
                sets: names?,
                release_images: self.built(&wire.release_images, release_images)?,
                needs: needs?,
                findings: findings?,
                contract: self.contract(wire)?,
            };
            let span = wire.sets.as_ref().map_or(name.span(), Spanned::span);
            self.check_closed(span, &packet, sets)?;
            self.check_built(&wire.release_images, &packet, sets, release_images)?;
            self.check_criteria(wire, &packet, sets)?;
            self.check_scope(wire, protected)?;
            packets.insert(self.parse(name)?, packet);
        }
        if let Err(id) = in_order(&packets.iter().map(|(id, packet)| (id, &packet.needs)).collect()) {
            let span = spans.get(id).cloned().unwrap_or(0..0);
            let hint = "take one of the packets in the circle out of the other's `needs`".to_owned();
            return Err(self.error(span, format!("packet `{id}` needs itself, by way of `needs`"), Some(hint)));
        }
        Ok(packets)
    }

    fn contract(&self, wire: &PacketWire) -> Result<Contract, PlanError> {
        Ok(Contract {
            goal: wire.goal.clone(),
            in_scope: wire.in_scope.clone(),
            out_of_scope: wire.out_of_scope.clone(),
            rollback: wire.rollback.clone(),
            scope: self.globs(&wire.scope)?,
            checks: self.criteria(&wire.checks)?,
            evidence: self.criteria(&wire.evidence)?,
            exit: self.criteria(&wire.exit)?,
            threat_model: wire.threat_model.as_ref().map(|path| self.parse(path)).transpose()?,
            rollback_plan: wire.rollback_plan.as_ref().map(|path| self.parse(path)).transpose()?,
        })
    }

    fn criteria(&self, wires: &[CriterionWire]) -> Result<Vec<Criterion>, PlanError> {
        wires
            .iter()
            .map(|wire| {
                if wire.says.as_ref().trim().is_empty() {
                    return Err(self.error(wire.says.span(), "the criterion says nothing", None));
                }
                let bases: Result<BTreeSet<Basis>, _> =
                    wire.rests_on.as_ref().iter().map(|basis| self.parse(basis)).collect();
                let rests_on = bases?;
                if rests_on.is_empty() {
                    let hint = "name what decides it, such as `rests-on = [\"commands\"]`".to_owned();
                    return Err(self.error(wire.rests_on.span(), "the criterion rests on nothing", Some(hint)));
                }
                Ok(Criterion { says: wire.says.as_ref().clone(), rests_on })
            })
            .collect()
    }

    /// Checks that criteria rest on commands that the packet runs.
    fn check_criteria(
        &self,
        wire: &PacketWire,
        packet: &Packet,
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
    ) -> Result<(), PlanError> {
        let ids: BTreeSet<&Name> = commands(packet, sets).map(|command| &command.id).collect();
        let wires = wire.checks.iter().chain(&wire.evidence).chain(&wire.exit);
        for basis in wires.flat_map(|criterion| criterion.rests_on.as_ref()) {
            let missing = match self.parse::<Basis>(basis)? {
                Basis::Command(id) if !ids.contains(&id) => format!("the packet runs no command `{id}`"),
                Basis::Image(name) if !packet.release_images.contains(&name) => {
                    let message = format!("the packet builds no image `{name}` of the release");
                    let hint = format!("name it: `release-images = [\"{name}\"]`");
                    return Err(self.error(basis.span(), message, Some(hint)));
                }
                Basis::Commands if ids.is_empty() => "the packet runs no command".to_owned(),
                _ => continue,
            };
            let known: Vec<String> = ids.iter().map(|id| format!("`command:{id}`")).collect();
            let hint = (!known.is_empty()).then(|| format!("known: {}", known.join(", ")));
            return Err(self.error(basis.span(), missing, hint));
        }
        Ok(())
    }

    /// Checks that who may change what is protected names a threat model and a rollback plan.
    fn check_scope(&self, wire: &PacketWire, protected: &BTreeMap<Name, Vec<String>>) -> Result<(), PlanError> {
        if wire.threat_model.is_some() && wire.rollback_plan.is_some() {
            return Ok(());
        }
        for glob in &wire.scope {
            let meets = |guarded: &&String| glob::overlap(guarded, glob.as_ref());
            let found = protected.iter().find_map(|(name, globs)| Some((name, globs.iter().find(meets)?)));
            if let Some((name, guarded)) = found {
                let message = format!(
                    "the scope `{}` overlaps `{guarded}`, which is protected (`{name}`), and the packet has no \
                     threat model and rollback plan",
                    glob.as_ref()
                );
                let hint = "narrow the scope, or name both documents: `threat-model = \"docs/…\"`, \
                            `rollback-plan = \"docs/…\"`";
                return Err(self.error(glob.span(), message, Some(hint.to_owned())));
            }
        }
        Ok(())
    }

    /// Checks that a packet has commands or rests on something else, no command twice, and the commands that those need.
    fn check_closed(
        &self,
        span: Range<usize>,
        packet: &Packet,
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
    ) -> Result<(), PlanError> {
        let commands: Vec<&CommandSpec> = commands(packet, sets).collect();
        if commands.is_empty() && packet.contract.exit.is_empty() {
            let hint = "a packet that runs nothing proves nothing; give it a set with commands, or exit criteria";
            return Err(self.error(span, "the packet has no command", Some(hint.to_owned())));
        }
        let mut ids = BTreeSet::new();
        for command in &commands {
            if !ids.insert(&command.id) {
                return Err(self.error(span, format!("command `{}` would run twice", command.id), None));
            }
        }
        for command in &commands {
            if let Some(missing) = command.needs.iter().find(|need| !ids.contains(need)) {
                let message = format!("command `{}` needs `{missing}`, which is in none of these sets", command.id);
                return Err(self.error(span, message, Some(format!("add the set that holds `{missing}`"))));
            }
        }
        Ok(())
    }
}

fn commands<'a>(
    packet: &'a Packet,
    sets: &'a BTreeMap<Name, Vec<CommandSpec>>,
) -> impl Iterator<Item = &'a CommandSpec> {
    packet.sets.iter().filter_map(|set| sets.get(set)).flatten()
}

#[cfg(test)]
mod tests {
    use crate::plan::plan_toml::{PlanError, parse};
    use rcrepro_model::plan::Plan;

    const PLAN: &str = r#"version = 1
name = "beacon"

[images.go]
build = "images/go.toml"

[[sets.signup]]
id = "signup"
run = "go test ./..."
image = "go"

[protected]
auth = ["internal/api/auth*.go", "internal/rbac/**"]

[packets.RC-00]
title = "Freeze"
goal = ["Freeze the command set."]
exit = [{ says = "The tracker exists.", rests-on = ["file:docs/progress.md", "approval"] }]

[packets.RC-03]
title = "Signup"
sets = ["signup"]
needs = ["RC-00"]
in-scope = ["Clean up."]
out-of-scope = ["Policies."]
rollback = ["Revert the handler."]
scope = ["internal/api/signup*.go"]
exit = [{ says = "The tests pass.", rests-on = ["command:signup"] }]
"#;

    fn changed(from: &str, to: &str) -> Result<Plan, PlanError> {
        assert!(PLAN.contains(from), "{from}");
        parse(&PLAN.replacen(from, to, 1), &[])
    }

    #[test]
    fn contracts_are_understood() {
        let plan = changed("", "").expect("a good plan");
        let packet = &plan.packets[&"RC-03".parse().expect("an id")];
        assert_eq!(packet.contract.exit[0].says, "The tests pass.");
        assert_eq!(packet.contract.rollback, ["Revert the handler."]);
        assert_eq!(plan.protected.len(), 1);
        let allowed = "scope = [\"internal/**\"]\nthreat-model = \"docs/t.md\"\nrollback-plan = \"docs/r.md\"";
        changed("scope = [\"internal/api/signup*.go\"]", allowed).expect("a protected scope with both documents");
    }

    #[test]
    fn mistakes_are_placed_and_explained() {
        let cases = [
            (
                "exit = [{ says = \"The tracker exists.\", rests-on = [\"file:docs/progress.md\", \"approval\"] }]",
                "",
                "15:10: the packet has no command",
            ),
            ("\"command:signup\"", "\"command:signin\"", "28:49: the packet runs no command `signin`"),
            ("\"approval\"", "\"commands\"", "18:78: the packet runs no command"),
            ("\"approval\"", "\"approved\"", "18:78: `approved` is nothing that a criterion can rest on"),
            ("[\"command:signup\"]", "[]", "28:48: the criterion rests on nothing"),
            ("\"The tests pass.\"", "\" \"", "28:18: the criterion says nothing"),
            (
                "internal/api/signup*.go",
                "internal/api/*.go",
                "27:10: the scope `internal/api/*.go` overlaps `internal/api/auth*.go`, which is protected (`auth`)",
            ),
            ("needs = [\"RC-00\"]", "needs = [\"RC-07\"]", "23:10: there is no packet `RC-07`"),
            ("needs = [\"RC-00\"]", "needs = [\"RC-03\"]", "20:10: packet `RC-03` needs itself"),
            ("needs = [\"RC-00\"]", "findings = [\"GO-1\"]", "23:13: invalid finding name `GO-1`"),
            ("rollback = [", "rolback = [", "26:1: unknown field `rolback`"),
        ];
        for (from, to, expected) in cases {
            let error = changed(from, to).expect_err(expected);
            assert!(error.to_string().starts_with(expected), "{error}\nexpected {expected}");
        }
    }
}
