//! Any octets from an IMAP server, split at any point, with any script of commands: no panic, nothing held over the bounds,
//! and what is passed on can be read by the library. Bodies come out as they went in.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use mail_room_core::transport::imap_stream_harness as harness;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, Vec<u8>, Vec<Vec<u8>>)| {
    let (octets, splits, script, bodies) = input;
    harness::play(&octets, &splits, &script);
    let bodies: BTreeMap<u32, Vec<u8>> = (1..=50).zip(bodies).collect();
    harness::bodies(&bodies, &script, &splits);
});
