//! The places of one repository, asked one after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::connection::Connection;
use super::error::RegistryError;
use super::http::Clients;
use super::place::Place;
use super::settings::RegistrySettings;
use super::{Operation, RegistryEvent};

/// The places in the order in which they are asked; each is connected to when it is first needed.
pub(super) struct Route<'a> {
    stops: Vec<Stop>,
    operation: Operation,
    clients: &'a Clients,
    settings: &'a RegistrySettings,
    on_event: &'a (dyn Fn(RegistryEvent) + Sync),
}

struct Stop {
    place: Place,
    connection: OnceCell<Connection>,
    /// Set when no connection could be made, so that it is not tried for every layer again.
    dead: AtomicBool,
}

impl<'a> Route<'a> {
    pub fn new(
        places: Vec<Place>,
        operation: Operation,
        clients: &'a Clients,
        settings: &'a RegistrySettings,
        on_event: &'a (dyn Fn(RegistryEvent) + Sync),
    ) -> Self {
        let stop = |place| Stop { place, connection: OnceCell::new(), dead: AtomicBool::new(false) };
        Self { stops: places.into_iter().map(stop).collect(), operation, clients, settings, on_event }
    }

    /// Passes an event to the listener.
    pub fn tell(&self, event: RegistryEvent) {
        (self.on_event)(event);
    }

    /// Tells the listener what failed and after how long it is tried again.
    pub fn tell_retry(&self, error: &RegistryError, pause: Duration) {
        self.tell(RegistryEvent::Retrying { reason: error.to_string(), pause });
    }

    /// Asks each place until one serves.
    ///
    /// # Errors
    /// What the last place said; what the others said went to the listener. A failing store ends it at once.
    pub async fn ask<T>(
        &self,
        object: &str,
        mut ask: impl AsyncFnMut(&Connection) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut latest = None;
        for stop in &self.stops {
            if stop.dead.load(Ordering::Relaxed) && self.stops.len() > 1 {
                continue;
            }
            if let Some(error) = &latest {
                let reason = RegistryError::to_string(error);
                self.tell(RegistryEvent::Elsewhere { object: object.to_owned(), reason });
            }
            let answer = match self.connect(stop).await {
                Ok(connection) => ask(connection).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(value) => return Ok(value),
                Err(error @ RegistryError::Store(_)) => return Err(error),
                Err(error) => latest = Some(error),
            }
        }
        Err(latest.unwrap_or_else(|| RegistryError::Unreachable {
            object: object.to_owned(),
            registry: self.stops.iter().map(|stop| &*stop.place.authority).collect::<Vec<_>>().join(", "),
            reason: "no connection could be made before".to_owned(),
        }))
    }

    async fn connect<'b>(&'b self, stop: &'b Stop) -> Result<&'b Connection, RegistryError> {
        let open = || Connection::open(stop.place.clone(), self.operation, self.clients, self.settings);
        let connection = stop.connection.get_or_try_init(open).await;
        connection.inspect_err(|_| stop.dead.store(true, Ordering::Relaxed))
    }
}
