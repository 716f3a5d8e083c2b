//! `rcrepro doctor`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use rcrepro_app::machine::config::package_mirrors;
use rcrepro_app::machine::doctor::{Health, examine};

/// Examines the machine and prints one line per check, with the command that mends what is missing.
pub async fn doctor(context: &Context, blobs: bool) -> Result<Exit, Failure> {
    let checks = examine(&context.directory, &context.store, &package_mirrors(&context.config()?), blobs).await;
    let sick = checks.iter().any(|check| matches!(check.health, Health::Missing | Health::Damaged));
    if context.json {
        let list: Vec<_> = checks
            .iter()
            .map(|c| serde_json::json!({ "check": c.what, "health": c.health.as_str(), "found": c.found, "hint": c.hint }))
            .collect();
        print_json(&serde_json::Value::from(list))?;
    } else {
        let mut text = String::new();
        for check in &checks {
            text.push_str(&format!("{:>8}  {}: {}\n", check.health.as_str(), check.what, check.found));
            if let Some(hint) = &check.hint {
                text.push_str(&format!("{:>10}hint: {hint}\n", ""));
            }
        }
        print(text)?;
    }
    Ok(if sick { Exit::Engine } else { Exit::Success })
}
