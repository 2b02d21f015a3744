//! The process's one budget for message bytes in memory, shared by all mailboxes: first come, first served, and no
//! mailbox plans for more than its fair share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Octets of fetched messages the whole process holds at a time; a single larger message is let through alone.
pub const PROCESS_OCTETS: u64 = 64 << 20;
/// Octets one mailbox plans to hold in one chunk; two chunks (one fetched, one delivered) make its window of 32 MiB.
pub const CHUNK_OCTETS: u64 = 16 << 20;
/// Octets of messages that are being encoded for a target at a time; encoding takes up to four copies.
pub const ENCODING_OCTETS: u64 = 8 << 20;

const UNIT: u64 = 1024;

/// A semaphore that counts octets in units of 1 KiB.
#[derive(Debug, Clone)]
pub struct Budget {
    permits: Arc<Semaphore>,
    units: u64,
    sharers: Arc<AtomicUsize>,
    waiting: Arc<AtomicUsize>,
}

/// Octets taken from a [`Budget`], given back on drop.
pub type Lease = OwnedSemaphorePermit;

impl Budget {
    /// A budget of `octets`.
    pub fn new(octets: u64) -> Self {
        let units = (octets / UNIT).clamp(1, u64::from(u32::MAX >> 3));
        let permits = Arc::new(Semaphore::new(usize::try_from(units).unwrap_or(usize::MAX >> 3)));
        Self { permits, units, sharers: Arc::default(), waiting: Arc::default() }
    }

    /// Waits until `octets` are free and takes them; more than the whole budget counts as the whole. First come, first
    /// served. Whoever waits here must not hold a lease that depends on its own progress to be given back.
    pub async fn take(&self, octets: u64) -> Option<Lease> {
        let units = octets.div_ceil(UNIT).clamp(1, self.units);
        let units = u32::try_from(units).unwrap_or(u32::MAX >> 3);
        let _waiting = Share::of(&self.waiting);
        // None only if the semaphore were closed, which nobody does.
        self.permits.clone().acquire_many_owned(units).await.ok()
    }

    /// Whether somebody waits for more than is free.
    pub(crate) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Counts the caller among those who share the budget, until the guard is dropped.
    pub fn share(&self) -> Share {
        Share::of(&self.sharers)
    }

    /// What one chunk of one mailbox should stay within right now: half of an equal share, at most [`CHUNK_OCTETS`].
    pub fn chunk_octets(&self) -> u64 {
        let sharers = u64::try_from(self.sharers.load(Ordering::Relaxed)).unwrap_or(1).max(1);
        (self.units * UNIT / (2 * sharers)).clamp(64 * UNIT, CHUNK_OCTETS)
    }
}

/// What is left of `lease` if only `octets` are needed any longer.
pub(crate) fn kept(mut lease: Lease, octets: usize) -> Option<Lease> {
    let units = u64::try_from(octets).unwrap_or(u64::MAX).div_ceil(UNIT);
    let units = usize::try_from(units).unwrap_or(usize::MAX).min(lease.num_permits());
    lease.split(units)
}

/// One mailbox's place among those who share a [`Budget`], or wait for it.
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
    use super::*;

    #[tokio::test]
    async fn a_message_larger_than_the_budget_travels_alone() {
        let budget = Budget::new(1 << 20);
        let small = budget.take(1).await.unwrap();
        let large = tokio::spawn({
            let budget = budget.clone();
            async move { budget.take(5 << 20).await.unwrap() }
        });
        tokio::task::yield_now().await;
        assert!(!large.is_finished());
        drop(small);
        let large = large.await.unwrap();
        assert_eq!(budget.permits.available_permits(), 0);
        drop(large);
        assert_eq!(budget.permits.available_permits(), 1024);
    }

    #[tokio::test]
    async fn a_lease_can_be_given_back_in_part() {
        let budget = Budget::new(10 << 10);
        let lease = budget.take(8 << 10).await.unwrap();
        let lease = kept(lease, (2 << 10) + 1).unwrap();
        assert_eq!((lease.num_permits(), budget.permits.available_permits()), (3, 7));
        let lease = kept(lease, 5 << 10).unwrap();
        assert_eq!((lease.num_permits(), budget.permits.available_permits()), (3, 7));
        drop(kept(lease, 0));
        assert_eq!(budget.permits.available_permits(), 10);
    }

    #[test]
    fn chunks_shrink_as_mailboxes_share() {
        let budget = Budget::new(PROCESS_OCTETS);
        assert_eq!(budget.chunk_octets(), CHUNK_OCTETS);
        let shares: Vec<_> = (0..20).map(|_| budget.share()).collect();
        assert_eq!(budget.chunk_octets(), PROCESS_OCTETS / 40);
        drop(shares);
        assert_eq!(budget.chunk_octets(), CHUNK_OCTETS);
    }
}
