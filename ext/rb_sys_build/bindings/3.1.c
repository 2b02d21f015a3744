/* Made by `rake bindings`. Do not edit. */
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
IS(RUBY_DEBUG == 0);
IS(USE_FLONUM == 1);
IS(RB_NO_KEYWORDS == 0);
IS(RB_PASS_KEYWORDS == 1);
IS(ONIG_OPTION_NONE == 0);
IS(ONIG_OPTION_IGNORECASE == 1);
IS(ONIG_OPTION_EXTEND == 2);
IS(ONIG_OPTION_MULTILINE == 4);
IS(ONIG_OPTION_DOTALL == 4);
IS(ONIG_OPTION_SINGLELINE == 8);
IS(ONIG_OPTION_FIND_LONGEST == 16);
IS(ONIG_OPTION_FIND_NOT_EMPTY == 32);
IS(ONIG_OPTION_NEGATE_SINGLELINE == 64);
IS(ONIG_OPTION_DONT_CAPTURE_GROUP == 128);
IS(ONIG_OPTION_CAPTURE_GROUP == 256);
IS(ONIG_OPTION_NOTBOL == 512);
IS(ONIG_OPTION_NOTEOL == 1024);
IS(ONIG_OPTION_NOTBOS == 2048);
IS(ONIG_OPTION_NOTEOS == 4096);
IS(ONIG_OPTION_ASCII_RANGE == 8192);
IS(ONIG_OPTION_POSIX_BRACKET_ALL_RANGE == 16384);
IS(ONIG_OPTION_WORD_BOUND_ALL_RANGE == 32768);
IS(ONIG_OPTION_NEWLINE_CRLF == 65536);
IS(FMODE_READABLE == 1);
IS(FMODE_WRITABLE == 2);
IS(FMODE_READWRITE == 3);
IS(FMODE_BINMODE == 4);
IS(FMODE_SYNC == 8);
IS(FMODE_TTY == 16);
IS(FMODE_DUPLEX == 32);
IS(FMODE_APPEND == 64);
IS(FMODE_CREATE == 128);
IS(FMODE_EXCL == 1024);
IS(FMODE_TRUNC == 2048);
IS(FMODE_TEXTMODE == 4096);
IS(FMODE_SETENC_BY_BOM == 1048576);
IS(RUBY_API_VERSION_MAJOR == 3);
IS(RUBY_API_VERSION_MINOR == 1);
SAME(size_t, unsigned long);
SAME(ssize_t, long);
SAME(pid_t, int);
SAME(time_t, long);
IS(sizeof(struct timeval) == 16);
IS(_Alignof(struct timeval) == 8);
FIELD(struct timeval, tv_sec, 0, long);
FIELD(struct timeval, tv_usec, 8, suseconds_t);
IS(sizeof(struct timespec) == 16);
IS(_Alignof(struct timespec) == 8);
FIELD(struct timespec, tv_sec, 0, long);
FIELD(struct timespec, tv_nsec, 8, long);
SAME(VALUE, unsigned long);
SAME(ID, unsigned long);
IS(RUBY_SPECIAL_SHIFT == RUBY_Qnil);
IS(sizeof(enum ruby_special_consts) == 4);
IS(RUBY_Qfalse == 0);
IS(RUBY_Qtrue == 20);
IS(RUBY_Qnil == 8);
IS(RUBY_Qundef == 52);
IS(RUBY_IMMEDIATE_MASK == 7);
IS(RUBY_FIXNUM_FLAG == 1);
IS(RUBY_FLONUM_MASK == 3);
IS(RUBY_FLONUM_FLAG == 2);
IS(RUBY_SYMBOL_FLAG == 12);
IS(sizeof(enum ruby_rvalue_flags) == 4);
IS(RVALUE_EMBED_LEN_MAX == 3);
IS(sizeof(struct RBasic) == 16);
IS(_Alignof(struct RBasic) == 8);
FIELD(struct RBasic, flags, 0, VALUE);
FIELD(struct RBasic, klass, 8, VALUE);
IS(sizeof(enum ruby_value_type) == 4);
IS(RUBY_T_NONE == 0);
IS(RUBY_T_OBJECT == 1);
IS(RUBY_T_CLASS == 2);
IS(RUBY_T_MODULE == 3);
IS(RUBY_T_FLOAT == 4);
IS(RUBY_T_STRING == 5);
IS(RUBY_T_REGEXP == 6);
IS(RUBY_T_ARRAY == 7);
IS(RUBY_T_HASH == 8);
IS(RUBY_T_STRUCT == 9);
IS(RUBY_T_BIGNUM == 10);
IS(RUBY_T_FILE == 11);
IS(RUBY_T_DATA == 12);
IS(RUBY_T_MATCH == 13);
IS(RUBY_T_COMPLEX == 14);
IS(RUBY_T_RATIONAL == 15);
IS(RUBY_T_NIL == 17);
IS(RUBY_T_TRUE == 18);
IS(RUBY_T_FALSE == 19);
IS(RUBY_T_SYMBOL == 20);
IS(RUBY_T_FIXNUM == 21);
IS(RUBY_T_UNDEF == 22);
IS(RUBY_T_IMEMO == 26);
IS(RUBY_T_NODE == 27);
IS(RUBY_T_ICLASS == 28);
IS(RUBY_T_ZOMBIE == 29);
IS(RUBY_T_MOVED == 30);
IS(RUBY_T_MASK == 31);
IS(sizeof(enum ruby_fl_ushift) == 4);
IS(RUBY_FL_USHIFT == 12);
IS(RUBY_FL_PROMOTED0 == RUBY_FL_WB_PROTECTED);
IS(RUBY_FL_SHAREABLE == RUBY_FL_TAINT);
IS(RUBY_FL_UNTRUSTED == RUBY_FL_TAINT);
IS(RUBY_ELTS_SHARED == RUBY_FL_USER2);
IS(RUBY_FL_SINGLETON == RUBY_FL_USER0);
IS(sizeof(enum ruby_fl_type) == 4);
IS(RUBY_FL_WB_PROTECTED == 32);
IS(RUBY_FL_PROMOTED1 == 64);
IS(RUBY_FL_PROMOTED == 96);
IS(RUBY_FL_FINALIZE == 128);
IS(RUBY_FL_TAINT == 256);
IS(RUBY_FL_SEEN_OBJ_ID == 512);
IS(RUBY_FL_EXIVAR == 1024);
IS(RUBY_FL_FREEZE == 2048);
IS(RUBY_FL_USER0 == 4096);
IS(RUBY_FL_USER1 == 8192);
IS(RUBY_FL_USER2 == 16384);
IS(RUBY_FL_USER3 == 32768);
IS(RUBY_FL_USER4 == 65536);
IS(RUBY_FL_USER5 == 131072);
IS(RUBY_FL_USER6 == 262144);
IS(RUBY_FL_USER7 == 524288);
IS(RUBY_FL_USER8 == 1048576);
IS(RUBY_FL_USER9 == 2097152);
IS(RUBY_FL_USER10 == 4194304);
IS(RUBY_FL_USER11 == 8388608);
IS(RUBY_FL_USER12 == 16777216);
IS(RUBY_FL_USER13 == 33554432);
IS(RUBY_FL_USER14 == 67108864);
IS(RUBY_FL_USER15 == 134217728);
IS(RUBY_FL_USER16 == 268435456);
IS(RUBY_FL_USER17 == 536870912);
IS(RUBY_FL_USER18 == 1073741824);
IS(RUBY_FL_USER19 == -2147483648);
IS(sizeof(enum ruby_rstring_flags) == 4);
IS(RSTRING_NOEMBED == 8192);
IS(RSTRING_EMBED_LEN_MASK == 507904);
IS(RSTRING_FSTR == 536870912);
IS(sizeof(enum ruby_rstring_consts) == 4);
IS(RSTRING_EMBED_LEN_SHIFT == 14);
IS(RSTRING_EMBED_LEN_MAX == 23);
IS(sizeof(struct RString) == 40);
IS(_Alignof(struct RString) == 8);
FIELD(struct RString, basic, 0, struct RBasic);
FIELD(struct RString, as.heap.len, 16, long);
FIELD(struct RString, as.heap.ptr, 24, char *);
FIELD(struct RString, as.heap.aux.capa, 32, long);
FIELD(struct RString, as.heap.aux.shared, 32, VALUE);
FIELD(struct RString, as.embed.ary, 16, char [24]);
SAME(st_data_t, unsigned long);
SAME(st_index_t, st_data_t);
IS(sizeof(struct st_hash_type) == 16);
IS(_Alignof(struct st_hash_type) == 8);
FIELD(struct st_hash_type, compare, 0, int (*)(st_data_t , st_data_t ));
FIELD(struct st_hash_type, hash, 8, st_index_t (*)(st_data_t ));
IS(sizeof(struct st_table) == 56);
IS(_Alignof(struct st_table) == 8);
FIELD(struct st_table, entry_power, 0, unsigned char);
FIELD(struct st_table, bin_power, 1, unsigned char);
FIELD(struct st_table, size_ind, 2, unsigned char);
FIELD(struct st_table, rebuilds_num, 4, unsigned int);
FIELD(struct st_table, type, 8, struct st_hash_type const *);
FIELD(struct st_table, num_entries, 16, st_index_t);
FIELD(struct st_table, bins, 24, st_index_t *);
FIELD(struct st_table, entries_start, 32, st_index_t);
FIELD(struct st_table, entries_bound, 40, st_index_t);
FIELD(struct st_table, entries, 48, struct st_table_entry *);
IS(sizeof(enum ruby_rarray_flags) == 4);
IS(RARRAY_EMBED_FLAG == 8192);
IS(RARRAY_EMBED_LEN_MASK == 98304);
IS(RARRAY_TRANSIENT_FLAG == 33554432);
IS(sizeof(enum ruby_rarray_consts) == 4);
IS(RARRAY_EMBED_LEN_SHIFT == 15);
IS(RARRAY_EMBED_LEN_MAX == 3);
IS(sizeof(struct RArray) == 40);
IS(_Alignof(struct RArray) == 8);
FIELD(struct RArray, basic, 0, struct RBasic);
FIELD(struct RArray, as.heap.len, 16, long);
FIELD(struct RArray, as.heap.aux.capa, 24, long);
FIELD(struct RArray, as.heap.aux.shared_root, 24, VALUE);
FIELD(struct RArray, as.heap.ptr, 32, VALUE const *);
FIELD(struct RArray, as.ary, 16, VALUE [3]);
IS(sizeof(struct RFile) == 24);
IS(_Alignof(struct RFile) == 8);
FIELD(struct RFile, basic, 0, struct RBasic);
FIELD(struct RFile, fptr, 16, struct rb_io_t *);
IS(sizeof(enum rbimpl_typeddata_flags) == 4);
IS(RUBY_TYPED_FREE_IMMEDIATELY == 1);
IS(RUBY_TYPED_FROZEN_SHAREABLE == 256);
IS(RUBY_TYPED_WB_PROTECTED == 32);
IS(RUBY_TYPED_PROMOTED1 == 64);
SAME(rb_data_type_t, struct rb_data_type_struct);
IS(sizeof(struct rb_data_type_struct) == 72);
IS(_Alignof(struct rb_data_type_struct) == 8);
FIELD(struct rb_data_type_struct, wrap_struct_name, 0, char const *);
FIELD(struct rb_data_type_struct, function.dmark, 8, void (*)(void *));
FIELD(struct rb_data_type_struct, function.dfree, 16, void (*)(void *));
FIELD(struct rb_data_type_struct, function.dsize, 24, size_t (*)(void const *));
FIELD(struct rb_data_type_struct, function.dcompact, 32, void (*)(void *));
FIELD(struct rb_data_type_struct, function.reserved, 40, void *[1]);
FIELD(struct rb_data_type_struct, parent, 48, rb_data_type_t const *);
FIELD(struct rb_data_type_struct, data, 56, void *);
FIELD(struct rb_data_type_struct, flags, 64, VALUE);
IS(sizeof(struct RTypedData) == 40);
IS(_Alignof(struct RTypedData) == 8);
FIELD(struct RTypedData, basic, 0, struct RBasic);
FIELD(struct RTypedData, type, 16, rb_data_type_t const *);
FIELD(struct RTypedData, typed_flag, 24, VALUE);
FIELD(struct RTypedData, data, 32, void *);
IS(RUBY_ENC_CODERANGE_MASK == RUBY_ENC_CODERANGE_BROKEN);
IS(sizeof(enum ruby_coderange_type) == 4);
IS(RUBY_ENC_CODERANGE_UNKNOWN == 0);
IS(RUBY_ENC_CODERANGE_7BIT == 1048576);
IS(RUBY_ENC_CODERANGE_VALID == 2097152);
IS(RUBY_ENC_CODERANGE_BROKEN == 3145728);
SAME(OnigUChar, unsigned char);
SAME(OnigCodePoint, unsigned int);
SAME(OnigCtype, unsigned int);
SAME(OnigCaseFoldType, unsigned int);
IS(sizeof(OnigCaseFoldCodeItem) == 20);
IS(_Alignof(OnigCaseFoldCodeItem) == 4);
FIELD(OnigCaseFoldCodeItem, byte_len, 0, int);
FIELD(OnigCaseFoldCodeItem, code_len, 4, int);
FIELD(OnigCaseFoldCodeItem, code, 8, OnigCodePoint [3]);
IS(sizeof(struct OnigEncodingTypeST) == 136);
IS(_Alignof(struct OnigEncodingTypeST) == 8);
FIELD(struct OnigEncodingTypeST, precise_mbc_enc_len, 0, int (*)(OnigUChar const *, OnigUChar const *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, name, 8, char const *);
FIELD(struct OnigEncodingTypeST, max_enc_len, 16, int);
FIELD(struct OnigEncodingTypeST, min_enc_len, 20, int);
FIELD(struct OnigEncodingTypeST, is_mbc_newline, 24, int (*)(OnigUChar const *, OnigUChar const *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, mbc_to_code, 32, OnigCodePoint (*)(OnigUChar const *, OnigUChar const *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, code_to_mbclen, 40, int (*)(OnigCodePoint , struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, code_to_mbc, 48, int (*)(OnigCodePoint , OnigUChar *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, mbc_case_fold, 56, int (*)(OnigCaseFoldType , OnigUChar const **, OnigUChar const *, OnigUChar *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, apply_all_case_fold, 64, int (*)(OnigCaseFoldType , int (*)(OnigCodePoint , OnigCodePoint *, int , void *), void *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, get_case_fold_codes_by_str, 72, int (*)(OnigCaseFoldType , OnigUChar const *, OnigUChar const *, OnigCaseFoldCodeItem *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, property_name_to_ctype, 80, int (*)(struct OnigEncodingTypeST const *, OnigUChar const *, OnigUChar const *));
FIELD(struct OnigEncodingTypeST, is_code_ctype, 88, int (*)(OnigCodePoint , OnigCtype , struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, get_ctype_code_range, 96, int (*)(OnigCtype , OnigCodePoint *, OnigCodePoint const **, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, left_adjust_char_head, 104, OnigUChar *(*)(OnigUChar const *, OnigUChar const *, OnigUChar const *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, is_allowed_reverse_match, 112, int (*)(OnigUChar const *, OnigUChar const *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, case_map, 120, int (*)(OnigCaseFoldType *, OnigUChar const **, OnigUChar const *, OnigUChar *, OnigUChar *, struct OnigEncodingTypeST const *));
FIELD(struct OnigEncodingTypeST, ruby_encoding_index, 128, int);
FIELD(struct OnigEncodingTypeST, flags, 132, unsigned int);
SAME(OnigEncodingType, struct OnigEncodingTypeST);
IS(sizeof(enum ruby_encoding_consts) == 4);
IS(RUBY_ENCODING_INLINE_MAX == 127);
IS(RUBY_ENCODING_SHIFT == 22);
IS(RUBY_ENCODING_MASK == 532676608);
IS(RUBY_ENCODING_MAXNAMELEN == 42);
SAME(rb_encoding, OnigEncodingType);
IS(sizeof(struct rb_io_buffer_t) == 20);
IS(_Alignof(struct rb_io_buffer_t) == 1);
FIELD(struct rb_io_buffer_t, ptr, 0, char *);
FIELD(struct rb_io_buffer_t, off, 8, int);
FIELD(struct rb_io_buffer_t, len, 12, int);
FIELD(struct rb_io_buffer_t, capa, 16, int);
IS(sizeof(struct rb_io_t) == 200);
IS(_Alignof(struct rb_io_t) == 8);
FIELD(struct rb_io_t, self, 0, VALUE);
FIELD(struct rb_io_t, stdio_file, 8, FILE *);
FIELD(struct rb_io_t, fd, 16, int);
FIELD(struct rb_io_t, mode, 20, int);
FIELD(struct rb_io_t, pid, 24, pid_t);
FIELD(struct rb_io_t, lineno, 28, int);
FIELD(struct rb_io_t, pathv, 32, VALUE);
FIELD(struct rb_io_t, finalize, 40, void (*)(struct rb_io_t *, int ));
FIELD(struct rb_io_t, wbuf, 48, struct rb_io_buffer_t);
FIELD(struct rb_io_t, rbuf, 68, struct rb_io_buffer_t);
FIELD(struct rb_io_t, tied_io_for_writing, 88, VALUE);
FIELD(struct rb_io_t, encs.enc, 96, struct OnigEncodingTypeST const *);
FIELD(struct rb_io_t, encs.enc2, 104, struct OnigEncodingTypeST const *);
FIELD(struct rb_io_t, encs.ecflags, 112, int);
FIELD(struct rb_io_t, encs.ecopts, 120, VALUE);
FIELD(struct rb_io_t, readconv, 128, struct rb_econv_t *);
FIELD(struct rb_io_t, cbuf, 136, struct rb_io_buffer_t);
FIELD(struct rb_io_t, writeconv, 160, struct rb_econv_t *);
FIELD(struct rb_io_t, writeconv_asciicompat, 168, VALUE);
FIELD(struct rb_io_t, writeconv_initialized, 176, int);
FIELD(struct rb_io_t, writeconv_pre_ecflags, 180, int);
FIELD(struct rb_io_t, writeconv_pre_ecopts, 184, VALUE);
FIELD(struct rb_io_t, write_lock, 192, VALUE);
SAME(ruby_vm_t, struct rb_vm_struct);
#undef rb_class_new
extern VALUE rb_class_new(VALUE );
#undef rb_define_class_id_under
extern VALUE rb_define_class_id_under(VALUE , ID , VALUE );
#undef rb_module_new
extern VALUE rb_module_new(void);
#undef rb_define_module_id_under
extern VALUE rb_define_module_id_under(VALUE , ID );
#undef rb_mod_ancestors
extern VALUE rb_mod_ancestors(VALUE );
#undef rb_define_method_id
extern void rb_define_method_id(VALUE , ID , VALUE (*)(void), int );
#undef rb_define_protected_method
extern void rb_define_protected_method(VALUE , char const *, VALUE (*)(void), int );
#undef rb_define_private_method
extern void rb_define_private_method(VALUE , char const *, VALUE (*)(void), int );
#undef rb_define_singleton_method
extern void rb_define_singleton_method(VALUE , char const *, VALUE (*)(void), int );
#undef rb_singleton_class
extern VALUE rb_singleton_class(VALUE );
#undef rb_check_funcall_kw
extern VALUE rb_check_funcall_kw(VALUE , ID , int , VALUE const *, int );
#undef rb_define_alloc_func
extern void rb_define_alloc_func(VALUE , VALUE (*)(VALUE ));
#undef rb_undef_alloc_func
extern void rb_undef_alloc_func(VALUE );
#undef rb_get_alloc_func
extern VALUE (*rb_get_alloc_func(VALUE ))(VALUE );
#undef rb_alias
extern void rb_alias(VALUE , ID , ID );
#undef rb_attr
extern void rb_attr(VALUE , ID , int , int , int );
#undef rb_obj_respond_to
extern int rb_obj_respond_to(VALUE , ID , int );
#undef rb_define_module_function
extern void rb_define_module_function(VALUE , char const *, VALUE (*)(void), int );
#undef rb_define_global_function
extern void rb_define_global_function(char const *, VALUE (*)(void), int );
#undef rb_int2big
extern VALUE rb_int2big(intptr_t );
#undef rb_uint2big
extern VALUE rb_uint2big(uintptr_t );
#undef rb_num2long
extern long rb_num2long(VALUE );
#undef rb_num2ulong
extern unsigned long rb_num2ulong(VALUE );
#undef rb_obj_hide
extern VALUE rb_obj_hide(VALUE );
#undef rb_obj_reveal
extern VALUE rb_obj_reveal(VALUE , VALUE );
#undef rb_errinfo
extern VALUE rb_errinfo(void);
#undef rb_set_errinfo
extern void rb_set_errinfo(VALUE );
#undef rb_bug
extern void rb_bug(char const *, ...);
#undef rb_sys_fail
extern void rb_sys_fail(char const *);
#undef rb_iter_break_value
extern void rb_iter_break_value(VALUE );
#undef rb_warning
extern void rb_warning(char const *, ...);
#undef rb_str_to_str
extern VALUE rb_str_to_str(VALUE );
#undef rb_num2dbl
extern double rb_num2dbl(VALUE );
#undef rb_float_value
extern double rb_float_value(VALUE );
#undef rb_float_new
extern VALUE rb_float_new(double );
#undef rb_float_new_in_heap
extern VALUE rb_float_new_in_heap(double );
#undef rb_ll2inum
extern VALUE rb_ll2inum(long long );
#undef rb_ull2inum
extern VALUE rb_ull2inum(unsigned long long );
#undef rb_num2ll
extern long long rb_num2ll(VALUE );
#undef rb_num2ull
extern unsigned long long rb_num2ull(VALUE );
#undef rb_gc_writebarrier
extern void rb_gc_writebarrier(VALUE , VALUE );
#undef rb_gc_writebarrier_unprotect
extern void rb_gc_writebarrier_unprotect(VALUE );
#undef rb_cObject
extern VALUE rb_cObject;
#undef ruby_sysinit
extern void ruby_sysinit(int *, char ***);
#undef ruby_init_stack
extern void ruby_init_stack(volatile VALUE *);
#undef ruby_setup
extern int ruby_setup(void);
#undef ruby_cleanup
extern int ruby_cleanup(int );
#undef ruby_exec_node
extern int ruby_exec_node(void *);
#undef ruby_set_script_name
extern void ruby_set_script_name(VALUE );
#undef ruby_process_options
extern void *ruby_process_options(int , char **);
#undef rb_hash_size_num
extern size_t rb_hash_size_num(VALUE );
#undef rb_struct_size
extern VALUE rb_struct_size(VALUE );
#undef rb_struct_aref
extern VALUE rb_struct_aref(VALUE , VALUE );
#undef rb_struct_aset
extern VALUE rb_struct_aset(VALUE , VALUE , VALUE );
#undef rb_data_typed_object_wrap
extern VALUE rb_data_typed_object_wrap(VALUE , void *, rb_data_type_t const *);
#undef rb_check_typeddata
extern void *rb_check_typeddata(VALUE , rb_data_type_t const *);
#undef rb_eval_string_protect
extern VALUE rb_eval_string_protect(char const *, int *);
#undef rb_funcallv_kw
extern VALUE rb_funcallv_kw(VALUE , ID , int , VALUE const *, int );
#undef rb_funcallv_public_kw
extern VALUE rb_funcallv_public_kw(VALUE , ID , int , VALUE const *, int );
#undef rb_funcall_with_block_kw
extern VALUE rb_funcall_with_block_kw(VALUE , ID , int , VALUE const *, VALUE , int );
#undef rb_call_super_kw
extern VALUE rb_call_super_kw(int , VALUE const *, int );
#undef rb_current_receiver
extern VALUE rb_current_receiver(void);
#undef rb_get_kwargs
extern int rb_get_kwargs(VALUE , ID const *, int , int , VALUE *);
#undef rb_gc_register_address
extern void rb_gc_register_address(VALUE *);
#undef rb_gc_unregister_address
extern void rb_gc_unregister_address(VALUE *);
#undef rb_gc_register_mark_object
extern void rb_gc_register_mark_object(VALUE );
#undef rb_mKernel
extern VALUE rb_mKernel;
#undef rb_mComparable
extern VALUE rb_mComparable;
#undef rb_mEnumerable
extern VALUE rb_mEnumerable;
#undef rb_mErrno
extern VALUE rb_mErrno;
#undef rb_mFileTest
extern VALUE rb_mFileTest;
#undef rb_mGC
extern VALUE rb_mGC;
#undef rb_mMath
extern VALUE rb_mMath;
#undef rb_mProcess
extern VALUE rb_mProcess;
#undef rb_mWaitReadable
extern VALUE rb_mWaitReadable;
#undef rb_mWaitWritable
extern VALUE rb_mWaitWritable;
#undef rb_cBasicObject
extern VALUE rb_cBasicObject;
#undef rb_cArray
extern VALUE rb_cArray;
#undef rb_cBinding
extern VALUE rb_cBinding;
#undef rb_cClass
extern VALUE rb_cClass;
#undef rb_cDir
extern VALUE rb_cDir;
#undef rb_cEncoding
extern VALUE rb_cEncoding;
#undef rb_cEnumerator
extern VALUE rb_cEnumerator;
#undef rb_cFalseClass
extern VALUE rb_cFalseClass;
#undef rb_cFile
extern VALUE rb_cFile;
#undef rb_cComplex
extern VALUE rb_cComplex;
#undef rb_cFloat
extern VALUE rb_cFloat;
#undef rb_cHash
extern VALUE rb_cHash;
#undef rb_cIO
extern VALUE rb_cIO;
#undef rb_cInteger
extern VALUE rb_cInteger;
#undef rb_cMatch
extern VALUE rb_cMatch;
#undef rb_cMethod
extern VALUE rb_cMethod;
#undef rb_cModule
extern VALUE rb_cModule;
#undef rb_cRefinement
extern VALUE rb_cRefinement;
#undef rb_cNameErrorMesg
extern VALUE rb_cNameErrorMesg;
#undef rb_cNilClass
extern VALUE rb_cNilClass;
#undef rb_cNumeric
extern VALUE rb_cNumeric;
#undef rb_cProc
extern VALUE rb_cProc;
#undef rb_cRandom
extern VALUE rb_cRandom;
#undef rb_cRange
extern VALUE rb_cRange;
#undef rb_cRational
extern VALUE rb_cRational;
#undef rb_cRegexp
extern VALUE rb_cRegexp;
#undef rb_cStat
extern VALUE rb_cStat;
#undef rb_cString
extern VALUE rb_cString;
#undef rb_cStruct
extern VALUE rb_cStruct;
#undef rb_cSymbol
extern VALUE rb_cSymbol;
#undef rb_cThread
extern VALUE rb_cThread;
#undef rb_cTime
extern VALUE rb_cTime;
#undef rb_cTrueClass
extern VALUE rb_cTrueClass;
#undef rb_cUnboundMethod
extern VALUE rb_cUnboundMethod;
#undef rb_eException
extern VALUE rb_eException;
#undef rb_eStandardError
extern VALUE rb_eStandardError;
#undef rb_eSystemExit
extern VALUE rb_eSystemExit;
#undef rb_eInterrupt
extern VALUE rb_eInterrupt;
#undef rb_eSignal
extern VALUE rb_eSignal;
#undef rb_eFatal
extern VALUE rb_eFatal;
#undef rb_eArgError
extern VALUE rb_eArgError;
#undef rb_eEOFError
extern VALUE rb_eEOFError;
#undef rb_eIndexError
extern VALUE rb_eIndexError;
#undef rb_eStopIteration
extern VALUE rb_eStopIteration;
#undef rb_eKeyError
extern VALUE rb_eKeyError;
#undef rb_eRangeError
extern VALUE rb_eRangeError;
#undef rb_eIOError
extern VALUE rb_eIOError;
#undef rb_eRuntimeError
extern VALUE rb_eRuntimeError;
#undef rb_eFrozenError
extern VALUE rb_eFrozenError;
#undef rb_eSecurityError
extern VALUE rb_eSecurityError;
#undef rb_eSystemCallError
extern VALUE rb_eSystemCallError;
#undef rb_eThreadError
extern VALUE rb_eThreadError;
#undef rb_eTypeError
extern VALUE rb_eTypeError;
#undef rb_eZeroDivError
extern VALUE rb_eZeroDivError;
#undef rb_eNotImpError
extern VALUE rb_eNotImpError;
#undef rb_eNoMemError
extern VALUE rb_eNoMemError;
#undef rb_eNoMethodError
extern VALUE rb_eNoMethodError;
#undef rb_eFloatDomainError
extern VALUE rb_eFloatDomainError;
#undef rb_eLocalJumpError
extern VALUE rb_eLocalJumpError;
#undef rb_eSysStackError
extern VALUE rb_eSysStackError;
#undef rb_eRegexpError
extern VALUE rb_eRegexpError;
#undef rb_eEncodingError
extern VALUE rb_eEncodingError;
#undef rb_eEncCompatError
extern VALUE rb_eEncCompatError;
#undef rb_eNoMatchingPatternError
extern VALUE rb_eNoMatchingPatternError;
#undef rb_eNoMatchingPatternKeyError
extern VALUE rb_eNoMatchingPatternKeyError;
#undef rb_eScriptError
extern VALUE rb_eScriptError;
#undef rb_eNameError
extern VALUE rb_eNameError;
#undef rb_eSyntaxError
extern VALUE rb_eSyntaxError;
#undef rb_eLoadError
extern VALUE rb_eLoadError;
#undef rb_eMathDomainError
extern VALUE rb_eMathDomainError;
#undef rb_yield
extern VALUE rb_yield(VALUE );
#undef rb_yield_values_kw
extern VALUE rb_yield_values_kw(int , VALUE const *, int );
#undef rb_yield_splat
extern VALUE rb_yield_splat(VALUE );
#undef rb_block_given_p
extern int rb_block_given_p(void);
#undef rb_block_call_kw
extern VALUE rb_block_call_kw(VALUE , ID , int , VALUE const *, VALUE (*)(VALUE , VALUE , int , VALUE const *, VALUE ), VALUE , int );
#undef rb_ensure
extern VALUE rb_ensure(VALUE (*)(VALUE ), VALUE , VALUE (*)(VALUE ), VALUE );
#undef rb_define_class
extern VALUE rb_define_class(char const *, VALUE );
#undef rb_define_module
extern VALUE rb_define_module(char const *);
#undef rb_include_module
extern void rb_include_module(VALUE , VALUE );
#undef rb_extend_object
extern void rb_extend_object(VALUE , VALUE );
#undef rb_prepend_module
extern void rb_prepend_module(VALUE , VALUE );
#undef rb_singleton_class_clone
extern VALUE rb_singleton_class_clone(VALUE );
#undef rb_singleton_class_attached
extern void rb_singleton_class_attached(VALUE , VALUE );
#undef rb_check_array_type
extern VALUE rb_check_array_type(VALUE );
#undef rb_ary_new
extern VALUE rb_ary_new(void);
#undef rb_ary_new_capa
extern VALUE rb_ary_new_capa(long );
#undef rb_ary_new_from_values
extern VALUE rb_ary_new_from_values(long , VALUE const *);
#undef rb_ary_tmp_new
extern VALUE rb_ary_tmp_new(long );
#undef rb_ary_shared_with_p
extern VALUE rb_ary_shared_with_p(VALUE , VALUE );
#undef rb_ary_subseq
extern VALUE rb_ary_subseq(VALUE , long , long );
#undef rb_ary_store
extern void rb_ary_store(VALUE , long , VALUE );
#undef rb_ary_to_ary
extern VALUE rb_ary_to_ary(VALUE );
#undef rb_ary_cat
extern VALUE rb_ary_cat(VALUE , VALUE const *, long );
#undef rb_ary_push
extern VALUE rb_ary_push(VALUE , VALUE );
#undef rb_ary_pop
extern VALUE rb_ary_pop(VALUE );
#undef rb_ary_shift
extern VALUE rb_ary_shift(VALUE );
#undef rb_ary_unshift
extern VALUE rb_ary_unshift(VALUE , VALUE );
#undef rb_ary_entry
extern VALUE rb_ary_entry(VALUE , long );
#undef rb_ary_join
extern VALUE rb_ary_join(VALUE , VALUE );
#undef rb_ary_reverse
extern VALUE rb_ary_reverse(VALUE );
#undef rb_ary_rotate
extern VALUE rb_ary_rotate(VALUE , long );
#undef rb_ary_sort_bang
extern VALUE rb_ary_sort_bang(VALUE );
#undef rb_ary_delete
extern VALUE rb_ary_delete(VALUE , VALUE );
#undef rb_ary_delete_at
extern VALUE rb_ary_delete_at(VALUE , long );
#undef rb_ary_clear
extern VALUE rb_ary_clear(VALUE );
#undef rb_ary_plus
extern VALUE rb_ary_plus(VALUE , VALUE );
#undef rb_ary_concat
extern VALUE rb_ary_concat(VALUE , VALUE );
#undef rb_ary_assoc
extern VALUE rb_ary_assoc(VALUE , VALUE );
#undef rb_ary_rassoc
extern VALUE rb_ary_rassoc(VALUE , VALUE );
#undef rb_ary_includes
extern VALUE rb_ary_includes(VALUE , VALUE );
#undef rb_ary_cmp
extern VALUE rb_ary_cmp(VALUE , VALUE );
#undef rb_ary_replace
extern VALUE rb_ary_replace(VALUE , VALUE );
#undef rb_ary_resize
extern VALUE rb_ary_resize(VALUE , long );
#undef rb_error_arity
extern void rb_error_arity(int , int , int );
#undef rb_check_hash_type
extern VALUE rb_check_hash_type(VALUE );
#undef rb_hash_foreach
extern void rb_hash_foreach(VALUE , int (*)(VALUE , VALUE , VALUE ), VALUE );
#undef rb_hash
extern VALUE rb_hash(VALUE );
#undef rb_hash_new
extern VALUE rb_hash_new(void);
#undef rb_hash_aref
extern VALUE rb_hash_aref(VALUE , VALUE );
#undef rb_hash_lookup
extern VALUE rb_hash_lookup(VALUE , VALUE );
#undef rb_hash_lookup2
extern VALUE rb_hash_lookup2(VALUE , VALUE , VALUE );
#undef rb_hash_fetch
extern VALUE rb_hash_fetch(VALUE , VALUE );
#undef rb_hash_aset
extern VALUE rb_hash_aset(VALUE , VALUE , VALUE );
#undef rb_hash_clear
extern VALUE rb_hash_clear(VALUE );
#undef rb_hash_delete
extern VALUE rb_hash_delete(VALUE , VALUE );
#undef rb_hash_bulk_insert
extern void rb_hash_bulk_insert(long , VALUE const *, VALUE );
#undef rb_hash_update_by
extern VALUE rb_hash_update_by(VALUE , VALUE , VALUE (*)(VALUE , VALUE , VALUE ));
#undef rb_hash_size
extern VALUE rb_hash_size(VALUE );
#undef rb_block_proc
extern VALUE rb_block_proc(void);
#undef rb_proc_new
extern VALUE rb_proc_new(VALUE (*)(VALUE , VALUE , int , VALUE const *, VALUE ), VALUE );
#undef rb_obj_is_proc
extern VALUE rb_obj_is_proc(VALUE );
#undef rb_proc_call_kw
extern VALUE rb_proc_call_kw(VALUE , VALUE , int );
#undef rb_proc_arity
extern int rb_proc_arity(VALUE );
#undef rb_proc_lambda_p
extern VALUE rb_proc_lambda_p(VALUE );
#undef rb_protect
extern VALUE rb_protect(VALUE (*)(VALUE ), VALUE , int *);
#undef rb_scan_args
extern int rb_scan_args(int , VALUE const *, char const *, ...);
#undef rb_sym2id
extern ID rb_sym2id(VALUE );
#undef rb_id2sym
extern VALUE rb_id2sym(ID );
#undef rb_intern_str
extern ID rb_intern_str(VALUE );
#undef rb_id2name
extern char const *rb_id2name(ID );
#undef rb_check_id
extern ID rb_check_id(volatile VALUE *);
#undef rb_sym2str
extern VALUE rb_sym2str(VALUE );
#undef rb_to_symbol
extern VALUE rb_to_symbol(VALUE );
#undef rb_define_variable
extern void rb_define_variable(char const *, VALUE *);
#undef rb_define_global_const
extern void rb_define_global_const(char const *, VALUE );
#undef rb_get_path
extern VALUE rb_get_path(VALUE );
#undef rb_class2name
extern char const *rb_class2name(VALUE );
#undef rb_obj_classname
extern char const *rb_obj_classname(VALUE );
#undef rb_equal
extern VALUE rb_equal(VALUE , VALUE );
#undef rb_big_norm
extern VALUE rb_big_norm(VALUE );
#undef rb_big2str
extern VALUE rb_big2str(VALUE , int );
#undef rb_big_cmp
extern VALUE rb_big_cmp(VALUE , VALUE );
#undef rb_big_eq
extern VALUE rb_big_eq(VALUE , VALUE );
#undef rb_big_plus
extern VALUE rb_big_plus(VALUE , VALUE );
#undef rb_big_minus
extern VALUE rb_big_minus(VALUE , VALUE );
#undef rb_big_mul
extern VALUE rb_big_mul(VALUE , VALUE );
#undef rb_big_div
extern VALUE rb_big_div(VALUE , VALUE );
#undef rb_complex_new
extern VALUE rb_complex_new(VALUE , VALUE );
#undef rb_complex_new_polar
extern VALUE rb_complex_new_polar(VALUE , VALUE );
#undef rb_complex_real
extern VALUE rb_complex_real(VALUE );
#undef rb_complex_imag
extern VALUE rb_complex_imag(VALUE );
#undef rb_complex_conjugate
extern VALUE rb_complex_conjugate(VALUE );
#undef rb_complex_abs
extern VALUE rb_complex_abs(VALUE );
#undef rb_complex_arg
extern VALUE rb_complex_arg(VALUE );
#undef rb_fiber_new
extern VALUE rb_fiber_new(VALUE (*)(VALUE , VALUE , int , VALUE const *, VALUE ), VALUE );
#undef rb_fiber_current
extern VALUE rb_fiber_current(void);
#undef rb_fiber_alive_p
extern VALUE rb_fiber_alive_p(VALUE );
#undef rb_obj_is_fiber
extern VALUE rb_obj_is_fiber(VALUE );
#undef rb_fiber_resume_kw
extern VALUE rb_fiber_resume_kw(VALUE , int , VALUE const *, int );
#undef rb_fiber_yield_kw
extern VALUE rb_fiber_yield_kw(int , VALUE const *, int );
#undef rb_fiber_transfer_kw
extern VALUE rb_fiber_transfer_kw(VALUE , int , VALUE const *, int );
#undef rb_fiber_raise
extern VALUE rb_fiber_raise(VALUE , int , VALUE const *);
#undef rb_exc_raise
extern void rb_exc_raise(VALUE );
#undef rb_exc_fatal
extern void rb_exc_fatal(VALUE );
#undef rb_jump_tag
extern void rb_jump_tag(int );
#undef rb_enumeratorize_with_size_kw
extern VALUE rb_enumeratorize_with_size_kw(VALUE , VALUE , int , VALUE const *, VALUE (*)(VALUE , VALUE , VALUE ), int );
#undef rb_gc_mark_locations
extern void rb_gc_mark_locations(VALUE const *, VALUE const *);
#undef rb_gc_mark
extern void rb_gc_mark(VALUE );
#undef rb_gc_mark_movable
extern void rb_gc_mark_movable(VALUE );
#undef rb_gc_location
extern VALUE rb_gc_location(VALUE );
#undef rb_gc_enable
extern VALUE rb_gc_enable(void);
#undef rb_gc_disable
extern VALUE rb_gc_disable(void);
#undef rb_gc_start
extern VALUE rb_gc_start(void);
#undef rb_gc_count
extern size_t rb_gc_count(void);
#undef rb_gc_stat
extern size_t rb_gc_stat(VALUE );
#undef rb_gc_adjust_memory_usage
extern void rb_gc_adjust_memory_usage(ssize_t );
#undef rb_require_string
extern VALUE rb_require_string(VALUE );
#undef rb_num_coerce_bin
extern VALUE rb_num_coerce_bin(VALUE , VALUE , ID );
#undef rb_num_coerce_cmp
extern VALUE rb_num_coerce_cmp(VALUE , VALUE , ID );
#undef rb_num_coerce_relop
extern VALUE rb_num_coerce_relop(VALUE , VALUE , ID );
#undef rb_num_coerce_bit
extern VALUE rb_num_coerce_bit(VALUE , VALUE , ID );
#undef rb_class_new_instance_kw
extern VALUE rb_class_new_instance_kw(int , VALUE const *, VALUE , int );
#undef rb_eql
extern int rb_eql(VALUE , VALUE );
#undef rb_any_to_s
extern VALUE rb_any_to_s(VALUE );
#undef rb_inspect
extern VALUE rb_inspect(VALUE );
#undef rb_obj_is_kind_of
extern VALUE rb_obj_is_kind_of(VALUE , VALUE );
#undef rb_obj_alloc
extern VALUE rb_obj_alloc(VALUE );
#undef rb_obj_freeze
extern VALUE rb_obj_freeze(VALUE );
#undef rb_class_inherited_p
extern VALUE rb_class_inherited_p(VALUE , VALUE );
#undef rb_class_superclass
extern VALUE rb_class_superclass(VALUE );
#undef rb_to_int
extern VALUE rb_to_int(VALUE );
#undef rb_to_float
extern VALUE rb_to_float(VALUE );
#undef rb_backref_get
extern VALUE rb_backref_get(void);
#undef rb_waitpid
extern pid_t rb_waitpid(pid_t , int *, int );
#undef rb_range_new
extern VALUE rb_range_new(VALUE , VALUE , int );
#undef rb_range_beg_len
extern VALUE rb_range_beg_len(VALUE , long *, long *, long , int );
#undef rb_rational_new
extern VALUE rb_rational_new(VALUE , VALUE );
#undef rb_rational_num
extern VALUE rb_rational_num(VALUE );
#undef rb_rational_den
extern VALUE rb_rational_den(VALUE );
#undef rb_flt_rationalize_with_prec
extern VALUE rb_flt_rationalize_with_prec(VALUE , VALUE );
#undef rb_flt_rationalize
extern VALUE rb_flt_rationalize(VALUE );
#undef rb_reg_nth_defined
extern VALUE rb_reg_nth_defined(int , VALUE );
#undef rb_reg_nth_match
extern VALUE rb_reg_nth_match(int , VALUE );
#undef rb_reg_backref_number
extern int rb_reg_backref_number(VALUE , VALUE );
#undef rb_reg_last_match
extern VALUE rb_reg_last_match(VALUE );
#undef rb_reg_match_pre
extern VALUE rb_reg_match_pre(VALUE );
#undef rb_reg_match_post
extern VALUE rb_reg_match_post(VALUE );
#undef rb_reg_match_last
extern VALUE rb_reg_match_last(VALUE );
#undef rb_reg_new_str
extern VALUE rb_reg_new_str(VALUE , int );
#undef rb_reg_match
extern VALUE rb_reg_match(VALUE , VALUE );
#undef rb_reg_options
extern int rb_reg_options(VALUE );
#undef rb_str_new
extern VALUE rb_str_new(char const *, long );
#undef rb_str_new_shared
extern VALUE rb_str_new_shared(VALUE );
#undef rb_str_new_frozen
extern VALUE rb_str_new_frozen(VALUE );
#undef rb_str_buf_new
extern VALUE rb_str_buf_new(long );
#undef rb_utf8_str_new
extern VALUE rb_utf8_str_new(char const *, long );
#undef rb_utf8_str_new_static
extern VALUE rb_utf8_str_new_static(char const *, long );
#undef rb_str_to_interned_str
extern VALUE rb_str_to_interned_str(VALUE );
#undef rb_str_shared_replace
extern void rb_str_shared_replace(VALUE , VALUE );
#undef rb_str_buf_append
extern VALUE rb_str_buf_append(VALUE , VALUE );
#undef rb_obj_as_string
extern VALUE rb_obj_as_string(VALUE );
#undef rb_str_plus
extern VALUE rb_str_plus(VALUE , VALUE );
#undef rb_str_times
extern VALUE rb_str_times(VALUE , VALUE );
#undef rb_str_cat
extern VALUE rb_str_cat(VALUE , char const *, long );
#undef rb_str_comparable
extern int rb_str_comparable(VALUE , VALUE );
#undef rb_str_cmp
extern int rb_str_cmp(VALUE , VALUE );
#undef rb_str_drop_bytes
extern VALUE rb_str_drop_bytes(VALUE , long );
#undef rb_str_update
extern void rb_str_update(VALUE , long , long , VALUE );
#undef rb_str_replace
extern VALUE rb_str_replace(VALUE , VALUE );
#undef rb_str_dump
extern VALUE rb_str_dump(VALUE );
#undef rb_str_split
extern VALUE rb_str_split(VALUE , char const *);
#undef rb_str_strlen
extern long rb_str_strlen(VALUE );
#undef rb_str_offset
extern long rb_str_offset(VALUE , long );
#undef rb_str_capacity
extern size_t rb_str_capacity(VALUE );
#undef rb_str_ellipsize
extern VALUE rb_str_ellipsize(VALUE , long );
#undef rb_str_scrub
extern VALUE rb_str_scrub(VALUE , VALUE );
#undef rb_struct_define
extern VALUE rb_struct_define(char const *, ...);
#undef rb_struct_getmember
extern VALUE rb_struct_getmember(VALUE , ID );
#undef rb_struct_members
extern VALUE rb_struct_members(VALUE );
#undef rb_thread_schedule
extern void rb_thread_schedule(void);
#undef rb_thread_wait_fd
extern int rb_thread_wait_fd(int );
#undef rb_thread_fd_writable
extern int rb_thread_fd_writable(int );
#undef rb_thread_fd_close
extern void rb_thread_fd_close(int );
#undef rb_thread_alone
extern int rb_thread_alone(void);
#undef rb_thread_sleep_forever
extern void rb_thread_sleep_forever(void);
#undef rb_thread_sleep_deadly
extern void rb_thread_sleep_deadly(void);
#undef rb_thread_wakeup
extern VALUE rb_thread_wakeup(VALUE );
#undef rb_thread_wakeup_alive
extern VALUE rb_thread_wakeup_alive(VALUE );
#undef rb_thread_run
extern VALUE rb_thread_run(VALUE );
#undef rb_thread_kill
extern VALUE rb_thread_kill(VALUE );
#undef rb_thread_create
extern VALUE rb_thread_create(VALUE (*)(void *), void *);
#undef rb_thread_wait_for
extern void rb_thread_wait_for(struct timeval );
#undef rb_thread_current
extern VALUE rb_thread_current(void);
#undef rb_thread_main
extern VALUE rb_thread_main(void);
#undef rb_thread_local_aref
extern VALUE rb_thread_local_aref(VALUE , ID );
#undef rb_thread_local_aset
extern VALUE rb_thread_local_aset(VALUE , ID , VALUE );
#undef rb_thread_check_ints
extern void rb_thread_check_ints(void);
#undef rb_thread_interrupted
extern int rb_thread_interrupted(VALUE );
#undef rb_mutex_new
extern VALUE rb_mutex_new(void);
#undef rb_mutex_locked_p
extern VALUE rb_mutex_locked_p(VALUE );
#undef rb_mutex_trylock
extern VALUE rb_mutex_trylock(VALUE );
#undef rb_mutex_lock
extern VALUE rb_mutex_lock(VALUE );
#undef rb_mutex_unlock
extern VALUE rb_mutex_unlock(VALUE );
#undef rb_mutex_sleep
extern VALUE rb_mutex_sleep(VALUE , VALUE );
#undef rb_mutex_synchronize
extern VALUE rb_mutex_synchronize(VALUE , VALUE (*)(VALUE ), VALUE );
#undef rb_time_new
extern VALUE rb_time_new(time_t , long );
#undef rb_time_nano_new
extern VALUE rb_time_nano_new(time_t , long );
#undef rb_time_timespec_new
extern VALUE rb_time_timespec_new(struct timespec const *, int );
#undef rb_time_timespec
extern struct timespec rb_time_timespec(VALUE );
#undef rb_time_utc_offset
extern VALUE rb_time_utc_offset(VALUE );
#undef rb_alias_variable
extern void rb_alias_variable(ID , ID );
#undef rb_ivar_get
extern VALUE rb_ivar_get(VALUE , ID );
#undef rb_ivar_set
extern VALUE rb_ivar_set(VALUE , ID , VALUE );
#undef rb_const_get
extern VALUE rb_const_get(VALUE , ID );
#undef rb_const_set
extern void rb_const_set(VALUE , ID , VALUE );
#undef ruby_native_thread_p
extern int ruby_native_thread_p(void);
#undef rb_enc_to_index
extern int rb_enc_to_index(struct OnigEncodingTypeST const *);
#undef rb_enc_get_index
extern int rb_enc_get_index(VALUE );
#undef rb_enc_set_index
extern void rb_enc_set_index(VALUE , int );
#undef rb_enc_find_index
extern int rb_enc_find_index(char const *);
#undef rb_to_encoding_index
extern int rb_to_encoding_index(VALUE );
#undef rb_to_encoding
extern struct OnigEncodingTypeST const *rb_to_encoding(VALUE );
#undef rb_find_encoding
extern struct OnigEncodingTypeST const *rb_find_encoding(VALUE );
#undef rb_enc_compatible
extern struct OnigEncodingTypeST const *rb_enc_compatible(VALUE , VALUE );
#undef rb_enc_check
extern struct OnigEncodingTypeST const *rb_enc_check(VALUE , VALUE );
#undef rb_enc_associate_index
extern VALUE rb_enc_associate_index(VALUE , int );
#undef rb_enc_copy
extern void rb_enc_copy(VALUE , VALUE );
#undef rb_enc_from_index
extern struct OnigEncodingTypeST const *rb_enc_from_index(int );
#undef rb_enc_find
extern struct OnigEncodingTypeST const *rb_enc_find(char const *);
#undef rb_enc_mbclen
extern int rb_enc_mbclen(char const *, char const *, struct OnigEncodingTypeST const *);
#undef rb_enc_fast_mbclen
extern int rb_enc_fast_mbclen(char const *, char const *, struct OnigEncodingTypeST const *);
#undef rb_enc_precise_mbclen
extern int rb_enc_precise_mbclen(char const *, char const *, struct OnigEncodingTypeST const *);
#undef rb_enc_ascget
extern int rb_enc_ascget(char const *, char const *, int *, struct OnigEncodingTypeST const *);
#undef rb_enc_codepoint_len
extern unsigned int rb_enc_codepoint_len(char const *, char const *, int *, struct OnigEncodingTypeST const *);
#undef rb_enc_codelen
extern int rb_enc_codelen(int , struct OnigEncodingTypeST const *);
#undef rb_enc_from_encoding
extern VALUE rb_enc_from_encoding(struct OnigEncodingTypeST const *);
#undef rb_ascii8bit_encoding
extern struct OnigEncodingTypeST const *rb_ascii8bit_encoding(void);
#undef rb_utf8_encoding
extern struct OnigEncodingTypeST const *rb_utf8_encoding(void);
#undef rb_usascii_encoding
extern struct OnigEncodingTypeST const *rb_usascii_encoding(void);
#undef rb_locale_encoding
extern struct OnigEncodingTypeST const *rb_locale_encoding(void);
#undef rb_filesystem_encoding
extern struct OnigEncodingTypeST const *rb_filesystem_encoding(void);
#undef rb_default_external_encoding
extern struct OnigEncodingTypeST const *rb_default_external_encoding(void);
#undef rb_default_internal_encoding
extern struct OnigEncodingTypeST const *rb_default_internal_encoding(void);
#undef rb_ascii8bit_encindex
extern int rb_ascii8bit_encindex(void);
#undef rb_utf8_encindex
extern int rb_utf8_encindex(void);
#undef rb_usascii_encindex
extern int rb_usascii_encindex(void);
#undef rb_locale_encindex
extern int rb_locale_encindex(void);
#undef rb_filesystem_encindex
extern int rb_filesystem_encindex(void);
#undef rb_enc_default_external
extern VALUE rb_enc_default_external(void);
#undef rb_enc_default_internal
extern VALUE rb_enc_default_internal(void);
#undef rb_enc_reg_new
extern VALUE rb_enc_reg_new(char const *, long , struct OnigEncodingTypeST const *, int );
#undef rb_enc_str_new
extern VALUE rb_enc_str_new(char const *, long , struct OnigEncodingTypeST const *);
#undef rb_enc_uint_chr
extern VALUE rb_enc_uint_chr(unsigned int , struct OnigEncodingTypeST const *);
#undef rb_str_conv_enc
extern VALUE rb_str_conv_enc(VALUE , struct OnigEncodingTypeST const *, struct OnigEncodingTypeST const *);
#undef rb_enc_str_coderange
extern int rb_enc_str_coderange(VALUE );
#undef rb_intern3
extern ID rb_intern3(char const *, long , struct OnigEncodingTypeST const *);
#undef rb_check_id_cstr
extern ID rb_check_id_cstr(char const *, long , struct OnigEncodingTypeST const *);
#undef rb_check_symbol_cstr
extern VALUE rb_check_symbol_cstr(char const *, long , struct OnigEncodingTypeST const *);
#undef rb_io_descriptor
extern int rb_io_descriptor(VALUE );
#undef rb_io_extract_modeenc
extern void rb_io_extract_modeenc(VALUE *, VALUE *, VALUE , int *, int *, struct rb_io_enc_t *);
#undef rb_thread_call_without_gvl2
extern void *rb_thread_call_without_gvl2(void *(*)(void *), void *, void (*)(void *), void *);
