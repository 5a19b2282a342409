//! Encoding and hashing.

use super::{refuses, renders};

/// What each template renders as.
const RENDERS: &[(&str, &str)] = &[
    (
        "{{urlEncode 'a b&ü*~'}}|{{#urlEncode}}{{s}}/{{i}}{{/urlEncode}}|{{urlEncode missing}}",
        "a%20b%26%C3%BC*%7E|new%20york%2F7|",
    ),
    (
        "{{#urlEncode}}{{#if yes}}{{u}}{{/if}}{{/urlEncode}}|{{#urlEncode}}{{e}}{{else}}a b{{/urlEncode}}",
        "%C3%B1and%C3%BA%20%C3%96l|a%20b",
    ),
    (
        "{{base64 'ü~'}}|{{#base64}}{{s}}{{/base64}}|{{base64 n}}|{{base64 i}}",
        "w7x+|bmV3IHlvcms=||Nw==",
    ),
    (
        "{{md5 'a'}}|{{#md5}}{{missing}}{{/md5}}",
        "0cc175b9c0f1b6a831c399e269772661|d41d8cd98f00b204e9800998ecf8427e",
    ),
    (
        "{{sha1 'a'}}|{{sha1 missing}}",
        "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8|",
    ),
    (
        "{{sha256 'a'}}",
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    ),
    (
        "{{hmacSHA1 'a' 'key'}}|{{hmacSHA1 missing 'key'}}",
        "0db21f05052f323e714ef9bf1f7b000ffe97e8a0|",
    ),
    (
        "{{hmacSHA256 'The quick brown fox jumps over the lazy dog' 'key'}}",
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
    ),
    (
        "{{toJson o}}|{{toJson u}}|{{toJson big}}|{{toJson missing}}|{{toJson n}}|{{toJson yes}}",
        "{\"b\":1.10,\"a\":[1,\"x y\"]}|\"ñandú Öl\"|12345678901234567890|null|null|true",
    ),
    (
        "{{toUrlEncodedJson list}}|{{toUrlEncodedJson missing}}",
        "%5B%22a%22%2C1%2Cnull%2C%22%C3%BC%22%5D|",
    ),
];

/// What each template is refused with.
const REFUSES: &[(&str, &str)] = &[
    (
        "{{urlEncode list}}",
        "helper `urlEncode`: `value` must be text, not a list",
    ),
    (
        "{{md5 o}}",
        "helper `md5`: `value` must be text, not an object",
    ),
    (
        "{{hmacSHA1 s missing}}",
        "helper `hmacSHA1`: `key` is missing",
    ),
    (
        "{{hmacSHA256 s list}}",
        "helper `hmacSHA256`: `key` must be text, not a list",
    ),
];

#[test]
fn encoding_helpers_encode() {
    renders(RENDERS);
    refuses(REFUSES);
}
