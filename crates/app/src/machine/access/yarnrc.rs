//! `.yarnrc.yml` of yarn 2 and later, as settings of npm, whose client fetches for every step.

use super::npmrc::{NpmSettings, expand, nerf};
use super::settings::Variables;
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_model::content::base64;
use rcrepro_pins::syntax::yaml;

/// Reads registries and credentials: at the top, by registry (`npmRegistries`) and by scope (`npmScopes`).
pub(super) fn read(text: &str, variables: &Variables) -> NpmSettings {
    let mut found = NpmSettings::default();
    let Some(document) = yaml::documents(text).ok().and_then(|documents| documents.into_iter().next()) else {
        return found;
    };
    let registry = value(&document, "npmRegistryServer", variables, &mut found);
    if let Some(registry) = &registry {
        found.set("registry", registry);
    }
    let own = variables.get("YARN_NPM_REGISTRY_SERVER").cloned();
    credentials(&document, own.or(registry).as_deref(), variables, &mut found);
    for (key, entry) in document.get("npmRegistries").map(SyntaxNode::pairs).unwrap_or_default() {
        let Some((address, _)) = key.text().map(|key| expand(key, variables)) else { continue };
        let address = if address.starts_with("//") { format!("https:{address}") } else { address };
        credentials(entry, Some(&address), variables, &mut found);
    }
    for (key, entry) in document.get("npmScopes").map(SyntaxNode::pairs).unwrap_or_default() {
        let Some(scope) = key.text() else { continue };
        let registry = value(entry, "npmRegistryServer", variables, &mut found);
        if let Some(registry) = &registry {
            found.set(&format!("@{scope}:registry"), registry);
        }
        credentials(entry, registry.as_deref(), variables, &mut found);
    }
    found
}

fn value(node: &SyntaxNode, key: &str, variables: &Variables, found: &mut NpmSettings) -> Option<String> {
    let text = node.get(key)?.text()?;
    let (value, unset) = expand(text, variables);
    found.note(text, unset);
    (!value.is_empty()).then_some(value)
}

/// Takes over `npmAuthToken` and `npmAuthIdent`, which is `USER:PASSWORD` or that in Base64.
fn credentials(node: &SyntaxNode, registry: Option<&str>, variables: &Variables, found: &mut NpmSettings) {
    let token = value(node, "npmAuthToken", variables, found);
    let identity = value(node, "npmAuthIdent", variables, found);
    // Without a registry it is that of npm's own settings.
    let place = registry.map(nerf).unwrap_or_default();
    if let Some(token) = token {
        found.set(format!("{place}:_authToken").trim_start_matches(':'), &token);
    }
    if let Some(identity) = identity {
        let coded = if identity.contains(':') { base64::encode(&identity) } else { identity };
        found.set(format!("{place}:_auth").trim_start_matches(':'), &coded);
    }
}
