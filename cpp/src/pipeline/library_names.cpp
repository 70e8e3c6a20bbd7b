#include "library_names.hpp"

#include <algorithm>
#include <array>

namespace envpack::pipeline {

bool is_of_driver(std::string_view library) noexcept {
    return library.starts_with("libcuda.so") || library.starts_with("libcudadebugger.so") ||
           library.starts_with("libnvidia-") || library.starts_with("libnvcuvid.so") ||
           library.starts_with("libnvoptix.so");
}

bool is_of_libc(std::string_view library) noexcept {
    // `make install` of glibc 2.39 (Makeconfig, shlib-versions), and what older ones had; musl's.
    // libcrypt is another project's in every distribution that still has it.
    static constexpr std::array names = {
        std::string_view("ld-linux"),          std::string_view("ld64.so."),
        std::string_view("ld-musl-"),          std::string_view("libc.so."),
        std::string_view("libc.musl-"),        std::string_view("libm.so."),
        std::string_view("libmvec.so."),       std::string_view("libpthread.so."),
        std::string_view("libdl.so."),         std::string_view("librt.so."),
        std::string_view("libresolv.so."),     std::string_view("libutil.so."),
        std::string_view("libanl.so."),        std::string_view("libnsl.so.1"),
        std::string_view("libnss_compat.so."), std::string_view("libnss_db.so."),
        std::string_view("libnss_dns.so."),    std::string_view("libnss_files.so."),
        std::string_view("libnss_hesiod.so."), std::string_view("libBrokenLocale.so."),
        std::string_view("libthread_db.so."),  std::string_view("libc_malloc_debug.so."),
    };
    return std::ranges::any_of(names,
                               [&](std::string_view name) { return library.starts_with(name); });
}

bool is_of_every_system(std::string_view library) noexcept {
    // pypa/auditwheel, src/auditwheel/policy/{manylinux,musllinux}-policy.json @2d1ad639,
    // lib_whitelist of all policies together: libexpat is in from manylinux_2_12, libmvec from
    // manylinux_2_24 on.
    static constexpr std::array names = {
        std::string_view("libGL.so.1"),          std::string_view("libICE.so.6"),
        std::string_view("libSM.so.6"),          std::string_view("libX11.so.6"),
        std::string_view("libXext.so.6"),        std::string_view("libXrender.so.1"),
        std::string_view("libatomic.so.1"),      std::string_view("libc.so"),
        std::string_view("libexpat.so.1"),       std::string_view("libgcc_s.so.1"),
        std::string_view("libglib-2.0.so.0"),    std::string_view("libgobject-2.0.so.0"),
        std::string_view("libgthread-2.0.so.0"), std::string_view("libstdc++.so.6"),
        std::string_view("libz.so.1"),
    };
    return is_of_libc(library) || std::ranges::find(names, library) != names.end();
}

bool is_extension_module(const SafePath& path) noexcept {
    const std::string_view name = path.name();
    return name.ends_with(".so") && (name.find(".cpython-") != std::string_view::npos ||
                                     name.find(".abi3.") != std::string_view::npos);
}

}  // namespace envpack::pipeline
