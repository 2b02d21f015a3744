//! Any octets may be shown as a certificate, and are read for people before anybody trusts them: no panic, no endless loop.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| mail_room_core::transport::read_certificate(octets));
