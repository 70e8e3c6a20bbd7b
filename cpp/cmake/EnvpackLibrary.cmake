# envpack_add_library(<name> SOURCES file… [DEPENDS library…] [PRIVATE target…])
#
# One library of ARCHITECTURE.md: sources in cpp/src/<name>, headers in cpp/include/envpack/<name>,
# target envpack_<name>, alias envpack::<name>. DEPENDS are other envpack libraries (the arrows of
# the table); PRIVATE are third-party targets that no public header shows.
function(envpack_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  set(target envpack_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(envpack::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:envpack_options>)
  foreach(dependency IN LISTS arg_DEPENDS)
    target_link_libraries(${target} PUBLIC envpack_${dependency})
  endforeach()
  foreach(dependency IN LISTS arg_PRIVATE)
    target_link_libraries(${target} PRIVATE ${dependency})
  endforeach()
  envpack_unity(${target})
  envpack_precompile(${target} envpack_base <algorithm> <cstdint> <filesystem> <functional> <map>
                     <memory> <optional> <string> <string_view> <utility> <variant> <vector>
                     <tl/expected.hpp> <fmt/format.h>)
  set_property(GLOBAL APPEND PROPERTY ENVPACK_LIBRARIES ${target})
endfunction()
