//! Bindings made by bindgen from the headers of a Ruby, and the C file that tells whether they fit another one. Needs libclang.

mod assertions;
mod c_types;

use syn::{ForeignItem, Item, ReturnType, Type};

use crate::{Error, HEADERS, RbConfig, cc};

/// What of Ruby's C API rb-sys, magnus and this gem name, one a line. What those refer to comes with it.
const NAMES: &str = include_str!("../../bindings/names.txt");

/// The bindings for one Ruby.
pub struct Bindings {
    /// What rb-sys includes.
    pub rust: String,
    /// A translation unit that a C compiler accepts where the bindings fit.
    pub c: String,
}

/// Makes the bindings for the Ruby of `config`, whose headers have to be there.
///
/// # Errors
///
/// libclang is missing or cannot read the headers.
pub fn bindings(config: &RbConfig) -> Result<Bindings, Error> {
    let mut file = syn::parse_file(&run_bindgen(config)?)?;
    let c = assertions::of(&file, &preprocessed(config)?);
    for item in &mut file.items {
        point_to_mutable_encodings(item);
    }
    Ok(Bindings { rust: modules(&prettyplease::unparse(&file)), c })
}

fn run_bindgen(config: &RbConfig) -> Result<String, Error> {
    let names = format!("^({})$", NAMES.lines().collect::<Vec<_>>().join("|"));
    let builder = bindgen::Builder::default()
        .header_contents("headers.h", HEADERS)
        .clang_args(cc::header_flags(config))
        .clang_arg("-fms-extensions")
        .rust_target(bindgen::RustTarget::stable(82, 0).map_err(|error| error.to_string())?)
        .rust_edition(bindgen::RustEdition::Edition2018) // rb-sys'
        .rustified_enum(".*")
        .no_copy("rb_data_type_struct")
        .size_t_is_usize(false)
        .merge_extern_blocks(true)
        .generate_comments(false)
        .layout_tests(true)
        // A pointer to it is all that is used, and each C library has its own.
        .blocklist_type("FILE|_IO_.*|__sFILE")
        .raw_line("#[repr(C)] pub struct FILE { _unused: [u8; 0] }")
        // The one type of the C library that macOS has otherwise: assertions.rs checks it.
        .blocklist_type("__suseconds_t")
        .raw_line("#[cfg(target_vendor = \"apple\")] pub type __suseconds_t = ::std::os::raw::c_int;")
        .raw_line("#[cfg(not(target_vendor = \"apple\"))] pub type __suseconds_t = ::std::os::raw::c_long;")
        .formatter(bindgen::Formatter::None)
        .allowlist_item(names);
    Ok(builder.generate()?.to_string())
}

/// All that the headers declare, those of the C library among it.
fn preprocessed(config: &RbConfig) -> Result<String, Error> {
    let folder = std::env::temp_dir().join(format!("mail_room-headers-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("headers.c");
    std::fs::write(&file, HEADERS)?;
    let expanded = cc::compiler(config).file(&file).try_expand();
    std::fs::remove_dir_all(&folder)?;
    // Without the lines that say where the next ones are from.
    Ok(String::from_utf8_lossy(&expanded?).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
}

/// rb-sys promises `*mut` where Ruby's functions return a pointer to a constant encoding.
fn point_to_mutable_encodings(item: &mut Item) {
    let Item::ForeignMod(block) = item else { return };
    for item in &mut block.items {
        let ForeignItem::Fn(function) = item else { continue };
        let ReturnType::Type(_, returned) = &mut function.sig.output else { continue };
        let Type::Ptr(pointer) = &mut **returned else { continue };
        let Type::Path(path) = &*pointer.elem else { continue };
        if path.path.is_ident("rb_encoding") || path.path.is_ident("OnigEncodingTypeST") {
            pointer.const_token = None;
            pointer.mutability = Some(syn::token::Mut::default());
        }
    }
}

/// In the modules that rb-sys expects. It deprecates what it calls unstable; nothing here is used directly.
fn modules(items: &str) -> String {
    format!(
        "// Made by `rake bindings`. Do not edit.\n\npub mod uncategorized {{\n{items}}}\n\npub mod unstable {{}}\n\npub mod stable {{}}\n\n\
         pub(crate) mod internal {{\n    pub use super::uncategorized::*;\n}}\n"
    )
}
