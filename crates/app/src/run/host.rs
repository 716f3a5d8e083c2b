//! The machine and the engine, as run records name them.

use rcrepro_engine::EngineInfo;
use rcrepro_model::evidence::run_record::{EngineRecord, HostRecord};

/// Describes this machine and the engine.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the kernel's release")]
pub(crate) fn host(engine: &EngineInfo) -> (HostRecord, EngineRecord) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let host = HostRecord {
        system: format!("{} {}", std::env::consts::OS, release.trim()),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        rcrepro: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let engine = EngineRecord {
        name: engine.name.clone(),
        version: engine.version.clone(),
        api_version: engine.api_version.clone(),
        staging: engine.staging.clone(),
    };
    (host, engine)
}
