//! Opens sessions on one mailbox of Microsoft Graph. Token and throttle outlive them.

use std::sync::Arc;
use std::time::Duration;

use super::super::connector::{Account, Connector};
use super::Graph;
use super::address::Address;
use super::client::Client;
use super::delta::Delta;
use super::folder;
use super::lister::Lister;
use super::mark::Marker;
use super::size::Sizes;
use super::throttle::Throttles;
use super::token::Tokens;
use super::watch::Watch;
use crate::config;
use crate::error::Result;
use crate::observe::log::Log;
use crate::observe::progress::Progress;
use crate::transport::http::Http;

/// How long a connection may take, including the lookup of the name and the TLS handshake.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Opens sessions on one mailbox.
pub struct GraphConnector {
    client: Arc<Client>,
    poll_interval: Duration,
    delta: bool,
    since: Option<String>,
}

impl std::fmt::Debug for GraphConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphConnector").field("host", &self.client.address.host()).finish_non_exhaustive()
    }
}

impl GraphConnector {
    /// Opens no connection yet. Mailboxes of one process share `throttles`.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if an endpoint is not a URL.
    pub(crate) fn new(account: &Account, graph: &config::Graph, throttles: &mut Throttles) -> Result<Self> {
        Ok(Self {
            client: Arc::new(client(&account.config, graph, throttles, (&account.log, &account.progress))?),
            poll_interval: Duration::from_secs(graph.poll_interval.max(1)),
            delta: graph.delta,
            since: graph.since.clone(),
        })
    }
}

/// The client for `mailbox`. Opens no connection yet.
pub(crate) fn client(
    mailbox: &config::Mailbox,
    graph: &config::Graph,
    throttles: &mut Throttles,
    (log, progress): (&Log, &Arc<Progress>),
) -> Result<Client> {
    let address = Address::new(&graph.graph_endpoint, &mailbox.email)?;
    let http = || Http::new(mailbox.tls.clone(), CONNECT_WITHIN);
    let tokens = Tokens::new(graph, http(), log.clone(), progress.clone())?;
    let throttle = throttles.of(&address.mailbox());
    Ok(Client::new(address, http(), tokens, throttle, (log.clone(), progress.clone())))
}

impl Connector for GraphConnector {
    type Source = Graph;

    async fn connect(&self, account: &Account) -> Result<Graph> {
        self.client.log_in().await?;
        let folder = folder::find(&self.client, &account.config.name).await?;
        let named = Some(&account.config.name).filter(|_| !folder.is_well_known());
        Ok(Graph {
            client: self.client.clone(),
            scope: self.client.address.scope(folder.id()),
            named_scope: named.map(|name| self.client.address.scope(name)),
            watch: Watch::new(&account.config.name, folder),
            lister: Lister::since(self.since.as_deref()),
            sizes: Sizes::new(account.config.max_message_size),
            marker: Marker::new(account.config.failed_mailbox.as_deref(), account.config.delivered_mailbox.as_deref()),
            poll_interval: self.poll_interval,
            delta: self.delta.then(Delta::default),
        })
    }
}
