//! `rcrepro lock`.

use serde_json::json;

use crate::commands::setup::check::say_next;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use rcrepro_app::frozen::FrozenStep;
use rcrepro_app::run::prepare::Preparation;
use rcrepro_app::workspace::Workspace;
use rcrepro_arguments::StagingName;
use rcrepro_model::content::name::Name;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_report::progress::Progress;

/// Runs the network step of frozen inputs and writes their locks.
pub async fn lock(context: &Context, names: &[Name], revision: &str) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let named = !names.is_empty();
    let names = known(&workspace, names)?;
    let progress = Progress::new(context.json);
    let observe = |event| progress.hear(&event);
    context
        .with_session(StagingName::Auto, async |session, cancel| {
            let preparation = Preparation { context: session.context(&observe, cancel), workspace: &workspace };
            let source = workspace.ingest_source(revision, &*session.store)?;
            let images = names.iter().filter_map(|name| workspace.plan.frozen[name].image.clone());
            let images = preparation.images(images).await?;
            let mut documents = Vec::new();
            let mut failures = Vec::new();
            for name in &names {
                let image = workspace.plan.frozen[name].image.as_ref();
                let identity = image.map(|image| images[image].identity(image));
                let locked = async {
                    let modules = preparation.modules(name, source.root).await?;
                    let step = FrozenStep { modules, ..preparation.frozen_step(name, source.root, identity.as_ref()) };
                    Ok::<_, Failure>(step.lock(named).await?)
                };
                match locked.await {
                    Ok((path, changed)) => {
                        let state = if changed { "locked" } else { "unchanged" };
                        if context.json {
                            let path = path.display().to_string();
                            documents.push(json!({ "name": name, "path": path, "state": state }));
                        } else {
                            print(format!("{state:>10}  {name}: {}\n", path.display()))?;
                        }
                    }
                    // What one registry does not give keeps no other input from being locked.
                    Err(failure) if !cancel.is_cancelled() => {
                        if context.json {
                            documents.push(json!({ "name": name, "state": "not locked" }));
                        } else {
                            print(format!("{:>10}  {name}\n", "not locked"))?;
                        }
                        failures.push(failure);
                    }
                    Err(failure) => return Err(failure),
                }
            }
            if context.json {
                print_json(&json!({ "locks": documents }))?;
            }
            if let Some(failure) = joined(failures, names.len()) {
                return Err(failure);
            }
            say_next(&workspace);
            Ok(Exit::Success)
        })
        .await
}

/// Makes one error of those of all inputs; its exit code is the highest.
fn joined(mut failures: Vec<Failure>, of: usize) -> Option<Failure> {
    if failures.len() < 2 {
        return failures.pop();
    }
    let exit = failures.iter().map(|failure| failure.exit).max_by_key(|exit| exit.code())?;
    let mut hints: Vec<&str> = Vec::new();
    for hint in failures.iter().filter_map(|failure| failure.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    let hint = (!hints.is_empty()).then(|| hints.join("\nhint: "));
    let message = format!("{} of {} could not be locked", failures.len(), counted(of, "frozen input"));
    Some(Failure { causes: failures.iter().map(Failure::words).collect(), ..Failure::plain(exit, message, hint) })
}

fn known(workspace: &Workspace, names: &[Name]) -> Result<Vec<Name>, Failure> {
    let frozen = &workspace.plan.frozen;
    if let Some(unknown) = names.iter().find(|name| !frozen.contains_key(*name)) {
        return Err(UnknownName::new("the plan", "frozen input", unknown, frozen.keys()).into());
    }
    let mut wanted: Vec<Name> = if names.is_empty() { frozen.keys().cloned().collect() } else { names.to_vec() };
    // What is compiled comes after what it is compiled from.
    wanted.sort_by_key(|name| frozen[name].modules.is_some());
    Ok(wanted)
}
