//! Who gets how much of a budget, and in which order. It only counts: it waits for nothing and wakes nobody.
//!
//! A request is granted only if it leaves free as much as it takes itself, up to a quarter of the whole; so requests
//! of every size leave room for smaller ones. A request that cannot be granted is passed by those behind it that can. Once it has
//! waited for [`PATIENCE`], those who pass it may hold no more than that quarter together: everything else that is given back is
//! saved for it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How long a request may be passed by others without limit.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is left for smaller requests is at most this part of the whole.
const LEFT: u64 = 4;
/// How often the whole budget may be written off.
const WRITTEN_OFF: u64 = 2;

/// What one lease holds.
#[derive(Debug)]
pub(super) struct Held {
    units: u64,
    place: Place,
}

/// Where what is held counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the budget.
    Budget,
    /// In the budget, by a request that passed one that had waited for too long.
    Passed,
    /// In what was written off.
    WrittenOff,
}

#[derive(Debug)]
struct Request<W> {
    number: u64,
    units: u64,
    since: Instant,
    waiter: W,
}

/// A budget's state. `W` is whom a grant is sent to.
#[derive(Debug)]
pub(super) struct Account<W> {
    total: u64,
    free: u64,
    passed: u64,
    written_off: u64,
    queue: VecDeque<Request<W>>,
    numbers: u64,
}

impl<W> Account<W> {
    pub(super) fn new(total: u64) -> Self {
        Self { total, free: total, passed: 0, written_off: 0, queue: VecDeque::new(), numbers: 0 }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn free(&self) -> u64 {
        self.free
    }

    /// Units that a request could have now, if nobody waits.
    pub(super) fn at_once(&self) -> u64 {
        let room = self.free.saturating_sub(self.total / LEFT);
        room.max(self.free / 2)
    }

    /// Puts a request at the end of the queue; returns its number.
    pub(super) fn enqueue(&mut self, units: u64, waiter: W) -> u64 {
        self.numbers = self.numbers.wrapping_add(1);
        let units = units.min(self.total - self.total / LEFT);
        self.queue.push_back(Request { number: self.numbers, units, since: Instant::now(), waiter });
        self.numbers
    }

    /// Takes a request out of the queue, if it still stands there.
    pub(super) fn leave(&mut self, number: u64) -> Option<W> {
        let index = self.queue.iter().position(|request| request.number == number)?;
        self.queue.remove(index).map(|request| request.waiter)
    }

    /// Grants the first request that may be granted.
    pub(super) fn next(&mut self) -> Option<(Held, W)> {
        let now = Instant::now();
        // What is left for requests that pass the first one that has waited for too long.
        let mut saved_for = None;
        let mut found = None;
        for (index, request) in self.queue.iter().enumerate() {
            let granted = match saved_for {
                // Those who passed it before stand in what it leaves for them.
                None => self.free + self.passed.min(self.left_by(request.units)) >= self.wanted(request.units),
                Some(left) => self.free >= self.wanted(request.units) && self.passed + request.units <= left,
            };
            if granted {
                found = Some(index);
                break;
            }
            if saved_for.is_none() && now.saturating_duration_since(request.since) >= PATIENCE {
                saved_for = Some(self.left_by(request.units));
            }
        }
        let request = self.queue.remove(found?)?;
        self.free = self.free.saturating_sub(request.units);
        let place = if saved_for.is_some() { Place::Passed } else { Place::Budget };
        if place == Place::Passed {
            self.passed += request.units;
        }
        Some((Held { units: request.units, place }, request.waiter))
    }

    /// What is held is free again.
    pub(super) fn give_back(&mut self, held: &Held) {
        self.return_units(held.units, held.place);
    }

    /// Only `units` are held any longer.
    pub(super) fn shrink(&mut self, held: &mut Held, units: u64) {
        let returned = held.units.saturating_sub(units);
        held.units -= returned;
        self.return_units(returned, held.place);
    }

    /// What is held does not count towards the budget any longer, unless that would be too much.
    pub(super) fn write_off(&mut self, held: &mut Held) {
        let most = self.total.saturating_mul(WRITTEN_OFF);
        if held.place != Place::WrittenOff && self.written_off.saturating_add(held.units) <= most {
            self.return_units(held.units, held.place);
            self.written_off += held.units;
            held.place = Place::WrittenOff;
        }
    }

    fn return_units(&mut self, units: u64, place: Place) {
        match place {
            Place::WrittenOff => self.written_off = self.written_off.saturating_sub(units),
            Place::Budget => self.free += units,
            Place::Passed => {
                self.free += units;
                self.passed = self.passed.saturating_sub(units);
            }
        }
    }

    /// What has to be free for a request.
    fn wanted(&self, units: u64) -> u64 {
        units + self.left_by(units)
    }

    /// What a request leaves for smaller ones.
    fn left_by(&self, units: u64) -> u64 {
        // One unit is the smallest there is.
        if units == 1 { 0 } else { units.min(self.total / LEFT) }
    }
}
