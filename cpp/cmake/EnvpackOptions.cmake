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
if(ENVPACK_SANITIZE)
  target_compile_options(envpack_options INTERFACE
    -fsanitize=${ENVPACK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(envpack_options INTERFACE -fsanitize=${ENVPACK_SANITIZE})
endif()

if(ENVPACK_CLANG_TIDY)
  find_program(envpack_clang_tidy NAMES clang-tidy-16 clang-tidy REQUIRED)
  set(envpack_tidy_command ${envpack_clang_tidy} --quiet --warnings-as-errors=*)
endif()
