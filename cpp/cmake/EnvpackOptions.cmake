# How every target of envpack is compiled. Consumers inherit none of it but the language level.
include(GNUInstallDirs)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

add_library(envpack_options INTERFACE)
target_compile_features(envpack_options INTERFACE cxx_std_20)
if(ENVPACK_DEVELOPER_MODE)
  target_compile_options(envpack_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
endif()
if(ENVPACK_DEVELOPER_MODE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
   AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms when optimising: about `"text" + std::string` (GCC bug 105651) and about the
  # payload of an empty std::optional (GCC bug 105562).
  target_compile_options(envpack_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(ENVPACK_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A class defined in a .cpp file may have members from its unnamed namespace; g++ takes the file
  # for a header when it is read with others.
  target_compile_options(envpack_options INTERFACE -Wno-subobject-linkage)
endif()
if(ENVPACK_SANITIZE)
  target_compile_options(envpack_options INTERFACE
    -fsanitize=${ENVPACK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(envpack_options INTERFACE -fsanitize=${ENVPACK_SANITIZE})
endif()

# envpack_unity(<target>)
#
# Files of the target are compiled sixteen at a time: most of the time goes into headers, which are
# read once then. The preset `dev` goes without, so work on one file stays quick and a
# header that a file forgets to include is found.
function(envpack_unity target)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${ENVPACK_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 16)
endfunction()

# envpack_precompile(<target> <owner> <header>…)
#
# Precompiled headers that the owner makes and every target after it uses. Only to save time, as
# above.
function(envpack_precompile target owner)
  if(NOT (ENVPACK_PRECOMPILE STREQUAL "ALL"
          OR (ENVPACK_PRECOMPILE STREQUAL "TESTS" AND target MATCHES "_tests$")))
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)  # or ccache never hits
  endif()
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()
