//! What a step with network is given to open registries.

use super::denied::{DeniedRegistry, refusal};
use super::{FrozenError, FrozenStep, npm};
use crate::machine::access::{self, RegistryAccess, RegistryClient};
use crate::machine::host_network;
use rcrepro_engine::Network;
use rcrepro_model::execution::fault::below;
use rcrepro_model::plan::FrozenKind;

impl FrozenStep<'_> {
    /// Gives the host's way to the registries; none of it enters a digest.
    pub(super) fn transport(&self) -> Result<Network, FrozenError> {
        let RegistryAccess { environment, secrets, .. } = self.access()?;
        Ok(Network::Transport { environment, ca_bundle: host_network::ca_bundle(), secrets })
    }

    /// Tells which registry refused a client that said this.
    pub(super) fn denied(&self, said: &str) -> Result<Option<DeniedRegistry>, FrozenError> {
        let Some((status, host)) = refusal(said) else { return Ok(None) };
        let looked_at = self.access()?.looked_at;
        let is_known = looked_at.iter().any(|one| one.hosts.contains(&host));
        // Some registries answer 404 to a client without credentials; one with credentials can believe it.
        if status == 404 && is_known {
            return Ok(None);
        }
        let reads_netrc = matches!(self.input.kind, FrozenKind::GoModules | FrozenKind::PythonPackages);
        Ok(Some(DeniedRegistry { host, status, reads_netrc, is_trusted: self.is_trusted, looked_at }))
    }

    fn access(&self) -> Result<RegistryAccess, FrozenError> {
        let client = match self.input.kind {
            FrozenKind::NpmPackages | FrozenKind::NpmAdvisories => RegistryClient::Npm,
            FrozenKind::PnpmPackages => RegistryClient::Pnpm,
            FrozenKind::YarnPackages => RegistryClient::Yarn,
            FrozenKind::PythonPackages => RegistryClient::Pip,
            // Debian packages come without a step, so that no registry refuses one.
            FrozenKind::GoModules
            | FrozenKind::DebianPackages
            | FrozenKind::GoVulndb
            | FrozenKind::GoStd
            | FrozenKind::GoBuildCache => RegistryClient::Go,
        };
        let names: &[&str] = match client {
            RegistryClient::Go | RegistryClient::Pip => &[],
            RegistryClient::Npm | RegistryClient::Pnpm => &[npm::lock::SETTINGS],
            RegistryClient::Yarn => &[npm::lock::SETTINGS, ".yarnrc", ".yarnrc.yml"],
        };
        let folder = self.input.directory.as_ref().map_or("", |directory| directory.as_str());
        let mut project = Vec::new();
        for name in names {
            let path = below(folder, name);
            if let Some(bytes) = self.source_file(&path)? {
                project.push((path, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        if client == RegistryClient::Pip {
            for file in self.client_files()? {
                project.push((file.path, String::from_utf8_lossy(&self.store.get(file.digest)?).into_owned()));
            }
        }
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let of_project = if self.is_trusted { Some(&variables) } else { None };
        Ok(access::gather(client, host_network::environment(), &variables, (&project, of_project)))
    }
}
