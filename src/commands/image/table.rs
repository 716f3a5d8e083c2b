//! The table of `rcrepro image ls`, for people and as JSON.

use serde_json::{Value, json};

use rcrepro_app::toolchain::list::{ListedImage, Locked, Presence};

const HEAD: [&str; 9] = ["image", "platform", "layers", "size", "packages", "config", "manifest", "store", "engine"];

/// Writes one row per image and platform, with the reason where a lock cannot be relied on.
#[must_use]
pub fn table(rows: &[ListedImage]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let mut widths = HEAD.map(str::len);
    for row in cells.iter().filter(|row| row.len() == HEAD.len()) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&HEAD.map(str::to_owned), &widths);
    for row in &cells {
        text.push_str(&line(row, &widths));
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let whole = cells.len() == HEAD.len();
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(index, (cell, width))| match index {
            // Numbers end below each other; the last cell needs no padding, and a reason is no column.
            3 | 4 if whole => format!("{cell:>width$}"),
            _ if index + 1 == cells.len() => cell.clone(),
            _ => format!("{cell:width$}"),
        })
        .collect();
    format!("{}\n", padded.join("  "))
}

fn cells(row: &ListedImage) -> Vec<String> {
    let mut cells = vec![row.name.to_string(), row.platform.to_string()];
    match &row.state {
        Err(reason) => cells.push(reason.clone()),
        Ok(locked) => {
            let layers: Vec<_> = locked.layers.iter().map(|(name, _)| name.to_string()).collect();
            cells.push(layers.join(","));
            cells.push(format!("{} MB", (locked.size() + 500_000) / 1_000_000));
            cells.push(locked.packages.to_string());
            // Twelve digits, as engines show them; `--json` has them all.
            cells.push(locked.config.to_string()[..12].to_owned());
            cells.push(locked.manifest.to_string()[..12].to_owned());
            cells.push(locked.store.as_str().to_owned());
            cells.push(locked.engine.as_str().to_owned());
        }
    }
    cells
}

/// Describes every row.
#[must_use]
pub fn json(rows: &[ListedImage]) -> Value {
    let presence = |presence: Presence| match presence {
        Presence::Unknown => Value::Null,
        known => json!(known.as_str()),
    };
    let locked = |locked: &Locked| {
        let layers: Vec<_> = locked
            .layers
            .iter()
            .map(
                |(name, digest)| json!({ "from": name.as_str(), "diff_id": digest.hash.to_oci(), "size": digest.size }),
            )
            .collect();
        json!({
            "layers": layers, "size": locked.size(), "packages": locked.packages,
            "config": locked.config.hash.to_oci(), "manifest": locked.manifest.hash.to_oci(),
            "store": presence(locked.store), "engine": presence(locked.engine),
        })
    };
    let row = |row: &ListedImage| {
        let mut value = match &row.state {
            Ok(state) => locked(state),
            Err(reason) => json!({ "error": reason }),
        };
        value["name"] = json!(row.name.as_str());
        value["platform"] = json!(row.platform.to_string());
        value
    };
    rows.iter().map(row).collect()
}
