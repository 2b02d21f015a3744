// Made by `rake bindings`. Do not edit.

pub mod uncategorized {
#[repr(C)]
pub struct FILE {
    _unused: [u8; 0],
}
#[cfg(target_vendor = "apple")]
pub type __suseconds_t = ::std::os::raw::c_int;
#[cfg(not(target_vendor = "apple"))]
pub type __suseconds_t = ::std::os::raw::c_long;
pub const RUBY_DEBUG: u32 = 0;
pub const USE_FLONUM: u32 = 1;
pub const TYPED_DATA_EMBEDDED: u32 = 2;
pub const RB_NO_KEYWORDS: u32 = 0;
pub const RB_PASS_KEYWORDS: u32 = 1;
pub const ONIG_OPTION_NONE: u32 = 0;
pub const ONIG_OPTION_IGNORECASE: u32 = 1;
pub const ONIG_OPTION_EXTEND: u32 = 2;
pub const ONIG_OPTION_MULTILINE: u32 = 4;
pub const ONIG_OPTION_DOTALL: u32 = 4;
pub const ONIG_OPTION_SINGLELINE: u32 = 8;
pub const ONIG_OPTION_FIND_LONGEST: u32 = 16;
pub const ONIG_OPTION_FIND_NOT_EMPTY: u32 = 32;
pub const ONIG_OPTION_NEGATE_SINGLELINE: u32 = 64;
pub const ONIG_OPTION_DONT_CAPTURE_GROUP: u32 = 128;
pub const ONIG_OPTION_CAPTURE_GROUP: u32 = 256;
pub const ONIG_OPTION_NOTBOL: u32 = 512;
pub const ONIG_OPTION_NOTEOL: u32 = 1024;
pub const ONIG_OPTION_NOTBOS: u32 = 2048;
pub const ONIG_OPTION_NOTEOS: u32 = 4096;
pub const ONIG_OPTION_ASCII_RANGE: u32 = 8192;
pub const ONIG_OPTION_POSIX_BRACKET_ALL_RANGE: u32 = 16384;
pub const ONIG_OPTION_WORD_BOUND_ALL_RANGE: u32 = 32768;
pub const ONIG_OPTION_NEWLINE_CRLF: u32 = 65536;
pub const FMODE_READABLE: u32 = 1;
pub const FMODE_WRITABLE: u32 = 2;
pub const FMODE_READWRITE: u32 = 3;
pub const FMODE_BINMODE: u32 = 4;
pub const FMODE_SYNC: u32 = 8;
pub const FMODE_TTY: u32 = 16;
pub const FMODE_DUPLEX: u32 = 32;
pub const FMODE_APPEND: u32 = 64;
pub const FMODE_CREATE: u32 = 128;
pub const FMODE_EXCL: u32 = 1024;
pub const FMODE_TRUNC: u32 = 2048;
pub const FMODE_TEXTMODE: u32 = 4096;
pub const FMODE_EXTERNAL: u32 = 65536;
pub const FMODE_SETENC_BY_BOM: u32 = 1048576;
pub const RUBY_API_VERSION_MAJOR: u32 = 3;
pub const RUBY_API_VERSION_MINOR: u32 = 3;
pub type size_t = ::std::os::raw::c_ulong;
pub type __off_t = ::std::os::raw::c_long;
pub type __off64_t = ::std::os::raw::c_long;
pub type __pid_t = ::std::os::raw::c_int;
pub type __time_t = ::std::os::raw::c_long;
pub type __ssize_t = ::std::os::raw::c_long;
pub type __syscall_slong_t = ::std::os::raw::c_long;
pub type ssize_t = __ssize_t;
pub type pid_t = __pid_t;
pub type time_t = __time_t;
#[repr(C)]
pub struct timeval {
    pub tv_sec: __time_t,
    pub tv_usec: __suseconds_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of timeval"][::std::mem::size_of::<timeval>() - 16usize];
    ["Alignment of timeval"][::std::mem::align_of::<timeval>() - 8usize];
    [
        "Offset of field: timeval::tv_sec",
    ][::std::mem::offset_of!(timeval, tv_sec) - 0usize];
    [
        "Offset of field: timeval::tv_usec",
    ][::std::mem::offset_of!(timeval, tv_usec) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct timespec {
    pub tv_sec: __time_t,
    pub tv_nsec: __syscall_slong_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of timespec"][::std::mem::size_of::<timespec>() - 16usize];
    ["Alignment of timespec"][::std::mem::align_of::<timespec>() - 8usize];
    [
        "Offset of field: timespec::tv_sec",
    ][::std::mem::offset_of!(timespec, tv_sec) - 0usize];
    [
        "Offset of field: timespec::tv_nsec",
    ][::std::mem::offset_of!(timespec, tv_nsec) - 8usize];
};
pub type VALUE = ::std::os::raw::c_ulong;
pub type ID = ::std::os::raw::c_ulong;
pub type rb_alloc_func_t = ::std::option::Option<
    unsafe extern "C" fn(klass: VALUE) -> VALUE,
>;
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_special_consts {
    RUBY_Qfalse = 0,
    RUBY_Qnil = 4,
    RUBY_Qtrue = 20,
    RUBY_Qundef = 36,
    RUBY_IMMEDIATE_MASK = 7,
    RUBY_FIXNUM_FLAG = 1,
    RUBY_FLONUM_MASK = 3,
    RUBY_FLONUM_FLAG = 2,
    RUBY_SYMBOL_FLAG = 12,
    RUBY_SPECIAL_SHIFT = 8,
}
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_rvalue_flags {
    RVALUE_EMBED_LEN_MAX = 3,
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct RBasic {
    pub flags: VALUE,
    pub klass: VALUE,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of RBasic"][::std::mem::size_of::<RBasic>() - 16usize];
    ["Alignment of RBasic"][::std::mem::align_of::<RBasic>() - 8usize];
    ["Offset of field: RBasic::flags"][::std::mem::offset_of!(RBasic, flags) - 0usize];
    ["Offset of field: RBasic::klass"][::std::mem::offset_of!(RBasic, klass) - 8usize];
};
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_value_type {
    RUBY_T_NONE = 0,
    RUBY_T_OBJECT = 1,
    RUBY_T_CLASS = 2,
    RUBY_T_MODULE = 3,
    RUBY_T_FLOAT = 4,
    RUBY_T_STRING = 5,
    RUBY_T_REGEXP = 6,
    RUBY_T_ARRAY = 7,
    RUBY_T_HASH = 8,
    RUBY_T_STRUCT = 9,
    RUBY_T_BIGNUM = 10,
    RUBY_T_FILE = 11,
    RUBY_T_DATA = 12,
    RUBY_T_MATCH = 13,
    RUBY_T_COMPLEX = 14,
    RUBY_T_RATIONAL = 15,
    RUBY_T_NIL = 17,
    RUBY_T_TRUE = 18,
    RUBY_T_FALSE = 19,
    RUBY_T_SYMBOL = 20,
    RUBY_T_FIXNUM = 21,
    RUBY_T_UNDEF = 22,
    RUBY_T_IMEMO = 26,
    RUBY_T_NODE = 27,
    RUBY_T_ICLASS = 28,
    RUBY_T_ZOMBIE = 29,
    RUBY_T_MOVED = 30,
    RUBY_T_MASK = 31,
}
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_fl_ushift {
    RUBY_FL_USHIFT = 12,
}
impl ruby_fl_type {
    pub const RUBY_FL_PROMOTED: ruby_fl_type = ruby_fl_type::RUBY_FL_WB_PROTECTED;
}
impl ruby_fl_type {
    pub const RUBY_FL_UNTRUSTED: ruby_fl_type = ruby_fl_type::RUBY_FL_TAINT;
}
impl ruby_fl_type {
    pub const RUBY_ELTS_SHARED: ruby_fl_type = ruby_fl_type::RUBY_FL_USER2;
}
impl ruby_fl_type {
    pub const RUBY_FL_SINGLETON: ruby_fl_type = ruby_fl_type::RUBY_FL_USER0;
}
#[repr(i32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_fl_type {
    RUBY_FL_WB_PROTECTED = 32,
    RUBY_FL_UNUSED6 = 64,
    RUBY_FL_FINALIZE = 128,
    RUBY_FL_TAINT = 0,
    RUBY_FL_SHAREABLE = 256,
    RUBY_FL_SEEN_OBJ_ID = 512,
    RUBY_FL_EXIVAR = 1024,
    RUBY_FL_FREEZE = 2048,
    RUBY_FL_USER0 = 4096,
    RUBY_FL_USER1 = 8192,
    RUBY_FL_USER2 = 16384,
    RUBY_FL_USER3 = 32768,
    RUBY_FL_USER4 = 65536,
    RUBY_FL_USER5 = 131072,
    RUBY_FL_USER6 = 262144,
    RUBY_FL_USER7 = 524288,
    RUBY_FL_USER8 = 1048576,
    RUBY_FL_USER9 = 2097152,
    RUBY_FL_USER10 = 4194304,
    RUBY_FL_USER11 = 8388608,
    RUBY_FL_USER12 = 16777216,
    RUBY_FL_USER13 = 33554432,
    RUBY_FL_USER14 = 67108864,
    RUBY_FL_USER15 = 134217728,
    RUBY_FL_USER16 = 268435456,
    RUBY_FL_USER17 = 536870912,
    RUBY_FL_USER18 = 1073741824,
    RUBY_FL_USER19 = -2147483648,
}
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_rstring_flags {
    RSTRING_NOEMBED = 8192,
    RSTRING_FSTR = 536870912,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct RString {
    pub basic: RBasic,
    pub len: ::std::os::raw::c_long,
    pub as_: RString__bindgen_ty_1,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub union RString__bindgen_ty_1 {
    pub heap: RString__bindgen_ty_1__bindgen_ty_1,
    pub embed: RString__bindgen_ty_1__bindgen_ty_2,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct RString__bindgen_ty_1__bindgen_ty_1 {
    pub ptr: *mut ::std::os::raw::c_char,
    pub aux: RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub union RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1 {
    pub capa: ::std::os::raw::c_long,
    pub shared: VALUE,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::size_of::<RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1>()
        - 8usize];
    [
        "Alignment of RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::align_of::<RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1>()
        - 8usize];
    [
        "Offset of field: RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1::capa",
    ][::std::mem::offset_of!(RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1, capa)
        - 0usize];
    [
        "Offset of field: RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1::shared",
    ][::std::mem::offset_of!(RString__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1, shared)
        - 0usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RString__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::size_of::<RString__bindgen_ty_1__bindgen_ty_1>() - 16usize];
    [
        "Alignment of RString__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::align_of::<RString__bindgen_ty_1__bindgen_ty_1>() - 8usize];
    [
        "Offset of field: RString__bindgen_ty_1__bindgen_ty_1::ptr",
    ][::std::mem::offset_of!(RString__bindgen_ty_1__bindgen_ty_1, ptr) - 0usize];
    [
        "Offset of field: RString__bindgen_ty_1__bindgen_ty_1::aux",
    ][::std::mem::offset_of!(RString__bindgen_ty_1__bindgen_ty_1, aux) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct RString__bindgen_ty_1__bindgen_ty_2 {
    pub ary: [::std::os::raw::c_char; 1usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RString__bindgen_ty_1__bindgen_ty_2",
    ][::std::mem::size_of::<RString__bindgen_ty_1__bindgen_ty_2>() - 1usize];
    [
        "Alignment of RString__bindgen_ty_1__bindgen_ty_2",
    ][::std::mem::align_of::<RString__bindgen_ty_1__bindgen_ty_2>() - 1usize];
    [
        "Offset of field: RString__bindgen_ty_1__bindgen_ty_2::ary",
    ][::std::mem::offset_of!(RString__bindgen_ty_1__bindgen_ty_2, ary) - 0usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RString__bindgen_ty_1",
    ][::std::mem::size_of::<RString__bindgen_ty_1>() - 16usize];
    [
        "Alignment of RString__bindgen_ty_1",
    ][::std::mem::align_of::<RString__bindgen_ty_1>() - 8usize];
    [
        "Offset of field: RString__bindgen_ty_1::heap",
    ][::std::mem::offset_of!(RString__bindgen_ty_1, heap) - 0usize];
    [
        "Offset of field: RString__bindgen_ty_1::embed",
    ][::std::mem::offset_of!(RString__bindgen_ty_1, embed) - 0usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of RString"][::std::mem::size_of::<RString>() - 40usize];
    ["Alignment of RString"][::std::mem::align_of::<RString>() - 8usize];
    ["Offset of field: RString::basic"][::std::mem::offset_of!(RString, basic) - 0usize];
    ["Offset of field: RString::len"][::std::mem::offset_of!(RString, len) - 16usize];
    ["Offset of field: RString::as_"][::std::mem::offset_of!(RString, as_) - 24usize];
};
pub type st_data_t = ::std::os::raw::c_ulong;
pub type st_index_t = st_data_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct st_hash_type {
    pub compare: ::std::option::Option<
        unsafe extern "C" fn(arg1: st_data_t, arg2: st_data_t) -> ::std::os::raw::c_int,
    >,
    pub hash: ::std::option::Option<unsafe extern "C" fn(arg1: st_data_t) -> st_index_t>,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of st_hash_type"][::std::mem::size_of::<st_hash_type>() - 16usize];
    ["Alignment of st_hash_type"][::std::mem::align_of::<st_hash_type>() - 8usize];
    [
        "Offset of field: st_hash_type::compare",
    ][::std::mem::offset_of!(st_hash_type, compare) - 0usize];
    [
        "Offset of field: st_hash_type::hash",
    ][::std::mem::offset_of!(st_hash_type, hash) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct st_table_entry {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct st_table {
    pub entry_power: ::std::os::raw::c_uchar,
    pub bin_power: ::std::os::raw::c_uchar,
    pub size_ind: ::std::os::raw::c_uchar,
    pub rebuilds_num: ::std::os::raw::c_uint,
    pub type_: *const st_hash_type,
    pub num_entries: st_index_t,
    pub bins: *mut st_index_t,
    pub entries_start: st_index_t,
    pub entries_bound: st_index_t,
    pub entries: *mut st_table_entry,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of st_table"][::std::mem::size_of::<st_table>() - 56usize];
    ["Alignment of st_table"][::std::mem::align_of::<st_table>() - 8usize];
    [
        "Offset of field: st_table::entry_power",
    ][::std::mem::offset_of!(st_table, entry_power) - 0usize];
    [
        "Offset of field: st_table::bin_power",
    ][::std::mem::offset_of!(st_table, bin_power) - 1usize];
    [
        "Offset of field: st_table::size_ind",
    ][::std::mem::offset_of!(st_table, size_ind) - 2usize];
    [
        "Offset of field: st_table::rebuilds_num",
    ][::std::mem::offset_of!(st_table, rebuilds_num) - 4usize];
    [
        "Offset of field: st_table::type_",
    ][::std::mem::offset_of!(st_table, type_) - 8usize];
    [
        "Offset of field: st_table::num_entries",
    ][::std::mem::offset_of!(st_table, num_entries) - 16usize];
    [
        "Offset of field: st_table::bins",
    ][::std::mem::offset_of!(st_table, bins) - 24usize];
    [
        "Offset of field: st_table::entries_start",
    ][::std::mem::offset_of!(st_table, entries_start) - 32usize];
    [
        "Offset of field: st_table::entries_bound",
    ][::std::mem::offset_of!(st_table, entries_bound) - 40usize];
    [
        "Offset of field: st_table::entries",
    ][::std::mem::offset_of!(st_table, entries) - 48usize];
};
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_rarray_flags {
    RARRAY_EMBED_FLAG = 8192,
    RARRAY_EMBED_LEN_MASK = 4161536,
}
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_rarray_consts {
    RARRAY_EMBED_LEN_SHIFT = 15,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct RArray {
    pub basic: RBasic,
    pub as_: RArray__bindgen_ty_1,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub union RArray__bindgen_ty_1 {
    pub heap: RArray__bindgen_ty_1__bindgen_ty_1,
    pub ary: [VALUE; 1usize],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct RArray__bindgen_ty_1__bindgen_ty_1 {
    pub len: ::std::os::raw::c_long,
    pub aux: RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1,
    pub ptr: *const VALUE,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub union RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1 {
    pub capa: ::std::os::raw::c_long,
    pub shared_root: VALUE,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::size_of::<RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1>()
        - 8usize];
    [
        "Alignment of RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::align_of::<RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1>()
        - 8usize];
    [
        "Offset of field: RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1::capa",
    ][::std::mem::offset_of!(RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1, capa)
        - 0usize];
    [
        "Offset of field: RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1::shared_root",
    ][::std::mem::offset_of!(
        RArray__bindgen_ty_1__bindgen_ty_1__bindgen_ty_1, shared_root
    ) - 0usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RArray__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::size_of::<RArray__bindgen_ty_1__bindgen_ty_1>() - 24usize];
    [
        "Alignment of RArray__bindgen_ty_1__bindgen_ty_1",
    ][::std::mem::align_of::<RArray__bindgen_ty_1__bindgen_ty_1>() - 8usize];
    [
        "Offset of field: RArray__bindgen_ty_1__bindgen_ty_1::len",
    ][::std::mem::offset_of!(RArray__bindgen_ty_1__bindgen_ty_1, len) - 0usize];
    [
        "Offset of field: RArray__bindgen_ty_1__bindgen_ty_1::aux",
    ][::std::mem::offset_of!(RArray__bindgen_ty_1__bindgen_ty_1, aux) - 8usize];
    [
        "Offset of field: RArray__bindgen_ty_1__bindgen_ty_1::ptr",
    ][::std::mem::offset_of!(RArray__bindgen_ty_1__bindgen_ty_1, ptr) - 16usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of RArray__bindgen_ty_1",
    ][::std::mem::size_of::<RArray__bindgen_ty_1>() - 24usize];
    [
        "Alignment of RArray__bindgen_ty_1",
    ][::std::mem::align_of::<RArray__bindgen_ty_1>() - 8usize];
    [
        "Offset of field: RArray__bindgen_ty_1::heap",
    ][::std::mem::offset_of!(RArray__bindgen_ty_1, heap) - 0usize];
    [
        "Offset of field: RArray__bindgen_ty_1::ary",
    ][::std::mem::offset_of!(RArray__bindgen_ty_1, ary) - 0usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of RArray"][::std::mem::size_of::<RArray>() - 40usize];
    ["Alignment of RArray"][::std::mem::align_of::<RArray>() - 8usize];
    ["Offset of field: RArray::basic"][::std::mem::offset_of!(RArray, basic) - 0usize];
    ["Offset of field: RArray::as_"][::std::mem::offset_of!(RArray, as_) - 16usize];
};
pub type RUBY_DATA_FUNC = ::std::option::Option<
    unsafe extern "C" fn(arg1: *mut ::std::os::raw::c_void),
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct RFile {
    pub basic: RBasic,
    pub fptr: *mut rb_io,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of RFile"][::std::mem::size_of::<RFile>() - 24usize];
    ["Alignment of RFile"][::std::mem::align_of::<RFile>() - 8usize];
    ["Offset of field: RFile::basic"][::std::mem::offset_of!(RFile, basic) - 0usize];
    ["Offset of field: RFile::fptr"][::std::mem::offset_of!(RFile, fptr) - 16usize];
};
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum rbimpl_typeddata_flags {
    RUBY_TYPED_FREE_IMMEDIATELY = 1,
    RUBY_TYPED_EMBEDDABLE = 2,
    RUBY_TYPED_FROZEN_SHAREABLE = 256,
    RUBY_TYPED_WB_PROTECTED = 32,
    RUBY_TYPED_UNUSED = 64,
    RUBY_TYPED_DECL_MARKING = 16384,
}
pub type rb_data_type_t = rb_data_type_struct;
#[repr(C)]
#[derive(Debug)]
pub struct rb_data_type_struct {
    pub wrap_struct_name: *const ::std::os::raw::c_char,
    pub function: rb_data_type_struct__bindgen_ty_1,
    pub parent: *const rb_data_type_t,
    pub data: *mut ::std::os::raw::c_void,
    pub flags: VALUE,
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rb_data_type_struct__bindgen_ty_1 {
    pub dmark: RUBY_DATA_FUNC,
    pub dfree: RUBY_DATA_FUNC,
    pub dsize: ::std::option::Option<
        unsafe extern "C" fn(arg1: *const ::std::os::raw::c_void) -> size_t,
    >,
    pub dcompact: RUBY_DATA_FUNC,
    pub reserved: [*mut ::std::os::raw::c_void; 1usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of rb_data_type_struct__bindgen_ty_1",
    ][::std::mem::size_of::<rb_data_type_struct__bindgen_ty_1>() - 40usize];
    [
        "Alignment of rb_data_type_struct__bindgen_ty_1",
    ][::std::mem::align_of::<rb_data_type_struct__bindgen_ty_1>() - 8usize];
    [
        "Offset of field: rb_data_type_struct__bindgen_ty_1::dmark",
    ][::std::mem::offset_of!(rb_data_type_struct__bindgen_ty_1, dmark) - 0usize];
    [
        "Offset of field: rb_data_type_struct__bindgen_ty_1::dfree",
    ][::std::mem::offset_of!(rb_data_type_struct__bindgen_ty_1, dfree) - 8usize];
    [
        "Offset of field: rb_data_type_struct__bindgen_ty_1::dsize",
    ][::std::mem::offset_of!(rb_data_type_struct__bindgen_ty_1, dsize) - 16usize];
    [
        "Offset of field: rb_data_type_struct__bindgen_ty_1::dcompact",
    ][::std::mem::offset_of!(rb_data_type_struct__bindgen_ty_1, dcompact) - 24usize];
    [
        "Offset of field: rb_data_type_struct__bindgen_ty_1::reserved",
    ][::std::mem::offset_of!(rb_data_type_struct__bindgen_ty_1, reserved) - 32usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of rb_data_type_struct",
    ][::std::mem::size_of::<rb_data_type_struct>() - 72usize];
    [
        "Alignment of rb_data_type_struct",
    ][::std::mem::align_of::<rb_data_type_struct>() - 8usize];
    [
        "Offset of field: rb_data_type_struct::wrap_struct_name",
    ][::std::mem::offset_of!(rb_data_type_struct, wrap_struct_name) - 0usize];
    [
        "Offset of field: rb_data_type_struct::function",
    ][::std::mem::offset_of!(rb_data_type_struct, function) - 8usize];
    [
        "Offset of field: rb_data_type_struct::parent",
    ][::std::mem::offset_of!(rb_data_type_struct, parent) - 48usize];
    [
        "Offset of field: rb_data_type_struct::data",
    ][::std::mem::offset_of!(rb_data_type_struct, data) - 56usize];
    [
        "Offset of field: rb_data_type_struct::flags",
    ][::std::mem::offset_of!(rb_data_type_struct, flags) - 64usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct RTypedData {
    pub basic: RBasic,
    pub type_: *const rb_data_type_t,
    pub typed_flag: VALUE,
    pub data: *mut ::std::os::raw::c_void,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of RTypedData"][::std::mem::size_of::<RTypedData>() - 40usize];
    ["Alignment of RTypedData"][::std::mem::align_of::<RTypedData>() - 8usize];
    [
        "Offset of field: RTypedData::basic",
    ][::std::mem::offset_of!(RTypedData, basic) - 0usize];
    [
        "Offset of field: RTypedData::type_",
    ][::std::mem::offset_of!(RTypedData, type_) - 16usize];
    [
        "Offset of field: RTypedData::typed_flag",
    ][::std::mem::offset_of!(RTypedData, typed_flag) - 24usize];
    [
        "Offset of field: RTypedData::data",
    ][::std::mem::offset_of!(RTypedData, data) - 32usize];
};
pub type rb_block_call_func = ::std::option::Option<
    unsafe extern "C" fn(
        yielded_arg: VALUE,
        callback_arg: VALUE,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        blockarg: VALUE,
    ) -> VALUE,
>;
pub type rb_block_call_func_t = rb_block_call_func;
pub type rb_hash_update_func = ::std::option::Option<
    unsafe extern "C" fn(newkey: VALUE, oldkey: VALUE, value: VALUE) -> VALUE,
>;
pub type rb_enumerator_size_func = ::std::option::Option<
    unsafe extern "C" fn(recv: VALUE, argv: VALUE, eobj: VALUE) -> VALUE,
>;
pub type rb_unblock_function_t = ::std::option::Option<
    unsafe extern "C" fn(arg1: *mut ::std::os::raw::c_void),
>;
impl ruby_coderange_type {
    pub const RUBY_ENC_CODERANGE_MASK: ruby_coderange_type = ruby_coderange_type::RUBY_ENC_CODERANGE_BROKEN;
}
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_coderange_type {
    RUBY_ENC_CODERANGE_UNKNOWN = 0,
    RUBY_ENC_CODERANGE_7BIT = 1048576,
    RUBY_ENC_CODERANGE_VALID = 2097152,
    RUBY_ENC_CODERANGE_BROKEN = 3145728,
}
pub type OnigUChar = ::std::os::raw::c_uchar;
pub type OnigCodePoint = ::std::os::raw::c_uint;
pub type OnigCtype = ::std::os::raw::c_uint;
pub type OnigCaseFoldType = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct OnigCaseFoldCodeItem {
    pub byte_len: ::std::os::raw::c_int,
    pub code_len: ::std::os::raw::c_int,
    pub code: [OnigCodePoint; 3usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of OnigCaseFoldCodeItem",
    ][::std::mem::size_of::<OnigCaseFoldCodeItem>() - 20usize];
    [
        "Alignment of OnigCaseFoldCodeItem",
    ][::std::mem::align_of::<OnigCaseFoldCodeItem>() - 4usize];
    [
        "Offset of field: OnigCaseFoldCodeItem::byte_len",
    ][::std::mem::offset_of!(OnigCaseFoldCodeItem, byte_len) - 0usize];
    [
        "Offset of field: OnigCaseFoldCodeItem::code_len",
    ][::std::mem::offset_of!(OnigCaseFoldCodeItem, code_len) - 4usize];
    [
        "Offset of field: OnigCaseFoldCodeItem::code",
    ][::std::mem::offset_of!(OnigCaseFoldCodeItem, code) - 8usize];
};
pub type OnigApplyAllCaseFoldFunc = ::std::option::Option<
    unsafe extern "C" fn(
        from: OnigCodePoint,
        to: *mut OnigCodePoint,
        to_len: ::std::os::raw::c_int,
        arg: *mut ::std::os::raw::c_void,
    ) -> ::std::os::raw::c_int,
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct OnigEncodingTypeST {
    pub precise_mbc_enc_len: ::std::option::Option<
        unsafe extern "C" fn(
            p: *const OnigUChar,
            e: *const OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub name: *const ::std::os::raw::c_char,
    pub max_enc_len: ::std::os::raw::c_int,
    pub min_enc_len: ::std::os::raw::c_int,
    pub is_mbc_newline: ::std::option::Option<
        unsafe extern "C" fn(
            p: *const OnigUChar,
            end: *const OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub mbc_to_code: ::std::option::Option<
        unsafe extern "C" fn(
            p: *const OnigUChar,
            end: *const OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> OnigCodePoint,
    >,
    pub code_to_mbclen: ::std::option::Option<
        unsafe extern "C" fn(
            code: OnigCodePoint,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub code_to_mbc: ::std::option::Option<
        unsafe extern "C" fn(
            code: OnigCodePoint,
            buf: *mut OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub mbc_case_fold: ::std::option::Option<
        unsafe extern "C" fn(
            flag: OnigCaseFoldType,
            pp: *mut *const OnigUChar,
            end: *const OnigUChar,
            to: *mut OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub apply_all_case_fold: ::std::option::Option<
        unsafe extern "C" fn(
            flag: OnigCaseFoldType,
            f: OnigApplyAllCaseFoldFunc,
            arg: *mut ::std::os::raw::c_void,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub get_case_fold_codes_by_str: ::std::option::Option<
        unsafe extern "C" fn(
            flag: OnigCaseFoldType,
            p: *const OnigUChar,
            end: *const OnigUChar,
            acs: *mut OnigCaseFoldCodeItem,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub property_name_to_ctype: ::std::option::Option<
        unsafe extern "C" fn(
            enc: *const OnigEncodingTypeST,
            p: *const OnigUChar,
            end: *const OnigUChar,
        ) -> ::std::os::raw::c_int,
    >,
    pub is_code_ctype: ::std::option::Option<
        unsafe extern "C" fn(
            code: OnigCodePoint,
            ctype: OnigCtype,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub get_ctype_code_range: ::std::option::Option<
        unsafe extern "C" fn(
            ctype: OnigCtype,
            sb_out: *mut OnigCodePoint,
            ranges: *mut *const OnigCodePoint,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub left_adjust_char_head: ::std::option::Option<
        unsafe extern "C" fn(
            start: *const OnigUChar,
            p: *const OnigUChar,
            end: *const OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> *mut OnigUChar,
    >,
    pub is_allowed_reverse_match: ::std::option::Option<
        unsafe extern "C" fn(
            p: *const OnigUChar,
            end: *const OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub case_map: ::std::option::Option<
        unsafe extern "C" fn(
            flagP: *mut OnigCaseFoldType,
            pp: *mut *const OnigUChar,
            end: *const OnigUChar,
            to: *mut OnigUChar,
            to_end: *mut OnigUChar,
            enc: *const OnigEncodingTypeST,
        ) -> ::std::os::raw::c_int,
    >,
    pub ruby_encoding_index: ::std::os::raw::c_int,
    pub flags: ::std::os::raw::c_uint,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of OnigEncodingTypeST",
    ][::std::mem::size_of::<OnigEncodingTypeST>() - 136usize];
    [
        "Alignment of OnigEncodingTypeST",
    ][::std::mem::align_of::<OnigEncodingTypeST>() - 8usize];
    [
        "Offset of field: OnigEncodingTypeST::precise_mbc_enc_len",
    ][::std::mem::offset_of!(OnigEncodingTypeST, precise_mbc_enc_len) - 0usize];
    [
        "Offset of field: OnigEncodingTypeST::name",
    ][::std::mem::offset_of!(OnigEncodingTypeST, name) - 8usize];
    [
        "Offset of field: OnigEncodingTypeST::max_enc_len",
    ][::std::mem::offset_of!(OnigEncodingTypeST, max_enc_len) - 16usize];
    [
        "Offset of field: OnigEncodingTypeST::min_enc_len",
    ][::std::mem::offset_of!(OnigEncodingTypeST, min_enc_len) - 20usize];
    [
        "Offset of field: OnigEncodingTypeST::is_mbc_newline",
    ][::std::mem::offset_of!(OnigEncodingTypeST, is_mbc_newline) - 24usize];
    [
        "Offset of field: OnigEncodingTypeST::mbc_to_code",
    ][::std::mem::offset_of!(OnigEncodingTypeST, mbc_to_code) - 32usize];
    [
        "Offset of field: OnigEncodingTypeST::code_to_mbclen",
    ][::std::mem::offset_of!(OnigEncodingTypeST, code_to_mbclen) - 40usize];
    [
        "Offset of field: OnigEncodingTypeST::code_to_mbc",
    ][::std::mem::offset_of!(OnigEncodingTypeST, code_to_mbc) - 48usize];
    [
        "Offset of field: OnigEncodingTypeST::mbc_case_fold",
    ][::std::mem::offset_of!(OnigEncodingTypeST, mbc_case_fold) - 56usize];
    [
        "Offset of field: OnigEncodingTypeST::apply_all_case_fold",
    ][::std::mem::offset_of!(OnigEncodingTypeST, apply_all_case_fold) - 64usize];
    [
        "Offset of field: OnigEncodingTypeST::get_case_fold_codes_by_str",
    ][::std::mem::offset_of!(OnigEncodingTypeST, get_case_fold_codes_by_str) - 72usize];
    [
        "Offset of field: OnigEncodingTypeST::property_name_to_ctype",
    ][::std::mem::offset_of!(OnigEncodingTypeST, property_name_to_ctype) - 80usize];
    [
        "Offset of field: OnigEncodingTypeST::is_code_ctype",
    ][::std::mem::offset_of!(OnigEncodingTypeST, is_code_ctype) - 88usize];
    [
        "Offset of field: OnigEncodingTypeST::get_ctype_code_range",
    ][::std::mem::offset_of!(OnigEncodingTypeST, get_ctype_code_range) - 96usize];
    [
        "Offset of field: OnigEncodingTypeST::left_adjust_char_head",
    ][::std::mem::offset_of!(OnigEncodingTypeST, left_adjust_char_head) - 104usize];
    [
        "Offset of field: OnigEncodingTypeST::is_allowed_reverse_match",
    ][::std::mem::offset_of!(OnigEncodingTypeST, is_allowed_reverse_match) - 112usize];
    [
        "Offset of field: OnigEncodingTypeST::case_map",
    ][::std::mem::offset_of!(OnigEncodingTypeST, case_map) - 120usize];
    [
        "Offset of field: OnigEncodingTypeST::ruby_encoding_index",
    ][::std::mem::offset_of!(OnigEncodingTypeST, ruby_encoding_index) - 128usize];
    [
        "Offset of field: OnigEncodingTypeST::flags",
    ][::std::mem::offset_of!(OnigEncodingTypeST, flags) - 132usize];
};
pub type OnigEncodingType = OnigEncodingTypeST;
#[repr(u32)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub enum ruby_encoding_consts {
    RUBY_ENCODING_INLINE_MAX = 127,
    RUBY_ENCODING_SHIFT = 22,
    RUBY_ENCODING_MASK = 532676608,
    RUBY_ENCODING_MAXNAMELEN = 42,
}
pub type rb_encoding = OnigEncodingType;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rb_econv_t {
    _unused: [u8; 0],
}
#[repr(C, packed)]
#[derive(Debug, Copy, Clone)]
pub struct rb_io_internal_buffer {
    pub ptr: *mut ::std::os::raw::c_char,
    pub off: ::std::os::raw::c_int,
    pub len: ::std::os::raw::c_int,
    pub capa: ::std::os::raw::c_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of rb_io_internal_buffer",
    ][::std::mem::size_of::<rb_io_internal_buffer>() - 20usize];
    [
        "Alignment of rb_io_internal_buffer",
    ][::std::mem::align_of::<rb_io_internal_buffer>() - 1usize];
    [
        "Offset of field: rb_io_internal_buffer::ptr",
    ][::std::mem::offset_of!(rb_io_internal_buffer, ptr) - 0usize];
    [
        "Offset of field: rb_io_internal_buffer::off",
    ][::std::mem::offset_of!(rb_io_internal_buffer, off) - 8usize];
    [
        "Offset of field: rb_io_internal_buffer::len",
    ][::std::mem::offset_of!(rb_io_internal_buffer, len) - 12usize];
    [
        "Offset of field: rb_io_internal_buffer::capa",
    ][::std::mem::offset_of!(rb_io_internal_buffer, capa) - 16usize];
};
pub type rb_io_buffer_t = rb_io_internal_buffer;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rb_io_encoding {
    pub enc: *const OnigEncodingTypeST,
    pub enc2: *const OnigEncodingTypeST,
    pub ecflags: ::std::os::raw::c_int,
    pub ecopts: VALUE,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rb_io_encoding"][::std::mem::size_of::<rb_io_encoding>() - 32usize];
    ["Alignment of rb_io_encoding"][::std::mem::align_of::<rb_io_encoding>() - 8usize];
    [
        "Offset of field: rb_io_encoding::enc",
    ][::std::mem::offset_of!(rb_io_encoding, enc) - 0usize];
    [
        "Offset of field: rb_io_encoding::enc2",
    ][::std::mem::offset_of!(rb_io_encoding, enc2) - 8usize];
    [
        "Offset of field: rb_io_encoding::ecflags",
    ][::std::mem::offset_of!(rb_io_encoding, ecflags) - 16usize];
    [
        "Offset of field: rb_io_encoding::ecopts",
    ][::std::mem::offset_of!(rb_io_encoding, ecopts) - 24usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rb_io {
    pub self_: VALUE,
    pub stdio_file: *mut FILE,
    pub fd: ::std::os::raw::c_int,
    pub mode: ::std::os::raw::c_int,
    pub pid: pid_t,
    pub lineno: ::std::os::raw::c_int,
    pub pathv: VALUE,
    pub finalize: ::std::option::Option<
        unsafe extern "C" fn(arg1: *mut rb_io, arg2: ::std::os::raw::c_int),
    >,
    pub wbuf: rb_io_buffer_t,
    pub rbuf: rb_io_buffer_t,
    pub tied_io_for_writing: VALUE,
    pub encs: rb_io_encoding,
    pub readconv: *mut rb_econv_t,
    pub cbuf: rb_io_buffer_t,
    pub writeconv: *mut rb_econv_t,
    pub writeconv_asciicompat: VALUE,
    pub writeconv_initialized: ::std::os::raw::c_int,
    pub writeconv_pre_ecflags: ::std::os::raw::c_int,
    pub writeconv_pre_ecopts: VALUE,
    pub write_lock: VALUE,
    pub timeout: VALUE,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rb_io"][::std::mem::size_of::<rb_io>() - 208usize];
    ["Alignment of rb_io"][::std::mem::align_of::<rb_io>() - 8usize];
    ["Offset of field: rb_io::self_"][::std::mem::offset_of!(rb_io, self_) - 0usize];
    [
        "Offset of field: rb_io::stdio_file",
    ][::std::mem::offset_of!(rb_io, stdio_file) - 8usize];
    ["Offset of field: rb_io::fd"][::std::mem::offset_of!(rb_io, fd) - 16usize];
    ["Offset of field: rb_io::mode"][::std::mem::offset_of!(rb_io, mode) - 20usize];
    ["Offset of field: rb_io::pid"][::std::mem::offset_of!(rb_io, pid) - 24usize];
    ["Offset of field: rb_io::lineno"][::std::mem::offset_of!(rb_io, lineno) - 28usize];
    ["Offset of field: rb_io::pathv"][::std::mem::offset_of!(rb_io, pathv) - 32usize];
    [
        "Offset of field: rb_io::finalize",
    ][::std::mem::offset_of!(rb_io, finalize) - 40usize];
    ["Offset of field: rb_io::wbuf"][::std::mem::offset_of!(rb_io, wbuf) - 48usize];
    ["Offset of field: rb_io::rbuf"][::std::mem::offset_of!(rb_io, rbuf) - 68usize];
    [
        "Offset of field: rb_io::tied_io_for_writing",
    ][::std::mem::offset_of!(rb_io, tied_io_for_writing) - 88usize];
    ["Offset of field: rb_io::encs"][::std::mem::offset_of!(rb_io, encs) - 96usize];
    [
        "Offset of field: rb_io::readconv",
    ][::std::mem::offset_of!(rb_io, readconv) - 128usize];
    ["Offset of field: rb_io::cbuf"][::std::mem::offset_of!(rb_io, cbuf) - 136usize];
    [
        "Offset of field: rb_io::writeconv",
    ][::std::mem::offset_of!(rb_io, writeconv) - 160usize];
    [
        "Offset of field: rb_io::writeconv_asciicompat",
    ][::std::mem::offset_of!(rb_io, writeconv_asciicompat) - 168usize];
    [
        "Offset of field: rb_io::writeconv_initialized",
    ][::std::mem::offset_of!(rb_io, writeconv_initialized) - 176usize];
    [
        "Offset of field: rb_io::writeconv_pre_ecflags",
    ][::std::mem::offset_of!(rb_io, writeconv_pre_ecflags) - 180usize];
    [
        "Offset of field: rb_io::writeconv_pre_ecopts",
    ][::std::mem::offset_of!(rb_io, writeconv_pre_ecopts) - 184usize];
    [
        "Offset of field: rb_io::write_lock",
    ][::std::mem::offset_of!(rb_io, write_lock) - 192usize];
    [
        "Offset of field: rb_io::timeout",
    ][::std::mem::offset_of!(rb_io, timeout) - 200usize];
};
pub type rb_io_enc_t = rb_io_encoding;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rb_vm_struct {
    _unused: [u8; 0],
}
pub type ruby_vm_t = rb_vm_struct;
unsafe extern "C" {
    pub fn rb_class_new(super_: VALUE) -> VALUE;
    pub fn rb_define_class_id_under(outer: VALUE, id: ID, super_: VALUE) -> VALUE;
    pub fn rb_module_new() -> VALUE;
    pub fn rb_define_module_id_under(outer: VALUE, id: ID) -> VALUE;
    pub fn rb_mod_ancestors(mod_: VALUE) -> VALUE;
    pub fn rb_define_method_id(
        klass: VALUE,
        mid: ID,
        func: ::std::option::Option<unsafe extern "C" fn() -> VALUE>,
        arity: ::std::os::raw::c_int,
    );
    pub fn rb_define_protected_method(
        klass: VALUE,
        mid: *const ::std::os::raw::c_char,
        func: ::std::option::Option<unsafe extern "C" fn() -> VALUE>,
        arity: ::std::os::raw::c_int,
    );
    pub fn rb_define_private_method(
        klass: VALUE,
        mid: *const ::std::os::raw::c_char,
        func: ::std::option::Option<unsafe extern "C" fn() -> VALUE>,
        arity: ::std::os::raw::c_int,
    );
    pub fn rb_define_singleton_method(
        obj: VALUE,
        mid: *const ::std::os::raw::c_char,
        func: ::std::option::Option<unsafe extern "C" fn() -> VALUE>,
        arity: ::std::os::raw::c_int,
    );
    pub fn rb_singleton_class(obj: VALUE) -> VALUE;
    pub fn rb_check_funcall_kw(
        recv: VALUE,
        mid: ID,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_define_alloc_func(klass: VALUE, func: rb_alloc_func_t);
    pub fn rb_undef_alloc_func(klass: VALUE);
    pub fn rb_get_alloc_func(klass: VALUE) -> rb_alloc_func_t;
    pub fn rb_alias(klass: VALUE, dst: ID, src: ID);
    pub fn rb_attr(
        klass: VALUE,
        name: ID,
        need_reader: ::std::os::raw::c_int,
        need_writer: ::std::os::raw::c_int,
        honour_visibility: ::std::os::raw::c_int,
    );
    pub fn rb_obj_respond_to(
        obj: VALUE,
        mid: ID,
        private_p: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn rb_define_module_function(
        klass: VALUE,
        mid: *const ::std::os::raw::c_char,
        func: ::std::option::Option<unsafe extern "C" fn() -> VALUE>,
        arity: ::std::os::raw::c_int,
    );
    pub fn rb_define_global_function(
        mid: *const ::std::os::raw::c_char,
        func: ::std::option::Option<unsafe extern "C" fn() -> VALUE>,
        arity: ::std::os::raw::c_int,
    );
    pub fn rb_int2big(i: isize) -> VALUE;
    pub fn rb_uint2big(i: usize) -> VALUE;
    pub fn rb_num2long(num: VALUE) -> ::std::os::raw::c_long;
    pub fn rb_num2ulong(num: VALUE) -> ::std::os::raw::c_ulong;
    pub fn rb_obj_hide(obj: VALUE) -> VALUE;
    pub fn rb_obj_reveal(obj: VALUE, klass: VALUE) -> VALUE;
    pub fn rb_errinfo() -> VALUE;
    pub fn rb_set_errinfo(err: VALUE);
    pub fn rb_bug(fmt: *const ::std::os::raw::c_char, ...) -> !;
    pub fn rb_sys_fail(msg: *const ::std::os::raw::c_char) -> !;
    pub fn rb_iter_break_value(val: VALUE) -> !;
    pub fn rb_warning(fmt: *const ::std::os::raw::c_char, ...);
    pub fn rb_str_to_str(obj: VALUE) -> VALUE;
    pub fn rb_num2dbl(num: VALUE) -> f64;
    pub fn rb_float_value(num: VALUE) -> f64;
    pub fn rb_float_new(d: f64) -> VALUE;
    pub fn rb_float_new_in_heap(d: f64) -> VALUE;
    pub fn rb_ll2inum(num: ::std::os::raw::c_longlong) -> VALUE;
    pub fn rb_ull2inum(num: ::std::os::raw::c_ulonglong) -> VALUE;
    pub fn rb_num2ll(num: VALUE) -> ::std::os::raw::c_longlong;
    pub fn rb_num2ull(num: VALUE) -> ::std::os::raw::c_ulonglong;
    pub fn rb_gc_mark_locations(start: *const VALUE, end: *const VALUE);
    pub fn rb_gc_mark(obj: VALUE);
    pub fn rb_gc_mark_movable(obj: VALUE);
    pub fn rb_gc_location(obj: VALUE) -> VALUE;
    pub fn rb_gc_enable() -> VALUE;
    pub fn rb_gc_disable() -> VALUE;
    pub fn rb_gc_start() -> VALUE;
    pub fn rb_gc_count() -> size_t;
    pub fn rb_gc_stat(key_or_buf: VALUE) -> size_t;
    pub fn rb_gc_adjust_memory_usage(diff: ssize_t);
    pub fn rb_gc_register_address(valptr: *mut VALUE);
    pub fn rb_gc_unregister_address(valptr: *mut VALUE);
    pub fn rb_gc_register_mark_object(object: VALUE);
    pub fn rb_gc_writebarrier(old: VALUE, young: VALUE);
    pub fn rb_gc_writebarrier_unprotect(obj: VALUE);
    pub static mut rb_cObject: VALUE;
    pub fn ruby_sysinit(
        argc: *mut ::std::os::raw::c_int,
        argv: *mut *mut *mut ::std::os::raw::c_char,
    );
    pub fn ruby_init_stack(addr: *mut VALUE);
    pub fn ruby_setup() -> ::std::os::raw::c_int;
    pub fn ruby_cleanup(ex: ::std::os::raw::c_int) -> ::std::os::raw::c_int;
    pub fn ruby_exec_node(n: *mut ::std::os::raw::c_void) -> ::std::os::raw::c_int;
    pub fn ruby_set_script_name(name: VALUE);
    pub fn ruby_process_options(
        argc: ::std::os::raw::c_int,
        argv: *mut *mut ::std::os::raw::c_char,
    ) -> *mut ::std::os::raw::c_void;
    pub fn rb_hash_size_num(hash: VALUE) -> size_t;
    pub fn rb_struct_size(st: VALUE) -> VALUE;
    pub fn rb_struct_aref(st: VALUE, k: VALUE) -> VALUE;
    pub fn rb_struct_aset(st: VALUE, k: VALUE, v: VALUE) -> VALUE;
    pub fn rb_data_typed_object_wrap(
        klass: VALUE,
        datap: *mut ::std::os::raw::c_void,
        type_: *const rb_data_type_t,
    ) -> VALUE;
    pub fn rb_check_typeddata(
        obj: VALUE,
        data_type: *const rb_data_type_t,
    ) -> *mut ::std::os::raw::c_void;
    pub fn rb_eval_string_protect(
        str_: *const ::std::os::raw::c_char,
        state: *mut ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_funcallv_kw(
        recv: VALUE,
        mid: ID,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_funcallv_public_kw(
        recv: VALUE,
        mid: ID,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_funcall_with_block_kw(
        recv: VALUE,
        mid: ID,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        procval: VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_call_super_kw(
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_current_receiver() -> VALUE;
    pub fn rb_get_kwargs(
        keyword_hash: VALUE,
        table: *const ID,
        required: ::std::os::raw::c_int,
        optional: ::std::os::raw::c_int,
        values: *mut VALUE,
    ) -> ::std::os::raw::c_int;
    pub static mut rb_mKernel: VALUE;
    pub static mut rb_mComparable: VALUE;
    pub static mut rb_mEnumerable: VALUE;
    pub static mut rb_mErrno: VALUE;
    pub static mut rb_mFileTest: VALUE;
    pub static mut rb_mGC: VALUE;
    pub static mut rb_mMath: VALUE;
    pub static mut rb_mProcess: VALUE;
    pub static mut rb_mWaitReadable: VALUE;
    pub static mut rb_mWaitWritable: VALUE;
    pub static mut rb_cBasicObject: VALUE;
    pub static mut rb_cArray: VALUE;
    pub static mut rb_cBinding: VALUE;
    pub static mut rb_cClass: VALUE;
    pub static mut rb_cDir: VALUE;
    pub static mut rb_cEncoding: VALUE;
    pub static mut rb_cEnumerator: VALUE;
    pub static mut rb_cFalseClass: VALUE;
    pub static mut rb_cFile: VALUE;
    pub static mut rb_cComplex: VALUE;
    pub static mut rb_cFloat: VALUE;
    pub static mut rb_cHash: VALUE;
    pub static mut rb_cIO: VALUE;
    pub static mut rb_cInteger: VALUE;
    pub static mut rb_cMatch: VALUE;
    pub static mut rb_cMethod: VALUE;
    pub static mut rb_cModule: VALUE;
    pub static mut rb_cRefinement: VALUE;
    pub static mut rb_cNameErrorMesg: VALUE;
    pub static mut rb_cNilClass: VALUE;
    pub static mut rb_cNumeric: VALUE;
    pub static mut rb_cProc: VALUE;
    pub static mut rb_cRandom: VALUE;
    pub static mut rb_cRange: VALUE;
    pub static mut rb_cRational: VALUE;
    pub static mut rb_cRegexp: VALUE;
    pub static mut rb_cStat: VALUE;
    pub static mut rb_cString: VALUE;
    pub static mut rb_cStruct: VALUE;
    pub static mut rb_cSymbol: VALUE;
    pub static mut rb_cThread: VALUE;
    pub static mut rb_cTime: VALUE;
    pub static mut rb_cTrueClass: VALUE;
    pub static mut rb_cUnboundMethod: VALUE;
    pub static mut rb_eException: VALUE;
    pub static mut rb_eStandardError: VALUE;
    pub static mut rb_eSystemExit: VALUE;
    pub static mut rb_eInterrupt: VALUE;
    pub static mut rb_eSignal: VALUE;
    pub static mut rb_eFatal: VALUE;
    pub static mut rb_eArgError: VALUE;
    pub static mut rb_eEOFError: VALUE;
    pub static mut rb_eIndexError: VALUE;
    pub static mut rb_eStopIteration: VALUE;
    pub static mut rb_eKeyError: VALUE;
    pub static mut rb_eRangeError: VALUE;
    pub static mut rb_eIOError: VALUE;
    pub static mut rb_eRuntimeError: VALUE;
    pub static mut rb_eFrozenError: VALUE;
    pub static mut rb_eSecurityError: VALUE;
    pub static mut rb_eSystemCallError: VALUE;
    pub static mut rb_eThreadError: VALUE;
    pub static mut rb_eTypeError: VALUE;
    pub static mut rb_eZeroDivError: VALUE;
    pub static mut rb_eNotImpError: VALUE;
    pub static mut rb_eNoMemError: VALUE;
    pub static mut rb_eNoMethodError: VALUE;
    pub static mut rb_eFloatDomainError: VALUE;
    pub static mut rb_eLocalJumpError: VALUE;
    pub static mut rb_eSysStackError: VALUE;
    pub static mut rb_eRegexpError: VALUE;
    pub static mut rb_eEncodingError: VALUE;
    pub static mut rb_eEncCompatError: VALUE;
    pub static mut rb_eNoMatchingPatternError: VALUE;
    pub static mut rb_eNoMatchingPatternKeyError: VALUE;
    pub static mut rb_eScriptError: VALUE;
    pub static mut rb_eNameError: VALUE;
    pub static mut rb_eSyntaxError: VALUE;
    pub static mut rb_eLoadError: VALUE;
    pub static mut rb_eMathDomainError: VALUE;
    pub fn rb_yield(val: VALUE) -> VALUE;
    pub fn rb_yield_values_kw(
        n: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_yield_splat(ary: VALUE) -> VALUE;
    pub fn rb_block_given_p() -> ::std::os::raw::c_int;
    pub fn rb_block_call_kw(
        obj: VALUE,
        mid: ID,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        proc_: rb_block_call_func_t,
        data2: VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_ensure(
        b_proc: ::std::option::Option<unsafe extern "C" fn(arg1: VALUE) -> VALUE>,
        data1: VALUE,
        e_proc: ::std::option::Option<unsafe extern "C" fn(arg1: VALUE) -> VALUE>,
        data2: VALUE,
    ) -> VALUE;
    pub fn rb_define_class(name: *const ::std::os::raw::c_char, super_: VALUE) -> VALUE;
    pub fn rb_define_module(name: *const ::std::os::raw::c_char) -> VALUE;
    pub fn rb_include_module(klass: VALUE, module: VALUE);
    pub fn rb_extend_object(obj: VALUE, mod_: VALUE);
    pub fn rb_prepend_module(klass: VALUE, module: VALUE);
    pub fn rb_singleton_class_clone(obj: VALUE) -> VALUE;
    pub fn rb_singleton_class_attached(klass: VALUE, obj: VALUE);
    pub fn rb_check_array_type(obj: VALUE) -> VALUE;
    pub fn rb_ary_new() -> VALUE;
    pub fn rb_ary_new_capa(capa: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_ary_new_from_values(
        n: ::std::os::raw::c_long,
        elts: *const VALUE,
    ) -> VALUE;
    pub fn rb_ary_hidden_new(capa: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_ary_shared_with_p(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_ary_subseq(
        ary: VALUE,
        beg: ::std::os::raw::c_long,
        len: ::std::os::raw::c_long,
    ) -> VALUE;
    pub fn rb_ary_store(ary: VALUE, key: ::std::os::raw::c_long, val: VALUE);
    pub fn rb_ary_to_ary(obj: VALUE) -> VALUE;
    pub fn rb_ary_cat(
        ary: VALUE,
        train: *const VALUE,
        len: ::std::os::raw::c_long,
    ) -> VALUE;
    pub fn rb_ary_push(ary: VALUE, elem: VALUE) -> VALUE;
    pub fn rb_ary_pop(ary: VALUE) -> VALUE;
    pub fn rb_ary_shift(ary: VALUE) -> VALUE;
    pub fn rb_ary_unshift(ary: VALUE, elem: VALUE) -> VALUE;
    pub fn rb_ary_entry(ary: VALUE, off: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_ary_join(ary: VALUE, sep: VALUE) -> VALUE;
    pub fn rb_ary_reverse(ary: VALUE) -> VALUE;
    pub fn rb_ary_rotate(ary: VALUE, rot: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_ary_sort_bang(ary: VALUE) -> VALUE;
    pub fn rb_ary_delete(ary: VALUE, elem: VALUE) -> VALUE;
    pub fn rb_ary_delete_at(ary: VALUE, pos: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_ary_clear(ary: VALUE) -> VALUE;
    pub fn rb_ary_plus(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_ary_concat(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_ary_assoc(alist: VALUE, key: VALUE) -> VALUE;
    pub fn rb_ary_rassoc(alist: VALUE, key: VALUE) -> VALUE;
    pub fn rb_ary_includes(ary: VALUE, elem: VALUE) -> VALUE;
    pub fn rb_ary_cmp(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_ary_replace(copy: VALUE, orig: VALUE) -> VALUE;
    pub fn rb_ary_resize(ary: VALUE, len: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_error_arity(
        argc: ::std::os::raw::c_int,
        min: ::std::os::raw::c_int,
        max: ::std::os::raw::c_int,
    ) -> !;
    pub fn rb_check_hash_type(obj: VALUE) -> VALUE;
    pub fn rb_hash_foreach(
        hash: VALUE,
        func: ::std::option::Option<
            unsafe extern "C" fn(
                key: VALUE,
                val: VALUE,
                arg: VALUE,
            ) -> ::std::os::raw::c_int,
        >,
        arg: VALUE,
    );
    pub fn rb_hash(obj: VALUE) -> VALUE;
    pub fn rb_hash_new() -> VALUE;
    pub fn rb_hash_new_capa(capa: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_hash_aref(hash: VALUE, key: VALUE) -> VALUE;
    pub fn rb_hash_lookup(hash: VALUE, key: VALUE) -> VALUE;
    pub fn rb_hash_lookup2(hash: VALUE, key: VALUE, def: VALUE) -> VALUE;
    pub fn rb_hash_fetch(hash: VALUE, key: VALUE) -> VALUE;
    pub fn rb_hash_aset(hash: VALUE, key: VALUE, val: VALUE) -> VALUE;
    pub fn rb_hash_clear(hash: VALUE) -> VALUE;
    pub fn rb_hash_delete(hash: VALUE, key: VALUE) -> VALUE;
    pub fn rb_hash_bulk_insert(
        argc: ::std::os::raw::c_long,
        argv: *const VALUE,
        hash: VALUE,
    );
    pub fn rb_hash_update_by(
        hash1: VALUE,
        hash2: VALUE,
        func: rb_hash_update_func,
    ) -> VALUE;
    pub fn rb_hash_size(hash: VALUE) -> VALUE;
    pub fn rb_block_proc() -> VALUE;
    pub fn rb_proc_new(func: rb_block_call_func_t, callback_arg: VALUE) -> VALUE;
    pub fn rb_obj_is_proc(recv: VALUE) -> VALUE;
    pub fn rb_proc_call_kw(
        recv: VALUE,
        args: VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_proc_arity(recv: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_proc_lambda_p(recv: VALUE) -> VALUE;
    pub fn rb_protect(
        func: ::std::option::Option<unsafe extern "C" fn(args: VALUE) -> VALUE>,
        args: VALUE,
        state: *mut ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_scan_args(
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        fmt: *const ::std::os::raw::c_char,
        ...
    ) -> ::std::os::raw::c_int;
    pub fn rb_sym2id(obj: VALUE) -> ID;
    pub fn rb_id2sym(id: ID) -> VALUE;
    pub fn rb_intern_str(str_: VALUE) -> ID;
    pub fn rb_id2name(id: ID) -> *const ::std::os::raw::c_char;
    pub fn rb_check_id(namep: *mut VALUE) -> ID;
    pub fn rb_sym2str(id: VALUE) -> VALUE;
    pub fn rb_to_symbol(name: VALUE) -> VALUE;
    pub fn rb_define_variable(name: *const ::std::os::raw::c_char, var: *mut VALUE);
    pub fn rb_define_global_const(name: *const ::std::os::raw::c_char, val: VALUE);
    pub fn rb_get_path(obj: VALUE) -> VALUE;
    pub fn rb_class2name(klass: VALUE) -> *const ::std::os::raw::c_char;
    pub fn rb_obj_classname(obj: VALUE) -> *const ::std::os::raw::c_char;
    pub fn rb_equal(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_big_norm(x: VALUE) -> VALUE;
    pub fn rb_big2str(x: VALUE, base: ::std::os::raw::c_int) -> VALUE;
    pub fn rb_big_cmp(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_big_eq(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_big_plus(x: VALUE, y: VALUE) -> VALUE;
    pub fn rb_big_minus(x: VALUE, y: VALUE) -> VALUE;
    pub fn rb_big_mul(x: VALUE, y: VALUE) -> VALUE;
    pub fn rb_big_div(x: VALUE, y: VALUE) -> VALUE;
    pub fn rb_complex_new(real: VALUE, imag: VALUE) -> VALUE;
    pub fn rb_complex_new_polar(abs: VALUE, arg: VALUE) -> VALUE;
    pub fn rb_complex_real(z: VALUE) -> VALUE;
    pub fn rb_complex_imag(z: VALUE) -> VALUE;
    pub fn rb_complex_conjugate(z: VALUE) -> VALUE;
    pub fn rb_complex_abs(z: VALUE) -> VALUE;
    pub fn rb_complex_arg(z: VALUE) -> VALUE;
    pub fn rb_fiber_new(func: rb_block_call_func_t, callback_obj: VALUE) -> VALUE;
    pub fn rb_fiber_new_storage(
        func: rb_block_call_func_t,
        callback_obj: VALUE,
        storage: VALUE,
    ) -> VALUE;
    pub fn rb_fiber_current() -> VALUE;
    pub fn rb_fiber_alive_p(fiber: VALUE) -> VALUE;
    pub fn rb_obj_is_fiber(obj: VALUE) -> VALUE;
    pub fn rb_fiber_resume_kw(
        fiber: VALUE,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_fiber_yield_kw(
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_fiber_transfer_kw(
        fiber: VALUE,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_fiber_raise(
        fiber: VALUE,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
    ) -> VALUE;
    pub fn rb_exc_raise(exc: VALUE) -> !;
    pub fn rb_exc_fatal(exc: VALUE) -> !;
    pub fn rb_jump_tag(state: ::std::os::raw::c_int) -> !;
    pub fn rb_enumeratorize_with_size_kw(
        recv: VALUE,
        meth: VALUE,
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        func: rb_enumerator_size_func,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_require_string(feature: VALUE) -> VALUE;
    pub fn rb_num_coerce_bin(lhs: VALUE, rhs: VALUE, op: ID) -> VALUE;
    pub fn rb_num_coerce_cmp(lhs: VALUE, rhs: VALUE, op: ID) -> VALUE;
    pub fn rb_num_coerce_relop(lhs: VALUE, rhs: VALUE, op: ID) -> VALUE;
    pub fn rb_num_coerce_bit(lhs: VALUE, rhs: VALUE, op: ID) -> VALUE;
    pub fn rb_class_new_instance_kw(
        argc: ::std::os::raw::c_int,
        argv: *const VALUE,
        klass: VALUE,
        kw_splat: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_eql(lhs: VALUE, rhs: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_any_to_s(obj: VALUE) -> VALUE;
    pub fn rb_inspect(obj: VALUE) -> VALUE;
    pub fn rb_obj_is_kind_of(obj: VALUE, klass: VALUE) -> VALUE;
    pub fn rb_obj_alloc(klass: VALUE) -> VALUE;
    pub fn rb_obj_freeze(obj: VALUE) -> VALUE;
    pub fn rb_class_inherited_p(scion: VALUE, ascendant: VALUE) -> VALUE;
    pub fn rb_class_superclass(klass: VALUE) -> VALUE;
    pub fn rb_to_int(val: VALUE) -> VALUE;
    pub fn rb_to_float(val: VALUE) -> VALUE;
    pub fn rb_backref_get() -> VALUE;
    pub fn rb_waitpid(
        pid: pid_t,
        status: *mut ::std::os::raw::c_int,
        flags: ::std::os::raw::c_int,
    ) -> pid_t;
    pub fn rb_range_new(beg: VALUE, end: VALUE, excl: ::std::os::raw::c_int) -> VALUE;
    pub fn rb_range_beg_len(
        range: VALUE,
        begp: *mut ::std::os::raw::c_long,
        lenp: *mut ::std::os::raw::c_long,
        len: ::std::os::raw::c_long,
        err: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_rational_new(num: VALUE, den: VALUE) -> VALUE;
    pub fn rb_rational_num(rat: VALUE) -> VALUE;
    pub fn rb_rational_den(rat: VALUE) -> VALUE;
    pub fn rb_flt_rationalize_with_prec(flt: VALUE, prec: VALUE) -> VALUE;
    pub fn rb_flt_rationalize(flt: VALUE) -> VALUE;
    pub fn rb_reg_nth_defined(n: ::std::os::raw::c_int, md: VALUE) -> VALUE;
    pub fn rb_reg_nth_match(n: ::std::os::raw::c_int, md: VALUE) -> VALUE;
    pub fn rb_reg_backref_number(match_: VALUE, backref: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_reg_last_match(md: VALUE) -> VALUE;
    pub fn rb_reg_match_pre(md: VALUE) -> VALUE;
    pub fn rb_reg_match_post(md: VALUE) -> VALUE;
    pub fn rb_reg_match_last(md: VALUE) -> VALUE;
    pub fn rb_reg_new_str(src: VALUE, opts: ::std::os::raw::c_int) -> VALUE;
    pub fn rb_reg_match(re: VALUE, str_: VALUE) -> VALUE;
    pub fn rb_reg_options(re: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_str_new(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
    ) -> VALUE;
    pub fn rb_str_new_shared(str_: VALUE) -> VALUE;
    pub fn rb_str_new_frozen(str_: VALUE) -> VALUE;
    pub fn rb_str_buf_new(capa: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_utf8_str_new(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
    ) -> VALUE;
    pub fn rb_utf8_str_new_static(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
    ) -> VALUE;
    pub fn rb_str_to_interned_str(str_: VALUE) -> VALUE;
    pub fn rb_str_shared_replace(dst: VALUE, src: VALUE);
    pub fn rb_str_buf_append(dst: VALUE, src: VALUE) -> VALUE;
    pub fn rb_obj_as_string(obj: VALUE) -> VALUE;
    pub fn rb_str_plus(lhs: VALUE, rhs: VALUE) -> VALUE;
    pub fn rb_str_times(str_: VALUE, num: VALUE) -> VALUE;
    pub fn rb_str_cat(
        dst: VALUE,
        src: *const ::std::os::raw::c_char,
        srclen: ::std::os::raw::c_long,
    ) -> VALUE;
    pub fn rb_str_comparable(str1: VALUE, str2: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_str_cmp(lhs: VALUE, rhs: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_str_drop_bytes(str_: VALUE, len: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_str_update(
        dst: VALUE,
        beg: ::std::os::raw::c_long,
        len: ::std::os::raw::c_long,
        src: VALUE,
    );
    pub fn rb_str_replace(dst: VALUE, src: VALUE) -> VALUE;
    pub fn rb_str_dump(str_: VALUE) -> VALUE;
    pub fn rb_str_split(str_: VALUE, delim: *const ::std::os::raw::c_char) -> VALUE;
    pub fn rb_str_strlen(str_: VALUE) -> ::std::os::raw::c_long;
    pub fn rb_str_offset(
        str_: VALUE,
        pos: ::std::os::raw::c_long,
    ) -> ::std::os::raw::c_long;
    pub fn rb_str_capacity(str_: VALUE) -> size_t;
    pub fn rb_str_ellipsize(str_: VALUE, len: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_str_scrub(str_: VALUE, repl: VALUE) -> VALUE;
    pub fn rb_struct_define(name: *const ::std::os::raw::c_char, ...) -> VALUE;
    pub fn rb_struct_getmember(self_: VALUE, key: ID) -> VALUE;
    pub fn rb_struct_members(self_: VALUE) -> VALUE;
    pub fn rb_data_define(super_: VALUE, ...) -> VALUE;
    pub fn rb_thread_schedule();
    pub fn rb_thread_wait_fd(fd: ::std::os::raw::c_int) -> ::std::os::raw::c_int;
    pub fn rb_thread_fd_writable(fd: ::std::os::raw::c_int) -> ::std::os::raw::c_int;
    pub fn rb_thread_fd_close(fd: ::std::os::raw::c_int);
    pub fn rb_thread_alone() -> ::std::os::raw::c_int;
    pub fn rb_thread_sleep_forever();
    pub fn rb_thread_sleep_deadly();
    pub fn rb_thread_wakeup(thread: VALUE) -> VALUE;
    pub fn rb_thread_wakeup_alive(thread: VALUE) -> VALUE;
    pub fn rb_thread_run(thread: VALUE) -> VALUE;
    pub fn rb_thread_kill(thread: VALUE) -> VALUE;
    pub fn rb_thread_create(
        f: ::std::option::Option<
            unsafe extern "C" fn(g: *mut ::std::os::raw::c_void) -> VALUE,
        >,
        g: *mut ::std::os::raw::c_void,
    ) -> VALUE;
    pub fn rb_thread_wait_for(time: timeval);
    pub fn rb_thread_current() -> VALUE;
    pub fn rb_thread_main() -> VALUE;
    pub fn rb_thread_local_aref(thread: VALUE, key: ID) -> VALUE;
    pub fn rb_thread_local_aset(thread: VALUE, key: ID, val: VALUE) -> VALUE;
    pub fn rb_thread_check_ints();
    pub fn rb_thread_interrupted(thval: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_mutex_new() -> VALUE;
    pub fn rb_mutex_locked_p(mutex: VALUE) -> VALUE;
    pub fn rb_mutex_trylock(mutex: VALUE) -> VALUE;
    pub fn rb_mutex_lock(mutex: VALUE) -> VALUE;
    pub fn rb_mutex_unlock(mutex: VALUE) -> VALUE;
    pub fn rb_mutex_sleep(self_: VALUE, timeout: VALUE) -> VALUE;
    pub fn rb_mutex_synchronize(
        mutex: VALUE,
        func: ::std::option::Option<unsafe extern "C" fn(arg: VALUE) -> VALUE>,
        arg: VALUE,
    ) -> VALUE;
    pub fn rb_time_new(sec: time_t, usec: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_time_nano_new(sec: time_t, nsec: ::std::os::raw::c_long) -> VALUE;
    pub fn rb_time_timespec_new(
        ts: *const timespec,
        offset: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_time_timespec(time: VALUE) -> timespec;
    pub fn rb_time_utc_offset(time: VALUE) -> VALUE;
    pub fn rb_alias_variable(dst: ID, src: ID);
    pub fn rb_ivar_get(obj: VALUE, name: ID) -> VALUE;
    pub fn rb_ivar_set(obj: VALUE, name: ID, val: VALUE) -> VALUE;
    pub fn rb_const_get(space: VALUE, name: ID) -> VALUE;
    pub fn rb_const_set(space: VALUE, name: ID, val: VALUE);
    pub fn ruby_native_thread_p() -> ::std::os::raw::c_int;
    pub fn rb_enc_to_index(enc: *const OnigEncodingTypeST) -> ::std::os::raw::c_int;
    pub fn rb_enc_get_index(obj: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_enc_set_index(obj: VALUE, encindex: ::std::os::raw::c_int);
    pub fn rb_enc_find_index(
        name: *const ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn rb_to_encoding_index(obj: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_to_encoding(obj: VALUE) -> *mut OnigEncodingTypeST;
    pub fn rb_find_encoding(obj: VALUE) -> *mut OnigEncodingTypeST;
    pub fn rb_enc_compatible(str1: VALUE, str2: VALUE) -> *mut OnigEncodingTypeST;
    pub fn rb_enc_check(str1: VALUE, str2: VALUE) -> *mut OnigEncodingTypeST;
    pub fn rb_enc_associate_index(obj: VALUE, encindex: ::std::os::raw::c_int) -> VALUE;
    pub fn rb_enc_copy(dst: VALUE, src: VALUE);
    pub fn rb_enc_from_index(idx: ::std::os::raw::c_int) -> *mut OnigEncodingTypeST;
    pub fn rb_enc_find(name: *const ::std::os::raw::c_char) -> *mut OnigEncodingTypeST;
    pub fn rb_enc_mbclen(
        p: *const ::std::os::raw::c_char,
        e: *const ::std::os::raw::c_char,
        enc: *const OnigEncodingTypeST,
    ) -> ::std::os::raw::c_int;
    pub fn rb_enc_fast_mbclen(
        p: *const ::std::os::raw::c_char,
        e: *const ::std::os::raw::c_char,
        enc: *const OnigEncodingTypeST,
    ) -> ::std::os::raw::c_int;
    pub fn rb_enc_precise_mbclen(
        p: *const ::std::os::raw::c_char,
        e: *const ::std::os::raw::c_char,
        enc: *const OnigEncodingTypeST,
    ) -> ::std::os::raw::c_int;
    pub fn rb_enc_ascget(
        p: *const ::std::os::raw::c_char,
        e: *const ::std::os::raw::c_char,
        len: *mut ::std::os::raw::c_int,
        enc: *const OnigEncodingTypeST,
    ) -> ::std::os::raw::c_int;
    pub fn rb_enc_codepoint_len(
        p: *const ::std::os::raw::c_char,
        e: *const ::std::os::raw::c_char,
        len: *mut ::std::os::raw::c_int,
        enc: *const OnigEncodingTypeST,
    ) -> ::std::os::raw::c_uint;
    pub fn rb_enc_codelen(
        code: ::std::os::raw::c_int,
        enc: *const OnigEncodingTypeST,
    ) -> ::std::os::raw::c_int;
    pub fn rb_enc_from_encoding(enc: *const OnigEncodingTypeST) -> VALUE;
    pub fn rb_ascii8bit_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_utf8_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_usascii_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_locale_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_filesystem_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_default_external_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_default_internal_encoding() -> *mut OnigEncodingTypeST;
    pub fn rb_ascii8bit_encindex() -> ::std::os::raw::c_int;
    pub fn rb_utf8_encindex() -> ::std::os::raw::c_int;
    pub fn rb_usascii_encindex() -> ::std::os::raw::c_int;
    pub fn rb_locale_encindex() -> ::std::os::raw::c_int;
    pub fn rb_filesystem_encindex() -> ::std::os::raw::c_int;
    pub fn rb_enc_default_external() -> VALUE;
    pub fn rb_enc_default_internal() -> VALUE;
    pub fn rb_enc_reg_new(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
        enc: *const OnigEncodingTypeST,
        opts: ::std::os::raw::c_int,
    ) -> VALUE;
    pub fn rb_enc_str_new(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
        enc: *const OnigEncodingTypeST,
    ) -> VALUE;
    pub fn rb_enc_uint_chr(
        code: ::std::os::raw::c_uint,
        enc: *const OnigEncodingTypeST,
    ) -> VALUE;
    pub fn rb_str_conv_enc(
        str_: VALUE,
        from: *const OnigEncodingTypeST,
        to: *const OnigEncodingTypeST,
    ) -> VALUE;
    pub fn rb_enc_str_coderange(str_: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_intern3(
        name: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
        enc: *const OnigEncodingTypeST,
    ) -> ID;
    pub fn rb_check_id_cstr(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
        enc: *const OnigEncodingTypeST,
    ) -> ID;
    pub fn rb_check_symbol_cstr(
        ptr: *const ::std::os::raw::c_char,
        len: ::std::os::raw::c_long,
        enc: *const OnigEncodingTypeST,
    ) -> VALUE;
    pub fn rb_io_descriptor(io: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_io_mode(io: VALUE) -> ::std::os::raw::c_int;
    pub fn rb_io_extract_modeenc(
        vmode_p: *mut VALUE,
        vperm_p: *mut VALUE,
        opthash: VALUE,
        oflags_p: *mut ::std::os::raw::c_int,
        fmode_p: *mut ::std::os::raw::c_int,
        convconfig_p: *mut rb_io_enc_t,
    );
    pub fn rb_thread_call_without_gvl2(
        func: ::std::option::Option<
            unsafe extern "C" fn(
                arg1: *mut ::std::os::raw::c_void,
            ) -> *mut ::std::os::raw::c_void,
        >,
        data1: *mut ::std::os::raw::c_void,
        ubf: rb_unblock_function_t,
        data2: *mut ::std::os::raw::c_void,
    ) -> *mut ::std::os::raw::c_void;
}
}

pub mod unstable {}

pub mod stable {}

pub(crate) mod internal {
    pub use super::uncategorized::*;
}
