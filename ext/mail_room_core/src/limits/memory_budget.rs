//! The budget for message octets in memory: one for the process, shared by all mailboxes. Requests are served in their order,
//! except that a smaller one may pass a larger one that waits. Each request leaves room for smaller ones, so that a large
//! message that is held for long delays large messages only.

mod account;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use account::Account;
use tokio::sync::oneshot;

/// Octets of fetched messages that the process holds at a time. A larger message counts as three quarters of it.
pub const PROCESS_OCTETS: u64 = 64 << 20;
/// Octets of one chunk of a mailbox. Two chunks, one being fetched and one being delivered, make a window of 32 MiB.
pub const CHUNK_OCTETS: u64 = 16 << 20;
/// Octets of messages that are encoded for a target at a time. Encoding takes up to four copies.
pub const ENCODING_OCTETS: u64 = 8 << 20;

const UNIT: u64 = 1024;

/// Counts octets in units of 1 KiB. Clones share one budget.
#[derive(Debug, Clone)]
pub struct Budget {
    shared: Arc<Shared>,
    sharers: Arc<AtomicUsize>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Shared(Mutex<Account<oneshot::Sender<Lease>>>);

/// Octets taken from a [`Budget`], given back on drop.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    held: account::Held,
}

impl Budget {
    /// A budget of `octets`.
    pub fn new(octets: u64) -> Self {
        let units = (octets / UNIT).max(1);
        Self {
            shared: Arc::new(Shared(Mutex::new(Account::new(units)))),
            sharers: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// Waits until `octets` are free, and takes them. More than three quarters of the budget count as three quarters. The
    /// caller must not hold a lease that it gives back only after this wait. Cancel safe.
    pub async fn take(&self, octets: u64) -> Lease {
        let _waiting = Share::of(&self.waiting);
        let units = octets.div_ceil(UNIT).max(1);
        loop {
            let (granted, lease) = oneshot::channel();
            let number = self.shared.account().enqueue(units, granted);
            let _place = QueuePlace { shared: &self.shared, number };
            self.shared.serve();
            // The sender is not dropped before it has sent. If it ever is, we queue again.
            if let Ok(lease) = lease.await {
                return lease;
            }
        }
    }

    /// Octets that are taken now.
    pub(crate) fn taken_octets(&self) -> u64 {
        let account = self.shared.account();
        account.total().saturating_sub(account.free()).saturating_mul(UNIT)
    }

    /// Whether a request waits.
    pub(crate) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Counts the caller as one of those who share the budget, until the guard is dropped.
    pub fn share(&self) -> Share {
        Share::of(&self.sharers)
    }

    /// The octets that one chunk of one mailbox should not exceed now, 64 KiB to [`CHUNK_OCTETS`]: half of an equal share, and no
    /// more than can be had without a wait.
    pub fn chunk_octets(&self) -> u64 {
        let (total, at_once) = {
            let account = self.shared.account();
            (account.total(), account.at_once())
        };
        let sharers = u64::try_from(self.sharers.load(Ordering::Relaxed)).unwrap_or(1).max(1);
        (total * UNIT / (2 * sharers)).min(at_once * UNIT).clamp(64 * UNIT, CHUNK_OCTETS)
    }
}

impl Shared {
    /// Grants every request that can be granted now.
    fn serve(self: &Arc<Self>) {
        loop {
            let Some((held, waiter)) = self.account().next() else { return };
            // A requester that has left drops the lease. Not while the account is locked: dropping a lease locks it.
            drop(waiter.send(Lease { shared: Arc::clone(self), held }));
        }
    }

    fn account(&self) -> MutexGuard<'_, Account<oneshot::Sender<Lease>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Stops counting this lease towards the budget, because its holder does not answer and others must not wait for it. Does
    /// nothing once twice the budget was written off.
    pub(crate) fn write_off(&mut self) {
        self.shared.account().write_off(&mut self.held);
        self.shared.serve();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.account().give_back(&self.held);
        self.shared.serve();
    }
}

/// The part of `lease` that covers `octets`; the rest is given back. `None` if nothing is needed.
pub(crate) fn kept(mut lease: Lease, octets: usize) -> Option<Lease> {
    let units = u64::try_from(octets).unwrap_or(u64::MAX).div_ceil(UNIT);
    if units == 0 {
        return None;
    }
    lease.shared.account().shrink(&mut lease.held, units);
    lease.shared.serve();
    Some(lease)
}

/// A place in the queue. Dropping it leaves the queue.
struct QueuePlace<'a> {
    shared: &'a Arc<Shared>,
    number: u64,
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        let left = self.shared.account().leave(self.number);
        if left.is_some() {
            // It may have held up those behind it.
            self.shared.serve();
        }
    }
}

/// Counts one mailbox that shares a [`Budget`], or that waits for it.
#[derive(Debug)]
pub struct Share {
    counted: Arc<AtomicUsize>,
}

impl Share {
    fn of(counted: &Arc<AtomicUsize>) -> Self {
        counted.fetch_add(1, Ordering::Relaxed);
        Self { counted: counted.clone() }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.counted.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn free(budget: &Budget) -> u64 {
        budget.shared.account().free()
    }

    fn taking(budget: &Budget, octets: u64) -> JoinHandle<Lease> {
        let budget = budget.clone();
        tokio::spawn(async move { budget.take(octets).await })
    }

    async fn at_once(budget: &Budget, octets: u64) -> Option<Lease> {
        timeout(Duration::from_millis(1), budget.take(octets)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_larger_than_the_budget_leaves_room_for_small_ones() {
        let budget = Budget::new(MIB);
        let small = budget.take(512 << 10).await;
        let large = taking(&budget, 5 * MIB);
        tokio::task::yield_now().await;
        assert!(!large.is_finished());
        drop(small);
        let large = large.await.unwrap();
        assert_eq!(free(&budget), 256);
        assert!(at_once(&budget, 300 << 10).await.is_none());
        assert!(at_once(&budget, 100 << 10).await.is_some());
        drop(large);
        assert_eq!(free(&budget), 1024);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_request_passes_large_ones_that_wait_behind_hanging_ones() {
        let budget = Budget::new(PROCESS_OCTETS);
        let hang = [budget.take(30 * MIB).await, budget.take(17 * MIB).await];
        let large = [taking(&budget, 40 * MIB), taking(&budget, 20 * MIB)];
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(large.iter().all(|large| !large.is_finished()));
        for _ in 0..10_000 {
            assert!(at_once(&budget, 500).await.is_some());
        }
        let several = at_once(&budget, 4 * MIB).await;
        assert!(several.is_some() && at_once(&budget, 500).await.is_some());
        drop((hang, several));
        for large in large {
            large.await.unwrap();
        }
        assert_eq!(free(&budget), PROCESS_OCTETS / UNIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_request_is_served_although_small_ones_never_cease() {
        let budget = Budget::new(PROCESS_OCTETS);
        let mut held: Vec<_> = Vec::new();
        while let Some(lease) = at_once(&budget, MIB).await {
            held.push(lease);
        }
        let large = taking(&budget, 48 * MIB);
        // There is always one more small request than can be served.
        for round in 0.. {
            assert!(round < 200, "the large one waits for ever");
            held.remove(0);
            tokio::time::sleep(Duration::from_secs(1)).await;
            held.extend(at_once(&budget, MIB).await);
            if large.is_finished() {
                break;
            }
            assert!(held.len() > 1, "the small ones are not served meanwhile");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_holds_up_nobody() {
        let budget = Budget::new(8 * MIB);
        let held = budget.take(6 * MIB).await;
        let waits = taking(&budget, 6 * MIB);
        let behind = taking(&budget, 5 * MIB);
        tokio::time::sleep(Duration::from_secs(60)).await;
        waits.abort();
        waits.await.unwrap_err();
        drop(held);
        behind.await.unwrap();
        assert_eq!((free(&budget), budget.is_wanted()), (8 * 1024, false));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_off_holds_up_nobody_within_bounds() {
        let budget = Budget::new(64 * MIB);
        let mut hang = Vec::new();
        for _ in 0..2 {
            hang.push(budget.take(48 * MIB).await);
            hang.last_mut().unwrap().write_off();
            // Once is enough.
            hang.last_mut().unwrap().write_off();
        }
        assert_eq!(free(&budget), 64 * 1024);
        // A third one would be more than twice the budget.
        let mut third = budget.take(48 * MIB).await;
        third.write_off();
        assert_eq!(free(&budget), 16 * 1024);
        drop(hang.pop());
        third.write_off();
        assert_eq!(free(&budget), 64 * 1024);
        drop((hang, third));
        assert_eq!(free(&budget), 64 * 1024);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_can_be_given_back_in_part() {
        let budget = Budget::new(16 << 10);
        let lease = budget.take(8 << 10).await;
        let lease = kept(lease, (2 << 10) + 1).unwrap();
        assert_eq!(free(&budget), 13);
        let lease = kept(lease, 5 << 10).unwrap();
        assert_eq!(free(&budget), 13);
        assert!(kept(lease, 0).is_none());
        assert_eq!(free(&budget), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn chunks_shrink_as_mailboxes_share_and_as_memory_is_taken() {
        let budget = Budget::new(PROCESS_OCTETS);
        assert_eq!(budget.chunk_octets(), CHUNK_OCTETS);
        let shares: Vec<_> = (0..20).map(|_| budget.share()).collect();
        assert_eq!(budget.chunk_octets(), PROCESS_OCTETS / 40);
        drop(shares);
        assert_eq!(budget.chunk_octets(), CHUNK_OCTETS);
        let held = budget.take(48 * MIB).await;
        let octets = budget.chunk_octets();
        assert!(octets >= 4 * MIB && at_once(&budget, octets).await.is_some(), "{octets}");
        drop(held);
        assert_eq!(budget.chunk_octets(), CHUNK_OCTETS);
    }
}
