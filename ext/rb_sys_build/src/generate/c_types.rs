//! Rust's types, as bindgen writes them, in C.

use std::collections::HashMap;

use syn::{Expr, File, GenericArgument, Item, Lit, PathArguments, ReturnType, Type, TypeBareFn};

/// Names of C types. What bindgen calls `x` is `struct x`, `union x` or `enum x` to C, unless it is a `typedef`.
pub(super) struct Types<'a> {
    headers: &'a str,
    aliases: HashMap<String, &'a Type>,
}

impl<'a> Types<'a> {
    /// `headers`: all declarations, preprocessed.
    pub(super) fn new(file: &'a File, headers: &'a str) -> Self {
        let aliases = file.items.iter().filter_map(|item| match item {
            Item::Type(alias) => Some((alias.ident.to_string(), &*alias.ty)),
            _ => None,
        });
        Self { headers, aliases: aliases.collect() }
    }

    /// How C calls the type that bindgen calls `name`; `None` if C has no name for it.
    pub(super) fn name(&self, name: &str) -> Option<String> {
        if name.contains("__bindgen") || name.starts_with("_bindgen") {
            return None;
        }
        if !self.headers.contains(name) {
            return None;
        }
        Some(self.tag(name).map_or_else(|| name.to_owned(), |tag| format!("{tag} {name}")))
    }

    /// `struct`, `union` or `enum`, if the headers have it before this name, maybe with attributes between.
    fn tag(&self, name: &str) -> Option<&'static str> {
        let part_of_name = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
        self.headers.match_indices(name).find_map(|(at, _)| {
            let after = self.headers.get(at + name.len()..)?;
            let mut before = self.headers.get(..at)?;
            if after.starts_with(part_of_name) || before.ends_with(part_of_name) {
                return None;
            }
            before = before.trim_end();
            while let Some(attributed) = before.strip_suffix("))") {
                before = attributed.get(..attributed.rfind("__attribute__")?)?.trim_end();
            }
            let word = before.rsplit(|letter| !part_of_name(letter)).next()?;
            ["struct", "union", "enum"].into_iter().find(|tag| *tag == word)
        })
    }

    /// The declaration of `what` with the type `ty`, or, for an empty `what`, the type's name. `None` for what C cannot say.
    pub(super) fn declare(&self, ty: &Type, what: &str) -> Option<String> {
        match ty {
            Type::Ptr(pointer) => {
                let inner =
                    if matches!(*pointer.elem, Type::Array(_)) { format!("(*{what})") } else { format!("*{what}") };
                // A pointer to constants: C writes it at the type that is pointed to.
                let inner = if pointer.const_token.is_some() { format!("const {inner}") } else { inner };
                self.declare(&pointer.elem, &inner)
            }
            Type::Array(array) => {
                let Expr::Lit(length) = &array.len else { return None };
                let Lit::Int(length) = &length.lit else { return None };
                self.declare(&array.elem, &format!("{what}[{}]", length.base10_digits()))
            }
            Type::Never(_) => Some(format!("void {what}")),
            Type::Path(path) => {
                let segment = path.path.segments.last()?;
                match (segment.ident.to_string().as_str(), &segment.arguments) {
                    ("Option", PathArguments::AngleBracketed(arguments)) => match arguments.args.first()? {
                        GenericArgument::Type(Type::BareFn(function)) => self.function(function, what),
                        _ => None,
                    },
                    (name, PathArguments::None) => self.named(name, what),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn named(&self, name: &str, what: &str) -> Option<String> {
        if let Some(primitive) = primitive(name) {
            return Some(format!("{primitive} {what}"));
        }
        // What a C library calls its own types, each library differently.
        if name.starts_with("__")
            && let Some(target) = self.aliases.get(name)
        {
            return self.declare(target, what);
        }
        // bindgen does not tell `typedef f(…)` from `typedef (*f)(…)`.
        if self.is_function(name) {
            return self.declare(self.aliases.get(name)?, what);
        }
        Some(format!("{} {what}", self.name(name)?))
    }

    /// Whether the name is one for functions, by one `typedef` or several.
    pub(super) fn is_function(&self, name: &str) -> bool {
        match self.aliases.get(name) {
            Some(Type::Path(path)) => path.path.segments.last().is_some_and(|last| {
                let target = last.ident.to_string();
                target == "Option" || (target != name && self.is_function(&target))
            }),
            _ => false,
        }
    }

    fn function(&self, function: &TypeBareFn, what: &str) -> Option<String> {
        let arguments =
            self.arguments(function.inputs.iter().map(|argument| &argument.ty), function.variadic.is_some())?;
        self.returning(&function.output, &format!("(*{what})({arguments})"))
    }

    /// A list of arguments.
    pub(super) fn arguments<'t>(&self, types: impl Iterator<Item = &'t Type>, variadic: bool) -> Option<String> {
        let mut list = types.map(|ty| self.declare(ty, "")).collect::<Option<Vec<_>>>()?;
        if variadic {
            list.push("...".to_owned());
        }
        Some(if list.is_empty() { "void".to_owned() } else { list.join(", ") })
    }

    /// The declaration of a function. bindgen knows no `volatile`, which Ruby has in pointers to `VALUE`.
    pub(super) fn prototype(&self, name: &str, arguments: &str, output: &ReturnType) -> Option<String> {
        let beginning = format!(" {name}(");
        let mut declarations =
            self.headers.match_indices(&beginning).filter_map(|(at, _)| self.headers.get(at..)?.split(';').next());
        let arguments = if declarations.any(|declaration| declaration.contains("volatile")) {
            arguments.replace("VALUE *", "volatile VALUE *")
        } else {
            arguments.to_owned()
        };
        self.returning(output, &format!("{name}({arguments})"))
    }

    /// A declaration of what returns `output`.
    fn returning(&self, output: &ReturnType, what: &str) -> Option<String> {
        match output {
            ReturnType::Default => Some(format!("void {what}")),
            ReturnType::Type(_, ty) => self.declare(ty, what),
        }
    }
}

fn primitive(name: &str) -> Option<&'static str> {
    Some(match name {
        "c_char" => "char",
        "c_schar" => "signed char",
        "c_uchar" => "unsigned char",
        "c_short" => "short",
        "c_ushort" => "unsigned short",
        "c_int" => "int",
        "c_uint" => "unsigned int",
        "c_long" => "long",
        "c_ulong" => "unsigned long",
        "c_longlong" => "long long",
        "c_ulonglong" => "unsigned long long",
        "c_void" => "void",
        "__suseconds_t" => "suseconds_t",
        "bool" => "_Bool",
        "f32" => "float",
        "f64" => "double",
        "i8" => "int8_t",
        "u8" => "uint8_t",
        "i16" => "int16_t",
        "u16" => "uint16_t",
        "i32" => "int32_t",
        "u32" => "uint32_t",
        "i64" => "int64_t",
        "u64" => "uint64_t",
        "isize" => "intptr_t",
        "usize" => "uintptr_t",
        _ => return None,
    })
}
