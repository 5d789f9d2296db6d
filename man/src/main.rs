//! Makes the manual pages: `man3/*.3` from `include/sockutil.h`, `man/parts` and `man/examples`, and `man7/sockutil.7`
//! from the last two. The header is the only text about a function; the parts add the rest of each page.
//!
//! usage: `sockutil-man [FOLDER]` writes the pages; without FOLDER, those that are committed.
//! `sockutil-man names` prints the functions that the header declares, each on a line.
//! `sockutil-man pairs` prints each function and errno value that its comment lists, as `function errno`.
//! `sockutil-man prototypes` prints the functions as Rust declares functions of C (`tests/support/c.rs`).
//! `sockutil-man cdef` prints the header as Python's cffi reads it (`include/sockutil.cdef`).

mod cdef;
mod comment;
mod header;
mod markup;
mod page;
mod parts;
mod prototypes;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use header::Header;
use page::Library;
use parts::Parts;

/// A page: its name, which its part and its example also have, and its sections of the header.
const PAGES: [(&str, &[&str]); 15] = [
    ("address", &["Addresses"]),
    ("byte_order", &["Byte order"]),
    ("classic", &["Classic names, prefixed"]),
    ("close", &["Closing"]),
    ("endpoint", &["Endpoints", "Flags"]),
    ("frame", &["Frames"]),
    ("option", &["Options"]),
    ("process", &["Processes and descriptors"]),
    ("reader", &["Buffered reader"]),
    ("relay", &["Relay"]),
    ("stream", &["Streams"]),
    ("tcp_state", &["TCP state"]),
    ("time", &["Time and waiting"]),
    ("version", &["Version"]),
    ("writer", &["Buffered writer"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = fs::read_to_string(top.join("../include/sockutil.h"))?;
    let header = Header::parse(&header)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [what] if what == "names" => header.names().for_each(|name| println!("{name}")),
        [what] if what == "pairs" => header.pairs().for_each(|(function, errno)| println!("{function} {errno}")),
        [what] if what == "prototypes" => print!("{}", prototypes::all(&header)?),
        [what] if what == "cdef" => print!("{}", cdef::all(&header)?),
        [] => pages(&header, top, top)?,
        [folder] => pages(&header, top, Path::new(folder))?,
        _ => return Err("usage: sockutil-man [FOLDER] | names | pairs | prototypes | cdef".into()),
    }
    Ok(())
}

/// Writes the pages into a folder. The parts are in `top`.
fn pages(header: &Header, top: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let parts = Parts { folder: top.to_path_buf() };
    let library = Library::new(header, &PAGES)?;

    let man3 = fresh(&folder.join("man3"))?;
    let mut summaries = Vec::new();
    for page in &library.pages {
        let part = parts.read(page.part)?;
        fs::write(man3.join(format!("{}.3", page.name)), page::family(&library, page, &part)?)?;
        summaries.push((page, part.description));
    }
    let man7 = fresh(&folder.join("man7"))?;
    fs::write(man7.join("sockutil.7"), page::overview(&library, &parts, &summaries)?)?;
    Ok(())
}

/// Removes pages of removed functions from a folder, and leaves other files alone.
fn fresh(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("sockutil") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(folder.to_path_buf())
}
