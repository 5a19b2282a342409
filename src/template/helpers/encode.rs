//! Helpers that encode and hash: URL, base64, digests, JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::super::RenderError;
use super::super::bounds::Bounds;
use super::super::value::Value;
use super::Arguments;

type Made<'a> = Result<Value<'a>, RenderError>;

/// Letters, digits, `.`, `-`, `*` and `_` stay; every other byte becomes `%XX`.
pub(super) fn url_encode(text: &str, bounds: &mut Bounds) -> Result<String, RenderError> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let stays = |byte: &u8| byte.is_ascii_alphanumeric() || b".-*_".contains(byte);
    let mut made = bounds.made();
    let mut rest = text;
    loop {
        let clean = rest.bytes().position(|byte| !stays(&byte));
        let (clean, after) = rest.split_at(clean.unwrap_or(rest.len()));
        made.push_str(clean)?;
        let Some(character) = after.chars().next() else {
            return Ok(made.finish());
        };
        for byte in after.bytes().take(character.len_utf8()) {
            made.push('%')?;
            made.push(char::from(HEX[usize::from(byte >> 4)]))?;
            made.push(char::from(HEX[usize::from(byte & 0xf)]))?;
        }
        rest = &after[character.len_utf8()..];
    }
}

pub(super) fn base64(text: &str, bounds: &mut Bounds) -> Result<String, RenderError> {
    bounds.fits(text.len().div_ceil(3) * 4)?;
    Ok(STANDARD.encode(text))
}

pub(super) fn md5(text: &str, _: &mut Bounds) -> Result<String, RenderError> {
    Ok(hex(&Md5::digest(text)))
}

pub(super) fn sha1(text: &str, _: &mut Bounds) -> Result<String, RenderError> {
    Ok(hex(&Sha1::digest(text)))
}

pub(super) fn sha256(text: &str, _: &mut Bounds) -> Result<String, RenderError> {
    Ok(hex(&Sha256::digest(text)))
}

pub(super) fn hmac_sha1<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    keyed::<Hmac<Sha1>>(arguments)
}

pub(super) fn hmac_sha256<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    keyed::<Hmac<Sha256>>(arguments)
}

fn keyed<'a, M: Mac + KeyInit>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let key = arguments.text(1)?;
    let mut mac =
        <M as KeyInit>::new_from_slice(key.as_bytes()).expect("an HMAC takes keys of every length");
    mac.update(text.as_bytes());
    Ok(Value::text(hex(&mac.finalize().into_bytes())))
}

pub(super) fn to_json<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    Ok(Value::Text(arguments.json(0)?))
}

pub(super) fn to_url_encoded_json<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let json = arguments.json(0)?;
    url_encode(&json, arguments.bounds).map(Value::text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
