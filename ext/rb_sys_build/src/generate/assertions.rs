//! The C file that a compiler accepts only where bindings fit: sizes, alignments and offsets of structures, types of fields, values of constants
//! and enumerators, and each function and variable declared a second time. rustc checks the same sizes and offsets in the bindings.

use std::collections::BTreeMap;
use std::fmt::Write;

use syn::{
    Expr, Field, File, ForeignItem, ImplItem, Item, ItemEnum, ItemForeignMod, ItemImpl, ItemType, Lit, Type, UnOp,
};

use super::c_types::Types;

/// Rust's key words that are names in C. bindgen appends a `_`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "crate", "dyn", "final", "fn", "gen", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "self", "super", "trait", "try",
    "type", "unsafe", "unsized", "use", "virtual", "where", "yield",
];

/// The C file for the bindings `file`. `headers`: all that their headers declare, preprocessed.
pub(super) fn of(file: &File, headers: &str) -> String {
    let mut writer = Writer {
        types: Types::new(file, headers),
        structures: structures(file),
        layouts: layouts(file),
        lines: Vec::new(),
    };
    for item in &file.items {
        writer.item(item);
    }
    format!("{HEAD}{}\n", writer.lines.join("\n"))
}

const HEAD: &str = r#"/* Made by `rake bindings`. Do not edit. */
#include "headers.h"
#include <stddef.h>
#include <stdint.h>

#define IS(what) _Static_assert(what, #what)
#define SAME(type, expected) IS(__builtin_types_compatible_p(type, expected))
#define FIELD(type, field, at, expected) \
    IS(offsetof(type, field) == at); \
    SAME(__typeof__(((type *)0)->field), expected)

#ifdef RUBY_ABI_VERSION
#error "This is a development version of Ruby, whose ABI changes."
#endif
#ifdef __APPLE__
SAME(suseconds_t, int);
#else
SAME(suseconds_t, long);
#endif
"#;

struct Writer<'a> {
    types: Types<'a>,
    structures: BTreeMap<String, Vec<&'a Field>>,
    layouts: BTreeMap<String, u64>,
    lines: Vec<String>,
}

/// The fields of structures and unions.
fn structures(file: &File) -> BTreeMap<String, Vec<&Field>> {
    let found = file.items.iter().filter_map(|item| match item {
        Item::Struct(structure) => Some((structure.ident.to_string(), structure.fields.iter().collect())),
        Item::Union(union) => Some((union.ident.to_string(), union.fields.named.iter().collect())),
        _ => None,
    });
    found.collect()
}

/// The numbers of bindgen's own tests: `"Size of X"`, `"Alignment of X"`, `"Offset of field: X::y"`.
fn layouts(file: &File) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for item in &file.items {
        let Item::Const(test) = item else { continue };
        let Expr::Block(block) = &*test.expr else { continue };
        for statement in &block.block.stmts {
            let syn::Stmt::Expr(Expr::Index(index), _) = statement else { continue };
            let (Expr::Array(name), Expr::Binary(difference)) = (&*index.expr, &*index.index) else { continue };
            if let (Some(Expr::Lit(name)), Some(number)) = (name.elems.first(), integer(&difference.right))
                && let (Lit::Str(name), Ok(number)) = (&name.lit, number.parse())
            {
                found.insert(name.value(), number);
            }
        }
    }
    found
}

/// The number that an expression is, in C.
fn integer(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Some(number.base10_digits().to_owned()),
            Lit::Bool(truth) => Some(u8::from(truth.value).to_string()),
            _ => None,
        },
        Expr::Unary(negative) if matches!(negative.op, UnOp::Neg(_)) => Some(format!("-{}", integer(&negative.expr)?)),
        _ => None,
    }
}

impl Writer<'_> {
    fn item(&mut self, item: &Item) {
        match item {
            Item::Const(constant) => {
                if let Some(value) = integer(&constant.expr) {
                    self.equal(&constant.ident.to_string(), &value);
                }
            }
            Item::Enum(enumeration) => self.enumeration(enumeration),
            Item::Impl(implementation) => self.enumerators_of_equal_value(implementation),
            Item::Struct(structure) => self.structure(&structure.ident.to_string()),
            Item::Union(union) => self.structure(&union.ident.to_string()),
            Item::Type(alias) => self.alias(alias),
            Item::ForeignMod(block) => self.declarations(block),
            _ => {}
        }
    }

    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Unsigned numbers of 64 bits need a suffix, and the most negative one cannot be written in C: neither is in Ruby's API.
    fn equal(&mut self, name: &str, value: &str) {
        let suffix = if value.parse::<u64>().is_ok_and(|number| number > i64::MAX.unsigned_abs()) { "u" } else { "" };
        self.line(format!("IS({name} == {value}{suffix});"));
    }

    fn enumeration(&mut self, enumeration: &ItemEnum) {
        let repr = enumeration.attrs.iter().find(|attribute| attribute.path().is_ident("repr"));
        let width = repr.and_then(|repr| repr.parse_args::<syn::Ident>().ok()).map(|repr| repr.to_string());
        let octets = match width.as_deref() {
            Some("u64" | "i64") => 8,
            Some("u16" | "i16") => 2,
            Some("u8" | "i8") => 1,
            _ => 4,
        };
        if let Some(name) = self.types.name(&enumeration.ident.to_string()) {
            self.line(format!("IS(sizeof({name}) == {octets});"));
        }
        for variant in &enumeration.variants {
            if let Some((_, value)) = &variant.discriminant
                && let Some(value) = integer(value)
            {
                self.equal(&variant.ident.to_string(), &value);
            }
        }
    }

    /// In Rust, a second enumerator of the same value is a constant of the type: `const RUBY_A: ruby_b = ruby_b::RUBY_C`.
    fn enumerators_of_equal_value(&mut self, implementation: &ItemImpl) {
        for item in &implementation.items {
            if let ImplItem::Const(constant) = item
                && let Expr::Path(other) = &constant.expr
                && let Some(other) = other.path.segments.last()
            {
                self.line(format!("IS({} == {});", constant.ident, other.ident));
            }
        }
    }

    /// A structure or union that C has a name for. What is opaque has no layout.
    fn structure(&mut self, name: &str) {
        let Some(c) = self.types.name(name) else { return };
        let layout = |what: &str| self.layouts.get(&format!("{what} of {name}")).copied();
        let (Some(size), Some(alignment)) = (layout("Size"), layout("Alignment")) else { return };
        self.line(format!("IS(sizeof({c}) == {size});"));
        self.line(format!("IS(_Alignof({c}) == {alignment});"));
        self.fields(&c, name, "", 0);
    }

    /// The fields of `name`, which begins at `start` in the structure `c` and is its member `path` ("a.", or "" for itself).
    fn fields(&mut self, c: &str, name: &str, path: &str, start: u64) {
        let Some(fields) = self.structures.get(name).cloned() else { return };
        for field in fields {
            let Some(ident) = &field.ident else { continue };
            let Some(offset) = self.layouts.get(&format!("Offset of field: {name}::{ident}")).copied() else {
                continue;
            };
            self.field(c, field, path, start + offset);
        }
    }

    fn field(&mut self, c: &str, field: &Field, path: &str, at: u64) {
        let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let member = match ident.strip_suffix('_') {
            Some(keyword) if KEYWORDS.contains(&keyword) => keyword,
            _ => ident.as_str(),
        };
        // Types without a name: those are told of field by field.
        if let Type::Path(ty) = &field.ty
            && let Some(ty) = ty.path.get_ident().map(ToString::to_string)
            && self.types.name(&ty).is_none()
        {
            let inner = if member.starts_with("__bindgen_anon") { path.to_owned() } else { format!("{path}{member}.") };
            return self.fields(c, &ty, &inner, at);
        }
        if member.starts_with("__bindgen") || member.starts_with("_bitfield") {
            return;
        }
        match self.types.declare(&field.ty, "") {
            Some(ty) => self.line(format!("FIELD({c}, {path}{member}, {at}, {});", ty.trim())),
            None => self.line(format!("IS(offsetof({c}, {path}{member}) == {at});")),
        }
    }

    fn alias(&mut self, alias: &ItemType) {
        let name = alias.ident.to_string();
        if name.starts_with("__") || self.types.is_function(&name) || self.types.name(&name).as_deref() != Some(&name) {
            return;
        }
        if let Some(target) = self.types.declare(&alias.ty, "") {
            self.line(format!("SAME({name}, {});", target.trim()));
        }
    }

    /// A second declaration that says something else is an error. Some names are macros, too.
    fn declarations(&mut self, block: &ItemForeignMod) {
        for item in &block.items {
            let mut declared = String::new();
            match item {
                ForeignItem::Fn(function) => {
                    let name = function.sig.ident.to_string();
                    let types = function.sig.inputs.iter().filter_map(|argument| match argument {
                        syn::FnArg::Typed(argument) => Some(&*argument.ty),
                        syn::FnArg::Receiver(_) => None,
                    });
                    let arguments = self.types.arguments(types, function.sig.variadic.is_some());
                    if let Some(text) =
                        arguments.and_then(|list| self.types.prototype(&name, &list, &function.sig.output))
                    {
                        let _ = write!(declared, "#undef {name}\nextern {text};");
                    }
                }
                ForeignItem::Static(variable) => {
                    let name = variable.ident.to_string();
                    let constant =
                        if matches!(variable.mutability, syn::StaticMutability::None) { "const " } else { "" };
                    if let Some(text) = self.types.declare(&variable.ty, &format!("{constant}{name}")) {
                        let _ = write!(declared, "#undef {name}\nextern {text};");
                    }
                }
                _ => {}
            }
            if !declared.is_empty() {
                self.line(declared);
            }
        }
    }
}
