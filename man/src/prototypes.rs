//! The functions of the header as Rust declares functions of C: the tests call the library as C programs do.

use std::fmt::Write;

use crate::header::{Function, Header};

const BEGINNING: &str = "\
//! The functions of include/sockutil.h, as a C program calls them. With the feature `test-shipped`, which `make test`
//! sets, they are those of libsockutil.a as it is shipped. Without it they are the crate's, compiled with Rust's checks
//! of arithmetic and `debug_assert!`. `sockutil-man prototypes` makes this file; `make header` checks it.

#![allow(unused_imports, dead_code, reason = \"each test program uses its own part\")]

use core::ffi::{c_char, c_int, c_uint, c_void};

use libc::{iovec, pollfd, size_t, socklen_t, ssize_t};
// Constants and structs. The functions below take the place of the crate's own.
pub use sockutil::ffi::*;

#[rustfmt::skip]
#[cfg_attr(feature = \"test-shipped\", link(name = \"sockutil\", kind = \"static\"))]
unsafe extern \"C\" {
";

pub fn all(header: &Header) -> Result<String, String> {
    let mut text = BEGINNING.to_owned();
    for function in header.sections.iter().flat_map(|section| &section.functions) {
        declare(&mut text, function).map_err(|what| format!("{}: {what}", function.name))?;
    }
    text.push_str("}\n");
    Ok(text)
}

fn declare(text: &mut String, function: &Function) -> Result<(), String> {
    let mut parameters = Vec::new();
    for parameter in &function.parameters {
        // An array is passed as a pointer to its first element.
        let (parameter, pointer) =
            parameter.split_once('[').map_or((&**parameter, ""), |(before, _)| (before, "*mut "));
        let name = parameter.rsplit([' ', '*']).next().unwrap_or_default();
        let of_c = parameter.strip_suffix(name).unwrap_or_default();
        parameters.push(format!("{name}: {pointer}{}", type_of(of_c)?));
    }
    let result = match function.result.as_str() {
        "void" => String::new(),
        result => format!(" -> {}", type_of(result)?),
    };
    // Without a pointer there is nothing that a caller could get wrong for Rust.
    let safe = if function.parameters.iter().any(|parameter| parameter.contains(['*', '['])) { "" } else { "safe " };
    let parameters = parameters.join(", ");
    writeln!(text, "    pub {safe}fn {}({parameters}){result};", function.name).map_err(|e| e.to_string())
}

/// `const char *` is `*const c_char`, and `char **` is `*mut *mut c_char`.
fn type_of(c: &str) -> Result<String, String> {
    let stars = c.matches('*').count();
    let words: Vec<&str> = c.trim_end_matches(['*', ' ']).split(' ').filter(|word| *word != "struct").collect();
    let (constant, words) = match words.split_first() {
        Some((&"const", rest)) => (true, rest),
        _ => (false, &*words),
    };
    let base = match words {
        ["char"] => "c_char",
        ["int"] => "c_int",
        ["unsigned", "int"] => "c_uint",
        ["void"] if stars > 0 => "c_void",
        ["uint16_t"] => "u16",
        ["uint32_t"] => "u32",
        ["uint64_t"] => "u64",
        ["int64_t"] => "i64",
        [name @ ("size_t" | "ssize_t" | "socklen_t" | "iovec" | "pollfd")] => name,
        [name] if name.starts_with("sockutil_") => name,
        _ => return Err(format!("the type \"{c}\" is not understood")),
    };
    Ok(match (stars, constant) {
        (0, _) => base.to_owned(),
        (n, true) => format!("{}*const {base}", "*mut ".repeat(n - 1)),
        (n, false) => format!("{}{base}", "*mut ".repeat(n)),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn types() {
        for (c, rust) in [
            ("int ", Ok("c_int")),
            ("unsigned int ", Ok("c_uint")),
            ("const char *", Ok("*const c_char")),
            ("char **", Ok("*mut *mut c_char")),
            ("const struct sockutil_addr *", Ok("*const sockutil_addr")),
            ("struct sockutil_reader *", Ok("*mut sockutil_reader")),
            ("void ", Err("the type \"void \" is not understood".to_owned())),
            ("long ", Err("the type \"long \" is not understood".to_owned())),
        ] {
            assert_eq!(super::type_of(c), rust.map(str::to_owned), "{c}");
        }
    }
}
