# Third-party libraries, all from the system. The same list is found again by consumers of the
# installed package (envpack-config.cmake.in).
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET GLOBAL libdeflate)
pkg_check_modules(libisal REQUIRED IMPORTED_TARGET GLOBAL libisal)
pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)
