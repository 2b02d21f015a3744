//! Any octets may be answered by what should be Redis: no panic, no endless loop, and no memory for what is only announced.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| mail_room_core::transport::read_replies(octets));
