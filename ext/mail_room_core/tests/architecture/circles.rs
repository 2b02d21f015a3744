//! Circles of imports: among the files and folders of each folder. A folder stands for all that is in it; a folder's own
//! `mod` file stands above its children and is in no circle with them.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::Import;

/// Files and folders that import each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) members: BTreeSet<String>,
    /// The imports that make it one.
    imports: BTreeSet<(String, String)>,
}

/// Who imports whom, among neighbors, and by which imports.
type Neighbors = BTreeMap<String, BTreeMap<String, BTreeSet<(String, String)>>>;

/// All circles.
pub(crate) fn circles(imports: &BTreeSet<Import>) -> Vec<Circle> {
    let mut folders: BTreeMap<&[String], Neighbors> = BTreeMap::new();
    for Import { from, to } in imports {
        let shared = from.iter().zip(to).take_while(|(one, other)| one == other).count();
        if shared == from.len() || shared == to.len() {
            continue;
        }
        let neighbor = |module: &[String]| module[..=shared].join("::");
        let detail = (from.join("::"), to.join("::"));
        let neighbors = folders.entry(&from[..shared]).or_default();
        neighbors.entry(neighbor(from)).or_default().entry(neighbor(to)).or_default().insert(detail);
    }
    folders.values().flat_map(circles_among).collect()
}

fn circles_among(neighbors: &Neighbors) -> Vec<Circle> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        neighbors.keys().map(|from| (from, reach(neighbors, from))).collect();
    let reaches = |from: &String, to: &String| reached.get(from).is_some_and(|all| all.contains(to));
    let groups: BTreeSet<BTreeSet<String>> = neighbors
        .keys()
        .map(|one| neighbors.keys().filter(|other| reaches(one, other) && reaches(other, one)).cloned().collect())
        .filter(|members: &BTreeSet<_>| !members.is_empty())
        .collect();
    let within = |members: &BTreeSet<String>| {
        let pairs = members.iter().filter_map(|from| neighbors.get(from)).flatten();
        pairs.filter(|(to, _)| members.contains(*to)).flat_map(|(_, imports)| imports.clone()).collect()
    };
    groups.into_iter().map(|members| Circle { imports: within(&members), members }).collect()
}

/// All that `from` imports, directly or not.
fn reach<'a>(neighbors: &'a Neighbors, from: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&String> = neighbors.get(from).into_iter().flat_map(BTreeMap::keys).collect();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(neighbors.get(next).into_iter().flat_map(BTreeMap::keys));
        }
    }
    reached
}
