//! One registry, reached and signed in to.

use std::time::Duration;

use oci_client::RegistryOperation;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use rcrepro_http::{
    CONNECT_LIMIT, FailedRequest, HttpAnswer, HttpError, Method, USER_AGENT, Url, is_header_value, is_loopback,
    is_passing, retry,
};
use tokio::sync::RwLock;

use super::Operation;
use super::credentials;
use super::error::RegistryError;
use super::http::{self, Clients, broken};
use super::place::Place;
use super::settings::RegistrySettings;

/// How long signing in may take.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(60);

/// A place that answers.
pub(super) struct Connection {
    pub place: Place,
    scheme: &'static str,
    operation: Operation,
    clients: Clients,
    settings: RegistrySettings,
    authorization: RwLock<RegistryAuth>,
}

impl Connection {
    /// Asks the registry for its protocol's version, which tells the scheme and how to sign in, and signs in.
    ///
    /// # Errors
    /// [`RegistryError::Unreachable`], [`RegistryError::Tls`], [`RegistryError::Denied`] and whatever finding the
    /// credentials gives.
    pub async fn open(
        place: Place,
        operation: Operation,
        clients: &Clients,
        settings: &RegistrySettings,
    ) -> Result<Self, RegistryError> {
        let (scheme, answer) = retry(settings.pause, async || greet(&place, clients).await, |_, _| {}).await?;
        let connection = Self {
            place,
            scheme,
            operation,
            clients: clients.clone(),
            settings: settings.clone(),
            authorization: RwLock::new(RegistryAuth::Anonymous),
        };
        if answer.status() == 401 {
            connection.sign_in(&answer).await?;
        }
        Ok(connection)
    }

    /// Returns the registry's name for messages.
    pub fn name(&self) -> &str {
        &self.place.authority
    }

    /// Sends a request below the repository and gives a successful answer.
    ///
    /// A token that ran out is renewed once.
    ///
    /// # Errors
    /// [`FailedRequest`].
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        object: &str,
    ) -> Result<HttpAnswer, FailedRequest<RegistryError>> {
        let url = format!("{}://{}/v2/{}/{path}", self.scheme, self.name(), self.place.repository);
        for renewed in [false, true] {
            let request = self.clients.client(self.place.loopback).request(method, &url);
            // Bytes are asked for as they are: their digest is that of the stored form.
            let request = request.header("accept-encoding", "identity");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            let request = match &*self.authorization.read().await {
                RegistryAuth::Anonymous => request,
                RegistryAuth::Basic(user, password) => request.basic(user, password),
                RegistryAuth::Bearer(token) => request.bearer(token),
            };
            let answer = request.send().await.map_err(|error| broken(&error, object, self.name()))?;
            match answer.status() {
                401 if !renewed => self.sign_in(&answer).await?,
                401 | 403 => return Err(self.denied("it answers that access is denied").into()),
                _ => return http::successful(answer, object, self.name()).await,
            }
        }
        unreachable!("the second answer is returned whatever it is")
    }

    /// Returns the distribution client for this registry, signed in, for uploads.
    ///
    /// # Errors
    /// [`RegistryError::Tls`] when the platform's certificate store cannot be used.
    pub async fn uploader(&self) -> Result<Client, RegistryError> {
        let client = self.distribution_client()?;
        client.store_auth_if_needed(self.name(), &*self.authorization.read().await).await;
        Ok(client)
    }

    /// Signs in anew, such as after an upload was refused because a token had run out.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn renew(&self) -> Result<(), RegistryError> {
        let (_, answer) = greet(&self.place, &self.clients).await.map_err(|failure| failure.error)?;
        if answer.status() == 401 { self.sign_in(&answer).await } else { Ok(()) }
    }

    fn distribution_client(&self) -> Result<Client, RegistryError> {
        let mut config = ClientConfig {
            protocol: if self.scheme == "http" { ClientProtocol::Http } else { ClientProtocol::Https },
            // The chunked form takes a round trip for every 4 MB.
            use_monolithic_push: true,
            connect_timeout: Some(CONNECT_LIMIT),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        };
        if self.place.loopback {
            // The client has no switch against the system's proxies; one of its own that serves no host has the effect.
            let nobody = Some("http://localhost/".to_owned());
            (config.http_proxy, config.https_proxy, config.no_proxy) =
                (nobody.clone(), nobody, Some("localhost,127.0.0.0/8,::1/128".to_owned()));
        }
        let tls = |error: OciDistributionError| RegistryError::Tls {
            registry: self.name().to_owned(),
            reason: error.to_string(),
        };
        Client::try_from(config).map_err(tls)
    }

    /// Takes up a challenge.
    async fn sign_in(&self, answer: &HttpAnswer) -> Result<(), RegistryError> {
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let (kind, _) = challenge.split_once(' ').unwrap_or((challenge, ""));
        let found = credentials::find(self.settings.docker_config.clone(), self.place.credential_names.clone()).await?;
        let authorization = if kind.eq_ignore_ascii_case("basic") {
            match found {
                RegistryAuth::Basic(..) => found,
                _ => {
                    return Err(
                        self.denied("it asks for a user and a password, and Docker's configuration has none for it")
                    );
                }
            }
        } else if kind.eq_ignore_ascii_case("bearer") {
            self.check_realm(challenge)?;
            RegistryAuth::Bearer(self.token(&found).await?)
        } else {
            return Err(self.denied("it offers no known way to sign in: expected Basic or Bearer"));
        };
        *self.authorization.write().await = authorization;
        Ok(())
    }

    /// Refuses to take credentials for a TLS registry to a token server that is reached in the clear.
    fn check_realm(&self, challenge: &str) -> Result<(), RegistryError> {
        let lower = challenge.to_ascii_lowercase();
        let realm = lower.split_once("realm=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(realm, _)| realm);
        let url = realm.and_then(|realm| Url::parse(realm).ok());
        let safe = url.is_some_and(|url| match url.scheme() {
            "https" => true,
            "http" => self.scheme == "http" && is_loopback(url.host_str().unwrap_or_default()),
            _ => false,
        });
        if safe { Ok(()) } else { Err(self.denied("it sends for tokens to where no TLS is spoken")) }
    }

    async fn token(&self, found: &RegistryAuth) -> Result<String, RegistryError> {
        let client = self.distribution_client()?;
        let operation = match self.operation {
            Operation::Pull => RegistryOperation::Pull,
            Operation::Push => RegistryOperation::Push,
        };
        let reference = self.place.reference("latest");
        let asked = tokio::time::timeout(SIGN_IN_TIMEOUT, client.auth(&reference, found, operation)).await;
        let token = match asked {
            Err(_) => return Err(self.denied("its token server does not answer in time")),
            Ok(Err(OciDistributionError::RequestError(error))) => {
                return Err(broken(&error.into(), "a token", self.name()).error);
            }
            Ok(Err(error)) => {
                let said = match &error {
                    OciDistributionError::AuthenticationFailure(body) => http::said(body.as_bytes()),
                    other => format!(": {other}"),
                };
                return Err(self.denied(&format!("its token server gives none{said}")));
            }
            Ok(Ok(token)) => token.unwrap_or_default(),
        };
        // Checked here, because it becomes a header.
        if token.is_empty() || !is_header_value(&token) {
            return Err(self.denied("its token server does not return a token"));
        }
        Ok(token)
    }

    fn denied(&self, reason: &str) -> RegistryError {
        RegistryError::Denied {
            registry: self.name().to_owned(),
            repository: self.place.repository.clone(),
            reason: reason.to_owned(),
        }
    }
}

/// Asks for the protocol's version; on this machine itself, TLS is tried before plain HTTP.
///
/// A certificate that is not trusted is never a reason to go on without TLS.
async fn greet(place: &Place, clients: &Clients) -> Result<(&'static str, HttpAnswer), FailedRequest<RegistryError>> {
    let registry = place.authority.as_str();
    let (last, others) = place.schemes.split_last().expect("a place has a scheme");
    let client = clients.client(place.loopback);
    let ask = |scheme: &str| client.request(Method::Get, &format!("{scheme}://{registry}/v2/")).send();
    for scheme in others {
        match ask(scheme).await {
            Err(HttpError::NotTls(_)) => {}
            answer => return Ok((scheme, greeted(answer, registry).await?)),
        }
    }
    Ok((last, greeted(ask(last).await, registry).await?))
}

/// Takes any answer but a passing fault: what it means, the first real request tells better.
async fn greeted(
    answer: Result<HttpAnswer, HttpError>,
    registry: &str,
) -> Result<HttpAnswer, FailedRequest<RegistryError>> {
    let object = "the registry's greeting";
    let answer = answer.map_err(|error| broken(&error, object, registry))?;
    if is_passing(answer.status()) { http::successful(answer, object, registry).await } else { Ok(answer) }
}
