//! One registry, reached and signed in to.

use std::time::Duration;

use oci_client::RegistryOperation;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::sync::RwLock;

use super::credentials;
use super::error::RegistryError;
use super::http::{self, CONNECT_TIMEOUT, Http, USER_AGENT, broken, is_distrust, is_loopback, is_no_tls};
use super::place::Place;
use super::retry::{Attempts, Failure};
use super::{Operation, RegistrySettings};
use rcrepro_model::content::pace::ANSWER;

/// How long signing in may take.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(60);

/// A place that answers.
pub(super) struct Connection {
    pub place: Place,
    scheme: &'static str,
    operation: Operation,
    http: Http,
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
        http: &Http,
        settings: &RegistrySettings,
    ) -> Result<Self, RegistryError> {
        let mut attempts = Attempts::new(settings.pause);
        let (scheme, response) = loop {
            match greet(&place, http).await {
                Ok(answer) => break answer,
                Err(failure) => tokio::time::sleep(attempts.pause(failure)?).await,
            }
        };
        let connection = Self {
            place,
            scheme,
            operation,
            http: http.clone(),
            settings: settings.clone(),
            authorization: RwLock::new(RegistryAuth::Anonymous),
        };
        if response.status() == StatusCode::UNAUTHORIZED {
            connection.sign_in(response.headers()).await?;
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
    /// [`Failure`].
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        object: &str,
    ) -> Result<Response, Failure> {
        let url = format!("{}://{}/v2/{}/{path}", self.scheme, self.name(), self.place.repository);
        for renewed in [false, true] {
            let client = self.http.client(self.place.loopback);
            // Bytes are asked for as they are: their digest is that of the stored form.
            let mut request =
                client.request(method.clone(), &url).headers(headers.clone()).header(ACCEPT_ENCODING, "identity");
            request = match &*self.authorization.read().await {
                RegistryAuth::Anonymous => request,
                RegistryAuth::Basic(user, password) => request.basic_auth(user, Some(password)),
                RegistryAuth::Bearer(token) => {
                    request.header(AUTHORIZATION, bearer(token).expect("checked when it came"))
                }
            };
            let answer = tokio::time::timeout(ANSWER, request.send()).await;
            let answer = answer.map_err(|_| http::late(object, self.name()))?;
            let response = answer.map_err(|error| broken(&error, object, self.name()))?;
            match response.status() {
                StatusCode::UNAUTHORIZED if !renewed => self.sign_in(response.headers()).await?,
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    return Err(self.denied("it answers that access is denied").into());
                }
                _ => return http::successful(response, object, self.name()).await,
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
        let (_, response) = greet(&self.place, &self.http).await.map_err(|failure| failure.error)?;
        if response.status() == StatusCode::UNAUTHORIZED { self.sign_in(response.headers()).await } else { Ok(()) }
    }

    fn distribution_client(&self) -> Result<Client, RegistryError> {
        let mut config = ClientConfig {
            protocol: if self.scheme == "http" { ClientProtocol::Http } else { ClientProtocol::Https },
            // The chunked form takes a round trip for every 4 MB.
            use_monolithic_push: true,
            connect_timeout: Some(CONNECT_TIMEOUT),
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
    async fn sign_in(&self, headers: &HeaderMap) -> Result<(), RegistryError> {
        let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
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
                return Err(broken(&error, "a token", self.name()).error);
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
        if token.is_empty() || bearer(&token).is_none() {
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

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Asks for the protocol's version; on this machine itself, TLS is tried before plain HTTP.
///
/// A certificate that is not trusted is never a reason to go on without TLS.
async fn greet(place: &Place, http: &Http) -> Result<(&'static str, Response), Failure> {
    let (object, registry) = ("the registry's greeting", place.authority.as_str());
    let (last, others) = place.schemes.split_last().expect("a place has a scheme");
    let ask = |scheme: &'static str| http.client(place.loopback).get(format!("{scheme}://{registry}/v2/")).send();
    for scheme in others {
        match ask(scheme).await {
            Ok(response) => return greeted(scheme, response, registry).await,
            Err(error) if is_distrust(&error) || !is_no_tls(&error) => return Err(broken(&error, object, registry)),
            Err(_) => {}
        }
    }
    match ask(last).await {
        Ok(response) => greeted(last, response, registry).await,
        Err(error) => Err(broken(&error, object, registry)),
    }
}

/// Takes any answer but a passing fault: what it means, the first real request tells better.
async fn greeted(
    scheme: &'static str,
    response: Response,
    registry: &str,
) -> Result<(&'static str, Response), Failure> {
    if response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS {
        http::successful(response, "the registry's greeting", registry).await?;
        unreachable!("a server error is not a success");
    }
    Ok((scheme, response))
}
