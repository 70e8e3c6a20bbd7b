#include "curl_library.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

namespace envpack::http {

namespace {

// The name is the interface: it has been the same one since 7.16 (2006). `libcurl.so` without a
// number belongs to a development package, which those who only run envpack do not have.
constexpr const char* soname = "libcurl.so.4";
// curl_multi_wakeup. Newer options are used where they are known (curl_loop.cpp).
constexpr unsigned oldest_version = 0x074400;

Error cannot_load(std::string why) {
    return Error(ErrorCode::unsupported, fmt::format("cannot use the network: {}", why))
        .with_rule("http.no-libcurl")
        .with_hint("install libcurl 7.68 or later (Debian and Ubuntu: `apt install libcurl4`)");
}

Result<CurlLibrary> load() {
    // Local: other libraries of the process (pycurl's libcurl, say) see none of these names, nor
    // do these functions become theirs.
    void* handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* said = dlerror();
        return fail(cannot_load(said == nullptr ? soname : said));
    }
    CurlLibrary curl;
    const char* missing = nullptr;
    const auto resolve = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(  //
            dlsym(handle, name));
        if (function == nullptr) {
            missing = name;
        }
    };
    resolve(curl.version_info, "curl_version_info");
    resolve(curl.global_init, "curl_global_init");
    resolve(curl.free, "curl_free");
    resolve(curl.easy_init, "curl_easy_init");
    resolve(curl.easy_cleanup, "curl_easy_cleanup");
    resolve(curl.easy_setopt, "curl_easy_setopt");
    resolve(curl.easy_pause, "curl_easy_pause");
    resolve(curl.easy_strerror, "curl_easy_strerror");
    resolve(curl.slist_append, "curl_slist_append");
    resolve(curl.slist_free_all, "curl_slist_free_all");
    resolve(curl.multi_init, "curl_multi_init");
    resolve(curl.multi_cleanup, "curl_multi_cleanup");
    resolve(curl.multi_setopt, "curl_multi_setopt");
    resolve(curl.multi_add_handle, "curl_multi_add_handle");
    resolve(curl.multi_remove_handle, "curl_multi_remove_handle");
    resolve(curl.multi_perform, "curl_multi_perform");
    resolve(curl.multi_info_read, "curl_multi_info_read");
    resolve(curl.multi_poll, "curl_multi_poll");
    resolve(curl.multi_wakeup, "curl_multi_wakeup");
    resolve(curl.share_init, "curl_share_init");
    resolve(curl.share_cleanup, "curl_share_cleanup");
    resolve(curl.share_setopt, "curl_share_setopt");
    resolve(curl.url, "curl_url");
    resolve(curl.url_cleanup, "curl_url_cleanup");
    resolve(curl.url_get, "curl_url_get");
    resolve(curl.url_set, "curl_url_set");
    resolve(curl.url_strerror, "curl_url_strerror");
    if (missing != nullptr) {
        return fail(cannot_load(fmt::format("{} has no `{}`", soname, missing)));
    }
    const curl_version_info_data* version = curl.version_info(CURLVERSION_NOW);
    if (version->version_num < oldest_version) {
        return fail(cannot_load(fmt::format("{} is version {}", soname, version->version)));
    }
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return fail(cannot_load(fmt::format("{} does not start", soname)));
    }
    return curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
    static const Result<CurlLibrary> loaded = load();
    if (!loaded) {
        return fail(loaded.error());
    }
    return &*loaded;
}

}  // namespace envpack::http
