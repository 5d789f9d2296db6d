//! The header as Python's cffi reads one: declarations alone, and constants that are plain numbers.

use std::fmt::Write;

use crate::header::{Constant, Function, Header};

const BEGINNING: &str = "\
/* sockutil.cdef - sockutil.h for Python's cffi
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Made from sockutil.h by `sockutil-man cdef`: change the comments in src/ffi.
 *
 *   import cffi
 *   ffi = cffi.FFI()
 *   ffi.cdef(open(\"/usr/local/include/sockutil.cdef\").read())
 *   sockutil = ffi.dlopen(\"libsockutil.so.0\")
 *   reader = ffi.new(\"sockutil_reader *\")
 *   memory = ffi.new(\"char[]\", 4096)
 *   sockutil.sockutil_reader_init(reader, connection.fileno(), memory, 4096)
 *
 * The structs are complete, so that ffi.new and ffi.sizeof know their sizes;
 * their fields are as private as in sockutil.h. errno is ffi.errno. What a
 * reader keeps a pointer to (its memory) must stay in a variable.
 */

typedef unsigned int socklen_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;

struct iovec {
  void *iov_base;
  size_t iov_len;
};

struct pollfd {
  int fd;
  short events;
  short revents;
};

/* Of the system: as large, and aligned, as any address. */
struct sockaddr_storage {
  union {
    unsigned long alignment;
    char bytes[128];
  };
};
";

pub fn all(header: &Header) -> Result<String, String> {
    let mut text = BEGINNING.to_owned();
    for section in &header.sections {
        writeln!(text, "\n/* {} */", section.title).map_err(|e| e.to_string())?;
        for constant in &section.constants {
            let value = number(constant)?;
            writeln!(text, "#define {} {value}", constant.name).map_err(|e| e.to_string())?;
        }
        for structure in &section.structs {
            let (name, members) = (&structure.name, structure.members.join("\n  "));
            writeln!(text, "typedef struct {name} {{\n  {members}\n}} {name};").map_err(|e| e.to_string())?;
        }
        for function in &section.functions {
            writeln!(text, "{}", declaration(function)).map_err(|e| e.to_string())?;
        }
    }
    Ok(text)
}

fn declaration(function: &Function) -> String {
    let parameters = if function.parameters.is_empty() { "void".to_owned() } else { function.parameters.join(", ") };
    let blank = if function.result.ends_with('*') { "" } else { " " };
    format!("{}{blank}{}({parameters});", function.result, function.name)
}

/// The value of a constant: a number, or `(1 << 16)`, which cffi does not compute.
fn number(constant: &Constant) -> Result<i64, String> {
    let value = constant.value.trim_start_matches('(').trim_end_matches(')');
    let parsed = match value.split_once(" << ") {
        Some((one, bits)) => {
            one.parse::<i64>().ok().zip(bits.parse().ok()).and_then(|(one, bits)| one.checked_shl(bits))
        }
        None => value.parse().ok(),
    };
    parsed.ok_or_else(|| format!("{}: \"{}\" is not understood", constant.name, constant.value))
}

#[cfg(test)]
mod tests {
    use crate::header::Constant;

    #[test]
    fn numbers() {
        for (value, expected) in
            [("7", Some(7)), ("-1", Some(-1)), ("(1 << 16)", Some(65536)), ("(1 | 2)", None), ("\"text\"", None)]
        {
            let constant = Constant { name: "NAME".to_owned(), value: value.to_owned(), text: String::new() };
            assert_eq!(super::number(&constant).ok(), expected, "{value}");
        }
    }
}
