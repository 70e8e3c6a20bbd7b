#pragma once

#include "envpack/base/safe_path.hpp"

#include <string_view>

// What the name of a shared library tells about it.

namespace envpack::pipeline {

/// The container runtime brings these from the host, whatever an image has.
bool is_of_driver(std::string_view library) noexcept;

/// A part of glibc or musl: only together with the others of its build, and with the loader.
bool is_of_libc(std::string_view library) noexcept;

/// The C library, and what manylinux or musllinux lets a wheel count on: every system that may have
/// the wheel has it, as new as the wheel's tags ask (PEP 600, PEP 656).
bool is_of_every_system(std::string_view library) noexcept;

/// A module that Python imports: its name has the ABI. Others may be plug-ins that are never used.
bool is_extension_module(const SafePath& path) noexcept;

}  // namespace envpack::pipeline
