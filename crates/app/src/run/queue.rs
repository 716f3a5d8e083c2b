//! Several packets, run one after the other. Those that need one that did not pass are not run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::context::RunContext;
use super::execute::OnFailure;
use super::packet_run::PacketRun;
use super::{RunError, RunOptions, run};
use crate::board::status;
use crate::board::status_error::StatusError;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::{BoardRow, PacketState};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::order::in_order;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;

/// The packets that wait for their turn.
pub struct PacketQueue<'a> {
    workspace: &'a Workspace,
    waiting: Waiting<'a>,
    /// What others may need from now on.
    passed: BTreeSet<PacketId>,
    /// The packets that did not, and those that were not run because they need one of them.
    failed: BTreeSet<PacketId>,
}

enum Waiting<'a> {
    /// Named packets, in the order of their needs.
    Named(std::vec::IntoIter<PacketId>),
    /// Whatever the board shows to be ready; it is asked anew before each turn.
    Ready { store: &'a Path },
}

/// A packet whose turn is over.
pub struct FinishedPacket<'a> {
    /// The packet that was run.
    pub id: &'a PacketId,
    /// What came of it.
    pub run: &'a PacketRun,
    /// The standing of the whole packet.
    pub outcome: Standing,
    /// The commands that did not run, in the plan's order.
    pub skipped: Vec<&'a Name>,
}

impl<'a> PacketQueue<'a> {
    /// Queues packets, each after those of them that it needs.
    ///
    /// # Errors
    /// [`WorkspaceError::Unknown`] for one that the plan does not have.
    pub fn named(workspace: &'a Workspace, packets: &[PacketId]) -> Result<Self, WorkspaceError> {
        let mut needs = BTreeMap::new();
        for id in packets {
            needs.insert(id, &workspace.packet(id)?.needs);
        }
        let order = in_order(&needs).expect("the needs of a plan's packets have no cycle");
        let order: Vec<PacketId> = order.into_iter().cloned().collect();
        Ok(Self {
            workspace,
            waiting: Waiting::Named(order.into_iter()),
            passed: BTreeSet::new(),
            failed: BTreeSet::new(),
        })
    }

    /// Queues every packet with commands that is not done, each once, as soon as nothing blocks it. `store` is the folder of
    /// the user's store.
    #[must_use]
    pub const fn ready(workspace: &'a Workspace, store: &'a Path) -> Self {
        Self { workspace, waiting: Waiting::Ready { store }, passed: BTreeSet::new(), failed: BTreeSet::new() }
    }

    /// Runs the packets, and hands each to `finished`; gives the worst standing. After a packet that does not pass, those that
    /// need it are not run, and with [`OnFailure::Stop`] none is.
    ///
    /// # Errors
    /// [`RunError`] when a run cannot be decided, [`StatusError`] when the board cannot, and what `finished` returns.
    pub async fn run<E: From<RunError> + From<StatusError>>(
        mut self,
        context: RunContext<'_>,
        options: RunOptions<'_>,
        mut finished: impl FnMut(FinishedPacket<'_>) -> Result<(), E>,
    ) -> Result<Standing, E> {
        let mut worst = Standing::Passed;
        while let Some(id) = self.next(options.today)? {
            if let Some(because) = self.failed_need(&id) {
                (context.observe)(RunEvent::PacketSkipped { packet: id.clone(), because });
                self.failed.insert(id);
                continue;
            }
            let packet_run = run(context, self.workspace, &id, options).await?;
            let packet = self.workspace.packet(&id).map_err(RunError::from)?;
            let commands: Vec<&Name> = self.workspace.plan.commands(packet).map(|spec| &spec.id).collect();
            let outcome = packet_run.outcome(commands.len());
            let did_not_run =
                |id: &&Name| packet_run.manifest.command(id).is_none() && !packet_run.record.left_out.contains(id);
            let skipped = commands.into_iter().filter(did_not_run).collect();
            finished(FinishedPacket { id: &id, run: &packet_run, outcome, skipped })?;
            worst = worst.max(outcome);
            if outcome == Standing::Passed {
                self.passed.insert(id);
                continue;
            }
            self.failed.insert(id);
            if options.on_failure == OnFailure::Stop {
                break;
            }
        }
        Ok(worst)
    }

    /// Finds a packet that did not pass and that this one needs, on whatever way.
    fn failed_need(&self, id: &PacketId) -> Option<PacketId> {
        let needs = &self.workspace.plan.packets.get(id)?.needs;
        let failed = needs.iter().find(|need| self.failed.contains(*need)).cloned();
        failed.or_else(|| needs.iter().find_map(|need| self.failed_need(need)))
    }

    fn next(&mut self, today: CivilDate) -> Result<Option<PacketId>, StatusError> {
        let store = match &mut self.waiting {
            Waiting::Named(order) => return Ok(order.next()),
            Waiting::Ready { store } => *store,
        };
        let board = status(self.workspace, self.workspace.revision(), store, today)?;
        let is_open = |row: &BoardRow| {
            matches!(
                row.state,
                PacketState::Ready | PacketState::Failed | PacketState::Tampered | PacketState::Undecided
            )
        };
        let open = board.rows.into_iter().filter(|row| is_open(row) && row.manifest.is_none()).map(|row| row.id);
        Ok(open.into_iter().find(|id| self.has_commands(id) && !self.passed.contains(id) && !self.failed.contains(id)))
    }

    fn has_commands(&self, id: &PacketId) -> bool {
        let plan = &self.workspace.plan;
        plan.packets.get(id).is_some_and(|packet| plan.commands(packet).next().is_some())
    }
}
