//! Writes `include/sockutil.h` from `src/ffi/`: cbindgen makes the declarations and comments of each family, and the
//! files beside this one hold the text before and after them.
//!
//! capi's build script runs this, in capi's folder. The file is written only when it changes. With `SOCKUTIL_HEADER` set,
//! it is written there instead (`make header`).

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use cbindgen::{Builder, Config, DocumentationStyle, Language, SortKey, Style};

const HEADER: &str = "../include/sockutil.h";

/// The families in the header's order, with their titles.
const FAMILIES: [(&str, &str); 16] = [
    ("version", "Version"),
    ("time", "Time and waiting"),
    ("stream", "Streams"),
    ("reader", "Buffered reader"),
    ("frame", "Frames"),
    ("writer", "Buffered writer"),
    ("relay", "Relay"),
    ("classic", "Classic names, prefixed"),
    ("byte_order", "Byte order"),
    ("address", "Addresses"),
    ("flags", "Flags"),
    ("endpoint", "Endpoints"),
    ("option", "Options"),
    ("close", "Closing"),
    ("process", "Processes and descriptors"),
    ("tcp_state", "TCP state"),
];

/// Writes the header if it has changed.
pub fn write() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=SOCKUTIL_HEADER");
    for input in [HEADER, "../src/ffi", "../src/header"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let header = header()?;
    let path = env::var_os("SOCKUTIL_HEADER").map_or_else(|| PathBuf::from(HEADER), PathBuf::from);
    write_if_changed(&path, &header)
}

fn header() -> Result<String, Box<dyn Error>> {
    let mut text = fs::read_to_string("../src/header/begin.h")?;
    for (family, title) in FAMILIES {
        let rule = "-".repeat(66_usize.saturating_sub(title.len()));
        write!(text, "/* ---- {title} {rule} */\n\n")?;
        text.push_str(&declarations(&format!("../src/ffi/{family}.rs"))?);
    }
    text.push_str(&fs::read_to_string("../src/header/end.h")?);
    Ok(text)
}

fn declarations(source: &str) -> Result<String, Box<dyn Error>> {
    let mut config = Config {
        language: Language::C,
        style: Style::Both,
        documentation_style: DocumentationStyle::Doxy,
        no_includes: true,
        usize_is_size_t: true,
        sort_by: SortKey::None,
        line_length: 80,
        ..Config::default()
    };
    config.function.sort_by = Some(SortKey::None);
    config.constant.sort_by = Some(SortKey::None);
    for name in ["iovec", "pollfd", "sockaddr_storage"] {
        config.export.rename.insert(name.to_owned(), format!("struct {name}"));
    }
    let mut bytes = Vec::new();
    Builder::new().with_config(config).with_src(source).generate()?.write(&mut bytes);
    let text = String::from_utf8(bytes)?;
    Ok(format!("{}\n\n", text.trim()))
}

fn write_if_changed(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()).into())
}
