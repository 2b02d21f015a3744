//! Random ids, in the form that Ruby's libraries use.

/// 96 random bits in hexadecimal digits (`SecureRandom.hex(12)`): Sidekiq's job ids, the nonce of a token.
pub(crate) fn hex_96() -> String {
    format!("{:024x}", rand::random::<u128>() >> 32)
}

/// 128 random bits in hexadecimal digits.
pub(crate) fn hex_128() -> String {
    format!("{:032x}", rand::random::<u128>())
}
